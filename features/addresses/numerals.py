"""Chinese numerals as digits, where they count something."""

from __future__ import annotations

import re

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    **{c: i for i, c in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2,
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS = {"廿": 20, "卅": 30}
NUMERALS = "".join([*_DIGITS, *_UNITS, *_TENS])

# 一号 is a number; 三一路 and 上南一村 are names. 三号桥 and 二号线 gain one form too
_COUNTED = re.compile(rf"[{NUMERALS}]{{1,9}}(?=\s?(?:号|弄|支弄|[幢栋座层楼室]|单元))")


def value_of(numerals: str) -> int | None:
    """二百三十一 → 231, 一五〇 → 150, 廿三 → 23; None for what is no number (十百)."""
    if all(c in _DIGITS for c in numerals):
        return int("".join(str(_DIGITS[c]) for c in numerals)) if numerals else None
    total, digit = 0, None
    limit = 10_000  # units fall from left to right: 一千二百三十
    for c in numerals:
        if c in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[c]
            continue
        size = _UNITS.get(c, 10)
        if size >= limit:
            return None
        total += _TENS[c] if c in _TENS else size * (digit if digit else 1)
        digit, limit = None, size
    return total + (digit or 0)


def _as_digits(match: re.Match[str]) -> str:
    value = value_of(match.group())
    return match.group() if value is None else str(value)


def numerals_to_digits(text: str) -> str:
    """二百三十一号 → 231号. Idempotent; numerals that belong to names stay."""
    return _COUNTED.sub(_as_digits, text)

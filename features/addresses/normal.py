"""The one form in which addresses are compared."""

from __future__ import annotations

import re
from functools import cache

from features.addresses.numerals import numerals_to_digits
from features.han import simplified
from features.text import normalise

_PLAIN = re.compile(r"[\x21-\x7e\u4e00-\u9fff]*")  # nothing to compose, no space to collapse
_HAN = re.compile(r"[\u3400-\u9fff]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−─～〜~"), "-")
# letters that no accent can be taken off, though many type them without
_LETTERS = _DASHES | dict(zip(map(ord, "łđøı"), "ldoi", strict=True))


@cache
def _plain() -> dict[int, str]:
    return simplified() | _LETTERS


def normal_form(text: str) -> str:
    """Compatibility forms folded, traditional → simplified, lower case, no accents, counted numerals as digits.

    Idempotent. 國權路二號 and 国权路２号 give one form, Váci Út and vaci ut another.
    """
    folded = text.lower() if _PLAIN.fullmatch(text) else normalise(text)
    if folded.isascii():
        return folded.replace("~", "-")
    if not _HAN.search(folded):
        return folded.translate(_LETTERS)
    return numerals_to_digits(folded.translate(_plain()))

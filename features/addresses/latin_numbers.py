"""House numbers and units of addresses in Latin letters."""

from __future__ import annotations

import re

from features.addresses.parts import Number, NumberKind

_KINDS = {
    **dict.fromkeys(("fl", "floor", "em", "emelet"), NumberKind.FLOOR),
    **dict.fromkeys(("bldg", "building", "block"), NumberKind.BUILDING),
}
UNIT = re.compile(
    r"\s*(?:\b(apt|apartment|unit|suite|ste|room|rm|flat|fl|floor|bldg|building|block|no)\b\.?\s*(?:no\.?\s*)?#?\s*|(#)\s*)"
    r"([a-z]?-?\d{1,5}[a-z]?|[a-z])(?![a-z\d])"
)
_VALUE = re.compile(r"([a-z]?)-?(\d*)([a-z]?)")


def one_form(groups: str) -> dict[str, str]:
    """Form → canonical form, of groups parted by | whose first word is the canonical one."""
    return {form: group.split()[0] for group in groups.split("|") for form in group.split()}


def read_number(low: str, high: str | None, suffix: str, kind: NumberKind) -> Number:
    """841-843 is a range; 12-3 is number 12 with something behind it."""
    first, last = int(low), int(high) if high else int(low)
    if high and len(high) < len(low):  # 1141-43
        last = int(low[: len(low) - len(high)] + high)
    mark = re.sub(r"[\s/.-]", "", suffix) if "/" not in suffix.strip("/") else suffix.strip()
    if last < first:
        return Number(kind=kind, low=first, high=first, suffix=f"-{high}{mark}")
    return Number(kind=kind, low=first, high=last, suffix=mark)


def read_unit(found: re.Match[str]) -> Number:
    """What `UNIT` matched: apt 4b, #12, suite c."""
    value = _VALUE.fullmatch(found[3])
    assert value is not None
    kind = _KINDS.get(found[1] or "", NumberKind.ROOM)
    number = int(value[2] or 0)
    return Number(kind=kind, low=number, high=number, suffix=value[1] + value[3])

"""The numbers of a Chinese address and what they count."""

from __future__ import annotations

import re

from features.addresses.parts import Number, NumberKind

_KINDS = {
    "支弄": NumberKind.SUBLANE,
    "弄": NumberKind.LANE,
    **dict.fromkeys(("号", "单号", "双号", "号院", "#"), NumberKind.HOUSE),
    **dict.fromkeys(("号楼", "#楼", "幢", "栋", "座"), NumberKind.BUILDING),
    "单元": NumberKind.UNIT,
    **dict.fromkeys(("层", "楼", "f"), NumberKind.FLOOR),
    **dict.fromkeys(("室", "户"), NumberKind.ROOM),
}
# 附3, 之二 and 甲 tell apart what shares a number; 18号线 and 3号门 are no addresses
NUMBER = (
    r"(?P<before>[甲乙丙丁戊临附负])?(?:(?<![a-z])(?P<low>[a-z]?\d{1,5}(?!\d)[a-z]?)"
    r"(?:(?:号(?=[-至到]\d+号)|弄(?=[-至到]\d+弄))?[-至到](?P<high>\d{1,5}(?!\d)[a-z]?))?|(?<![a-z])(?P<letter>[a-z])(?=[座栋幢]|号楼))"
    r"(?:\([单双]\)(?=弄|号))?"  # 301-309(单)弄: the ends tell the side
    r"(?P<kind>支弄|弄|[号#]楼|号院|[单双]?号(?!线|[东南西北]?门|码)|#|幢|栋|座|单元|层|楼|室|户|f(?![a-z]))?"
    r"(?P<after>附\d{1,4}号?|之[\d一二三四五六七八九]|[甲乙丙丁](?=号|$))?(?:(?<=[甲乙丙丁])号)?"
)
_VALUE = re.compile(r"([a-z]?)(\d+)([a-z]?)")


def read_number(match: re.Match[str], fallback: NumberKind) -> Number:
    """The number that `NUMBER` matched; of kind `fallback` if it does not say what it counts."""
    kind = _KINDS.get(match["kind"] or "", fallback)
    extra = (match["before"] or "") + (match["after"] or "").removesuffix("号")
    if match["letter"]:
        return Number(kind=kind, low=0, high=0, suffix=match["letter"] + extra)
    start = _VALUE.fullmatch(match["low"])
    assert start is not None
    low, suffix = int(start[2]), start[1] + start[3] + extra
    high = low
    if match["high"]:
        end = _VALUE.fullmatch(match["high"])
        assert end is not None
        high = int(end[2])
        if high < low:  # 50-10号: the tenth part of number 50
            high, suffix = low, f"{suffix}-{match['high']}"
    return Number(kind=kind, low=low, high=high, suffix=suffix)

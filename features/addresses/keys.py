"""Exact keys: two forms of one address have one key."""

from __future__ import annotations

import re

from features.addresses.numerals import NUMERALS, value_of
from features.addresses.parts import AddressParts, Number, NumberKind, Relation, RoadPart

_LETTERS = {
    NumberKind.LANE: "l",
    NumberKind.SUBLANE: "s",
    NumberKind.HOUSE: "h",
    NumberKind.BUILDING: "b",
}  # a unit, a floor or a room is no other place
_ORDER = list(_LETTERS)
_COUNTED_NAME = re.compile(rf"[{NUMERALS}]+(?=[村区期坊段组队社]|街坊)")
_PART = re.compile(r"(?:[a-z\d]{1,3}|[东南西北中]{1,2})[区期座块组队社]|\d+街坊")
_INSIDE = re.compile(r"[\s·・.'’-]+")
_ESTATE = re.compile(r"(?:村|苑|园|小区|公寓|家园|花园|新村|坊|城|庭|邸|墅)$")


def _name_key(name: str) -> str:
    """上南一村 and 上南1村, 葛洲坝·世纪花园 and 葛洲坝世纪花园 are one name."""
    return _COUNTED_NAME.sub(
        lambda found: str(value_of(found.group()) or found.group()), _INSIDE.sub("", name)
    )


def _numbers_key(numbers: tuple[Number, ...], *, merged: bool) -> str:
    """`merged`: 6号 and 6号楼 of an estate are one building."""
    kept = sorted((n for n in numbers if n.kind in _LETTERS), key=lambda n: _ORDER.index(n.kind))
    marks = []
    for n in kept:
        letter = "b" if merged and n.kind is NumberKind.HOUSE else _LETTERS[n.kind]
        marks.append(f"{letter}{n.low}{f'-{n.high}' if n.high != n.low else ''}{n.suffix}")
    return "|".join(marks)


def _road_key(road: RoadPart, within: str = "") -> str:
    return "|".join(
        filter(None, [_INSIDE.sub("", road.name), within, _numbers_key(road.numbers, merged=False)])
    )


def _own_name(parts: AddressParts) -> str:
    """The first name with its parts: 朗诗街区|2期; the village where it has only parts: 永西村|3组."""
    names = [_name_key(name) for name in parts.names]
    whole = next(
        (name for name in names if not _PART.fullmatch(name)), parts.areas[-1] if parts.areas else ""
    )
    return "".join([whole, *(name for name in names if _PART.fullmatch(name) and name != whole)])


def road_key(parts: AddressParts) -> str | None:
    """The first road without its numbers; None where no road is named."""
    return _INSIDE.sub("", parts.roads[0].name) if parts.roads else None


def address_keys(parts: AddressParts) -> tuple[str, ...]:
    """A key for each address that is listed (斜土路2561弄,南丹东路100弄), one for a crossing whatever its order."""
    if parts.relation is Relation.CROSSING and len(parts.roads) > 1:
        return ("&".join(sorted({_road_key(road) for road in parts.roads})),)
    zone = "".join(name for name in map(_name_key, parts.names) if _PART.fullmatch(name))  # 1467弄6区37号
    numbered = tuple(dict.fromkeys([_road_key(road, zone) for road in parts.roads if road.main]))
    if numbered:
        return numbered
    numbers = _numbers_key(parts.numbers, merged=True)
    own = _own_name(parts)
    if parts.names and own:
        place = f"{own}|{numbers}" if numbers else own
        return (place if _ESTATE.search(own) or not parts.roads else f"{_road_key(parts.roads[0])}|{place}",)
    if parts.roads:
        return tuple(dict.fromkeys([_road_key(road) for road in parts.roads]))
    own = parts.areas[-1] if parts.areas else " ".join(parts.rest)
    key = f"{own}|{numbers}" if numbers else own
    return (key,) if key else ()


def address_key(parts: AddressParts) -> str | None:
    """The key of the address, of the first that it lists; None when it says nothing.

    Road, numbers and building, or an estate's name and building; areas, units and rooms don't count, so one key may
    stand for streets of one name in two towns.
    """
    keys = address_keys(parts)
    return keys[0] if keys else None

"""The parts of an address that routing needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NumberKind(StrEnum):
    """What a number counts. Numbers of different kinds are never compared."""

    HOUSE = "house"  # 号, No., házszám
    LANE = "lane"  # 弄, 巷 with a number
    SUBLANE = "sublane"  # 支弄
    BUILDING = "building"  # 幢, 栋, 号楼
    UNIT = "unit"  # 单元
    FLOOR = "floor"
    ROOM = "room"  # 室, Apt, ajtó


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number or a range of numbers (`low` = `high` for one), with what distinguishes it: 12A, 841-843, 12/b."""

    kind: NumberKind
    low: int
    high: int
    suffix: str = ""


class Relation(StrEnum):
    """How the trouble lies to the address."""

    AT = "at"
    NEAR = "near"  # 附近, 旁边, near
    OPPOSITE = "opposite"  # 对面
    CROSSING = "crossing"  # 交叉口, 8TH & MARKET


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadPart:
    """A road with the numbers said with it, broadest first (lane, sub-lane or house, building …)."""

    name: str
    numbers: tuple[Number, ...] = ()

    @property
    def main(self) -> Number | None:
        """The number along the road: the first house or lane number."""
        along = (NumberKind.HOUSE, NumberKind.LANE)
        return next((number for number in self.numbers if number.kind in along), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressParts:
    """An address taken apart. Every name is in normal form: compatibility characters, simplified, lower case.

    `text`: the whole address in normal form. `areas`: provinces, cities, districts, towns, villages, broad to narrow.
    `roads`: one, several where the address lists some, the crossing ones for a crossing. `names`: estates, buildings,
    points of interest. `rest`: what none of these took. An address of a form that is not known has `rest` alone.
    """

    text: str
    areas: tuple[str, ...] = ()
    roads: tuple[RoadPart, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()  # said without a road
    postcode: str | None = None
    relation: Relation = Relation.AT
    rest: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """By the text alone: addresses are looked up again and again, and the rest follows from it."""
        return hash(self.text)

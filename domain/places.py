"""Where things are: points, addresses, accounts, territories and what is believed of a ticket's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.time import ALWAYS, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A WGS-84 point in degrees."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError(f"not a point on earth: {self.latitude}, {self.longitude}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account (户号) with the address and point it supplies."""

    account_id: str
    address: str | None = None
    point: Point | None = None
    phone: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An entry of the address book; `name` is of the estate, building or point of interest there."""

    address: str
    point: Point | None = None
    district: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Ground that a unit owns for some kinds of trouble (empty: all), as a GeoJSON (Multi)Polygon in WGS-84.

    `duty_unit` hears of tickets there that nobody has seen in time.
    """

    territory_id: str
    unit_id: str
    geometry: Mapping[str, Any]
    kinds: frozenset[str] = frozenset()
    validity: Validity = ALWAYS
    duty_unit: str | None = None


class LocationSource(StrEnum):
    """What a place was taken from, in order of trust."""

    ACCOUNT = "account"
    ADDRESS = "address"
    COORDINATES = "coordinates"
    CALLER = "caller"
    TEXT = "text"
    NONE = "none"


class Precision(StrEnum):
    """How an address or a point led to a place, the finest first."""

    EXACT = "exact"  # this very address, or one that differs in form alone
    RANGE = "range"  # inside a range of house numbers
    INTERPOLATED = "interpolated"  # between known numbers of the same side
    NEAREST = "nearest"  # a known number of the same road
    NAME = "name"  # an estate, a village, a point of interest
    CROSSING = "crossing"  # where two roads meet
    STREET = "street"  # somewhere on the road
    AREA = "area"  # somewhere in a district or town
    POINT = "point"  # given coordinates


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place where a ticket may be. In `radius_m` metres around `point` it lies in 90 % of such cases.

    `address` is the known address that it was found as; `probability` is of this place among all there may be.
    """

    point: Point
    probability: float
    radius_m: float
    precision: Precision
    address: str | None = None
    sources: tuple[LocationSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWitness:
    """One source's word on where the ticket is: places with their probabilities, most likely first.

    They sum to at most 1; what is missing is the witness's own doubt. `point` and `text` are of the most likely.
    """

    source: LocationSource
    point: Point
    text: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A field of the ticket that was missing or wrong, filled from the other records; the ticket keeps what it said.

    `evidence` names the records that led there ("phone:account", …), `step` the round in which it was found (1 to 3).
    """

    field: str
    given: str | None
    value: str
    evidence: tuple[str, ...]
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a ticket is believed to be.

    `point`, `source` and `radius_m` (None: nothing is known) are of the most likely place. `places` are those worth
    naming, most likely first; `unknown` is the probability that it is none of them. `reasons` are codes of agreement
    and disagreement, `details` the same in words of the records ("account: 徐汇区 …", "address: 闵行区 …").
    """

    source: LocationSource
    point: Point | None = None
    radius_m: float | None = None
    address: str | None = None
    witnesses: tuple[PlaceWitness, ...] = ()
    reasons: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    unknown: float = 1.0
    repairs: tuple[Repair, ...] = ()
    details: tuple[str, ...] = ()

    def completed(self, name: str, given: str | None) -> str | None:
        """The ticket's field of that name as the records complete it."""
        return next((repair.value for repair in self.repairs if repair.field == name), given)


UNKNOWN_LOCATION = Location(source=LocationSource.NONE)

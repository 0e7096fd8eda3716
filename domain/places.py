"""Where things are: points, addresses, accounts, territories and what is believed of a ticket's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """An entry of the address book."""

    address: str
    point: Point | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Ground that a unit owns for some kinds of trouble (empty: all), as a GeoJSON (Multi)Polygon in WGS-84."""

    territory_id: str
    unit_id: str
    geometry: Mapping[str, Any]
    kinds: frozenset[str] = frozenset()
    validity: Validity = ALWAYS


class LocationSource(StrEnum):
    """What the place was taken from, in order of trust."""

    ACCOUNT = "account"
    ADDRESS = "address"
    COORDINATES = "coordinates"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWitness:
    """One source's word on where the ticket is."""

    source: LocationSource
    point: Point
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a ticket is believed to be. `radius_m` is None where nothing is known."""

    source: LocationSource
    point: Point | None = None
    radius_m: float | None = None
    address: str | None = None
    witnesses: tuple[PlaceWitness, ...] = ()
    reasons: tuple[str, ...] = field(default=())


UNKNOWN_LOCATION = Location(source=LocationSource.NONE)

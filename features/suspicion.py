"""Given coordinates, looked at before they are believed: what they may be, and why not what they say.

Nothing is changed in silence: each way to read them that is not as given carries its code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp, hypot, pi

import numpy as np

from domain.places import Place, Point
from features.coordinates import LatLon, bd09_to_wgs84, gcj02_to_wgs84, in_china
from features.place import METRES_PER_DEGREE, R90_IN_SIGMAS, Floats, distance_m
from features.placeholders import spot

MIN_KNOWN = 20
CORE = (0.05, 0.95)
FENCE = 2.0  # widths of the core on either side of it
MARGIN, MIN_MARGIN_DEG = 0.05, 0.02

ZERO_DEG = 1e-4
POINT_RADIUS_M = 100.0
# of a square that a truncated point is a corner of, the sides whose quarter circle holds 90 %
TRUNCATED_SIDES = 1.115
TOLD_DECIMALS, LOOKED_AT_DECIMALS = 2, 3

CORROBORATED_M = 500.0
DATUM_SHIFT_M = (200.0, 3000.0)  # nearer, it would not matter which; farther, no datum explains it
MISDECLARED = 0.05  # of points are of either of the other datums
ADDRESS_RIGHT = 0.9
WRONG_ADDRESS_PER_M2 = (1 - ADDRESS_RIGHT) / (pi * 2000.0**2)
LISTED = 0.2


class Suspicion(StrEnum):
    """Stable codes of what is wrong with given coordinates."""

    ZERO = "coordinates_zero"
    PLACEHOLDER = "coordinates_placeholder"
    SWAPPED = "coordinates_swapped"  # latitude and longitude
    OUTSIDE = "coordinates_outside"  # of the area of operations
    ROUNDED = "coordinates_rounded"  # to a hundredth of a degree or coarser
    WGS84 = "coordinates_wgs84"  # not of the datum that was declared, but of this one
    GCJ02 = "coordinates_gcj02"
    BD09 = "coordinates_bd09"


SUSPICIONS = {"wgs84": Suspicion.WGS84, "gcj02": Suspicion.GCJ02, "bd09": Suspicion.BD09}
TO_WGS84: dict[str, Callable[[float, float], LatLon]] = {
    "wgs84": lambda latitude, longitude: (latitude, longitude),
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read the coordinates: a WGS-84 point with the 90 % radius of what a point can say.

    `weight` is its probability before the expected places are weighed; whoever combines the witnesses does that.
    """

    point: Point
    weight: float
    radius_m: float
    reasons: tuple[Suspicion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The readings worth a look, the best supported first; none where the point must not be used."""

    readings: tuple[Reading, ...] = ()
    reasons: tuple[Suspicion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The area of operations: a box in degrees. One that crosses the antimeridian reaches around the earth."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def of(cls, points: Floats) -> Extent | None:
        """Around known points (latitude, longitude), shape (n, 2), without those far outside; None: too few are known.

        Up to 5 % of them on any side may be anywhere. NaN: unknown.
        """
        known = points[~np.isnan(points).any(axis=1)]
        if len(known) < MIN_KNOWN:
            return None
        low, high = np.quantile(known, CORE, axis=0)
        fence = FENCE * (high - low)
        inside = known[((known >= low - fence) & (known <= high + fence)).all(axis=1)]
        low, high = inside.min(axis=0), inside.max(axis=0)
        margin = np.maximum(MARGIN * (high - low), MIN_MARGIN_DEG)
        (south, west), (north, east) = (low - margin).tolist(), (high + margin).tolist()
        return cls(south=south, west=west, north=north, east=east)

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether the point lies in the box or on its border."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


def examine(
    latitude: float,
    longitude: float,
    *,
    extent: Extent | None = None,
    placeholders: Collection[LatLon] = frozenset(),
    expected: Sequence[Place] = (),
    declared: str = "wgs84",
) -> Examined:
    """What coordinates may mean that were given in the `declared` datum: wgs84, gcj02 or bd09 (KeyError: another).

    `placeholders` are spots, in WGS-84 or as given; `expected` the places that other witnesses name.
    """
    if _is_zero(latitude, longitude, extent):
        return Examined(reasons=(Suspicion.ZERO,))
    given = _point(latitude, longitude, declared)
    if spot(latitude, longitude) in placeholders or (given and spot(*_pair(given)) in placeholders):
        return Examined(reasons=(Suspicion.PLACEHOLDER,))
    if given and _inside(given, extent):
        return _read((latitude, longitude), given, (), declared, expected)
    swapped = _point(longitude, latitude, declared)
    if swapped and _inside(swapped, extent):
        return _read((longitude, latitude), swapped, (Suspicion.SWAPPED,), declared, expected)
    if given and any(distance_m(given, place.point) <= CORROBORATED_M for place in expected):
        return _read((latitude, longitude), given, (Suspicion.OUTSIDE,), declared, expected)
    return Examined(reasons=(Suspicion.OUTSIDE,))


def _read(
    given: LatLon, point: Point, reasons: tuple[Suspicion, ...], declared: str, expected: Sequence[Place]
) -> Examined:
    """The readings of coordinates that are in order as such: in the declared datum, or in another."""
    radius_m, rounded = _blur(*given)
    if rounded:
        reasons = (*reasons, Suspicion.ROUNDED)
    as_declared = Reading(point=point, weight=1.0, radius_m=radius_m, reasons=reasons)
    if not (_speak_against(point, expected) and in_china(*given)):
        return Examined(readings=(as_declared,), reasons=reasons)
    readings = _in_every_datum(given, as_declared, declared, expected)
    named = dict.fromkeys((*reasons, *(reason for reading in readings for reason in reading.reasons)))
    return Examined(readings=readings, reasons=tuple(named))


def _speak_against(point: Point, expected: Sequence[Place]) -> bool:
    """Whether the expected places are as far away as a datum can shift them."""
    nearest = min((distance_m(point, place.point) for place in expected), default=0.0)
    return DATUM_SHIFT_M[0] <= nearest <= DATUM_SHIFT_M[1]


def _in_every_datum(
    given: LatLon, as_declared: Reading, declared: str, expected: Sequence[Place]
) -> tuple[Reading, ...]:
    """The reading as declared and those others that the expected places speak for, the best supported first."""
    others = [
        replace(as_declared, point=point, weight=MISDECLARED, reasons=(*as_declared.reasons, suspicion))
        for datum, suspicion in SUSPICIONS.items()
        if datum != declared and (point := _point(*given, datum)) is not None
    ]
    scored = [(_support(reading, expected), reading) for reading in (as_declared, *others)]
    least = LISTED * sum(support for support, _ in scored)
    listed = [(support, reading) for support, reading in scored[1:] if support >= least]
    rest = replace(as_declared, weight=1.0 - MISDECLARED * len(listed))
    ranked = sorted([(scored[0][0], rest), *listed], key=lambda one: -one[0])
    return tuple(reading for _, reading in ranked)


def _support(reading: Reading, expected: Sequence[Place]) -> float:
    """The reading's weight times the density of the expected places there: round normals, or anywhere in the city."""
    density = WRONG_ADDRESS_PER_M2
    for place in expected:
        sigma = hypot(place.radius_m, reading.radius_m) / R90_IN_SIGMAS
        apart = distance_m(reading.point, place.point) / sigma
        density += ADDRESS_RIGHT * place.probability * exp(-apart * apart / 2) / (2 * pi * sigma * sigma)
    return reading.weight * density


def _is_zero(latitude: float, longitude: float, extent: Extent | None) -> bool:
    if abs(latitude) <= ZERO_DEG and abs(longitude) <= ZERO_DEG:
        return True
    known = extent is not None and extent.contains(latitude, longitude)  # Greenwich and Quito are places
    return (latitude == 0 or longitude == 0) and not known


def _point(latitude: float, longitude: float, datum: str) -> Point | None:
    """The WGS-84 point; None where there is none on earth."""
    north, east = TO_WGS84[datum](latitude, longitude)
    on_earth = -90 <= north <= 90 and -180 <= east <= 180
    return Point(latitude=north, longitude=east) if on_earth else None


def _pair(point: Point) -> LatLon:
    return point.latitude, point.longitude


def _inside(point: Point, extent: Extent | None) -> bool:
    return extent is None or extent.contains(point.latitude, point.longitude)


def _blur(latitude: float, longitude: float) -> tuple[float, bool]:
    """The 90 % radius of a point with so few decimals, and whether that is worth telling."""
    for decimals in range(LOOKED_AT_DECIMALS + 1):
        if round(latitude, decimals) == latitude and round(longitude, decimals) == longitude:
            side = METRES_PER_DEGREE / 10**decimals
            return max(POINT_RADIUS_M, TRUNCATED_SIDES * side), decimals <= TOLD_DECIMALS
    return POINT_RADIUS_M, False

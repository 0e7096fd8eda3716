"""Coordinates as files write them, to WGS-84 points."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from domain.places import Point
from features.coordinates import bd09_to_wgs84, gcj02_to_wgs84, only_exchanged
from store.importing.faults import Fault, FaultFound, shown
from store.importing.mapping import Mapping

PLACEHOLDER_DEG = 1e-4
NOWHERE = (0.0, 0.0)


def read_point(latitude: object, longitude: object, mapping: Mapping) -> Point | None:
    """The WGS-84 point; None where both are empty or they are a placeholder for "unknown"."""
    north, east = _number("latitude", latitude), _number("longitude", longitude)
    if north is None and east is None:
        return None
    if north is None or east is None:
        raise _bad("only one of latitude and longitude is given", "Give both or none.")
    if any(_same(north, east, place) for place in (NOWHERE, *mapping.placeholder_coordinates)):
        return None
    return _point(*to_wgs84(mapping.crs)(north, east), given=(north, east))


def read_exchanged(latitude: object, longitude: object, mapping: Mapping) -> Point | None:
    """The WGS-84 point of coordinates that are one only the other way round; None for all others."""
    try:
        north, east = _number("latitude", latitude), _number("longitude", longitude)
    except FaultFound:
        return None
    if north is None or east is None or not only_exchanged(north, east):
        return None
    return _point(*to_wgs84(mapping.crs)(east, north), given=(north, east))


@lru_cache
def to_wgs84(crs: str) -> Callable[[float, float], tuple[float, float]]:
    """(latitude or northing, longitude or easting) in `crs` → WGS-84 (latitude, longitude)."""
    if crs == "wgs84":
        return lambda north, east: (north, east)
    if crs in {"gcj02", "bd09"}:
        return gcj02_to_wgs84 if crs == "gcj02" else bd09_to_wgs84
    from pyproj import Transformer

    transform: Any = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform
    return lambda north, east: transform(east, north)[::-1]


def _number(name: str, value: object) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise _bad(
            f"{name} is not a number: {shown(value)}", "Write decimal degrees with a point."
        ) from error
    if math.isinf(number) or isinstance(value, bool):
        raise _bad(f"{name} is not a number: {shown(value)}", "Write decimal degrees with a point.")
    return None if math.isnan(number) else number


def _same(north: float, east: float, place: tuple[float, float]) -> bool:
    return abs(north - place[0]) <= PLACEHOLDER_DEG and abs(east - place[1]) <= PLACEHOLDER_DEG


def _point(latitude: float, longitude: float, given: tuple[float, float]) -> Point:
    if -90 <= latitude <= 90 and -180 <= longitude <= 180:
        return Point(latitude=latitude, longitude=longitude)
    problem = f"no point on earth: latitude {given[0]:g}, longitude {given[1]:g}"
    if only_exchanged(*given):
        raise _bad(problem, "Latitude and longitude look exchanged: exchange them in the mapping.")
    raise _bad(problem, "Mend the coordinates, or name their system by crs in the mapping.")


def _bad(problem: str, mend: str) -> FaultFound:
    return FaultFound(reason=Fault.BAD_COORDINATE, problem=problem, mend=mend)

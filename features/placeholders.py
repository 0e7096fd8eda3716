"""Points that stand for "unknown", such as the city hall's: found by the many streets that meet in them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from domain.places import Point
from features.addresses.keys import road_key
from features.addresses.numerals import NUMERALS
from features.addresses.parse import parse_address
from features.coordinates import LatLon

SPOT_DECIMALS = 4  # 11 m
# Real corners have two or three streets, a block of flats one. A point of five, evenly told, has no address
STREETS = 5.0
SAMPLE = 32  # addresses taken apart for one spot
_COUNTED = re.compile(rf"[\W\d_{NUMERALS}甲乙丙丁]+|\b\w\b")


def spot(latitude: float, longitude: float) -> LatLon:
    """The point rounded: what placeholders are told by."""
    return round(latitude, SPOT_DECIMALS), round(longitude, SPOT_DECIMALS)


def learn_placeholders(points: Iterable[Point | None], addresses: Iterable[str | None]) -> frozenset[LatLon]:
    """Spots of past tickets or accounts at which the addresses name at least STREETS streets, by effective number.

    `addresses` are the points' own, in the same order.
    """
    told: defaultdict[LatLon, list[str]] = defaultdict(list)
    for point, address in zip(points, addresses, strict=True):
        if point is not None and address:
            told[spot(point.latitude, point.longitude)].append(address)
    return frozenset(place for place, there in told.items() if len(there) >= STREETS and _is_nowhere(there))


def _is_nowhere(addresses: list[str]) -> bool:
    if (
        len({_COUNTED.sub("", address) for address in addresses}) < STREETS
    ):  # spares the parser blocks of flats
        return False
    sample = addresses[:: -(-len(addresses) // SAMPLE)]
    streets = Counter(filter(None, map(_street, sample)))
    return _effective_number(streets) >= STREETS


def _street(address: str) -> str | None:
    parts = parse_address(address)
    return road_key(parts) or next(iter((*parts.names, *parts.areas[::-1])), None)


def _effective_number(counts: Counter[str]) -> float:
    """The inverse Simpson index: as many, if they were equally frequent (Hill 1973, order 2)."""
    squares = sum(count * count for count in counts.values())
    return counts.total() ** 2 / squares if squares else 0.0

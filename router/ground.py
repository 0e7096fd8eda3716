"""Who owns the ground at each place where a ticket may be."""

from __future__ import annotations

from datetime import datetime

from domain.places import Location, Point, Territory
from features.territories import Territories
from router.locate import plausible

Grounds = tuple[tuple[Territory, ...], ...]


def grounds(location: Location, territories: Territories, kind: str | None, at: datetime) -> Grounds:
    """The owners at each plausible place, the most likely place first; one entry, empty, where no place is known."""
    points: list[Point | None] = [place.point for place in plausible(location.places)]
    return tuple(tuple(territories.owners(point, kind, at)) for point in points or [location.point])


def contested(owned: Grounds) -> bool:
    """Whether the plausible places have different owners, or more than one place and no known owner."""
    units = [{territory.unit_id for territory in ground} for ground in owned]
    return len(units) > 1 and (not units[0] or any(found != units[0] for found in units))

"""Who owns the ground at each place where a ticket may be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.places import Location, Point, Territory
from features.table import NOWHERE, Spot
from features.territories import Territories
from router.locate import plausible

Grounds = tuple[tuple[Territory, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What the place says of a ticket. `owners`: by unit id, how likely it is that the ticket is on its ground."""

    owners: Mapping[str, float] = field(default_factory=dict)
    spot: Spot = NOWHERE


def believed(location: Location, owned: Grounds, territories: Territories) -> Owned:
    """The owners of every plausible place, each with that place's probability; `owned` as `grounds` answers."""
    places = plausible(location.places)
    chances = [place.probability for place in places] or [1.0]
    owners: dict[str, float] = defaultdict(float)
    for ground, chance in zip(owned, chances, strict=True):
        for unit_id in {territory.unit_id for territory in ground}:
            owners[unit_id] += chance
    if not places:
        return Owned(owners=owners)
    likeliest = places[0]
    edges = [territories.distance_to_edge_m(likeliest.point, one.territory_id) for one in owned[0]]
    spot = Spot(
        edge_m=min(edges) if edges else NOWHERE.edge_m,
        radius_m=likeliest.radius_m,
        probability=likeliest.probability,
    )
    return Owned(owners=owners, spot=spot)


def grounds(location: Location, territories: Territories, kind: str | None, at: datetime) -> Grounds:
    """The owners at each plausible place, the most likely place first; one entry, empty, where no place is known."""
    points: list[Point | None] = [place.point for place in plausible(location.places)]
    return tuple(tuple(territories.owners(point, kind, at)) for point in points or [location.point])


def taking(kind: str | None, owned: Grounds, territories: Territories) -> Grounds:
    """The same of owners who take that kind of trouble; `owned` as `grounds` answers for every kind."""
    return tuple(tuple(territories.taking(kind, ground)) for ground in owned)


def contested(owned: Grounds) -> bool:
    """Whether the plausible places have different owners, or more than one place and no known owner."""
    units = [{territory.unit_id for territory in ground} for ground in owned]
    return len(units) > 1 and (not units[0] or any(found != units[0] for found in units))

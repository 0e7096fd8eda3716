"""What new territories do, told before they are applied: they replace those of the same ids and leave the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from heapq import nlargest
from math import cos, radians

from shapely.geometry import shape

from domain.dispatches import Dispatch, unretracted
from domain.places import Territory
from features.place import METRES_PER_DEGREE
from features.territories import Territories
from router.ports import ReadSession
from router.units_diff import RECENT, told

MOST_LOOKED_UP = 50_000  # dispatches, the latest


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryChange:
    """A territory that is new or changes. `details`: each other field that changes, as (field, before, after).

    Areas are in km²; `area_before` None: it is new.
    """

    territory: Territory
    area: float
    area_before: float | None
    details: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoriesDiff:
    """What changes. `absent` ones are not in the new list and stay; `new_units` are named there and not known yet.

    `moved` of `recent` dispatches, those of the log's last 90 days with coordinates, lie on ground of other owners.
    """

    changes: tuple[TerritoryChange, ...]
    absent: tuple[str, ...]
    unchanged: int
    new_units: tuple[str, ...]
    moved: int
    recent: int


def territories_diff(session: ReadSession, new: Iterable[Territory], now: datetime) -> TerritoriesDiff:
    """Compare territories with the store's. Nothing is written."""
    old = {one.territory_id: one for one in session.territories()}
    given = {one.territory_id: one for one in new}
    changed = [one for key, one in given.items() if old.get(key) != one]
    known = {unit.unit_id for unit in session.units()}
    recent = _recent(session)
    return TerritoriesDiff(
        changes=tuple(_change(old.get(one.territory_id), one) for one in changed),
        absent=tuple(sorted(set(old) - set(given))),
        unchanged=len(given) - len(changed),
        new_units=tuple(sorted({one.unit_id for one in given.values()} - known)),
        moved=_moved(old.values(), (old | given).values(), recent, now) if changed else 0,
        recent=len(recent),
    )


def _change(old: Territory | None, new: Territory) -> TerritoryChange:
    names = [field.name for field in fields(Territory) if field.name != "geometry"]
    details = tuple(
        (name, before, after)
        for name in names
        if old and (before := told(getattr(old, name))) != (after := told(getattr(new, name)))
    )
    return TerritoryChange(
        territory=new,
        area=_area_km2(new),
        area_before=_area_km2(old) if old else None,
        details=details,
    )


def _area_km2(territory: Territory) -> float:
    """True to some per cent: a degree of longitude is taken to be as long as at the middle."""
    ground = shape(dict(territory.geometry))
    _, south, _, north = ground.bounds
    square = (METRES_PER_DEGREE / 1000) ** 2 * cos(radians((south + north) / 2))
    return float(ground.area * square)


def _recent(session: ReadSession) -> list[Dispatch]:
    log = [one for one in unretracted(session.dispatches()) if one.ticket.point is not None]
    latest = max((one.known_at for one in log), default=None)
    recent = (one for one in log if latest and one.known_at > latest - RECENT)
    return nlargest(MOST_LOOKED_UP, recent, key=lambda one: one.known_at)


def _moved(
    old: Collection[Territory], new: Collection[Territory], recent: list[Dispatch], now: datetime
) -> int:
    before, after = Territories(old), Territories(new)
    moments = [moment for one in (*old, *new) for moment in (one.validity.valid_from,) if moment]
    then = max([now, *moments])  # a list may speak of days to come

    def owners(ground: Territories, one: Dispatch) -> set[str]:
        found = ground.owners(one.ticket.point, one.ticket.category, then)
        return {territory.unit_id for territory in found}

    return sum(owners(before, one) != owners(after, one) for one in recent)

"""Who owns the cells of a map: by the territory at a cell's middle, else by who had most of what happened there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import h3.api.basic_int as h3

from domain.places import Point
from domain.units import open_heirs
from features.history import History
from features.place import RESOLUTIONS, cells
from features.text import normalise
from router.world import World

CELLS_AT_ONCE = 16  # while they are looked up, nobody routes


class OwnedBy(StrEnum):
    """Why a unit is taken for a cell's owner. `OVERLAP`: of several territories', the one with most past dispatches."""

    TERRITORY = "territory"
    OVERLAP = "overlap"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellOwner:
    """Who owns an H3 cell. `share` of its `dispatches` went to the unit (None: there were none)."""

    cell: int
    unit_id: str
    by: OwnedBy
    dispatches: int
    share: float | None


def owner_of(cell: int, kind: str | None, world: World, at: datetime) -> CellOwner | None:
    """The cell's owner for that kind of trouble (None: for any) at that time; None where nothing tells.

    Closed units' open successors stand in for them.
    """
    latitude, longitude = h3.cell_to_latlng(cell)
    owners = world.territories.owners(Point(latitude=latitude, longitude=longitude), kind, at)
    past = _dispatches(cell, kind, world.history)
    counts = Counter[str]()
    for unit_id, count in past.items():
        for heir in open_heirs(unit_id, world.units, at):
            counts[heir] += count
    named = dict.fromkeys(heir for one in owners for heir in open_heirs(one.unit_id, world.units, at))
    candidates = named or counts
    if not candidates:
        return None
    unit_id = min(candidates, key=lambda one: (-counts[one], one))
    total = past.total()
    return CellOwner(
        cell=cell,
        unit_id=unit_id,
        by=OwnedBy.HISTORY if not named else OwnedBy.TERRITORY if len(named) == 1 else OwnedBy.OVERLAP,
        dispatches=total,
        share=counts[unit_id] / total if total else None,
    )


def _dispatches(cell: int, kind: str | None, history: History) -> Counter[str]:
    """How many past dispatches in the cell each unit had."""
    found = Counter[str]()
    for name, value in _keys(cell, kind):
        for unit_id, count in history.counts(name, value):
            found[unit_id] += count
    return found


def _keys(cell: int, kind: str | None) -> Iterator[tuple[str, object]]:
    """The keys of history that together are the cell: not every resolution is counted without the kind of trouble."""
    resolution = h3.get_resolution(cell)
    if kind is not None:
        yield f"category*h3_{resolution}", (normalise(kind), cell)
        return
    counted = resolution if resolution in (6, 8, 10) else resolution + 1
    parts: Iterable[int] = (cell,) if counted == resolution else h3.cell_to_children(cell, counted)
    for one in parts:
        yield f"h3_{counted}", one


def cells_around(point: Point, resolution: int, rings: int) -> list[int]:
    """The cell of the point and `rings` rings around it; the resolution is one of RESOLUTIONS."""
    middle = cells(point)[RESOLUTIONS.index(resolution)]
    return sorted(h3.grid_disk(middle, rings))

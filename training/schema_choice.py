"""Which attributes are worth counting by, and which of them names an area: read off the training part."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from domain.tickets import GIVEN_COORDINATES, Ticket
from features.place import RESOLUTIONS, cells
from features.schema import HistorySchema
from features.text import normalise

MOST_VALUES = 2_000
LEAST_COVERAGE = 0.05
AREA_COVERAGE, AREA_PURITY = 0.6, 0.7
AREA_VALUES = (3, 500)
_AREA_CELL = RESOLUTIONS.index(8)


def choose_schema(tickets: Sequence[Ticket]) -> HistorySchema:
    """Attributes with some but not too many values; the district is the one that the H3 cell tells best."""
    names = sorted({name for ticket in tickets for name in ticket.attributes} - {GIVEN_COORDINATES})
    values = {name: [normalise(t.attributes.get(name, "")) for t in tickets] for name in names}
    kept = [name for name in names if _worth_counting(values[name])]
    areas = [(_purity(tickets, values[name]), name) for name in kept if _like_areas(values[name])]
    best = max(areas, default=(0.0, None))
    return HistorySchema(attributes=tuple(kept), district=best[1] if best[0] >= AREA_PURITY else None)


def _worth_counting(values: Sequence[str]) -> bool:
    present = [value for value in values if value]
    return len(present) >= LEAST_COVERAGE * len(values) and 2 <= len(set(present)) <= MOST_VALUES


def _like_areas(values: Sequence[str]) -> bool:
    present = [value for value in values if value]
    return (
        len(present) >= AREA_COVERAGE * len(values) and AREA_VALUES[0] <= len(set(present)) <= AREA_VALUES[1]
    )


def _purity(tickets: Sequence[Ticket], values: Sequence[str]) -> float:
    """Share of tickets whose value is the usual one of their H3 cell, times how little one value explains alone."""
    by_cell: dict[int, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for ticket, value in zip(tickets, values, strict=True):
        if value and ticket.point is not None:
            by_cell[cells(ticket.point)[_AREA_CELL]][value] += 1
            overall[value] += 1
    total = overall.total()
    if not total:
        return 0.0
    usual = sum(counts.most_common(1)[0][1] for counts in by_cell.values()) / total
    return float(usual * (1.0 - overall.most_common(1)[0][1] / total) ** 0.25)

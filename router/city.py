"""What a city's screen shows of many tickets at once: counts by cell of the map, by unit, by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.tickets import TicketStatus
from features.place import RESOLUTIONS

COARSEST, FINEST = 3, RESOLUTIONS[-1]
"""Resolutions of H3 that tickets can be counted at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityQuery:
    """Which tickets are counted: received in [since, until). What is None does not matter.

    `category` is normalised; one of `unit_ids` has them now.
    """

    since: datetime
    until: datetime
    category: str | None = None
    unit_ids: frozenset[str] | None = None
    status: TicketStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCount:
    """The tickets of one H3 cell (None: those that are nowhere known), and how many of them are what.

    `automatic`: dispatched by their latest decision, without a person. `overdue` ones wait and were flagged.
    """

    cell: int | None
    count: int
    automatic: int = 0
    waiting: int = 0
    overdue: int = 0
    urgent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLoad:
    """The `tickets` that a unit has; `done`: those of them that it has told to be done."""

    unit_id: str
    tickets: int
    done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Tickets that were received from `at` on until the next of the moments; `automatic` as in CellCount."""

    at: datetime
    received: int
    automatic: int


class CityReads(Protocol):
    """The part of a reading session that counts."""

    def ticket_cells(self, query: CityQuery, resolution: int) -> Sequence[CellCount]:
        """By cell of that resolution (COARSEST to FINEST), in the order of their numbers; nowhere comes last."""
        ...

    def unit_loads(self, since: datetime) -> Sequence[UnitLoad]:
        """Tickets received since then that are dispatched, by unit."""
        ...

    def arrivals(self, moments: Sequence[datetime]) -> Sequence[Arrivals]:
        """Between each of the moments, which ascend, and the next."""
        ...

    def count_overdue(self) -> int:
        """Tickets that wait for a person and were flagged."""
        ...

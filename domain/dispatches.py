"""The dispatch log: what was confirmed, for whom, and when that was known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from domain.tickets import Ticket
from domain.time import require_aware


class LabelSource(StrEnum):
    """Who said that this unit owns the ticket; a retraction takes such a word back.

    Done: the unit itself, which told that the work is done, where nobody had said whose it is.
    """

    IMPORT = "import"
    CONFIRMATION = "confirmation"
    REASSIGNMENT = "reassignment"
    AUDIT = "audit"
    DONE = "done"
    RETRACTION = "retraction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A confirmed dispatch (派工) in the append-only log; ordered by `known_at`, then `sequence`.

    `sequence` is 0 until the log has given it a number (from 1, without gaps).
    """

    ticket: Ticket
    unit_id: str
    known_at: datetime
    source: LabelSource = LabelSource.IMPORT
    by: str | None = None
    sequence: int = 0

    def __post_init__(self) -> None:
        require_aware("known_at", self.known_at)
        if self.known_at < self.ticket.received_at:
            raise ValueError("known_at must not lie before the ticket's received_at")

    @property
    def ticket_id(self) -> str:
        """Its ticket's."""
        return self.ticket.ticket_id


class Outcome(NamedTuple):
    """A dispatch without its ticket: a million of them are read in seconds."""

    sequence: int
    ticket_id: str
    unit_id: str
    known_at: datetime
    source: LabelSource


class _Entry(Protocol):
    """What a retraction is told by."""

    @property
    def ticket_id(self) -> str: ...
    @property
    def unit_id(self) -> str: ...
    @property
    def source(self) -> LabelSource: ...


E = TypeVar("E", bound=_Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A unit's word that a ticket it was handed is not its own (退单)."""

    ticket_id: str
    unit_id: str
    by: str
    at: datetime
    reason: str

    def __post_init__(self) -> None:
        require_aware("at", self.at)


def unretracted(log: Iterable[E]) -> list[E]:
    """The entries that stand: without retractions, and without the latest earlier one that each of them takes back."""
    return parted(log)[0]


def parted(log: Iterable[E]) -> tuple[list[E], list[tuple[E, E]]]:
    """The entries that stand, and those that were taken back, each with the retraction that did it."""
    standing: dict[int, E] = {}
    taken_back: list[tuple[E, E]] = []
    places: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(log):
        earlier = places.setdefault((one.ticket_id, one.unit_id), [])
        if one.source is not LabelSource.RETRACTION:
            earlier.append(place)
            standing[place] = one
        elif earlier:
            taken_back.append((standing.pop(earlier.pop()), one))
    return list(standing.values()), taken_back

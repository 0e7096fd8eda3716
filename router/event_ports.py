"""What the store tells of its log of events, and of what stands beside it, so that both can be checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

GENESIS = "0" * 64  # what the first event is chained to


class EventKind(StrEnum):
    """What can happen to a ticket; from `LOGGED` on, to the installation."""

    RECEIVED = "received"
    DECIDED = "decided"
    STATUS = "status"
    QUEUED = "queued"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNDONE = "undone"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DONE = "done"
    REOPENED = "reopened"
    REFUSED = "refused"
    OVERDUE = "overdue"
    REVIEWED = "reviewed"
    REPORTED = "reported"
    CLAIMED = "claimed"
    RELEASED = "released"
    HELD = "held"
    REROUTED = "rerouted"
    JOINED = "joined"
    UNJOINED = "unjoined"
    LOGGED = "logged"
    CHANGED = "changed"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    KEY_ISSUED = "key_issued"
    KEY_REVOKED = "key_revoked"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    TRIED = "tried"


OF_JOINING = frozenset({EventKind.JOINED, EventKind.UNJOINED})
OF_DELIVERY = frozenset({EventKind.QUEUED, EventKind.DELIVERED, EventKind.UNDELIVERED})
"""Between the service and the unit that they name, whoever has the ticket by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One line of what happened to a ticket, or (`ticket_id` empty) to the installation.

    `detail` is the verdict, the status, the reviewer's comment or what another system reported of it, as JSON.
    `sequence` numbers the store's events in their order; `covers` is the SHA-256 of the record that the event tells of;
    `hash` chains it to the event before it.
    """

    ticket_id: str
    kind: EventKind
    at: datetime
    by: str
    unit_id: str | None = None
    detail: str = ""
    sequence: int = field(default=0, compare=False)
    covers: str | None = field(default=None, compare=False)
    hash: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """The last event's number and hash. Noted elsewhere, it shows later whether the log was rewritten."""

    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestStatus:
    """A ticket's last event of its status, and of its being joined (0: none); and what the ticket itself says."""

    event: int
    status: str
    unit_id: str | None
    joining: int = 0
    joined_into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """That an event tells of a record, and of which; `mark` None: it does not say of which."""

    event: int
    mark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it stands now: what an event that tells of it may have as its mark.

    `contradicting`: columns beside it that say something else than it does.
    """

    name: str
    marks: frozenset[str]
    contradicting: tuple[str, ...] = ()


class EventReads(Protocol):
    """The part of a reading session that tells of it."""

    def event_log(self, after: int = 0, limit: int = 1000) -> Sequence[TicketEvent]:
        """All events with sequence > `after`, oldest first. Raises ValueError where a row cannot be read."""
        ...

    def chain_head(self) -> ChainHead: ...

    def tellings(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Telling]]:
        """By ticket, what its events of that kind tell of, in their order; that a delivery is retried is left out."""
        ...

    def records(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Record]]:
        """By ticket, its records that events of that kind tell of, in the order in which they were written.

        Kinds are received, decided, reviewed, undone and queued.
        """
        ...

    def log_digest(self, first: int, last: int) -> str:
        """The SHA-256 of the dispatch log's entries from `first` to `last`."""
        ...

    def latest_statuses(self, ticket_ids: Collection[str]) -> Mapping[str, LatestStatus]:
        """Of those tickets that have an event of their status."""
        ...

    def unaccounted(self) -> Sequence[str]:
        """Records of tickets that have no event of such records at all, in words."""
        ...

"""What the use cases need of the world outside: the store, as protocols.

Every port has an adapter on SQL and a twin in memory; both pass one contract suite. Repositories never commit:
`Store.write` owns the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, TypeVar

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch, Outcome
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.safety import Priority
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.automation_ports import AutomationReads, AutomationWrites
from router.city import CityReads
from router.claim_ports import ClaimReads, ClaimWrites
from router.clock_ports import ClockReads, ClockWrites
from router.delivery_ports import DeliveryReads, DeliveryWrites
from router.event_ports import EventKind as EventKind
from router.event_ports import EventReads
from router.event_ports import TicketEvent as TicketEvent
from router.finding import FindingReads
from router.idempotency import AnswerReads, AnswerWrites, KeptAnswer
from router.sight import Sight
from router.stored import StoredTicket as StoredTicket

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord:
    """A model bundle known to the store. `version` counts from 1 per store; `path` is its directory.

    `issue`: SHA-256 of when its certificates were issued and expire; None where it was registered before that was kept.
    """

    version: int
    digest: str
    path: str
    registered_at: datetime
    metrics: tuple[tuple[str, float], ...] = ()
    mlflow_run_id: str | None = None
    mlflow_version: str | None = None
    issue: str | None = None

    def registered_again(self, other: BundleRecord) -> BundleRecord:
        """This record, with the other's dates where it names any, and with its MLflow ids where this has none."""
        dated = replace(self, issue=other.issue or self.issue)
        if self.mlflow_version is not None:
            return dated
        return replace(dated, mlflow_run_id=other.mlflow_run_id, mlflow_version=other.mlflow_version)

    def departure(self, digest: str, issue: str) -> str | None:
        """What is wrong with a bundle of these digests at its path; None where it is the one that was registered."""
        if digest != self.digest:
            return f"holds {digest[:12]}, not {self.digest[:12]}"
        if self.issue is not None and issue != self.issue:
            return "its certificate's dates are not those that were registered"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """Which versions the store names: the champion serves since `since`, a challenger waits, `previous` leads back."""

    champion: int | None = None
    challenger: int | None = None
    previous: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTicket:
    """A ticket as those see it who sent it; `changed_at` is when its last event was recorded.

    `done`: the unit that has it, or has the ticket that it goes with, told that it is.
    """

    ticket: Ticket
    status: TicketStatus
    unit_id: str | None
    changed_at: datetime
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelQuery:
    """Which tickets of a channel. What is None does not matter; `until` itself is not in the span.

    `having` names an attribute and the values it may have; `belonging` one, and the value it has where a ticket has it.
    """

    channel: str
    ticket_ids: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    statuses: frozenset[TicketStatus] | None = None
    done: bool | None = None
    having: tuple[str, frozenset[str]] | None = None
    belonging: tuple[str, str] | None = None
    limit: int = 1000
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many tickets of one priority wait for a person, and when the first of them was received."""

    priority: Priority
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """How many tickets units have, and for how many of them the dispatch log says nothing of whose they are."""

    dispatched: int
    untold: int


class ReadSession(
    ClockReads,
    AutomationReads,
    AnswerReads,
    DeliveryReads,
    EventReads,
    FindingReads,
    CityReads,
    ClaimReads,
    Protocol,
):
    """Consistent reads."""

    def units(self) -> Sequence[Unit]: ...
    def territories(self) -> Sequence[Territory]: ...
    def rules(self) -> Sequence[Rule]: ...
    def accounts(self) -> Iterator[Account]: ...
    def addresses(self) -> Iterator[Address]: ...
    def ticket(self, ticket_id: str) -> StoredTicket | None: ...
    def labelled(self) -> Labelled: ...
    def decisions(self, ticket_id: str) -> Sequence[tuple[datetime, Decision]]:
        """Every one that was made of the ticket and when, oldest first."""
        ...

    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        ...

    def waiting(self, limit: int = 100, sight: Sight | None = None) -> Sequence[StoredTicket]:
        """Those that a person has to decide, in review or on hold: most pressing first, then first received.

        With a sight: those that are in it.
        """
        ...

    def queues(self, sight: Sight | None = None) -> Sequence[Queue]:
        """What waits, by priority, most pressing first. With a sight: what is in it."""
        ...

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first; `at` is when the store recorded it."""
        ...

    def channel_tickets(self, query: ChannelQuery) -> Sequence[ChannelTicket]:
        """Newest received first."""
        ...

    def channel_events(
        self, channel: str, kinds: frozenset[EventKind], since: datetime, until: datetime, limit: int = 1000
    ) -> Sequence[TicketEvent]:
        """What was recorded of the channel's tickets in [since, until), oldest first."""
        ...

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order, entries with sequence > `after`, streamed."""
        ...

    def outcomes(self) -> Iterator[Outcome]:
        """The whole log in sequence order, without the tickets, streamed."""
        ...

    def labels(self, ticket_id: str) -> Sequence[Dispatch]:
        """The log's entries of the ticket, in sequence order."""
        ...

    def dispatches_at(self, sequences: Iterable[int]) -> Mapping[int, Dispatch]:
        """Some few entries of the log, by their sequence; those that it has not are left out."""
        ...

    def last_sequence(self) -> int:
        """The log's highest sequence; 0 when it is empty."""
        ...

    def world_version(self) -> str:
        """Changes whenever units, territories, rules, accounts or addresses change."""
        ...

    def bundles(self) -> Sequence[BundleRecord]:
        """By version, ascending."""
        ...

    def pointers(self) -> Pointers: ...

    def undone_reviews(self, ticket_id: str) -> Sequence[Review]:
        """Those that were taken back, oldest first."""
        ...


class WriteSession(
    ReadSession, ClockWrites, ClaimWrites, AutomationWrites, AnswerWrites, DeliveryWrites, Protocol
):
    """Reads and writes inside one transaction."""

    def put_units(self, units: Iterable[Unit], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything. The same holds for the other put_*.

        The event log has who did it.
        """
        ...

    def put_territories(self, territories: Iterable[Territory], by: str = "gridroute") -> int: ...
    def put_rules(self, rules: Iterable[Rule], by: str = "gridroute") -> int: ...
    def put_accounts(self, accounts: Iterable[Account], by: str = "gridroute") -> int: ...
    def put_addresses(self, addresses: Iterable[Address], by: str = "gridroute") -> int: ...
    def add_ticket(self, ticket: Ticket, priority: Priority = Priority.NORMAL) -> None:
        """Raises DuplicateTicket when the id is taken."""
        ...

    def set_status(
        self, ticket_id: str, status: TicketStatus, unit_id: str | None, by: str = "gridroute"
    ) -> None:
        """Raises TransitionRefused where ALLOWED_TRANSITIONS has no such change, NotFound without such a ticket."""
        ...

    def add_decision(self, decision: Decision, at: datetime) -> None:
        """Appends; the latest one counts."""
        ...

    def add_decided(self, stored: StoredTicket, written: str | None = None) -> None:
        """A new ticket with its decision, and its delivery where it is dispatched: all that stands in `stored`.

        As add_ticket, add_decision, set_status, set_due and add_delivery do one after another. Raises DuplicateTicket.
        `written`: the decision as the store writes it, where that is known.
        """
        ...

    def add_review(self, review: Review) -> None:
        """Raises AlreadyDecided when the ticket has one."""
        ...

    def undo_review(self, ticket_id: str, *, by: str, reason: str) -> Review:
        """The review that is in force no longer; the ticket may have another. Raises NotFound without one."""
        ...

    def add_report(self, ticket_id: str, by: str, detail: str) -> None:
        """What another system says of the ticket, into its events. Raises NotFound without such a ticket."""
        ...

    def lock_log(self) -> datetime | None:
        """Nobody else appends to the log before this transaction ends; answers when its last outcome was known."""
        ...

    def append_dispatches(self, dispatches: Iterable[Dispatch]) -> Sequence[Dispatch]:
        """Appends to the log in the order of `known_at`; answers the new entries with their sequence.

        An entry equal to one in the log (ticket id, unit, known_at, source) is left out; the same ticket id imported
        with another content raises DuplicateTicket.
        """
        ...

    def add_bundle(self, record: BundleRecord) -> BundleRecord:
        """Gives it the next version (the record's own is ignored).

        A known digest answers its existing record, which takes over the dates that this one names, and MLflow's ids
        where it had none.
        """
        ...

    def set_pointers(self, pointers: Pointers, by: str = "gridroute", reason: str = "") -> None:
        """The event log has who moved them and why. Raises NotFound for a version that the store does not have."""
        ...


@dataclass(frozen=True, slots=True)
class Addition:
    """The work that adds a decided ticket, and keeps what its request is answered: a store may do many at once.

    `written`: the decision as the store writes it, where that is known.
    """

    stored: StoredTicket
    answer: KeptAnswer | None = None
    written: str | None = None

    def __call__(self, session: WriteSession) -> StoredTicket:
        """Answers what was stored. Raises DuplicateTicket, AlreadyAnswered."""
        session.add_decided(self.stored, self.written)
        if self.answer is not None:
            session.keep_answer(self.answer)
        return self.stored


class Store(Protocol):
    """A durable store. `write` returns only after the work is committed durably (or raises and nothing was)."""

    def read(self) -> AbstractContextManager[ReadSession]: ...
    def write(self, work: Callable[[WriteSession], T]) -> T: ...
    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
        """As `write`, without waiting; works queued together may share one commit, each atomic by itself.

        What is one of many (`bulk`) lets all other works go first.
        """
        ...

    def close(self) -> None: ...

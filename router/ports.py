"""What the use cases need of the world outside: the store, as protocols.

Every port has an adapter on SQL and a twin in memory; both pass one contract suite. Repositories never commit:
`Store.write` owns the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTicket:
    """A ticket with its state: the latest decision, the person's review (if any), the unit that has it now."""

    ticket: Ticket
    status: TicketStatus
    unit_id: str | None = None
    decision: Decision | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRecord:
    """A model bundle known to the store. `version` counts from 1 per store; `path` is its directory."""

    version: int
    digest: str
    path: str
    registered_at: datetime
    metrics: tuple[tuple[str, float], ...] = ()
    mlflow_run_id: str | None = None
    mlflow_version: str | None = None

    def with_tracking_of(self, other: BundleRecord) -> BundleRecord:
        """This record, with the other's MLflow ids where it has none."""
        if self.mlflow_version is not None:
            return self
        return replace(self, mlflow_run_id=other.mlflow_run_id, mlflow_version=other.mlflow_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """Which versions the store names: the champion serves since `since`, a challenger waits, `previous` leads back."""

    champion: int | None = None
    challenger: int | None = None
    previous: int | None = None
    since: datetime | None = None


class EventKind(StrEnum):
    """What can happen to a ticket."""

    RECEIVED = "received"
    DECIDED = "decided"
    STATUS = "status"
    QUEUED = "queued"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One line of what happened to a ticket. `detail` is the verdict, the status or the reviewer's comment."""

    ticket_id: str
    kind: EventKind
    at: datetime
    by: str
    unit_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the outbox: a ticket that waits to be handed to its unit."""

    delivery_id: int
    ticket_id: str
    unit_id: str
    queued_at: datetime


class ReadSession(Protocol):
    """Consistent reads."""

    def units(self) -> Sequence[Unit]: ...
    def territories(self) -> Sequence[Territory]: ...
    def rules(self) -> Sequence[Rule]: ...
    def accounts(self) -> Iterator[Account]: ...
    def addresses(self) -> Iterator[Address]: ...
    def ticket(self, ticket_id: str) -> StoredTicket | None: ...
    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        ...

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first; `at` is when the store recorded it."""
        ...

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox, oldest first."""
        ...

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order, entries with sequence > `after`, streamed."""
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


class WriteSession(ReadSession, Protocol):
    """Reads and writes inside one transaction."""

    def put_units(self, units: Iterable[Unit]) -> int:
        """Insert or replace by id; answers how many changed anything. The same holds for the other put_*."""
        ...

    def put_territories(self, territories: Iterable[Territory]) -> int: ...
    def put_rules(self, rules: Iterable[Rule]) -> int: ...
    def put_accounts(self, accounts: Iterable[Account]) -> int: ...
    def put_addresses(self, addresses: Iterable[Address]) -> int: ...
    def add_ticket(self, ticket: Ticket) -> None:
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

    def add_review(self, review: Review) -> None:
        """Raises AlreadyDecided when the ticket has one."""
        ...

    def append_dispatches(self, dispatches: Iterable[Dispatch]) -> Sequence[Dispatch]:
        """Appends to the log in the order of `known_at`; answers the new entries with their sequence.

        An entry equal to one in the log (ticket id, unit, known_at, source) is left out; the same ticket id imported
        with another content raises DuplicateTicket.
        """
        ...

    def add_delivery(self, ticket_id: str, unit_id: str, at: datetime) -> None:
        """A row of the outbox, in the same transaction as the dispatch it belongs to."""
        ...

    def add_bundle(self, record: BundleRecord) -> BundleRecord:
        """Gives it the next version (the record's own is ignored).

        A known digest answers its existing record, which takes over MLflow's ids where it had none.
        """
        ...

    def set_pointers(self, pointers: Pointers) -> None: ...


class Store(Protocol):
    """A durable store. `write` returns only after the work is committed durably (or raises and nothing was)."""

    def read(self) -> AbstractContextManager[ReadSession]: ...
    def write(self, work: Callable[[WriteSession], T]) -> T: ...
    def submit(self, work: Callable[[WriteSession], T]) -> Future[T]:
        """As `write`, without waiting; works queued together may share one commit, each atomic by itself."""
        ...

    def close(self) -> None: ...

"""Sessions of the store in memory: a snapshot to read, a copy to write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch
from domain.errors import AlreadyDecided, DuplicateTicket, NotFound
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.ports import BundleRecord, Delivery, EventKind, Pointers, StoredTicket, TicketEvent
from store.checks import require_transition, require_versions
from store.clock import Clock
from store.codec import encode
from store.log import by_time_known, new_entries

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class State:
    """Everything stored. Once a store shows it, it is never changed: writes change a copy."""

    units: dict[str, Unit] = field(default_factory=dict)
    territories: dict[str, Territory] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    tickets: dict[str, StoredTicket] = field(default_factory=dict)
    log: list[Dispatch] = field(default_factory=list)
    events: list[TicketEvent] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    bundles: list[BundleRecord] = field(default_factory=list)
    pointers: Pointers = field(default_factory=Pointers)
    world_version: str = "0"

    def branch(self) -> State:
        """Another state with the same contents."""
        parts: dict[str, Any] = {part.name: copy(getattr(self, part.name)) for part in fields(self)}
        return State(**parts)


class MemoryReadSession:
    """Reads of one state."""

    def __init__(self, state: State) -> None:
        self.state = state

    def units(self) -> Sequence[Unit]:
        """By id."""
        return list(_by_key(self.state.units))

    def territories(self) -> Sequence[Territory]:
        """By id."""
        return list(_by_key(self.state.territories))

    def rules(self) -> Sequence[Rule]:
        """By id."""
        return list(_by_key(self.state.rules))

    def accounts(self) -> Iterator[Account]:
        """By id."""
        return _by_key(self.state.accounts)

    def addresses(self) -> Iterator[Address]:
        """By address."""
        return _by_key(self.state.addresses)

    def ticket(self, ticket_id: str) -> StoredTicket | None:
        """The ticket with its state."""
        return self.state.tickets.get(ticket_id)

    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        found = [stored for stored in _by_key(self.state.tickets) if status in (None, stored.status)]
        return sorted(found, key=lambda stored: stored.ticket.received_at, reverse=True)[:limit]

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first."""
        return [event for event in self.state.events if event.ticket_id == ticket_id]

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox, oldest first."""
        return self.state.deliveries[:limit]

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order."""
        return islice(iter(self.state.log), after, None)  # sequences count from 1 without gaps

    def last_sequence(self) -> int:
        """The log's highest sequence; 0 when it is empty."""
        return len(self.state.log)

    def world_version(self) -> str:
        """Changes whenever units, territories, rules, accounts or addresses change."""
        return self.state.world_version

    def bundles(self) -> Sequence[BundleRecord]:
        """By version, ascending."""
        return list(self.state.bundles)

    def pointers(self) -> Pointers:
        """The versions that the store names."""
        return self.state.pointers


class MemoryWriteSession(MemoryReadSession):
    """Reads and writes of a copy of `state`; `clock` dates the events."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state.branch())
        self._clock = clock

    def put_units(self, units: Iterable[Unit]) -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(self.state.units, units, lambda unit: unit.unit_id)

    def put_territories(self, territories: Iterable[Territory]) -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(self.state.territories, territories, lambda territory: territory.territory_id)

    def put_rules(self, rules: Iterable[Rule]) -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(self.state.rules, rules, lambda rule: rule.rule_id)

    def put_accounts(self, accounts: Iterable[Account]) -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(self.state.accounts, accounts, lambda account: account.account_id)

    def put_addresses(self, addresses: Iterable[Address]) -> int:
        """Insert or replace by address; answers how many changed anything."""
        return self._put(self.state.addresses, addresses, lambda address: address.address)

    def add_ticket(self, ticket: Ticket) -> None:
        """Raises DuplicateTicket when the id is taken."""
        if ticket.ticket_id in self.state.tickets:
            raise DuplicateTicket(ticket_id=ticket.ticket_id)
        self.state.tickets[ticket.ticket_id] = StoredTicket(ticket=ticket, status=TicketStatus.RECEIVED)
        self._record(ticket.ticket_id, EventKind.RECEIVED, by=ticket.channel)

    def set_status(
        self, ticket_id: str, status: TicketStatus, unit_id: str | None, by: str = "gridroute"
    ) -> None:
        """Raises TransitionRefused or NotFound."""
        stored = self._require_ticket(ticket_id)
        require_transition(ticket_id, stored.status, status)
        self.state.tickets[ticket_id] = replace(stored, status=status, unit_id=unit_id)
        self._record(ticket_id, EventKind.STATUS, by=by, unit_id=unit_id, detail=status.value)

    def add_decision(self, decision: Decision, at: datetime) -> None:  # noqa: ARG002 - no port reads it back
        """Appends; the latest one counts. Raises NotFound without such a ticket."""
        ticket_id = decision.ticket_id
        self.state.tickets[ticket_id] = replace(self._require_ticket(ticket_id), decision=decision)
        self._record(ticket_id, EventKind.DECIDED, unit_id=decision.unit_id, detail=decision.verdict.value)

    def add_review(self, review: Review) -> None:
        """Raises AlreadyDecided when the ticket has one, NotFound without such a ticket."""
        stored = self._require_ticket(review.ticket_id)
        if stored.review is not None:
            raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=stored.review.unit_id)
        self.state.tickets[review.ticket_id] = replace(stored, review=review)
        self._record(
            review.ticket_id, EventKind.REVIEWED, by=review.by, unit_id=review.unit_id, detail=review.comment
        )

    def append_dispatches(self, dispatches: Iterable[Dispatch]) -> Sequence[Dispatch]:
        """Appends those that the log has not, in the order of `known_at`; answers them with their sequence."""
        known: dict[str, list[Dispatch]] = defaultdict(list)
        for entry in self.state.log:
            known[entry.ticket.ticket_id].append(entry)
        fresh = new_entries(by_time_known(dispatches), known, self.last_sequence())
        self.state.log.extend(fresh)
        return fresh

    def add_delivery(self, ticket_id: str, unit_id: str, at: datetime) -> None:
        """A row of the outbox. Raises NotFound without such a ticket."""
        self._require_ticket(ticket_id)
        number = len(self.state.deliveries) + 1
        self.state.deliveries.append(
            Delivery(delivery_id=number, ticket_id=ticket_id, unit_id=unit_id, queued_at=at)
        )
        self._record(ticket_id, EventKind.QUEUED, unit_id=unit_id)

    def add_bundle(self, record: BundleRecord) -> BundleRecord:
        """Gives it the next version; a known digest answers its existing record, with MLflow's ids if it had none."""
        if known := next((bundle for bundle in self.state.bundles if bundle.digest == record.digest), None):
            self.state.bundles[known.version - 1] = known.with_tracking_of(record)
            return self.state.bundles[known.version - 1]
        numbered = replace(record, version=len(self.state.bundles) + 1)
        self.state.bundles.append(numbered)
        return numbered

    def set_pointers(self, pointers: Pointers) -> None:
        """Raises NotFound for a version that the store does not have."""
        require_versions(pointers, self.state.bundles)
        self.state.pointers = pointers

    def _put(self, stored: dict[str, T], items: Iterable[T], key_of: Callable[[T], str]) -> int:
        given = {key_of(item): item for item in items}
        bodies = {key: encode(item) for key, item in given.items()}
        changed = [key for key in given if key not in stored or encode(stored[key]) != bodies[key]]
        stored.update({key: given[key] for key in changed})
        if changed:
            change = f"{self.state.world_version} {encode([bodies[key] for key in changed])}"
            self.state.world_version = sha256(change.encode()).hexdigest()[:16]
        return len(changed)

    def _require_ticket(self, ticket_id: str) -> StoredTicket:
        stored = self.state.tickets.get(ticket_id)
        if stored is None:
            raise NotFound(kind="ticket", key=ticket_id)
        return stored

    def _record(
        self,
        ticket_id: str,
        kind: EventKind,
        *,
        by: str = "gridroute",
        unit_id: str | None = None,
        detail: str = "",
    ) -> None:
        self.state.events.append(
            TicketEvent(
                ticket_id=ticket_id, kind=kind, at=self._clock(), by=by, unit_id=unit_id, detail=detail
            )
        )


def _by_key(entries: dict[str, T]) -> Iterator[T]:
    return (entries[key] for key in sorted(entries))

"""Sessions of the store in memory: a snapshot to read, a copy to write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import TypeVar

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch, Outcome
from domain.errors import AlreadyDecided, DuplicateTicket, NotFound
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.safety import Priority
from domain.tickets import WAITING, Ticket, TicketStatus
from domain.units import Unit
from router.finding import TicketQuery, cursor_of
from router.ports import (
    BundleRecord,
    ChannelQuery,
    ChannelTicket,
    EventKind,
    Labelled,
    Pointers,
    Queue,
    StoredTicket,
    TicketEvent,
)
from router.sight import Sight
from store import finding
from store.batches import batched
from store.channels import is_done, matches
from store.checks import require_transition, require_versions
from store.city import MemoryCityReads
from store.claims import MemoryClaimReads, MemoryClaimWrites
from store.clock import Clock
from store.clocks import MemoryClockReads, MemoryClockWrites
from store.codec import encode
from store.decision_records import decision_record
from store.log import by_time_known, log_row, log_span, new_entries
from store.memory_answers import MemoryAnswerReads, MemoryAnswerWrites
from store.memory_automation import MemoryAutomationReads, MemoryAutomationWrites
from store.memory_state import State
from store.replies import MemoryReplyReads, MemoryReplyWrites
from store.review_records import review_record
from store.undoing import MemoryUndoReads, MemoryUndoWrites

T = TypeVar("T")


class MemoryReadSession(
    MemoryAutomationReads,
    MemoryAnswerReads,
    MemoryReplyReads,
    MemoryUndoReads,
    MemoryClockReads,
    MemoryClaimReads,
    MemoryCityReads,
):
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
        stored = self.state.tickets.get(ticket_id)
        joined = self.state.joined_to(ticket_id)
        return replace(stored, joined=joined) if stored and joined else stored

    def decisions(self, ticket_id: str) -> Sequence[tuple[datetime, Decision]]:
        """Every one that was made of the ticket and when, oldest first."""
        return [(at, one) for at, one in self.state.decisions if one.ticket_id == ticket_id]

    def labelled(self) -> Labelled:
        """Of all tickets that units have."""
        told = {one.ticket_id for one in self.state.log}
        theirs = [one for one in self.state.tickets.values() if one.status is TicketStatus.DISPATCHED]
        untold = sum(one.ticket.ticket_id not in told for one in theirs)
        return Labelled(dispatched=len(theirs), untold=untold)

    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        found = [stored for stored in _by_key(self.state.tickets) if status in (None, stored.status)]
        return sorted(found, key=lambda stored: stored.ticket.received_at, reverse=True)[:limit]

    def find_tickets(self, query: TicketQuery) -> Sequence[StoredTicket]:
        """Newest received first."""
        found = (stored for stored in self.state.tickets.values() if finding.matches(stored, query))
        return sorted(found, key=cursor_of, reverse=True)[: query.limit]

    def seen_of(self, ticket_ids: Collection[str], sight: Sight) -> frozenset[str]:
        """Those of the tickets that are in sight."""
        tickets = self.state.tickets
        return frozenset(one for one in ticket_ids if one in tickets and sight.covers(tickets[one]))

    def waiting(self, limit: int = 100, sight: Sight | None = None) -> Sequence[StoredTicket]:
        """Those that a person has to decide: most pressing first, then first received."""
        every = (stored for stored in _by_key(self.state.tickets) if stored.status in WAITING)
        found = [stored for stored in every if sight is None or sight.covers(stored)]
        return sorted(found, key=lambda one: (one.priority.rank, one.ticket.received_at))[:limit]

    def queues(self, sight: Sight | None = None) -> Sequence[Queue]:
        """What waits, by priority, most pressing first."""
        first: dict[Priority, datetime] = {}
        counts = Counter[Priority]()
        for stored in self.waiting(len(self.state.tickets), sight):
            first.setdefault(stored.priority, stored.ticket.received_at)
            counts[stored.priority] += 1
        return [Queue(priority=one, count=counts[one], since=since) for one, since in first.items()]

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first."""
        return [event for event in self.state.events if event.ticket_id == ticket_id]

    def channel_tickets(self, query: ChannelQuery) -> Sequence[ChannelTicket]:
        """Newest received first."""
        found = [
            stored
            for stored in _by_key(self.state.tickets)
            if matches(stored, partial(self.events, stored.ticket.ticket_id), query)
        ]
        found.sort(key=lambda stored: stored.ticket.received_at, reverse=True)
        return [
            ChannelTicket(
                ticket=stored.ticket,
                status=stored.status,
                unit_id=stored.unit_id,
                changed_at=max(event.at for event in self.events(stored.ticket.ticket_id)),
                done=is_done(self.events(stored.ticket.ticket_id)),
            )
            for stored in found[query.offset : query.offset + query.limit]
        ]

    def channel_events(
        self, channel: str, kinds: frozenset[EventKind], since: datetime, until: datetime, limit: int = 1000
    ) -> Sequence[TicketEvent]:
        """What was recorded of the channel's tickets in [since, until), oldest first."""
        tickets = self.state.tickets
        found = (
            event
            for event in self.state.events
            if event.kind in kinds
            and since <= event.at < until
            and event.ticket_id
            and tickets[event.ticket_id].ticket.channel == channel
        )
        return sorted(found, key=lambda event: event.at)[:limit]

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order."""
        return islice(iter(self.state.log), after, None)  # sequences count from 1 without gaps

    def outcomes(self) -> Iterator[Outcome]:
        """The whole log in sequence order, without the tickets."""
        for one in self.state.log:
            yield Outcome(one.sequence, one.ticket_id, one.unit_id, one.known_at, one.source)

    def labels(self, ticket_id: str) -> Sequence[Dispatch]:
        """The log's entries of the ticket, in sequence order."""
        return [one for one in self.state.log if one.ticket_id == ticket_id]

    def dispatches_at(self, sequences: Iterable[int]) -> Mapping[int, Dispatch]:
        """Some few entries of the log, by their sequence; those that it has not are left out."""
        log = self.state.log
        return {sequence: log[sequence - 1] for sequence in sequences if 0 < sequence <= len(log)}

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


class MemoryWriteSession(
    MemoryReadSession,
    MemoryAutomationWrites,
    MemoryAnswerWrites,
    MemoryReplyWrites,
    MemoryUndoWrites,
    MemoryClockWrites,
    MemoryClaimWrites,
):
    """Reads and writes of a copy of `state`; `clock` dates the events."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state.branch())
        self._clock = clock

    def put_units(self, units: Iterable[Unit], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put("units", units, lambda unit: unit.unit_id, by)

    def put_territories(self, territories: Iterable[Territory], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put("territories", territories, lambda territory: territory.territory_id, by)

    def put_rules(self, rules: Iterable[Rule], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put("rules", rules, lambda rule: rule.rule_id, by)

    def put_accounts(self, accounts: Iterable[Account], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put("accounts", accounts, lambda account: account.account_id, by)

    def put_addresses(self, addresses: Iterable[Address], by: str = "gridroute") -> int:
        """Insert or replace by address; answers how many changed anything."""
        return self._put("addresses", addresses, lambda address: address.address, by)

    def add_ticket(self, ticket: Ticket, priority: Priority = Priority.NORMAL) -> None:
        """Raises DuplicateTicket when the id is taken."""
        if ticket.ticket_id in self.state.tickets:
            raise DuplicateTicket(ticket_id=ticket.ticket_id)
        self.state.tickets[ticket.ticket_id] = StoredTicket(
            ticket=ticket, status=TicketStatus.RECEIVED, priority=priority
        )
        self._record(ticket.ticket_id, EventKind.RECEIVED, by=ticket.channel, covers=encode(ticket))

    def set_status(
        self, ticket_id: str, status: TicketStatus, unit_id: str | None, by: str = "gridroute"
    ) -> None:
        """Raises TransitionRefused or NotFound."""
        stored = self._require_ticket(ticket_id)
        require_transition(ticket_id, stored.status, status)
        self.state.tickets[ticket_id] = replace(
            stored, status=status, unit_id=unit_id, claimed_by=None, claimed_until=None
        )
        self._record(ticket_id, EventKind.STATUS, by=by, unit_id=unit_id, detail=status.value)

    def add_decision(self, decision: Decision, at: datetime) -> None:
        """Appends; the latest one counts. Raises NotFound without such a ticket."""
        ticket_id = decision.ticket_id
        stored = self._require_ticket(ticket_id)
        self.state.tickets[ticket_id] = replace(stored, decision=decision, decided_at=at)
        self.state.decisions.append((at, decision))
        self._record(
            ticket_id,
            EventKind.DECIDED,
            unit_id=decision.unit_id,
            detail=decision.verdict.value,
            covers=decision_record(encode(decision), at),
        )

    def add_decided(self, stored: StoredTicket, written: str | None = None) -> None:  # noqa: ARG002
        """A new ticket with its decision, and its delivery where it is dispatched. Raises DuplicateTicket."""
        ticket_id, decision, at = stored.ticket.ticket_id, stored.decision, stored.decided_at
        assert decision is not None
        assert at is not None
        self.add_ticket(stored.ticket, stored.priority)
        self.add_decision(decision, at)
        self.set_status(ticket_id, stored.status, stored.unit_id)
        self.set_due(ticket_id, stored.due_at)
        if stored.unit_id is not None:
            self.add_delivery(ticket_id, stored.unit_id, at)

    def add_review(self, review: Review) -> None:
        """Raises AlreadyDecided when the ticket has one, NotFound without such a ticket."""
        stored = self._require_ticket(review.ticket_id)
        if stored.review is not None:
            raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=stored.review.unit_id)
        self.state.tickets[review.ticket_id] = replace(stored, review=review)
        self._record(
            review.ticket_id,
            EventKind.REVIEWED,
            by=review.by,
            unit_id=review.unit_id,
            detail=review.comment,
            covers=review_record(review),
        )

    def add_report(self, ticket_id: str, by: str, detail: str) -> None:
        """What another system says of the ticket. Raises NotFound without such a ticket."""
        self._require_ticket(ticket_id)
        self._record(ticket_id, EventKind.REPORTED, by=by, detail=detail)

    def lock_log(self) -> datetime | None:
        """When the log's last outcome was known; one writes at a time anyway."""
        return self.state.log[-1].known_at if self.state.log else None

    def append_dispatches(self, dispatches: Iterable[Dispatch]) -> Sequence[Dispatch]:
        """Appends those that the log has not, in the order of `known_at`; answers them with their sequence."""
        known: dict[str, list[Dispatch]] = defaultdict(list)
        for entry in self.state.log:
            known[entry.ticket.ticket_id].append(entry)
        fresh = new_entries(by_time_known(dispatches), known, self.last_sequence())
        self.state.log.extend(fresh)
        for part in batched(fresh):
            rows = map(log_row, part)
            self._record("", EventKind.LOGGED, detail=log_span(part), covers="".join(map(encode, rows)))
        return fresh

    def add_bundle(self, record: BundleRecord) -> BundleRecord:
        """Gives it the next version; a known digest answers its existing record, brought up to date."""
        if known := next((bundle for bundle in self.state.bundles if bundle.digest == record.digest), None):
            self.state.bundles[known.version - 1] = known.registered_again(record)
            return self.state.bundles[known.version - 1]
        numbered = replace(record, version=len(self.state.bundles) + 1)
        self.state.bundles.append(numbered)
        return numbered

    def set_pointers(self, pointers: Pointers, by: str = "gridroute", reason: str = "") -> None:
        """Raises NotFound for a version that the store does not have."""
        require_versions(pointers, self.state.bundles)
        self.state.pointers = pointers
        self._record("", EventKind.PROMOTED, by=by, detail=encode(asdict(pointers) | {"reason": reason}))

    def _put(self, name: str, items: Iterable[T], key_of: Callable[[T], str], by: str) -> int:
        stored: dict[str, T] = getattr(self.state, name)
        given = {key_of(item): item for item in items}
        bodies = {key: encode(item) for key, item in given.items()}
        changed = [key for key in given if key not in stored or encode(stored[key]) != bodies[key]]
        stored.update({key: given[key] for key in changed})
        if changed:
            change = f"{self.state.world_version} {encode([bodies[key] for key in changed])}"
            self.state.world_version = sha256(change.encode()).hexdigest()[:16]
            self._record("", EventKind.CHANGED, by=by, detail=f"{name} {len(changed)}")
        return len(changed)

    def _require_ticket(self, ticket_id: str) -> StoredTicket:
        stored = self.state.tickets.get(ticket_id)
        if stored is None:
            raise NotFound(kind="ticket", key=ticket_id)
        return stored


def _by_key(entries: dict[str, T]) -> Iterator[T]:
    return (entries[key] for key in sorted(entries))

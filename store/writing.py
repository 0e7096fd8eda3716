"""Writes on a SQL connection. Nothing here commits: `store.writer` owns the transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch
from domain.errors import AlreadyDecided, DuplicateTicket, NotFound
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.safety import Priority
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.ports import (
    Addition,
    BundleRecord,
    ChannelQuery,
    ChannelTicket,
    EventKind,
    Pointers,
    StoredTicket,
    TicketEvent,
)
from store import tables
from store.answers import SqlAnswerWrites
from store.automation import SqlAutomationWrites
from store.batches import batched
from store.checks import automatic, require_transition, require_versions
from store.city import seen_on_the_map
from store.claims import NOT_CLAIMED, SqlClaimWrites
from store.clock import Clock
from store.clocks import SqlClockWrites
from store.codec import decode, encode
from store.decision_records import decision_record
from store.finding import key_rows, place_row, sight_rows
from store.inserting import insert_all, insert_all_new, insert_new
from store.log import by_time_known, log_row, log_span, new_entries
from store.meta import lock_counters, set_meta_value
from store.reading import SqlReadSession, dispatch_of
from store.replies import SqlReplyWrites
from store.review_records import review_record
from store.undoing import SqlUndoWrites

T = TypeVar("T")
Row = Mapping[str, Any]


class SqlWriteSession(
    SqlReadSession,
    SqlAutomationWrites,
    SqlAnswerWrites,
    SqlReplyWrites,
    SqlUndoWrites,
    SqlClockWrites,
    SqlClaimWrites,
):
    """Reads and writes inside one transaction; `clock` dates the events."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        super().__init__(connection)
        self._clock = clock
        self._waiting = []

    def put_units(self, units: Iterable[Unit], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(tables.units, units, lambda unit: unit.unit_id, by)

    def put_territories(self, territories: Iterable[Territory], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(tables.territories, territories, lambda territory: territory.territory_id, by)

    def put_rules(self, rules: Iterable[Rule], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(tables.rules, rules, lambda rule: rule.rule_id, by)

    def put_accounts(self, accounts: Iterable[Account], by: str = "gridroute") -> int:
        """Insert or replace by id; answers how many changed anything."""
        return self._put(tables.accounts, accounts, lambda account: account.account_id, by)

    def put_addresses(self, addresses: Iterable[Address], by: str = "gridroute") -> int:
        """Insert or replace by address; answers how many changed anything."""
        return self._put(tables.addresses, addresses, lambda address: address.address, by)

    def add_ticket(self, ticket: Ticket, priority: Priority = Priority.NORMAL) -> None:
        """Raises DuplicateTicket when the id is taken."""
        self._insert_ticket(ticket, priority)
        if keys := key_rows(ticket):
            insert_all(self._connection, tables.ticket_keys, keys)

    def add_decided(self, stored: StoredTicket, written: str | None = None) -> None:
        """A new ticket with its decision, and its delivery where it is dispatched. Raises DuplicateTicket."""
        (added,) = self.add_all_decided([(Addition(stored, written=written), self.trace)])
        if not added:
            raise DuplicateTicket(ticket_id=stored.ticket.ticket_id)

    def add_all_decided(self, new: Sequence[tuple[Addition, str | None]]) -> Sequence[bool]:
        """As `add_decided` each, with the trace it is of; answers which were added: the others' ids are taken."""
        rows: dict[str, Row] = {}
        for one, _ in new:
            rows.setdefault(one.stored.ticket.ticket_id, _decided_row(one.stored))
        fresh = insert_all_new(self._connection, tables.tickets, list(rows.values()))
        added: list[bool] = []
        decisions, keys, deliveries = list[Row](), list[Row](), list[Row]()
        for one, trace in new:
            stored = one.stored
            ticket, decision, at, unit_id = stored.ticket, stored.decision, stored.decided_at, stored.unit_id
            assert decision is not None
            assert at is not None
            is_new = ticket.ticket_id in fresh
            added.append(is_new)
            if not is_new:
                continue
            fresh.remove(ticket.ticket_id)  # of two with one id the first has it
            decisions.append(_decision_row(decision, at, one.written))
            place = place_row(decision, at)
            keys += [*key_rows(ticket), *sight_rows(decision), *([place] if place else [])]
            self._record_received(ticket, rows[ticket.ticket_id]["body"])
            self._record_decided(decision, decisions[-1])
            self._record(ticket.ticket_id, EventKind.STATUS, unit_id=unit_id, detail=stored.status.value)
            if unit_id is not None:
                rank = stored.priority.rank
                deliveries.append(self._queued(ticket.ticket_id, unit_id, at, rank=rank, trace=trace))
        for table, of_all in (
            (tables.decisions, decisions),
            (tables.ticket_keys, keys),
            (tables.deliveries, deliveries),
        ):
            insert_all(self._connection, table, of_all)
        return added

    def _insert_ticket(self, ticket: Ticket, priority: Priority) -> None:
        row = _ticket_row(ticket, priority)
        if not insert_new(self._connection, tables.tickets, row):
            raise DuplicateTicket(ticket_id=ticket.ticket_id)
        self._record_received(ticket, row["body"])

    def _record_received(self, ticket: Ticket, body: str) -> None:
        self._record(ticket.ticket_id, EventKind.RECEIVED, by=ticket.channel, covers=body)

    def _insert_decision(self, decision: Decision, at: datetime) -> None:
        row = _decision_row(decision, at)
        insert_all(self._connection, tables.decisions, [row])
        self._record_decided(decision, row)

    def _record_decided(self, decision: Decision, row: Row) -> None:
        self._record(
            decision.ticket_id,
            EventKind.DECIDED,
            unit_id=decision.unit_id,
            detail=decision.verdict.value,
            covers=decision_record(row["body"], row["decided_at"]),
        )

    def set_status(
        self, ticket_id: str, status: TicketStatus, unit_id: str | None, by: str = "gridroute"
    ) -> None:
        """Raises TransitionRefused or NotFound."""
        require_transition(ticket_id, self._require_ticket(ticket_id), status)
        self._connection.execute(
            update(tables.tickets)
            .where(tables.tickets.c.ticket_id == ticket_id)
            .values(status=status.value, unit_id=unit_id, **NOT_CLAIMED)
        )
        self._record(ticket_id, EventKind.STATUS, by=by, unit_id=unit_id, detail=status.value)

    def add_decision(self, decision: Decision, at: datetime) -> None:
        """Appends; the latest one counts. Raises NotFound without such a ticket."""
        cell, alone = seen_on_the_map(decision)
        of_ticket = update(tables.tickets).where(tables.tickets.c.ticket_id == decision.ticket_id)
        changed = of_ticket.values(cell=cell, automatic=alone).returning(tables.tickets.c.status)
        status = self._connection.scalar(changed)
        if status is None:
            raise NotFound(kind="ticket", key=decision.ticket_id)
        if status != TicketStatus.RECEIVED.value:
            self._forget_sight(decision.ticket_id)
        self._insert_decision(decision, at)
        if rows := sight_rows(decision):
            insert_all(self._connection, tables.ticket_keys, rows)
        if row := place_row(decision, at):
            insert_new(self._connection, tables.ticket_keys, row)

    def add_review(self, review: Review) -> None:
        """Raises AlreadyDecided when the ticket has one, NotFound without such a ticket."""
        self._require_ticket(review.ticket_id)
        reviewed = tables.reviews.c
        earlier = self._connection.scalar(
            select(reviewed.unit_id).where(reviewed.ticket_id == review.ticket_id)
        )
        if earlier is not None:
            raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=earlier)
        self._connection.execute(
            insert(tables.reviews).values(
                ticket_id=review.ticket_id,
                unit_id=review.unit_id,
                by=review.by,
                at=review.at,
                comment=review.comment,
                reason=None if review.reason is None else review.reason.value,
            )
        )
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
        """Nobody else appends to the log before this transaction ends; answers when its last outcome was known."""
        lock_counters(self._connection)
        log = tables.dispatch_log.c
        return self._connection.scalar(select(log.known_at).order_by(log.sequence.desc()).limit(1))

    def append_dispatches(self, dispatches: Iterable[Dispatch]) -> Sequence[Dispatch]:
        """Appends those that the log has not, in the order of `known_at`; answers them with their sequence."""
        batch = by_time_known(dispatches)
        lock_counters(self._connection)
        known = self._entries_of({dispatch.ticket.ticket_id for dispatch in batch})
        fresh = new_entries(batch, known, self.last_sequence())
        for part in batched(fresh):
            rows = [log_row(dispatch) for dispatch in part]
            self._connection.execute(insert(tables.dispatch_log), rows)
            self._record("", EventKind.LOGGED, detail=log_span(part), covers="".join(map(encode, rows)))
        return fresh

    def add_bundle(self, record: BundleRecord) -> BundleRecord:
        """Gives it the next version; a known digest answers its existing record, brought up to date."""
        lock_counters(self._connection)
        existing = self.bundles()
        if known := next((bundle for bundle in existing if bundle.digest == record.digest), None):
            filled = known.registered_again(record)
            if filled != known:
                body = update(tables.bundles).where(tables.bundles.c.version == known.version)
                self._connection.execute(body.values(body=encode(filled)))
            return filled
        numbered = replace(record, version=existing[-1].version + 1 if existing else 1)
        self._connection.execute(
            insert(tables.bundles).values(
                version=numbered.version, digest=numbered.digest, body=encode(numbered)
            )
        )
        return numbered

    def set_pointers(self, pointers: Pointers, by: str = "gridroute", reason: str = "") -> None:
        """One UPDATE of one row. Raises NotFound for a version that the store does not have."""
        require_versions(pointers, self.bundles())
        self._connection.execute(
            update(tables.pointers).values(
                champion=pointers.champion,
                challenger=pointers.challenger,
                previous=pointers.previous,
                since=pointers.since,
            )
        )
        self._record("", EventKind.PROMOTED, by=by, detail=encode(asdict(pointers) | {"reason": reason}))

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first, this work's own included."""
        self.finish()
        return super().events(ticket_id)

    def event_log(self, after: int = 0, limit: int = 1000) -> Sequence[TicketEvent]:
        """All events, this work's own included."""
        self.finish()
        return super().event_log(after, limit)

    def channel_events(
        self, channel: str, kinds: frozenset[EventKind], since: datetime, until: datetime, limit: int = 1000
    ) -> Sequence[TicketEvent]:
        """What was recorded of the channel's tickets, by this work too."""
        self.finish()
        return super().channel_events(channel, kinds, since, until, limit)

    def channel_tickets(self, query: ChannelQuery) -> Sequence[ChannelTicket]:
        """Newest received first, with this work's changes."""
        self.finish()
        return super().channel_tickets(query)

    def _put(self, table: Table, items: Iterable[T], key_of: Callable[[T], str], by: str) -> int:
        (key,) = table.primary_key.columns
        replacement = update(table).where(key == bindparam("the_key")).values(body=bindparam("the_body"))
        changes = sha256()
        changed = 0
        for batch in batched(items):
            bodies = {key_of(item): encode(item) for item in batch}
            stored = dict(self._connection.execute(select(key, table.c.body).where(key.in_(bodies))).all())
            added = [{key.name: k, "body": body} for k, body in bodies.items() if k not in stored]
            replaced = [
                {"the_key": k, "the_body": body} for k, body in bodies.items() if stored.get(k, body) != body
            ]
            if added:
                self._connection.execute(insert(table), added)
            if replaced:
                self._connection.execute(replacement, replaced)
            changes.update(encode([added, replaced]).encode())
            changed += len(added) + len(replaced)
        if changed:
            self._advance_world_version(f"{table.name} {changes.hexdigest()}")
            self._record("", EventKind.CHANGED, by=by, detail=f"{table.name} {changed}")
        return changed

    def _advance_world_version(self, change: str) -> None:
        lock_counters(self._connection)
        version = sha256(f"{self.world_version()} {change}".encode()).hexdigest()[:16]
        set_meta_value(self._connection, "world_version", version)

    def _entries_of(self, ticket_ids: Iterable[str]) -> Mapping[str, Sequence[Dispatch]]:
        found: dict[str, list[Dispatch]] = defaultdict(list)
        log = tables.dispatch_log
        for part in batched(ticket_ids):
            for row in self._connection.execute(select(log).where(log.c.ticket_id.in_(part))):
                found[row.ticket_id].append(dispatch_of(row))
        return found

    def _forget_sight(self, ticket_id: str) -> None:
        decided = tables.decisions.c
        latest = (
            select(decided.body).where(decided.ticket_id == ticket_id).order_by(decided.decision_id.desc())
        )
        body = self._connection.scalar(latest.limit(1))
        for row in sight_rows(decode(Decision, body)) if body else ():
            key = tables.ticket_keys
            self._connection.execute(
                delete(key).where(*(key.c[name] == value for name, value in row.items()))
            )

    def _status(self, ticket_id: str) -> TicketStatus | None:
        ticket = tables.tickets.c
        found = self._connection.scalar(select(ticket.status).where(ticket.ticket_id == ticket_id))
        return None if found is None else TicketStatus(found)

    def _require_ticket(self, ticket_id: str) -> TicketStatus:
        status = self._status(ticket_id)
        if status is None:
            raise NotFound(kind="ticket", key=ticket_id)
        return status


def _ticket_row(ticket: Ticket, priority: Priority) -> Row:
    return {
        "ticket_id": ticket.ticket_id,
        "received_at": ticket.received_at,
        "status": TicketStatus.RECEIVED.value,
        "channel": ticket.channel,
        "priority": priority.rank,
        "body": encode(ticket),
    }


def _decided_row(stored: StoredTicket) -> Row:
    assert stored.decision is not None
    cell, alone = seen_on_the_map(stored.decision)
    return {
        **_ticket_row(stored.ticket, stored.priority),
        "status": stored.status.value,
        "unit_id": stored.unit_id,
        "due_at": stored.due_at,
        "cell": cell,
        "automatic": alone,
    }


def _decision_row(decision: Decision, at: datetime, written: str | None = None) -> Row:
    return {
        "ticket_id": decision.ticket_id,
        "decided_at": at,
        "verdict": decision.verdict.value,
        "unit_id": decision.unit_id,
        "body": written or encode(decision),
        "bundle_digest": decision.bundle_digest,
        "certificate_group": decision.group,
        "automatic": automatic(decision),
    }

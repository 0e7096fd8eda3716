"""Reads on a SQL connection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, case, exists, func, not_, select, text

from domain.decisions import Decision, Review, ReviewReason
from domain.dispatches import Dispatch, LabelSource, Outcome
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.safety import Priority
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.finding import TicketQuery
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
from store import tables
from store.answers import SqlAnswerReads
from store.automation import SqlAutomationReads
from store.batches import BATCH, batched
from store.channels import select_events, select_tickets
from store.city import SqlCityReads
from store.claims import free_for, joined_to
from store.clocks import SqlClockReads
from store.codec import decode
from store.events import event_of
from store.finding import in_sight, narrowed
from store.meta import meta_value
from store.replies import SqlReplyReads
from store.undoing import SqlUndoReads

T = TypeVar("T")

PRIORITIES = [*Priority]
_LATER = tables.decisions.alias("later")
_LATEST_DECISION = (
    select(func.max(_LATER.c.decision_id))
    .where(_LATER.c.ticket_id == tables.tickets.c.ticket_id)
    .correlate(tables.tickets)
    .scalar_subquery()
)
STORED_TICKETS = select(
    tables.tickets.c.body,
    tables.tickets.c.status,
    tables.tickets.c.unit_id,
    tables.decisions.c.body.label("decision"),
    tables.decisions.c.decided_at,
    tables.tickets.c.priority,
    tables.tickets.c.due_at,
    tables.tickets.c.overdue_at,
    tables.tickets.c.duty_unit,
    tables.tickets.c.claimed_by,
    tables.tickets.c.claimed_until,
    tables.tickets.c.joined_into,
    tables.reviews.c.unit_id.label("reviewed_unit_id"),
    tables.reviews.c.by,
    tables.reviews.c.at,
    tables.reviews.c.comment,
    tables.reviews.c.reason,
).select_from(
    tables.tickets.outerjoin(tables.decisions, tables.decisions.c.decision_id == _LATEST_DECISION).outerjoin(
        tables.reviews, tables.reviews.c.ticket_id == tables.tickets.c.ticket_id
    )
)

# naming every priority lets SQLite walk the index in its order
_IS_WAITING = text(tables.WAITING), tables.tickets.c.priority.in_(range(len(PRIORITIES)))


class SqlReadSession(
    SqlAutomationReads, SqlAnswerReads, SqlReplyReads, SqlUndoReads, SqlClockReads, SqlCityReads
):
    """Reads inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def units(self) -> Sequence[Unit]:
        """By id."""
        return list(self._reference(tables.units, Unit))

    def territories(self) -> Sequence[Territory]:
        """By id."""
        return list(self._reference(tables.territories, Territory))

    def rules(self) -> Sequence[Rule]:
        """By id."""
        return list(self._reference(tables.rules, Rule))

    def accounts(self) -> Iterator[Account]:
        """By id, streamed."""
        return self._reference(tables.accounts, Account)

    def addresses(self) -> Iterator[Address]:
        """By address, streamed."""
        return self._reference(tables.addresses, Address)

    def ticket(self, ticket_id: str) -> StoredTicket | None:
        """The ticket with its state."""
        row = self._connection.execute(
            STORED_TICKETS.where(tables.tickets.c.ticket_id == ticket_id)
        ).one_or_none()
        if row is None:
            return None
        joined = joined_to(ticket_id, self._connection)
        return replace(_stored_ticket(row), joined=joined) if joined else _stored_ticket(row)

    def decisions(self, ticket_id: str) -> Sequence[tuple[datetime, Decision]]:
        """Every one that was made of the ticket and when, oldest first."""
        decision = tables.decisions.c
        of_ticket = select(decision.decided_at, decision.body).where(decision.ticket_id == ticket_id)
        rows = self._connection.execute(of_ticket.order_by(decision.decision_id))
        return [(row.decided_at, decode(Decision, row.body)) for row in rows]

    def labelled(self) -> Labelled:
        """Of all tickets that units have."""
        ticket = tables.tickets.c
        told = exists().where(tables.dispatch_log.c.ticket_id == ticket.ticket_id)
        counts = select(func.count(ticket.ticket_id), func.count(case((not_(told), 1))))
        theirs = counts.where(ticket.status == TicketStatus.DISPATCHED.value)
        dispatched, untold = self._connection.execute(theirs).one()
        return Labelled(dispatched=dispatched, untold=untold)

    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        query = (
            STORED_TICKETS
            if status is None
            else STORED_TICKETS.where(tables.tickets.c.status == status.value)
        )
        newest = query.order_by(tables.tickets.c.received_at.desc(), tables.tickets.c.ticket_id).limit(limit)
        return [_stored_ticket(row) for row in self._connection.execute(newest)]

    def find_tickets(self, query: TicketQuery) -> Sequence[StoredTicket]:
        """Newest received first."""
        return [_stored_ticket(row) for row in self._connection.execute(narrowed(query, STORED_TICKETS))]

    def seen_of(self, ticket_ids: Collection[str], sight: Sight) -> frozenset[str]:
        """Those of the tickets that are in sight."""
        ticket, found = tables.tickets.c.ticket_id, set[str]()
        for part in batched(ticket_ids):
            query = select(ticket).where(ticket.in_(part), in_sight(sight))
            found.update(self._connection.scalars(query))
        return frozenset(found)

    def waiting(self, limit: int = 100, sight: Sight | None = None) -> Sequence[StoredTicket]:
        """Those that a person has to decide: most pressing first, then first received."""
        return self._first_waiting(limit, *([in_sight(sight)] if sight else []))

    def unclaimed(
        self,
        by: str,
        now: datetime,
        skip: Collection[str] = (),
        limit: int = 100,
        sight: Sight | None = None,
    ) -> Sequence[StoredTicket]:
        """Those of them that nobody but `by` holds, without those to skip."""
        others = tables.tickets.c.ticket_id.not_in(sorted(skip))
        return self._first_waiting(limit, free_for(by, now), others, *([in_sight(sight)] if sight else []))

    def _first_waiting(self, limit: int, *conditions: ColumnElement[bool]) -> Sequence[StoredTicket]:
        ticket = tables.tickets.c
        order = ticket.priority, ticket.received_at, ticket.ticket_id
        first = select(ticket.ticket_id).where(*_IS_WAITING, *conditions).order_by(*order).limit(limit)
        query = STORED_TICKETS.where(ticket.ticket_id.in_(first)).order_by(*order)
        return [_stored_ticket(row) for row in self._connection.execute(query)]

    def queues(self, sight: Sight | None = None) -> Sequence[Queue]:
        """What waits, by priority, most pressing first."""
        ticket = tables.tickets.c
        query = (
            select(ticket.priority, func.count(), func.min(ticket.received_at))
            .where(*_IS_WAITING, *([in_sight(sight)] if sight else []))
            .group_by(ticket.priority)
            .order_by(ticket.priority)
        )
        found = self._connection.execute(query)
        return [Queue(priority=PRIORITIES[rank], count=count, since=since) for rank, count, since in found]

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first."""
        event = tables.events.c
        rows = self._connection.execute(
            select(tables.events).where(event.ticket_id == ticket_id).order_by(event.event_id)
        )
        return [event_of(row) for row in rows]

    def channel_tickets(self, query: ChannelQuery) -> Sequence[ChannelTicket]:
        """Newest received first."""
        return [
            ChannelTicket(
                ticket=decode(Ticket, row.body),
                status=TicketStatus(row.status),
                unit_id=row.unit_id,
                changed_at=row.changed_at,
                done=row.done,
            )
            for row in self._connection.execute(select_tickets(query))
        ]

    def channel_events(
        self, channel: str, kinds: frozenset[EventKind], since: datetime, until: datetime, limit: int = 1000
    ) -> Sequence[TicketEvent]:
        """What was recorded of the channel's tickets in [since, until), oldest first."""
        rows = self._connection.execute(select_events(channel, kinds, since, until).limit(limit))
        return [event_of(row) for row in rows]

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order, streamed."""
        log = tables.dispatch_log
        return map(
            dispatch_of, self._stream(select(log).where(log.c.sequence > after).order_by(log.c.sequence))
        )

    def outcomes(self) -> Iterator[Outcome]:
        """The whole log in sequence order, without the tickets, streamed."""
        log, sources = tables.dispatch_log.c, {source.value: source for source in LabelSource}
        found = select(log.sequence, log.ticket_id, log.unit_id, log.known_at, log.source)
        for sequence, ticket_id, unit_id, known_at, source in self._stream(found.order_by(log.sequence)):
            yield Outcome(sequence, ticket_id, unit_id, known_at, sources[source])

    def labels(self, ticket_id: str) -> Sequence[Dispatch]:
        """The log's entries of the ticket, in sequence order."""
        log = tables.dispatch_log
        rows = self._connection.execute(
            select(log).where(log.c.ticket_id == ticket_id).order_by(log.c.sequence)
        )
        return [dispatch_of(row) for row in rows]

    def dispatches_at(self, sequences: Iterable[int]) -> Mapping[int, Dispatch]:
        """Some few entries of the log, by their sequence; those that it has not are left out."""
        log = tables.dispatch_log
        rows = self._connection.execute(select(log).where(log.c.sequence.in_(list(sequences))))
        return {row.sequence: dispatch_of(row) for row in rows}

    def last_sequence(self) -> int:
        """The log's highest sequence; 0 when it is empty."""
        return self._connection.scalar(select(func.max(tables.dispatch_log.c.sequence))) or 0

    def world_version(self) -> str:
        """Changes whenever units, territories, rules, accounts or addresses change."""
        return meta_value(self._connection, "world_version")

    def bundles(self) -> Sequence[BundleRecord]:
        """By version, ascending."""
        rows = self._connection.scalars(select(tables.bundles.c.body).order_by(tables.bundles.c.version))
        return [decode(BundleRecord, body) for body in rows]

    def pointers(self) -> Pointers:
        """The versions that the store names."""
        row = tables.pointers.c
        return Pointers(
            **self._connection.execute(select(row.champion, row.challenger, row.previous, row.since))
            .mappings()
            .one()
        )

    def _reference(self, table: Table, kind: type[T]) -> Iterator[T]:
        (key,) = table.primary_key.columns
        return (decode(kind, row.body) for row in self._stream(select(table.c.body).order_by(key)))

    def _stream(self, query: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
        return iter(self._connection.execute(query, execution_options={"yield_per": BATCH}))


def dispatch_of(row: Row[*tuple[Any, ...]]) -> Dispatch:
    """The log's entry that the row holds."""
    return Dispatch(
        ticket=decode(Ticket, row.ticket),
        unit_id=row.unit_id,
        known_at=row.known_at,
        source=LabelSource(row.source),
        by=row.by,
        sequence=row.sequence,
    )


def _stored_ticket(row: Row[*tuple[Any, ...]]) -> StoredTicket:
    ticket = decode(Ticket, row.body)
    return StoredTicket(
        ticket=ticket,
        status=TicketStatus(row.status),
        unit_id=row.unit_id,
        decision=None if row.decision is None else decode(Decision, row.decision),
        review=None if row.reviewed_unit_id is None else _review(ticket.ticket_id, row),
        decided_at=row.decided_at,
        priority=PRIORITIES[row.priority],
        due_at=row.due_at,
        overdue_at=row.overdue_at,
        duty_unit=row.duty_unit,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        joined_into=row.joined_into,
    )


def _review(ticket_id: str, row: Row[*tuple[Any, ...]]) -> Review:
    return Review(
        ticket_id=ticket_id,
        unit_id=row.reviewed_unit_id,
        by=row.by,
        at=row.at,
        comment=row.comment,
        reason=None if row.reason is None else ReviewReason(row.reason),
    )

"""Reads on a SQL connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, func, select

from domain.decisions import Decision, Review
from domain.dispatches import Dispatch, LabelSource
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.ports import BundleRecord, Delivery, EventKind, Pointers, StoredTicket, TicketEvent
from store import tables
from store.batches import BATCH
from store.codec import decode

T = TypeVar("T")

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
    tables.reviews.c.unit_id.label("reviewed_unit_id"),
    tables.reviews.c.by,
    tables.reviews.c.at,
    tables.reviews.c.comment,
).select_from(
    tables.tickets.outerjoin(tables.decisions, tables.decisions.c.decision_id == _LATEST_DECISION).outerjoin(
        tables.reviews, tables.reviews.c.ticket_id == tables.tickets.c.ticket_id
    )
)


class SqlReadSession:
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
        return None if row is None else _stored_ticket(row)

    def tickets(self, status: TicketStatus | None = None, limit: int = 100) -> Sequence[StoredTicket]:
        """Newest received first."""
        query = (
            STORED_TICKETS
            if status is None
            else STORED_TICKETS.where(tables.tickets.c.status == status.value)
        )
        newest = query.order_by(tables.tickets.c.received_at.desc(), tables.tickets.c.ticket_id).limit(limit)
        return [_stored_ticket(row) for row in self._connection.execute(newest)]

    def events(self, ticket_id: str) -> Sequence[TicketEvent]:
        """What happened to the ticket, oldest first."""
        event = tables.events.c
        rows = self._connection.execute(
            select(tables.events).where(event.ticket_id == ticket_id).order_by(event.event_id)
        )
        return [_event(row) for row in rows]

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox, oldest first."""
        delivery = tables.deliveries.c
        query = select(delivery.delivery_id, delivery.ticket_id, delivery.unit_id, delivery.queued_at)
        oldest = query.where(delivery.state == "pending").order_by(delivery.delivery_id).limit(limit)
        return [Delivery(**row) for row in self._connection.execute(oldest).mappings()]

    def dispatches(self, after: int = 0) -> Iterator[Dispatch]:
        """The log in sequence order, streamed."""
        log = tables.dispatch_log
        return map(
            dispatch_of, self._stream(select(log).where(log.c.sequence > after).order_by(log.c.sequence))
        )

    def last_sequence(self) -> int:
        """The log's highest sequence; 0 when it is empty."""
        return self._connection.scalar(select(func.max(tables.dispatch_log.c.sequence))) or 0

    def world_version(self) -> str:
        """Changes whenever units, territories, rules, accounts or addresses change."""
        value: str = self._connection.execute(
            select(tables.meta.c.value).where(tables.meta.c.name == "world_version")
        ).scalar_one()
        return value

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
    )


def _review(ticket_id: str, row: Row[*tuple[Any, ...]]) -> Review:
    return Review(
        ticket_id=ticket_id, unit_id=row.reviewed_unit_id, by=row.by, at=row.at, comment=row.comment
    )


def _event(row: Row[*tuple[Any, ...]]) -> TicketEvent:
    return TicketEvent(
        ticket_id=row.ticket_id,
        kind=EventKind(row.kind),
        at=row.at,
        by=row.by,
        unit_id=row.unit_id,
        detail=row.detail,
    )

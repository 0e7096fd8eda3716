"""By when tickets have to be seen, on a SQL connection and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, text, update

from domain.safety import Priority
from domain.tickets import WAITING, TicketStatus
from router.delivery_ports import DeliveryKind, DeliveryState
from router.event_ports import EventKind
from router.stored import StoredTicket
from store import tables
from store.events import SqlEventReads, SqlEventWrites
from store.memory_events import MemoryEventReads, MemoryEventWrites

_ticket = tables.tickets.c
_delivery = tables.deliveries.c
_UNFLAGGED = and_(text(tables.UNFLAGGED))
_DISPATCHED = and_(_ticket.status == TicketStatus.DISPATCHED.value, _ticket.overdue_at.is_(None))


class SqlClockReads(SqlEventReads):
    """Reads inside one transaction."""

    def overdue(self, now: datetime, limit: int = 100) -> Sequence[str]:
        """Tickets that wait for a person beyond their time and were not flagged, the longest due first."""
        late = select(_ticket.ticket_id).where(_UNFLAGGED, _ticket.due_at <= now)
        return self._connection.scalars(late.order_by(_ticket.due_at, _ticket.ticket_id).limit(limit)).all()

    def unheard(self, before: datetime, limit: int = 100) -> Sequence[str]:
        """Urgent tickets that a unit has since before then without having heard of it, unflagged, the longest first."""
        late = (
            select(_ticket.ticket_id)
            .join(tables.deliveries, _delivery.ticket_id == _ticket.ticket_id)
            .where(
                _delivery.state == DeliveryState.PENDING.value,
                _delivery.kind == DeliveryKind.DISPATCH.value,
                _delivery.priority == Priority.URGENT.rank,
                _delivery.reply.is_(None),
                _delivery.ready_at <= before,
                _delivery.unit_id == _ticket.unit_id,
                _DISPATCHED,
            )
        )
        longest = late.order_by(_delivery.ready_at, _ticket.ticket_id)
        return self._connection.scalars(longest.limit(limit)).all()


class SqlClockWrites(SqlClockReads, SqlEventWrites):
    """Writes inside one transaction."""

    def set_due(self, ticket_id: str, due_at: datetime | None) -> None:
        """By when a person has to have seen the ticket; it is not flagged then."""
        change = update(tables.tickets).where(_ticket.ticket_id == ticket_id)
        self._connection.execute(change.values(due_at=due_at, overdue_at=None, duty_unit=None))

    def flag_overdue(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """False, and nothing is changed, where it was flagged or waits no more."""
        return self._flag(_UNFLAGGED, ticket_id, at, duty_unit)

    def flag_unheard(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """As `flag_overdue`, of a ticket that is dispatched."""
        return self._flag(_DISPATCHED, ticket_id, at, duty_unit)

    def _flag(
        self, standing: ColumnElement[bool], ticket_id: str, at: datetime, duty_unit: str | None
    ) -> bool:
        change = update(tables.tickets).where(_ticket.ticket_id == ticket_id, standing)
        done = self._connection.execute(change.values(overdue_at=at, duty_unit=duty_unit))
        if done.rowcount != 1:
            return False
        self._record(ticket_id, EventKind.OVERDUE, unit_id=duty_unit)
        return True


class MemoryClockReads(MemoryEventReads):
    """Reads of one state."""

    def overdue(self, now: datetime, limit: int = 100) -> Sequence[str]:
        """Tickets that wait for a person beyond their time and were not flagged, the longest due first."""
        late = [
            (one.due_at, ticket_id)
            for ticket_id, one in self.state.tickets.items()
            if one.status in WAITING and one.overdue_at is None and one.due_at and one.due_at <= now
        ]
        return [ticket_id for _, ticket_id in sorted(late)][:limit]

    def unheard(self, before: datetime, limit: int = 100) -> Sequence[str]:
        """Urgent tickets that a unit has since before then without having heard of it, unflagged, the longest first."""
        late = [
            (one.ready_at, one.ticket_id)
            for one in self.state.deliveries
            if one.state is DeliveryState.PENDING
            and one.kind is DeliveryKind.DISPATCH
            and one.reply is None
            and one.ready_at <= before
            and _is_unheard(self.state.tickets[one.ticket_id], one.unit_id)
        ]
        return [ticket_id for _, ticket_id in sorted(late)][:limit]


class MemoryClockWrites(MemoryClockReads, MemoryEventWrites):
    """Writes to a copy."""

    def set_due(self, ticket_id: str, due_at: datetime | None) -> None:
        """By when a person has to have seen the ticket; it is not flagged then."""
        stored = self.state.tickets[ticket_id]
        self.state.tickets[ticket_id] = replace(stored, due_at=due_at, overdue_at=None, duty_unit=None)

    def flag_overdue(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """False, and nothing is changed, where it was flagged or waits no more."""
        stored = self.state.tickets[ticket_id]
        return stored.status in WAITING and self._flag(stored, at, duty_unit)

    def flag_unheard(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """As `flag_overdue`, of a ticket that is dispatched."""
        stored = self.state.tickets[ticket_id]
        return stored.status is TicketStatus.DISPATCHED and self._flag(stored, at, duty_unit)

    def _flag(self, stored: StoredTicket, at: datetime, duty_unit: str | None) -> bool:
        ticket_id = stored.ticket.ticket_id
        if stored.overdue_at is not None:
            return False
        self.state.tickets[ticket_id] = replace(stored, overdue_at=at, duty_unit=duty_unit)
        self._record(ticket_id, EventKind.OVERDUE, unit_id=duty_unit)
        return True


def _is_unheard(stored: StoredTicket, unit_id: str) -> bool:
    """Whether an urgent ticket is with that unit, and nobody was told that it has not heard of it."""
    is_theirs = stored.status is TicketStatus.DISPATCHED and stored.unit_id == unit_id
    return is_theirs and stored.priority is Priority.URGENT and stored.overdue_at is None

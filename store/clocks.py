"""By when tickets have to be seen, on a SQL connection and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, update

from domain.safety import Priority
from domain.tickets import WAITING, TicketStatus
from router.delivery_ports import Delivery, DeliveryState
from router.event_ports import EventKind
from router.stored import StoredTicket
from store import tables
from store.current import IS_CURRENT, last_dispatches
from store.events import SqlEventReads, SqlEventWrites
from store.memory_events import MemoryEventReads, MemoryEventWrites

_ticket = tables.tickets.c
_delivery = tables.deliveries.c
_UNFLAGGED = and_(text(tables.UNFLAGGED))
_NOT_ARRIVED = DeliveryState.PENDING, DeliveryState.DEAD
_UNHEARD = and_(
    _delivery.ticket_id == _ticket.ticket_id,
    _delivery.state.in_([one.value for one in _NOT_ARRIVED]),
    _delivery.reply.is_(None),
    _ticket.priority == Priority.URGENT.rank,
    IS_CURRENT,
    # what was told of it before the unit got it was that nobody decided it
    or_(_ticket.overdue_at.is_(None), _ticket.overdue_at < _delivery.ready_at),
)


class SqlClockReads(SqlEventReads):
    """Reads inside one transaction."""

    def overdue(self, now: datetime, limit: int = 100) -> Sequence[str]:
        """Tickets that wait for a person beyond their time and were not flagged, the longest due first."""
        late = select(_ticket.ticket_id).where(_UNFLAGGED, _ticket.due_at <= now)
        return self._connection.scalars(late.order_by(_ticket.due_at, _ticket.ticket_id).limit(limit)).all()

    def unheard(self, before: datetime, limit: int = 100) -> Sequence[str]:
        """Urgent tickets that a unit has since before then without having heard of it, untold, the longest first."""
        late = select(_ticket.ticket_id).where(_UNHEARD, _delivery.ready_at <= before)
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
        """As `flag_overdue`, of a ticket that a unit has and has not heard of."""
        return self._flag(exists().where(_UNHEARD), ticket_id, at, duty_unit)

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
        """Urgent tickets that a unit has since before then without having heard of it, untold, the longest first."""
        late = [
            (one.ready_at, one.ticket_id)
            for one in last_dispatches(self.state.deliveries).values()
            if one.ready_at <= before and _is_unheard(one, self.state.tickets[one.ticket_id])
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
        waits = stored.status in WAITING and stored.overdue_at is None
        return waits and self._flag(stored, at, duty_unit)

    def flag_unheard(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """As `flag_overdue`, of a ticket that a unit has and has not heard of."""
        stored = self.state.tickets[ticket_id]
        last = last_dispatches(self.state.deliveries).get(ticket_id)
        return last is not None and _is_unheard(last, stored) and self._flag(stored, at, duty_unit)

    def _flag(self, stored: StoredTicket, at: datetime, duty_unit: str | None) -> bool:
        ticket_id = stored.ticket.ticket_id
        self.state.tickets[ticket_id] = replace(stored, overdue_at=at, duty_unit=duty_unit)
        self._record(ticket_id, EventKind.OVERDUE, unit_id=duty_unit)
        return True


def _is_unheard(one: Delivery, stored: StoredTicket) -> bool:
    """Whether an urgent ticket is with a unit that has not heard of it by its last dispatch, which nobody was told."""
    theirs = stored.status is TicketStatus.DISPATCHED and stored.unit_id == one.unit_id
    waits = one.state in _NOT_ARRIVED and one.reply is None
    untold = stored.overdue_at is None or stored.overdue_at < one.ready_at
    return theirs and waits and untold and stored.priority is Priority.URGENT

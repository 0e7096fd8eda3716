"""By when tickets have to be seen, on a SQL connection and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, text, update

from domain.tickets import WAITING
from router.event_ports import EventKind
from store import tables
from store.events import SqlEventReads, SqlEventWrites
from store.memory_events import MemoryEventReads, MemoryEventWrites

_ticket = tables.tickets.c
_UNFLAGGED = text(tables.UNFLAGGED)


class SqlClockReads(SqlEventReads):
    """Reads inside one transaction."""

    def overdue(self, now: datetime, limit: int = 100) -> Sequence[str]:
        """Tickets that wait for a person beyond their time and were not flagged, the longest due first."""
        late = select(_ticket.ticket_id).where(_UNFLAGGED, _ticket.due_at <= now)
        return self._connection.scalars(late.order_by(_ticket.due_at, _ticket.ticket_id).limit(limit)).all()


class SqlClockWrites(SqlClockReads, SqlEventWrites):
    """Writes inside one transaction."""

    def set_due(self, ticket_id: str, due_at: datetime | None) -> None:
        """By when a person has to have seen the ticket; it is not flagged then."""
        change = update(tables.tickets).where(_ticket.ticket_id == ticket_id)
        self._connection.execute(change.values(due_at=due_at, overdue_at=None, duty_unit=None))

    def flag_overdue(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """False, and nothing is changed, where it was flagged or waits no more."""
        change = update(tables.tickets).where(_ticket.ticket_id == ticket_id, _UNFLAGGED)
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


class MemoryClockWrites(MemoryClockReads, MemoryEventWrites):
    """Writes to a copy."""

    def set_due(self, ticket_id: str, due_at: datetime | None) -> None:
        """By when a person has to have seen the ticket; it is not flagged then."""
        stored = self.state.tickets[ticket_id]
        self.state.tickets[ticket_id] = replace(stored, due_at=due_at, overdue_at=None, duty_unit=None)

    def flag_overdue(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """False, and nothing is changed, where it was flagged or waits no more."""
        stored = self.state.tickets[ticket_id]
        if stored.status not in WAITING or stored.overdue_at is not None:
            return False
        self.state.tickets[ticket_id] = replace(stored, overdue_at=at, duty_unit=duty_unit)
        self._record(ticket_id, EventKind.OVERDUE, unit_id=duty_unit)
        return True

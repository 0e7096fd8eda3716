"""Claims, and tickets that go together, on a SQL connection and in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select, text, update

from domain.errors import NotFound
from domain.safety import Priority
from domain.tickets import WAITING
from router.event_ports import EventKind
from router.sight import Sight
from router.stored import StoredTicket
from store import tables
from store.events import SqlEventWrites
from store.memory_events import MemoryEventReads, MemoryEventWrites

NOT_CLAIMED = {"claimed_by": None, "claimed_until": None}
_ticket = tables.tickets.c
_WAITS, _PENDING = text(tables.WAITING), text(tables.PENDING)


def free_for(by: str, now: datetime) -> ColumnElement[bool]:
    """That nobody but `by` holds a ticket."""
    return or_(_ticket.claimed_until.is_(None), _ticket.claimed_until <= now, _ticket.claimed_by == by)


def joined_to(ticket_id: str, connection: Connection) -> tuple[str, ...]:
    """All that go with the ticket, also by way of another one; the nearest first, then by id."""
    found: list[str] = []
    level = [ticket_id]
    while level:
        query = select(_ticket.ticket_id).where(_ticket.joined_into.in_(level)).order_by(_ticket.ticket_id)
        level = list(connection.scalars(query))
        found += level
    return tuple(found)


class SqlClaimWrites(SqlEventWrites):
    """Writes inside one transaction."""

    def claim(self, ticket_id: str, by: str, now: datetime, until: datetime) -> bool:
        """Lease the ticket. False, and nothing is changed, where it does not wait or another holds it."""
        free = select(_ticket.claimed_by, _ticket.claimed_until).where(
            _ticket.ticket_id == ticket_id, _WAITS, free_for(by, now)
        )
        before = self._connection.execute(free.with_for_update()).one_or_none()
        if before is None:
            return False
        self._set_of(ticket_id, claimed_by=by, claimed_until=until)
        if not _goes_on(before.claimed_by, before.claimed_until, by, now):
            self._record(ticket_id, EventKind.CLAIMED, by=by)
        return True

    def release_claim(self, ticket_id: str, by: str) -> None:
        """End the ticket's claim; `by` is who says so."""
        self._set_of(ticket_id, **NOT_CLAIMED)
        self._record(ticket_id, EventKind.RELEASED, by=by)

    def set_joined(self, ticket_id: str, into: str | None, by: str) -> None:
        """The ticket goes with that one from now on; None: with none. Raises NotFound without either."""
        before = self._connection.execute(
            select(_ticket.joined_into).where(_ticket.ticket_id == ticket_id)
        ).one_or_none()
        if before is None:
            raise NotFound(kind="ticket", key=ticket_id)
        if into is not None and not self._is_there(into):
            raise NotFound(kind="ticket", key=into)
        self._set_of(ticket_id, joined_into=into)
        kind = EventKind.UNJOINED if into is None else EventKind.JOINED
        self._record(ticket_id, kind, by=by, detail=into or before.joined_into or "")

    def set_priority(self, ticket_id: str, priority: Priority) -> None:
        """How pressing the ticket is in queues, that of what is to be delivered of it among them."""
        self._set_of(ticket_id, priority=priority.rank)
        waiting = update(tables.deliveries).where(tables.deliveries.c.ticket_id == ticket_id, _PENDING)
        self._connection.execute(waiting.values(priority=priority.rank))

    def note(
        self, ticket_id: str, kind: EventKind, *, by: str, unit_id: str | None = None, detail: str = ""
    ) -> None:
        """What somebody did, into the ticket's events. Raises NotFound without such a ticket."""
        if not self._is_there(ticket_id):
            raise NotFound(kind="ticket", key=ticket_id)
        self._record(ticket_id, kind, by=by, unit_id=unit_id, detail=detail)

    def _set_of(self, ticket_id: str, **values: object) -> None:
        self._connection.execute(
            update(tables.tickets).where(_ticket.ticket_id == ticket_id).values(**values)
        )

    def _is_there(self, ticket_id: str) -> bool:
        found = select(_ticket.ticket_id).where(_ticket.ticket_id == ticket_id)
        return self._connection.scalar(found) is not None


class MemoryClaimReads(MemoryEventReads):
    """Reads of one state."""

    def unclaimed(
        self,
        by: str,
        now: datetime,
        skip: Collection[str] = (),
        limit: int = 100,
        sight: Sight | None = None,
    ) -> list[StoredTicket]:
        """Those that wait and that nobody but `by` holds, without those to skip; in the order of `waiting`."""
        found = [
            one
            for ticket_id, one in sorted(self.state.tickets.items())
            if one.status in WAITING
            and is_free(one, by, now)
            and ticket_id not in skip
            and (sight is None or sight.covers(one))
        ]
        return sorted(found, key=lambda one: (one.priority.rank, one.ticket.received_at))[:limit]


class MemoryClaimWrites(MemoryClaimReads, MemoryEventWrites):
    """Writes to a copy."""

    def claim(self, ticket_id: str, by: str, now: datetime, until: datetime) -> bool:
        """Lease the ticket. False, and nothing is changed, where it does not wait or another holds it."""
        stored = self.state.tickets.get(ticket_id)
        if stored is None or stored.status not in WAITING or not is_free(stored, by, now):
            return False
        self.state.tickets[ticket_id] = replace(stored, claimed_by=by, claimed_until=until)
        if not _goes_on(stored.claimed_by, stored.claimed_until, by, now):
            self._record(ticket_id, EventKind.CLAIMED, by=by)
        return True

    def release_claim(self, ticket_id: str, by: str) -> None:
        """End the ticket's claim; `by` is who says so."""
        stored = self.state.tickets[ticket_id]
        self.state.tickets[ticket_id] = replace(stored, claimed_by=None, claimed_until=None)
        self._record(ticket_id, EventKind.RELEASED, by=by)

    def set_joined(self, ticket_id: str, into: str | None, by: str) -> None:
        """The ticket goes with that one from now on; None: with none. Raises NotFound without either."""
        tickets = self.state.tickets
        for key in (ticket_id, into):
            if key is not None and key not in tickets:
                raise NotFound(kind="ticket", key=key)
        before = tickets[ticket_id].joined_into
        tickets[ticket_id] = replace(tickets[ticket_id], joined_into=into)
        followers = self.state.followers
        if before is not None:
            followers[before] = followers[before] - {ticket_id}
        if into is not None:
            followers[into] = followers.get(into, frozenset()) | {ticket_id}
        kind = EventKind.UNJOINED if into is None else EventKind.JOINED
        self._record(ticket_id, kind, by=by, detail=into or before or "")

    def set_priority(self, ticket_id: str, priority: Priority) -> None:
        """How pressing the ticket is in queues, that of what is to be delivered of it among them."""
        self.state.tickets[ticket_id] = replace(self.state.tickets[ticket_id], priority=priority)

    def note(
        self, ticket_id: str, kind: EventKind, *, by: str, unit_id: str | None = None, detail: str = ""
    ) -> None:
        """What somebody did, into the ticket's events. Raises NotFound without such a ticket."""
        if ticket_id not in self.state.tickets:
            raise NotFound(kind="ticket", key=ticket_id)
        self._record(ticket_id, kind, by=by, unit_id=unit_id, detail=detail)


def is_free(stored: StoredTicket, by: str, now: datetime) -> bool:
    """Whether nobody but `by` holds the ticket."""
    return stored.claimed_until is None or stored.claimed_until <= now or stored.claimed_by == by


def _goes_on(holder: str | None, until: datetime | None, by: str, now: datetime) -> bool:
    """Whether a claim is only prolonged."""
    return holder == by and until is not None and now < until

"""Reviews that were undone: out of force, never out of the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import delete, insert, select

from domain.decisions import Review
from domain.errors import NotFound
from router.event_ports import EventKind
from store import tables
from store.events import SqlEventReads, SqlEventWrites
from store.memory_events import MemoryEventReads, MemoryEventWrites
from store.review_records import review_of

_OF_REVIEW = tuple(tables.undone_reviews.c[name] for name in Review.__dataclass_fields__)


class SqlUndoReads(SqlEventReads):
    """Reads inside one transaction."""

    def undone_reviews(self, ticket_id: str) -> Sequence[Review]:
        """Oldest first."""
        undone = tables.undone_reviews.c
        query = select(*_OF_REVIEW).where(undone.ticket_id == ticket_id).order_by(undone.undone_id)
        return [review_of(row) for row in self._connection.execute(query)]


class SqlUndoWrites(SqlUndoReads, SqlEventWrites):
    """Writes inside one transaction."""

    def undo_review(self, ticket_id: str, *, by: str, reason: str) -> Review:
        """The review that is in force no longer. Raises NotFound without one."""
        review = tables.reviews.c
        row = self._connection.execute(
            select(tables.reviews).where(review.ticket_id == ticket_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(kind="review of ticket", key=ticket_id)
        undone = review_of(row)
        self._connection.execute(insert(tables.undone_reviews).values(**row._mapping))
        self._connection.execute(delete(tables.reviews).where(review.ticket_id == ticket_id))
        self._record(ticket_id, EventKind.UNDONE, by=by, unit_id=undone.unit_id, detail=reason)
        return undone


class MemoryUndoReads(MemoryEventReads):
    """Reads of one state."""

    def undone_reviews(self, ticket_id: str) -> Sequence[Review]:
        """Oldest first."""
        return [one for one in self.state.undone_reviews if one.ticket_id == ticket_id]


class MemoryUndoWrites(MemoryUndoReads, MemoryEventWrites):
    """Writes to a copy."""

    def undo_review(self, ticket_id: str, *, by: str, reason: str) -> Review:
        """The review that is in force no longer. Raises NotFound without one."""
        stored = self.state.tickets.get(ticket_id)
        if stored is None or stored.review is None:
            raise NotFound(kind="review of ticket", key=ticket_id)
        self.state.undone_reviews.append(stored.review)
        self.state.tickets[ticket_id] = replace(stored, review=None)
        self._record(ticket_id, EventKind.UNDONE, by=by, unit_id=stored.review.unit_id, detail=reason)
        return stored.review

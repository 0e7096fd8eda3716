"""What units said of their dispatches, on a SQL connection and in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update

from domain.dispatches import Refusal
from domain.errors import NotFound
from router.delivery_ports import Delivery, DeliveryState, Reply
from router.event_ports import EventKind
from store import tables
from store.current import IS_CURRENT, is_current, last_dispatches
from store.deliveries import COLUMNS, SqlDeliveryReads, SqlDeliveryWrites, read_delivery
from store.memory_deliveries import MemoryDeliveryReads, MemoryDeliveryWrites

EVENT_OF: Mapping[Reply, EventKind] = {
    Reply.ACKNOWLEDGED: EventKind.ACKNOWLEDGED,
    Reply.ACCEPTED: EventKind.ACCEPTED,
    Reply.DONE: EventKind.DONE,
    Reply.REFUSED: EventKind.REFUSED,
}
TAKEN = (Reply.ACCEPTED, Reply.DONE)  # the unit need not be asked again
_delivery, _ticket = tables.deliveries.c, tables.tickets.c


class SqlReplyReads(SqlDeliveryReads):
    """Reads inside one transaction."""

    def delivery(self, delivery_id: int) -> Delivery | None:
        """The delivery of that number."""
        row = self._connection.execute(
            select(*COLUMNS).where(_delivery.delivery_id == delivery_id)
        ).one_or_none()
        return None if row is None else read_delivery(row)

    def handed_deliveries(
        self, unit_id: str, now: datetime, *, accepted: bool = False, after: int = 0, limit: int = 100
    ) -> Sequence[Delivery]:
        """The dispatches that are with the unit, by number: those it has accepted, or those it has not yet; done ones
        are neither.
        """
        said = _delivery.reply == Reply.ACCEPTED.value
        open_yet = func.coalesce(_delivery.reply, "").not_in([one.value for one in TAKEN])
        query = (
            select(*COLUMNS)
            .join(tables.tickets, _ticket.ticket_id == _delivery.ticket_id)
            .where(
                _delivery.unit_id == unit_id,
                _delivery.delivery_id > after,
                _delivery.ready_at <= now,
                said if accepted else open_yet,
                IS_CURRENT,
            )
            .order_by(_delivery.delivery_id)
        )
        return [read_delivery(row) for row in self._connection.execute(query.limit(limit))]

    def refusals(self, ticket_id: str) -> Sequence[Refusal]:
        """The ticket's, oldest first."""
        query = (
            select(_delivery.unit_id, _delivery.replied_by, _delivery.replied_at, _delivery.reason)
            .where(_delivery.ticket_id == ticket_id, _delivery.reply == Reply.REFUSED.value)
            .order_by(_delivery.replied_at, _delivery.delivery_id)
        )
        return [
            Refusal(ticket_id=ticket_id, unit_id=unit_id, by=by, at=at, reason=reason)
            for unit_id, by, at, reason in self._connection.execute(query)
        ]


class SqlReplyWrites(SqlReplyReads, SqlDeliveryWrites):
    """Writes inside one transaction."""

    def reply_delivery(
        self, delivery_id: int, reply: Reply, *, by: str, at: datetime, reason: str = ""
    ) -> Delivery:
        """Note what the unit said; it has the dispatch then. Raises NotFound without such a delivery."""
        found = select(*COLUMNS).where(_delivery.delivery_id == delivery_id).with_for_update()
        row = self._connection.execute(found).one_or_none()
        if row is None:
            raise NotFound(kind="delivery", key=str(delivery_id))
        after = replied(read_delivery(row), reply, by, at, reason)
        self._connection.execute(
            update(tables.deliveries)
            .where(_delivery.delivery_id == delivery_id)
            .values(
                reply=reply.value,
                replied_by=by,
                replied_at=at,
                reason=reason,
                state=after.state.value,
                settled_at=after.settled_at,
                lease_owner=None,
                lease_until=None,
            )
        )
        self._record(after.ticket_id, EVENT_OF[reply], by=by, unit_id=after.unit_id, detail=reason)
        return after


class MemoryReplyReads(MemoryDeliveryReads):
    """Reads of one state."""

    def delivery(self, delivery_id: int) -> Delivery | None:
        """The delivery of that number."""
        return next((one for one in self.state.deliveries if one.delivery_id == delivery_id), None)

    def handed_deliveries(
        self, unit_id: str, now: datetime, *, accepted: bool = False, after: int = 0, limit: int = 100
    ) -> Sequence[Delivery]:
        """The dispatches that are with the unit, by number: those it has accepted, or those it has not yet; done ones
        are neither.
        """
        last = last_dispatches(self.state.deliveries)
        found = [
            one
            for one in self.state.deliveries[after:]
            if one.unit_id == unit_id
            and one.ready_at <= now
            and (one.reply is Reply.ACCEPTED if accepted else one.reply not in TAKEN)
            and is_current(one, self.state.tickets[one.ticket_id], last)
        ]
        return found[:limit]

    def refusals(self, ticket_id: str) -> Sequence[Refusal]:
        """The ticket's, oldest first."""
        found = [
            Refusal(
                ticket_id=ticket_id,
                unit_id=one.unit_id,
                by=one.replied_by,
                at=one.replied_at,
                reason=one.reason,
            )
            for one in self.state.deliveries
            if one.ticket_id == ticket_id and one.reply is Reply.REFUSED and one.replied_at is not None
        ]
        return sorted(found, key=lambda one: one.at)


class MemoryReplyWrites(MemoryReplyReads, MemoryDeliveryWrites):
    """Writes to a copy."""

    def reply_delivery(
        self, delivery_id: int, reply: Reply, *, by: str, at: datetime, reason: str = ""
    ) -> Delivery:
        """Note what the unit said; it has the dispatch then. Raises NotFound without such a delivery."""
        before = self.delivery(delivery_id)
        if before is None:
            raise NotFound(kind="delivery", key=str(delivery_id))
        after = replied(before, reply, by, at, reason)
        self.state.leases.pop(delivery_id, None)
        self.state.deliveries[delivery_id - 1] = after
        self._record(after.ticket_id, EVENT_OF[reply], by=by, unit_id=after.unit_id, detail=reason)
        return after


def replied(before: Delivery, reply: Reply, by: str, at: datetime, reason: str) -> Delivery:
    """The delivery with the unit's word: whoever answers has it."""
    had = before.state is DeliveryState.DELIVERED
    return replace(
        before,
        reply=reply,
        replied_by=by,
        replied_at=at,
        reason=reason,
        state=DeliveryState.DELIVERED,
        settled_at=before.settled_at if had else at,
    )

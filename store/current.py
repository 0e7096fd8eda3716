"""By which dispatch a unit has a ticket, as a condition on SQL and in memory; `router.in_hand` has the rule."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, exists, select

from domain.tickets import TicketStatus
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState
from router.stored import StoredTicket
from store import tables

_delivery, _ticket = tables.deliveries.c, tables.tickets.c
_later = tables.deliveries.alias("later")

# of a ticket's dispatches the last one that was not cancelled
IS_LAST = and_(
    _delivery.kind == DeliveryKind.DISPATCH.value,
    _delivery.state != DeliveryState.CANCELLED.value,
    ~exists(
        select(_later.c.delivery_id)
        .where(
            _later.c.ticket_id == _delivery.ticket_id,
            _later.c.delivery_id - _delivery.delivery_id > 0,  # PostgreSQL would ask the primary key
            _later.c.kind == DeliveryKind.DISPATCH.value,
            _later.c.state != DeliveryState.CANCELLED.value,
        )
        .correlate(tables.deliveries)
    ),
)
# its ticket is with the unit by that dispatch; asked of both tables, joined by the ticket
IS_CURRENT = and_(
    _ticket.status == TicketStatus.DISPATCHED.value, _ticket.unit_id == _delivery.unit_id, IS_LAST
)


def last_dispatches(deliveries: Iterable[Delivery]) -> dict[str, Delivery]:
    """Of each ticket's dispatches, given by number, the last one that was not cancelled."""
    return {
        one.ticket_id: one
        for one in deliveries
        if one.kind is DeliveryKind.DISPATCH and one.state is not DeliveryState.CANCELLED
    }


def is_current(one: Delivery, stored: StoredTicket, last: dict[str, Delivery]) -> bool:
    """Whether the ticket is with the unit by that dispatch, one of the last ones or not."""
    theirs = stored.status is TicketStatus.DISPATCHED and stored.unit_id == one.unit_id
    return theirs and last.get(one.ticket_id) == one

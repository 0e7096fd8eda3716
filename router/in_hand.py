"""By which dispatch a unit has a ticket, and whether it has done its work."""

from __future__ import annotations

from collections.abc import Iterable

from domain.tickets import TicketStatus
from router.delivery import OF_ONE_TICKET
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Reply
from router.event_ports import EventKind
from router.ports import ReadSession, StoredTicket, WriteSession


def current_dispatch(stored: StoredTicket, session: ReadSession) -> Delivery | None:
    """The dispatch by which a unit has the ticket now; None where nobody has it, or by no dispatch of ours."""
    if stored.status is not TicketStatus.DISPATCHED:
        return None
    dispatches = [
        one
        for one in session.deliveries(ticket_id=stored.ticket.ticket_id, limit=OF_ONE_TICKET)
        if one.kind is DeliveryKind.DISPATCH and one.state is not DeliveryState.CANCELLED
    ]
    return dispatches[-1] if dispatches and dispatches[-1].unit_id == stored.unit_id else None


def finished(stored: StoredTicket, session: ReadSession) -> Delivery | None:
    """The dispatch by which a unit has the ticket, where it told that its work is done."""
    dispatch = current_dispatch(stored, session)
    return dispatch if dispatch is not None and dispatch.reply is Reply.DONE else None


def note_done(tickets: Iterable[str], work: Delivery, session: WriteSession) -> None:
    """The tickets' events say that the work is done; those that go with another are done with it."""
    for ticket_id in tickets:
        session.note(ticket_id, EventKind.DONE, by=work.replied_by, unit_id=work.unit_id)


def note_not_done(joined: Iterable[str], by: str, session: WriteSession) -> None:
    """The events of tickets that go with another say that its work is not done after all."""
    for ticket_id in joined:
        session.note(ticket_id, EventKind.REOPENED, by=by)


def is_done(stored: StoredTicket, session: ReadSession) -> bool:
    """Whether the unit that has the ticket told that its work is done."""
    return finished(stored, session) is not None

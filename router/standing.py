"""How a ticket stood before something was done with it: the log of events knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.decisions import Policy
from domain.tickets import TicketStatus
from router.event_ports import EventKind, TicketEvent
from router.ports import ReadSession
from router.stored import StoredTicket
from router.submission import decided


def stood_before_review(stored: StoredTicket, policy: Policy, session: ReadSession) -> StoredTicket:
    """The ticket with the status and the unit it had before its last review, whatever was done with it since."""
    return _stood_before(lambda event: event.kind is EventKind.REVIEWED, stored, policy, session)


def stood_before_joining(stored: StoredTicket, policy: Policy, session: ReadSession) -> StoredTicket:
    """The ticket with the status and the unit it had before it was last joined to another."""

    def joined(event: TicketEvent) -> bool:
        return event.kind is EventKind.STATUS and event.detail == TicketStatus.JOINED

    return _stood_before(joined, stored, policy, session)


def _stood_before(
    change: Callable[[TicketEvent], bool], stored: StoredTicket, policy: Policy, session: ReadSession
) -> StoredTicket:
    """A ticket of a store that did not tell of every status yet stands as it was decided."""
    events = session.events(stored.ticket.ticket_id)
    last = max((i for i, event in enumerate(events) if change(event)), default=len(events))
    told = [one for one in events[:last] if one.kind is EventKind.STATUS]
    if told:
        return replace(stored, status=TicketStatus(told[-1].detail), unit_id=told[-1].unit_id)
    assert stored.decision is not None
    assert stored.decided_at is not None
    before = decided(stored.ticket, stored.decision, stored.decided_at, policy)
    return replace(stored, status=before.status, unit_id=before.unit_id)

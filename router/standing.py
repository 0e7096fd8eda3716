"""How a ticket stood before the last thing that was done with it: the log of events knows."""

from __future__ import annotations

from dataclasses import replace

from domain.decisions import Policy
from domain.tickets import TicketStatus
from router.event_ports import EventKind
from router.ports import ReadSession
from router.stored import StoredTicket
from router.submission import decided


def stood(stored: StoredTicket, policy: Policy, session: ReadSession) -> StoredTicket:
    """The ticket with the status and the unit it had before its last change of status.

    A ticket of a store that did not tell of every status yet stands as it was decided.
    """
    told = [one for one in session.events(stored.ticket.ticket_id) if one.kind is EventKind.STATUS]
    if len(told) > 1:
        return replace(stored, status=TicketStatus(told[-2].detail), unit_id=told[-2].unit_id)
    assert stored.decision is not None
    assert stored.decided_at is not None
    before = decided(stored.ticket, stored.decision, stored.decided_at, policy)
    return replace(stored, status=before.status, unit_id=before.unit_id)

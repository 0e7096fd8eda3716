"""A person keeps a ticket back for a while: it goes on waiting, and has to be looked at by another time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Policy
from domain.tickets import TicketStatus
from router.claiming import require_free, require_ticket, require_waiting
from router.clocks import due_after
from router.event_ports import EventKind
from router.ports import WriteSession
from router.stored import StoredTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A person's word that a ticket cannot be decided yet."""

    ticket_id: str
    by: str
    reason: str
    at: datetime


def hold(wanted: Hold, policy: Policy, session: WriteSession) -> StoredTicket:
    """Put the ticket on hold, free for anybody again. Raises NotFound, IsJoined, NotWaiting or ClaimedByAnother."""
    stored = require_waiting(wanted.ticket_id, session)
    require_free(stored, wanted.by, wanted.at)
    session.set_status(wanted.ticket_id, TicketStatus.ON_HOLD, None, by=wanted.by)
    session.set_due(wanted.ticket_id, due_after(stored.priority, wanted.at, policy))
    session.note(wanted.ticket_id, EventKind.HELD, by=wanted.by, detail=wanted.reason)
    return require_ticket(wanted.ticket_id, session)

"""Who decides a ticket: a lease, so that no two people do, and that ends by itself where somebody goes away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from domain.errors import ClaimedByAnother, IsJoined, NotFound, NotWaiting
from domain.tickets import WAITING
from router.ports import ReadSession, Store, WriteSession
from router.sight import Sight
from router.stored import StoredTicket

LEASE = timedelta(minutes=5)
AT_ONCE = 8  # of the queue that are tried: others claim at the same time


def claim_next(
    store: Store, by: str, at: datetime, skip: Collection[str] = (), sight: Sight | None = None
) -> StoredTicket | None:
    """Lease to `by` the most pressing ticket (in sight) that nobody else holds; None where there is none."""
    passed = set(skip)
    while True:
        with store.read() as session:
            found = session.unclaimed(by, at, passed, AT_ONCE, sight)
        if not found:
            return None
        for one in found:
            claimed = store.write(partial(_lease, one.ticket.ticket_id, by, at))
            if claimed is not None:  # else another one was faster
                return claimed
        passed.update(one.ticket.ticket_id for one in found)


def claim(ticket_id: str, by: str, at: datetime, session: WriteSession) -> StoredTicket:
    """Lease the ticket to `by`, or prolong its lease. Raises NotFound, IsJoined, NotWaiting or ClaimedByAnother."""
    stored = require_waiting(ticket_id, session)
    require_free(stored, by, at)
    claimed = _lease(ticket_id, by, at, session)
    assert claimed is not None
    return claimed


def release(ticket_id: str, by: str, at: datetime, session: WriteSession) -> None:
    """Give the ticket back; nothing happens where nobody holds it. Raises NotFound or ClaimedByAnother."""
    stored = require_ticket(ticket_id, session)
    require_free(stored, by, at)
    if stored.claimed_by is not None:
        session.release_claim(ticket_id, by)


def require_ticket(ticket_id: str, session: ReadSession) -> StoredTicket:
    """Raises NotFound."""
    stored = session.ticket(ticket_id)
    if stored is None:
        raise NotFound(kind="ticket", key=ticket_id)
    return stored


def require_waiting(ticket_id: str, session: ReadSession) -> StoredTicket:
    """Raises NotFound, IsJoined or NotWaiting."""
    stored = require_ticket(ticket_id, session)
    require_apart(stored)
    if stored.status not in WAITING:
        raise NotWaiting(ticket_id=ticket_id, current=stored.status)
    return stored


def require_apart(stored: StoredTicket) -> None:
    """Raises IsJoined."""
    if stored.joined_into is not None:
        raise IsJoined(ticket_id=stored.ticket.ticket_id, into=stored.joined_into)


def require_free(stored: StoredTicket, by: str, at: datetime) -> None:
    """Raises ClaimedByAnother while somebody else's lease lasts."""
    holder, until = stored.claimed_by, stored.claimed_until
    if holder not in (None, by) and until is not None and at < until:
        assert holder is not None
        raise ClaimedByAnother(ticket_id=stored.ticket.ticket_id, claimed_by=holder, claimed_until=until)


def _lease(ticket_id: str, by: str, at: datetime, session: WriteSession) -> StoredTicket | None:
    return session.ticket(ticket_id) if session.claim(ticket_id, by, at, at + LEASE) else None

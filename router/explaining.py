"""The receipt of a stored ticket, from all that the store keeps of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from domain.errors import BundleDamaged, BundleIncompatible, NotFound
from domain.tickets import TicketStatus
from models.bundle import Bundle, load_bundle
from router.event_ports import EventKind, TicketEvent
from router.ports import ReadSession
from router.receipt import Receipt, blind_receipt, receipt
from router.stored import StoredTicket

EARLIER_BUNDLES = 2  # kept in memory


def explain(ticket_id: str, session: ReadSession, serving: Bundle | None = None) -> Receipt:
    """Why the ticket went where it went, or whom it is proposed to; whoever reviews it blind is not told.

    `serving`: a bundle that is at hand anyway; another one is loaded where the decision names it. Raises NotFound.
    """
    stored = session.ticket(ticket_id)
    if stored is None:
        raise NotFound(kind="ticket", key=ticket_id)
    if stored.decision is None:
        raise NotFound(kind="decision of ticket", key=ticket_id)
    if stored.blind:
        return blind_receipt(stored.ticket, stored.decision)
    digest, basis = stored.decision.bundle_digest, stored.decision.ranking.basis
    return receipt(
        stored.ticket,
        stored.decision,
        bundle=serving if serving and serving.digest == digest else _earlier(digest, session),
        past=session.dispatches_at(one.sequence for one in basis.nearest),
        review=stored.review,
        refusals=session.refusals(ticket_id),
        held=_held(stored, session),
    )


def _held(stored: StoredTicket, session: ReadSession) -> TicketEvent | None:
    """A person's word why it cannot be decided yet, while it is so."""
    if stored.status is not TicketStatus.ON_HOLD:
        return None
    told = (one for one in session.events(stored.ticket.ticket_id) if one.kind is EventKind.HELD)
    return max(told, key=lambda one: one.at, default=None)


def _earlier(digest: str | None, session: ReadSession) -> Bundle | None:
    """The bundle of that digest; None where the store does not know it or it cannot be loaded any more."""
    path = next((one.path for one in session.bundles() if one.digest == digest), None)
    if path is None:
        return None
    try:
        return _load(path)
    except (BundleDamaged, BundleIncompatible, NotFound):
        return None


@lru_cache(maxsize=EARLIER_BUNDLES)
def _load(path: str) -> Bundle:
    return load_bundle(Path(path))

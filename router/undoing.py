"""Taking a decision back while its delivery waits: nothing is edited, what was said is answered by its opposite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Policy, Review
from domain.errors import NothingToUndo, UndoTooLate
from domain.tickets import WAITING, TicketStatus
from domain.units import Unit, stands_for
from models.monitor import Audit, Returned
from router.claiming import require_apart, require_ticket
from router.clocks import due_after
from router.delivery import OF_ONE_TICKET, UNDO
from router.delivery_ports import DeliveryKind, DeliveryState
from router.in_hand import current_dispatch, finished, note_done
from router.labels import KnownAt, learn_done, retraction
from router.ports import ReadSession, StoredTicket, WriteSession
from router.standing import stood_before_review


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A person's word that the review of a ticket was a mistake."""

    ticket_id: str
    by: str
    reason: str
    at: datetime


def undo(
    wanted: Undo,
    known_at: KnownAt,
    policy: Policy,
    session: WriteSession,
) -> StoredTicket:
    """The ticket as it was before its review, its deliveries cancelled, its label retracted in the log.

    Raises NotFound, IsJoined, NothingToUndo without a review, UndoTooLate once it may have been delivered.
    """
    stored = require_ticket(wanted.ticket_id, session)
    require_apart(stored)
    if stored.review is None or stored.decision is None or stored.decided_at is None:
        raise NothingToUndo(ticket_id=wanted.ticket_id)
    if wanted.at >= stored.review.at + UNDO:
        raise UndoTooLate(ticket_id=wanted.ticket_id, seconds=UNDO.total_seconds())
    cancelled = session.cancel_deliveries(wanted.ticket_id, wanted.at)
    if _has_gone(stored.review, session):
        raise UndoTooLate(ticket_id=wanted.ticket_id, seconds=UNDO.total_seconds())
    for one in cancelled:
        if one.kind is DeliveryKind.UPDATE:  # who else called has nothing to do with the review
            session.add_delivery(wanted.ticket_id, one.unit_id, wanted.at, kind=one.kind, delay=UNDO)
    session.undo_review(wanted.ticket_id, by=wanted.by, reason=wanted.reason)
    before = stood_before_review(stored, policy, session)
    session.set_status(wanted.ticket_id, before.status, before.unit_id, by=wanted.by)
    if before.status in WAITING:
        _keep_time(stored, wanted.at, policy, session)
    session.append_dispatches([retraction(stored, stored.review.unit_id, wanted.by, known_at, session)])
    again = require_ticket(wanted.ticket_id, session)
    if (work := finished(again, session)) is not None:  # the unit's word, which the review had replaced
        learn_done(again, work, known_at, session)
        if work.unit_id != stored.review.unit_id:
            note_done((wanted.ticket_id, *again.joined), work, session)
    return again


def _keep_time(stored: StoredTicket, at: datetime, policy: Policy, session: WriteSession) -> None:
    """A ticket that waits again is due when it was, or as soon as its priority demands from now, if that is earlier."""
    demanded = due_after(stored.priority, at, policy)
    if stored.due_at is None or demanded < stored.due_at:
        session.set_due(stored.ticket.ticket_id, demanded)


def _has_gone(review: Review, session: ReadSession) -> bool:
    """Whether the review's dispatch is on its way already, by another machine's clock: what waits was cancelled."""
    return any(
        one.kind is DeliveryKind.DISPATCH
        and one.unit_id == review.unit_id
        and one.ready_at >= review.at + UNDO
        and one.state is not DeliveryState.CANCELLED
        for one in session.deliveries(ticket_id=review.ticket_id, limit=OF_ONE_TICKET)
    )


def deliver_review(stored: StoredTicket, review: Review, session: WriteSession) -> None:
    """Hand the ticket to the unit that the review names, and take it from the one that has it, when undo is over.

    The unit that has it already hears of it anew only where what it was sent was given up.
    """
    had = stored.unit_id if stored.status is TicketStatus.DISPATCHED else None
    if had == review.unit_id and not _was_given_up(stored, session):
        return
    if had is not None and had != review.unit_id:
        session.add_delivery(review.ticket_id, had, review.at, kind=DeliveryKind.WITHDRAWAL, delay=UNDO)
    session.add_delivery(review.ticket_id, review.unit_id, review.at, delay=UNDO)


def _was_given_up(stored: StoredTicket, session: ReadSession) -> bool:
    """Whether the unit that has the ticket could not be told."""
    dispatch = current_dispatch(stored, session)
    return dispatch is not None and dispatch.state is DeliveryState.DEAD


def weighed_before(
    stored: StoredTicket, label: Audit | Returned, units: Mapping[str, Unit], session: ReadSession
) -> bool:
    """Whether an earlier review, since undone, said as much against the decision: a ticket counts once, and the worst.

    What was weighed cannot be taken out again; so a mistake may count against automation, never for it.
    """
    proposed = stored.decision.unit_id if stored.decision else None
    earlier = [
        proposed is None or not stands_for(one.unit_id, proposed, units, one.at)
        for one in session.undone_reviews(stored.ticket.ticket_id)
    ]
    wrong = isinstance(label, Returned) or label.wrong
    return any(earlier) or (bool(earlier) and not wrong)

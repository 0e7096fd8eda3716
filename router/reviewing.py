"""A person's word on a ticket: stored, learnt, weighed and sent on, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from domain.decisions import Review
from domain.dispatches import Dispatch, LabelSource
from domain.errors import AlreadyDecided, NotFound
from domain.tickets import TicketStatus
from domain.units import Unit, stands_for
from models.bundle import Bundle
from models.monitor import Returned
from router.claiming import require_apart, require_free
from router.ports import Store, StoredTicket, WriteSession
from router.undoing import deliver_review, weighed_before
from router.weighing import are_many_uncounted, count_sent, is_audit, label_of, weigh


def record(
    review: Review,
    bundle: Bundle | None,
    units: Mapping[str, Unit],
    known_at: Callable[[datetime, WriteSession], datetime],
    session: WriteSession,
) -> StoredTicket:
    """The ticket as it stands after the review, of one of the `units`.

    Raises NotFound, IsJoined, ClaimedByAnother, or AlreadyDecided where it has one.
    """
    stored = session.ticket(review.ticket_id)
    if stored is None:
        raise NotFound(kind="ticket", key=review.ticket_id)
    require_apart(stored)
    require_free(stored, review.by, review.at)
    if stored.review is not None:
        raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=stored.review.unit_id)
    session.add_review(review)
    session.set_status(review.ticket_id, TicketStatus.DISPATCHED, review.unit_id)
    at = known_at(stored.ticket.received_at, session)
    session.append_dispatches([_entry(stored, review, units, at)])
    label = label_of(stored, review, bundle, units, at)
    if bundle is not None and label is not None and not weighed_before(stored, label, units, session):
        weigh(label, bundle, session)
    deliver_review(stored, review, session)
    return replace(
        stored,
        status=TicketStatus.DISPATCHED,
        unit_id=review.unit_id,
        review=review,
        claimed_by=None,
        claimed_until=None,
    )


def count_ahead(review: Review, bundle: Bundle | None, units: Mapping[str, Unit], store: Store) -> None:
    """Count a large unit's dispatches in parts, so that no ticket waits for the review's own transaction."""
    with store.read() as session:
        stored = session.ticket(review.ticket_id)
        new = stored if stored and not stored.review else None
        label = None if new is None else label_of(new, review, bundle, units, review.at)
        if bundle is None or not isinstance(label, Returned):
            return
        digest, unit_id = bundle.digest, label.unit
        done = not are_many_uncounted(digest, unit_id, session)
    while not done:
        done = store.write(lambda session: count_sent(digest, unit_id, session))


def _entry(stored: StoredTicket, review: Review, units: Mapping[str, Unit], known_at: datetime) -> Dispatch:
    """The log's entry; a reassignment names another unit than the one that was proposed, an audit saw no proposal."""
    return Dispatch(
        ticket=stored.ticket,
        unit_id=review.unit_id,
        known_at=known_at,
        source=_source(stored, review, units),
        by=review.by,
    )


def _source(stored: StoredTicket, review: Review, units: Mapping[str, Unit]) -> LabelSource:
    if stored.decision is not None and is_audit(stored.decision):
        return LabelSource.AUDIT
    proposed = stored.unit_id or (stored.decision.unit_id if stored.decision else None)
    reassigned = proposed is not None and not stands_for(review.unit_id, proposed, units, review.at)
    return LabelSource.REASSIGNMENT if reassigned else LabelSource.CONFIRMATION

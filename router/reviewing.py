"""A person's word on a ticket: stored, learnt, weighed and sent on, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from domain.decisions import Review
from domain.errors import AlreadyDecided, NotFound
from domain.tickets import TicketStatus
from domain.units import Unit
from models.bundle import Bundle
from models.monitor import Returned
from router.claiming import require_apart, require_free
from router.in_hand import finished, note_not_done
from router.labels import KnownAt, forget_done, reviewed
from router.ports import Store, StoredTicket, WriteSession
from router.undoing import deliver_review, weighed_before
from router.weighing import are_many_uncounted, count_sent, label_of, weigh


def record(
    review: Review,
    bundle: Bundle | None,
    units: Mapping[str, Unit],
    known_at: KnownAt,
    session: WriteSession,
) -> StoredTicket:
    """The ticket as it stands after the review, of one of the `units`; a person's word replaces the unit's own.

    Raises NotFound, IsJoined, ClaimedByAnother, or AlreadyDecided where it has one.
    """
    stored = session.ticket(review.ticket_id)
    if stored is None:
        raise NotFound(kind="ticket", key=review.ticket_id)
    require_apart(stored)
    require_free(stored, review.by, review.at)
    if stored.review is not None:
        raise AlreadyDecided(ticket_id=review.ticket_id, unit_id=stored.review.unit_id)
    work = finished(stored, session)
    session.add_review(review)
    session.set_status(review.ticket_id, TicketStatus.DISPATCHED, review.unit_id)
    if work is not None and work.unit_id != review.unit_id:
        note_not_done(stored.joined, review.by, session)
    forget_done(stored, review.by, known_at, session)
    entry = reviewed(stored, review, units, known_at, session)
    session.append_dispatches([entry])
    label = label_of(stored, review, bundle, units, entry.known_at)
    if bundle is not None and label is not None and not weighed_before(stored, label, units, session):
        weigh(label, bundle, session, session.decision_number(review.ticket_id))
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

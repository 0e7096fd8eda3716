"""Entries of the dispatch log that a running service adds: what people and units say, and what is taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from domain.decisions import Review
from domain.dispatches import Dispatch, LabelSource, unretracted
from domain.tickets import Ticket
from domain.units import Unit, stands_for
from router.delivery_ports import Delivery
from router.ports import StoredTicket, WriteSession
from router.weighing import is_audit

KnownAt = Callable[[datetime, WriteSession], datetime]
"""When an outcome of a ticket that was received then is known: never before the log's last one, which it locks."""


def reviewed(
    stored: StoredTicket, review: Review, units: Mapping[str, Unit], known_at: KnownAt, session: WriteSession
) -> Dispatch:
    """What a person said; a reassignment names another unit than was proposed, an audit saw no proposal."""
    source = _source(stored, review, units)
    return _entry(stored.ticket, review.unit_id, source, review.by, known_at, session)


def retraction(
    stored: StoredTicket, unit_id: str, by: str, known_at: KnownAt, session: WriteSession
) -> Dispatch:
    """What was last said for that unit holds no longer."""
    return _entry(stored.ticket, unit_id, LabelSource.RETRACTION, by, known_at, session)


def learn_done(stored: StoredTicket, work: Delivery, known_at: KnownAt, session: WriteSession) -> None:
    """Log what the unit says by having done the work, unless somebody has said whose it is."""
    entry = _entry(stored.ticket, work.unit_id, LabelSource.DONE, work.replied_by, known_at, session)
    if not _standing(stored, session):
        session.append_dispatches([entry])


def forget_done(stored: StoredTicket, by: str, known_at: KnownAt, session: WriteSession) -> None:
    """Take back what a unit said by having done the work, if that stands."""
    said = [one for one in _standing(stored, session) if one.source is LabelSource.DONE]
    session.append_dispatches([retraction(stored, one.unit_id, by, known_at, session) for one in said])


def _standing(stored: StoredTicket, session: WriteSession) -> list[Dispatch]:
    return unretracted(session.labels(stored.ticket.ticket_id))


def _entry(
    ticket: Ticket, unit_id: str, source: LabelSource, by: str, known_at: KnownAt, session: WriteSession
) -> Dispatch:
    at = known_at(ticket.received_at, session)
    return Dispatch(ticket=ticket, unit_id=unit_id, known_at=at, source=source, by=by)


def _source(stored: StoredTicket, review: Review, units: Mapping[str, Unit]) -> LabelSource:
    if stored.decision is not None and is_audit(stored.decision):
        return LabelSource.AUDIT
    proposed = stored.unit_id or (stored.decision.unit_id if stored.decision else None)
    reassigned = proposed is not None and not stands_for(review.unit_id, proposed, units, review.at)
    return LabelSource.REASSIGNMENT if reassigned else LabelSource.CONFIRMATION

"""A person's word on a ticket, weighed against what the certificate promised: whether its automation may still stand.

What the detectors have seen lives in the store and moves in the transaction of the label, so that every process finds
the same and a restart forgets nothing. That nobody objected is no label: a unit's dispatches are counted when one of
them comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Decision, Reason, Review
from domain.units import Unit, stands_for
from models.bundle import Bundle
from models.evidence import Errors, Returns
from models.monitor import Audit, Monitor, Returned
from router.automation_ports import Detector, Watched
from router.ports import ReadSession, StoredTicket, WriteSession

Seen = TypeVar("Seen", Errors, Returns)

LATEST = 2**62  # beyond the number of any decision
DETECTOR_OF = {Scope.GROUP: Detector.GROUP_AUDITS, Scope.UNIT: Detector.UNIT_AUDITS}
CHUNK = 500  # dispatches that are counted in one transaction: others wait for it


def label_of(
    stored: StoredTicket, review: Review, bundle: Bundle | None, units: Mapping[str, Unit], at: datetime
) -> Audit | Returned | None:
    """What the review, known `at`, says of an automatic decision under the bundle's certificates; None: nothing.

    Who names a unit that succeeded the decision's since says that this was right.
    """
    decision, sent_at = stored.decision, stored.decided_at
    if decision is None or bundle is None or decision.bundle_digest != bundle.digest:
        return None
    unit, group = decision.unit_id, decision.group
    if unit is None or group is None or sent_at is None:
        return None
    wrong = not stands_for(review.unit_id, unit, units, review.at)
    if is_audit(decision):
        return Audit(at=at, group=group, unit=unit, wrong=wrong)
    if Reason.CERTIFIED in decision.reasons and wrong:
        return Returned(at=at, unit=unit, dispatched_at=sent_at)
    return None


def came_back(
    stored: StoredTicket, unit_id: str, bundle: Bundle | None, units: Mapping[str, Unit], at: datetime
) -> Audit | Returned | None:
    """What it says of an automatic decision that the unit refused the ticket, as known `at`; None: nothing.

    A blind review that named it, as the decision had, was mistaken with it.
    """
    decision, sent_at = stored.decision, stored.decided_at
    if decision is None or sent_at is None or bundle is None or decision.bundle_digest != bundle.digest:
        return None
    if decision.unit_id is None or decision.group is None:
        return None
    if is_audit(decision) and stands_for(unit_id, decision.unit_id, units, at):
        return Audit(at=at, group=decision.group, unit=decision.unit_id, wrong=True)
    if decision.unit_id == unit_id and Reason.CERTIFIED in decision.reasons:
        return Returned(at=at, unit=unit_id, dispatched_at=sent_at)
    return None


def is_audit(decision: Decision) -> bool:
    """Whether the ticket would have gone out, had it not been drawn for a blind review."""
    return Reason.AUDITED in decision.reasons


def weigh(
    label: Audit | Returned, bundle: Bundle, session: WriteSession, number: int = LATEST
) -> tuple[Suspension, ...]:
    """Let the detectors see the label; answers (and stores) what it suspends.

    `number`: of the decision that it is of. An audit of one from before automation was resumed is forgotten. On a store
    with several writers the caller has locked its counters, as every append to the log does.
    """
    before = _monitor(label, bundle.digest, session)
    after = before.after(label, bundle.guarantee.terms)
    forgotten = _forgotten(label, number, bundle.digest, session)
    _keep(before, after, bundle.digest, session, forgotten)
    found = after.suspensions[len(before.suspensions) :]
    return tuple(
        session.add_suspension(replace(one, reason=one.told, bundle_digest=bundle.digest))
        for one in found
        if (DETECTOR_OF[one.scope], one.key) not in forgotten or one.cause is Cause.RETURNS
    )


def _forgotten(
    label: Audit | Returned, number: int, digest: str, session: ReadSession
) -> frozenset[tuple[Detector, str]]:
    """The detectors of audits that began anew after that decision."""
    if isinstance(label, Returned):
        return frozenset()
    asked = ((Detector.GROUP_AUDITS, label.group), (Detector.UNIT_AUDITS, label.unit))
    return frozenset(one for one in asked if number <= _watched(digest, *one, session).upto)


def count_sent(bundle_digest: str, unit_id: str, session: WriteSession, limit: int = CHUNK) -> bool:
    """Count automatic dispatches of the unit that were not counted yet; whether all are now."""
    watched = _watched(bundle_digest, Detector.UNIT_RETURNS, unit_id, session)
    sent = session.sent(bundle_digest, unit_id, after=watched.upto, limit=limit)
    seen = _as(Returns, watched)
    for one in sent:
        seen = seen.dispatched(one.at.timestamp())
    if sent:
        session.put_watched(replace(watched, seen=seen, upto=sent[-1].number))
    return len(sent) < limit


def are_many_uncounted(bundle_digest: str, unit_id: str, session: ReadSession) -> bool:
    """Whether counting the unit's dispatches would hold up a transaction."""
    watched = _watched(bundle_digest, Detector.UNIT_RETURNS, unit_id, session)
    return len(session.sent(bundle_digest, unit_id, after=watched.upto, limit=CHUNK)) == CHUNK


def begin_anew(lifted: Suspension, session: WriteSession) -> None:
    """Forget what led to a suspension by the monitor: labels of earlier dispatches count no more."""
    digest = lifted.bundle_digest
    if digest is None:
        return
    of_unit = (Detector.UNIT_AUDITS, Detector.UNIT_RETURNS)
    for detector in (Detector.GROUP_AUDITS,) if lifted.scope is Scope.GROUP else of_unit:
        session.put_watched(replace(_nothing(digest, detector, lifted.key), upto=session.last_sent()))


def _monitor(label: Audit | Returned, digest: str, session: WriteSession) -> Monitor:
    """As much of the monitor as the label touches."""
    suspensions = tuple(one for one in session.suspensions() if one.bundle_digest == digest)
    if isinstance(label, Returned):
        while not count_sent(digest, label.unit, session):
            pass
        returns = _as(Returns, _watched(digest, Detector.UNIT_RETURNS, label.unit, session))
        return Monitor(returns={label.unit: returns}, suspensions=suspensions)
    group = _as(Errors, _watched(digest, Detector.GROUP_AUDITS, label.group, session))
    unit = _as(Errors, _watched(digest, Detector.UNIT_AUDITS, label.unit, session))
    return Monitor(groups={label.group: group}, units={label.unit: unit}, suspensions=suspensions)


def _keep(
    before: Monitor,
    after: Monitor,
    digest: str,
    session: WriteSession,
    forgotten: frozenset[tuple[Detector, str]],
) -> None:
    for detector, old, new in (
        (Detector.GROUP_AUDITS, before.groups, after.groups),
        (Detector.UNIT_AUDITS, before.units, after.units),
        (Detector.UNIT_RETURNS, before.returns, after.returns),
    ):
        for key, seen in new.items():
            if seen != old.get(key) and (detector, key) not in forgotten:
                watched = _watched(digest, detector, key, session)
                session.put_watched(replace(watched, seen=seen))


def _watched(digest: str, detector: Detector, key: str, session: ReadSession) -> Watched:
    return session.watched(digest, detector, key) or _nothing(digest, detector, key)


def _nothing(digest: str, detector: Detector, key: str) -> Watched:
    seen = Returns() if detector is Detector.UNIT_RETURNS else Errors()
    return Watched(bundle_digest=digest, detector=detector, key=key, seen=seen)


def _as(kind: type[Seen], watched: Watched) -> Seen:
    assert isinstance(watched.seen, kind)
    return watched.seen

"""What the store keeps of automatic dispatch, on a SQL connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, func, insert, or_, select, text

from domain.automation import Resumption, Suspension
from domain.tickets import TicketStatus
from models.evidence import Errors, Returns
from router.automation_ports import Audited, Detector, Sent, Watched
from router.delivery_ports import Reply
from router.event_ports import EventKind
from store import tables
from store.checks import require_active
from store.codec import decode, encode
from store.keys import SqlKeyReads, SqlKeyWrites
from store.meta import lock_counters, meta_value

SEEN_BY: Mapping[Detector, type[Errors | Returns]] = {
    Detector.GROUP_AUDITS: Errors,
    Detector.UNIT_AUDITS: Errors,
    Detector.UNIT_RETURNS: Returns,
}


class SqlAutomationReads(SqlKeyReads):
    """Reads inside one transaction."""

    def suspensions(self) -> Sequence[Suspension]:
        """Those that nobody has lifted, oldest first."""
        made, lifted = tables.suspensions, tables.resumptions.c.suspension_id
        query = (
            select(made.c.suspension_id, made.c.body)
            .outerjoin(tables.resumptions, lifted == made.c.suspension_id)
            .where(lifted.is_(None))
            .order_by(made.c.suspension_id)
        )
        return [_suspension(row) for row in self._connection.execute(query)]

    def suspensions_at(self, at: datetime) -> Sequence[Suspension]:
        """Those that had been made and not lifted by then, oldest first."""
        made, over = tables.suspensions, tables.resumptions.c
        query = (
            select(made.c.suspension_id, made.c.body)
            .outerjoin(tables.resumptions, over.suspension_id == made.c.suspension_id)
            .where(made.c.at <= at, or_(over.at.is_(None), over.at > at))
            .order_by(made.c.suspension_id)
        )
        return [_suspension(row) for row in self._connection.execute(query)]

    def watched(self, bundle_digest: str, detector: Detector, key: str) -> Watched | None:
        """What the detector has seen."""
        row = self._connection.execute(
            select(tables.watched.c.seen, tables.watched.c.upto).where(
                *_watched_is(bundle_digest, detector, key)
            )
        ).one_or_none()
        if row is None:
            return None
        return Watched(
            bundle_digest=bundle_digest,
            detector=detector,
            key=key,
            seen=decode(SEEN_BY[detector], row.seen),
            upto=row.upto,
        )

    def sent(self, bundle_digest: str, unit_id: str, after: int = 0, limit: int = 1000) -> Sequence[Sent]:
        """Automatic dispatches to the unit under a certificate of the bundle, by number."""
        decision = tables.decisions.c
        query = (
            select(decision.decision_id, decision.decided_at)
            .where(text(tables.SENT), decision.unit_id == unit_id)
            .where(decision.decision_id > after, decision.bundle_digest == bundle_digest)
            .order_by(decision.decision_id)
            .limit(limit)
        )
        return [Sent(number=number, at=at) for number, at in self._connection.execute(query)]

    def audited(self, bundle_digest: str) -> Sequence[Audited]:
        """Tickets that were drawn for a blind review under the bundle's certificates."""
        decision, undone = tables.decisions.c, tables.undone_reviews.c
        earlier = undone.ticket_id == decision.ticket_id
        said = (
            select(tables.reviews.c.unit_id).where(tables.reviews.c.ticket_id == decision.ticket_id),
            select(func.min(undone.unit_id)).where(earlier),
            select(func.max(undone.unit_id)).where(earlier),
        )
        reply = tables.deliveries.c
        refused = exists().where(reply.ticket_id == decision.ticket_id, reply.reply == Reply.REFUSED.value)
        ticket = tables.tickets.c
        goes_along = ticket.ticket_id == decision.ticket_id, ticket.status == TicketStatus.JOINED.value
        joined = exists().where(*goes_along)
        drawn = (
            select(
                decision.certificate_group,
                decision.unit_id,
                refused.label("refused"),
                joined.label("joined"),
                *(one.scalar_subquery().label(f"said_{number}") for number, one in enumerate(said)),
            )
            .where(text(tables.AUDITED), decision.bundle_digest == bundle_digest)
            .subquery()
        )
        alike = select(*drawn.c, func.count()).group_by(*drawn.c).order_by(*drawn.c)
        return [
            Audited(
                group=group,
                unit_id=unit_id,
                words=frozenset(one for one in words if one is not None),
                refused=bool(refused),
                joined=bool(joined),
                count=count,
            )
            for group, unit_id, refused, joined, *words, count in self._connection.execute(alike)
        ]

    def decision_number(self, ticket_id: str) -> int:
        """Of the ticket's latest decision; 0 where there is none."""
        decision = tables.decisions.c
        latest = select(func.max(decision.decision_id)).where(decision.ticket_id == ticket_id)
        return self._connection.scalar(latest) or 0

    def audit_salt(self) -> str:
        """The secret of this store."""
        return meta_value(self._connection, "audit_salt")

    def last_sent(self) -> int:
        """A number that no decision so far is beyond."""
        return self._connection.scalar(select(func.max(tables.decisions.c.decision_id))) or 0


class SqlAutomationWrites(SqlAutomationReads, SqlKeyWrites):
    """Writes inside one transaction."""

    def add_suspension(self, suspension: Suspension) -> Suspension:
        """Gives it the next id."""
        row = insert(tables.suspensions).values(at=suspension.at, body=encode(suspension))
        number = self._connection.execute(row.returning(tables.suspensions.c.suspension_id)).scalar_one()
        made = replace(suspension, suspension_id=number)
        self._record("", EventKind.SUSPENDED, by=made.by, unit_id=made.unit, detail=encode(made))
        return made

    def add_resumption(self, resumption: Resumption) -> Suspension:
        """Lifts a suspension and answers it. Raises NotFound where there is none of that id, or it is lifted."""
        lock_counters(self._connection)
        lifted = require_active(resumption.suspension_id, self.suspensions())
        self._connection.execute(
            insert(tables.resumptions).values(
                suspension_id=resumption.suspension_id,
                at=resumption.at,
                by=resumption.by,
                reason=resumption.reason,
            )
        )
        self._record("", EventKind.RESUMED, by=resumption.by, unit_id=lifted.unit, detail=encode(resumption))
        return lifted

    def put_watched(self, watched: Watched) -> None:
        """In the place of what is stored of the same bundle, detector and key."""
        self._connection.execute(
            delete(tables.watched).where(*_watched_is(watched.bundle_digest, watched.detector, watched.key))
        )
        self._connection.execute(
            insert(tables.watched).values(
                bundle_digest=watched.bundle_digest,
                detector=watched.detector.value,
                key=watched.key,
                upto=watched.upto,
                seen=encode(watched.seen),
            )
        )


def _suspension(row: Row[*tuple[Any, ...]]) -> Suspension:
    """The suspension that the row holds."""
    return replace(decode(Suspension, row.body), suspension_id=row.suspension_id)


def _watched_is(bundle_digest: str, detector: Detector, key: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions that find one detector's row."""
    row = tables.watched.c
    return row.bundle_digest == bundle_digest, row.detector == detector.value, row.key == key

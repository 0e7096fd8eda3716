"""What a unit says of a dispatch that it was handed: seen, accepted, or not ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Decision
from domain.dispatches import Refusal
from domain.errors import NoLongerTheirs, NotFound
from domain.tickets import TicketStatus
from router.clocks import due_at
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Reply
from router.in_hand import current_dispatch, note_done, note_not_done
from router.labels import KnownAt, forget_done, learn_done, retraction
from router.ports import ReadSession, StoredTicket, WriteSession
from router.submission import STATUS_OF
from router.undoing import weighed_before
from router.weighing import came_back, weigh
from router.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A unit's answer to a dispatch; `reason` of a refusal."""

    unit_id: str
    delivery_id: int
    reply: Reply
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A dispatch that is with its unit, and its ticket."""

    delivery: Delivery
    stored: StoredTicket


def handed(unit_id: str, delivery_id: int, at: datetime, session: ReadSession) -> Handed:
    """The dispatch. Raises NotFound, or NoLongerTheirs where the ticket has gone on."""
    delivery = session.delivery(delivery_id)
    if delivery is None or delivery.unit_id != unit_id or not _is_out(delivery, at):
        raise NotFound(kind=f"dispatch to unit {unit_id}", key=str(delivery_id))
    stored = session.ticket(delivery.ticket_id)
    assert stored is not None
    found = Handed(delivery=delivery, stored=stored)
    if delivery.reply is not Reply.REFUSED and not is_theirs(found, session):
        raise NoLongerTheirs(ticket_id=delivery.ticket_id, unit_id=unit_id)
    return found


def is_theirs(found: Handed, session: ReadSession) -> bool:
    """Whether the ticket is still with that unit by that dispatch."""
    current = current_dispatch(found.stored, session)
    return current is not None and current.delivery_id == found.delivery.delivery_id


def retry(delivery_id: int, at: datetime, by: str, session: WriteSession) -> Delivery:
    """Bring a dead letter back. Raises NotFound, or NoLongerTheirs where it is no longer true."""
    delivery = session.delivery(delivery_id)
    if delivery is not None and delivery.state is DeliveryState.DEAD:
        stored = session.ticket(delivery.ticket_id)
        assert stored is not None
        if not _still_holds(delivery, stored, session):
            raise NoLongerTheirs(ticket_id=delivery.ticket_id, unit_id=delivery.unit_id)
    return session.retry_delivery(delivery_id, at, by)


def _still_holds(delivery: Delivery, stored: StoredTicket, session: ReadSession) -> bool:
    """Whether the delivery still says what is so."""
    has_it = stored.status is TicketStatus.DISPATCHED and stored.unit_id == delivery.unit_id
    match delivery.kind:
        case DeliveryKind.DISPATCH:
            return current_dispatch(stored, session) == delivery
        case DeliveryKind.UPDATE:
            return has_it
        case DeliveryKind.WITHDRAWAL:
            return not has_it
        case _:
            return True


def reply_to(answer: Answer, known_at: KnownAt, session: WriteSession) -> Delivery:
    """Note the answer; one that says no more than an earlier one changes nothing.

    Work that is done was the unit's: the log learns it, unless a person said so. Raises NotFound or NoLongerTheirs.
    """
    found = handed(answer.unit_id, answer.delivery_id, answer.at, session)
    delivery = found.delivery
    if delivery.reply is not None and delivery.reply.rank >= answer.reply.rank:
        if delivery.reply is Reply.REFUSED and answer.reply is not Reply.REFUSED:
            raise NoLongerTheirs(ticket_id=delivery.ticket_id, unit_id=answer.unit_id)
        return delivery
    after = session.reply_delivery(
        answer.delivery_id, answer.reply, by=answer.by, at=answer.at, reason=answer.reason
    )
    if answer.reply is Reply.DONE:
        note_done(found.stored.joined, after, session)  # for all who called about it
        learn_done(found.stored, after, known_at, session)
    return after


def refuse(
    answer: Answer, decision: Decision, known_at: KnownAt, world: World, session: WriteSession
) -> Delivery:
    """Take the ticket back from the unit: `decision` says who has to see it now.

    What was said of it before, by a person or by the unit, is undone, as that was refused; an automatic dispatch counts
    as one that came back.
    """
    before = handed(answer.unit_id, answer.delivery_id, answer.at, session)
    delivery = reply_to(answer, known_at, session)
    if before.delivery.reply is Reply.REFUSED:
        return delivery
    stored, ticket_id = before.stored, delivery.ticket_id
    bundle = world.bundle
    at = known_at(stored.ticket.received_at, session)
    label = came_back(stored, answer.unit_id, bundle, world.units, at)
    if bundle is not None and label is not None and not weighed_before(stored, label, world.units, session):
        weigh(label, bundle, session, session.decision_number(ticket_id))
    if stored.review is not None:
        undone = session.undo_review(ticket_id, by=answer.by, reason=answer.reason)
        session.append_dispatches([retraction(stored, undone.unit_id, answer.by, known_at, session)])
    forget_done(stored, answer.by, known_at, session)
    if before.delivery.reply is Reply.DONE:
        note_not_done(stored.joined, answer.by, session)
    session.add_decision(decision, answer.at)
    session.set_status(ticket_id, STATUS_OF[decision.verdict], None, by=answer.by)
    session.set_due(ticket_id, due_at(decision, answer.at, world.policy, stored.priority))
    return delivery


def refusal_of(answer: Answer, ticket_id: str) -> Refusal:
    """The refusal that the answer is."""
    return Refusal(
        ticket_id=ticket_id, unit_id=answer.unit_id, by=answer.by, at=answer.at, reason=answer.reason
    )


def _is_out(delivery: Delivery, at: datetime) -> bool:
    gone = delivery.state is DeliveryState.CANCELLED or delivery.ready_at > at
    return delivery.kind is DeliveryKind.DISPATCH and not gone

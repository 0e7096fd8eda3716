"""Several callers, one trouble: their tickets go with one of them, which alone is dispatched; it can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Policy
from domain.errors import AlreadyDone, CannotJoin, IsJoined, NotJoined
from domain.tickets import WAITING, TicketStatus
from router.claiming import require_free, require_ticket
from router.clocks import due_after
from router.delivery import OF_ONE_TICKET, UNDO
from router.delivery_ports import DeliveryKind, DeliveryState
from router.in_hand import finished, is_done, note_done, note_not_done
from router.ports import ReadSession, StoredTicket, WriteSession
from router.standing import stood_before_joining


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """A person's word that a ticket tells of the same trouble as another."""

    ticket_id: str
    into: str
    by: str
    at: datetime


def join(wanted: Join, session: WriteSession) -> StoredTicket:
    """The ticket goes with the other, or with the one that goes with: whoever has it gives it back.

    Raises NotFound, IsJoined where it goes with a third, CannotJoin, AlreadyDone, ClaimedByAnother or
    TransitionRefused.
    """
    stored = require_ticket(wanted.ticket_id, session)
    leader = leader_of(require_ticket(wanted.into, session), session)
    ticket_id, into = wanted.ticket_id, leader.ticket.ticket_id
    if into == ticket_id:
        raise CannotJoin(ticket_id=ticket_id, into=wanted.into)
    if stored.joined_into is not None:
        if ticket_id in leader.joined:
            return stored
        raise IsJoined(ticket_id=ticket_id, into=stored.joined_into)
    if is_done(leader, session):
        raise AlreadyDone(ticket_id=into)
    require_free(stored, wanted.by, wanted.at)
    if is_done(stored, session):
        note_not_done(stored.joined, wanted.by, session)
    session.set_status(ticket_id, TicketStatus.JOINED, None, by=wanted.by)
    session.set_joined(ticket_id, into, wanted.by)
    _take_back(stored, wanted.at, session)
    _press(leader, stored, session)
    _tell(leader, wanted.at, session)
    return require_ticket(ticket_id, session)


def unjoin(ticket_id: str, *, by: str, at: datetime, policy: Policy, session: WriteSession) -> StoredTicket:
    """The ticket stands as before it was joined, with what goes with it; where it waits again, its time begins anew.

    Raises NotFound or NotJoined.
    """
    stored = require_ticket(ticket_id, session)
    if stored.joined_into is None:
        raise NotJoined(ticket_id=ticket_id)
    before = stood_before_joining(stored, policy, session)
    session.set_joined(ticket_id, None, by)
    session.set_status(ticket_id, before.status, before.unit_id, by=by)
    waits = before.status in WAITING
    session.set_due(ticket_id, due_after(stored.priority, at, policy) if waits else None)
    _hand_back(before, at, session)
    leaders = list(_leaders(require_ticket(stored.joined_into, session), session))
    _note_alone(require_ticket(ticket_id, session), leaders[-1], by, session)
    for leader in leaders:
        _ease(leader, session)
    _tell(leaders[-1], at, session)
    return require_ticket(ticket_id, session)


def _note_alone(stored: StoredTicket, left: StoredTicket, by: str, session: WriteSession) -> None:
    """Whether its work is done is told of the ticket by itself again, and of what goes with it."""
    work = finished(stored, session)
    if work is not None:
        note_done((stored.ticket.ticket_id, *stored.joined), work, session)
    elif is_done(left, session):
        note_not_done(stored.joined, by, session)


def leader_of(stored: StoredTicket, session: ReadSession) -> StoredTicket:
    """The ticket that it goes with in the end; itself, where it goes with none."""
    *_, last = _leaders(stored, session)
    return last


def _leaders(stored: StoredTicket, session: ReadSession) -> Iterator[StoredTicket]:
    """The ticket, the one that it goes with, and so on."""
    yield stored
    while stored.joined_into is not None:
        stored = require_ticket(stored.joined_into, session)
        yield stored


def _take_back(stored: StoredTicket, at: datetime, session: WriteSession) -> None:
    """Withdraw the ticket from the unit that has it, once an unjoin can no longer spare it that.

    What waits to be delivered and was not tried goes out no more, except that another unit has it no longer.
    """
    ticket_id, unit_id = stored.ticket.ticket_id, stored.unit_id
    cancelled = session.cancel_deliveries(ticket_id, at)
    withdrawn = [one.unit_id for one in cancelled if one.kind is DeliveryKind.WITHDRAWAL]
    unheard = any(one.kind is DeliveryKind.DISPATCH and one.unit_id == unit_id for one in cancelled)
    if stored.status is TicketStatus.DISPATCHED and unit_id is not None and not unheard:
        withdrawn.append(unit_id)
    for one in withdrawn:
        session.add_delivery(ticket_id, one, at, kind=DeliveryKind.WITHDRAWAL, delay=UNDO)


def _hand_back(before: StoredTicket, at: datetime, session: WriteSession) -> None:
    """Give the ticket to its unit again, unless that has not yet heard that it was taken away."""
    ticket_id = before.ticket.ticket_id
    unit_id = before.unit_id if before.status is TicketStatus.DISPATCHED else None
    cancelled = session.cancel_deliveries(ticket_id, at)
    unheard = False
    for one in cancelled:
        if one.kind is DeliveryKind.WITHDRAWAL and one.unit_id == unit_id:
            unheard = True
        elif one.kind is DeliveryKind.WITHDRAWAL:
            session.add_delivery(ticket_id, one.unit_id, at, kind=one.kind, delay=UNDO)
    if unit_id is not None and not unheard:
        session.add_delivery(ticket_id, unit_id, at, delay=UNDO)


def _press(leader: StoredTicket, joined: StoredTicket, session: WriteSession) -> None:
    """What goes with a ticket makes it as pressing as itself."""
    ticket_id = leader.ticket.ticket_id
    if joined.priority.rank < leader.priority.rank:
        session.set_priority(ticket_id, joined.priority)
    waits = leader.status in WAITING and leader.overdue_at is None and joined.status in WAITING
    if waits and joined.due_at and leader.due_at and joined.due_at < leader.due_at:
        session.set_due(ticket_id, joined.due_at)


def _ease(leader: StoredTicket, session: WriteSession) -> None:
    """A ticket is as pressing as its own words and those of what goes with it."""
    priorities = [require_ticket(one, session).priority for one in leader.joined]
    if leader.decision is not None:
        priorities.append(leader.decision.priority)
    most = min(priorities, key=lambda one: one.rank, default=leader.priority)
    if most is not leader.priority:
        session.set_priority(leader.ticket.ticket_id, most)


def _tell(leader: StoredTicket, at: datetime, session: WriteSession) -> None:
    """Tell the unit that has the ticket already who else called, when that can no longer be taken back."""
    unit_id = leader.unit_id
    if leader.status is not TicketStatus.DISPATCHED or unit_id is None:
        return
    ticket_id = leader.ticket.ticket_id
    theirs = [
        one
        for one in session.deliveries(ticket_id=ticket_id, limit=OF_ONE_TICKET)
        if one.unit_id == unit_id and one.state in (DeliveryState.DELIVERED, DeliveryState.PENDING)
    ]
    had = [one for one in theirs if one.state is DeliveryState.DELIVERED]
    known = any(one.kind is DeliveryKind.DISPATCH for one in had)
    waits = any(one.kind is DeliveryKind.UPDATE and one not in had and one.ready_at > at for one in theirs)
    if known and not waits:
        session.add_delivery(ticket_id, unit_id, at, kind=DeliveryKind.UPDATE, delay=UNDO)

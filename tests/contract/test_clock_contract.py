"""What every store promises of tickets that wait too long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.safety import Priority
from domain.tickets import TicketStatus
from router.delivery_ports import DeliveryState, Endpoint, Reply, Settled
from router.ports import EventKind, Store, StoredTicket, WriteSession
from tests.contract.samples import NOW, ticket

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(store: Store) -> Store:
    def work(session: WriteSession) -> None:
        for place, ticket_id in enumerate("cab"):
            session.add_ticket(ticket(ticket_id))
            session.set_status(ticket_id, TicketStatus.IN_REVIEW, None)
            session.set_due(ticket_id, NOW + place * MINUTE)
        session.add_ticket(ticket("gone"))
        session.set_status("gone", TicketStatus.DISPATCHED, "roads")
        session.set_due("gone", NOW)
        session.add_ticket(ticket("undue"))
        session.set_status("undue", TicketStatus.ON_HOLD, None)

    store.write(work)
    return store


def overdue(store: Store, minutes: float = 9, limit: int = 9) -> list[str]:
    with store.read() as session:
        return list(session.overdue(NOW + minutes * MINUTE, limit))


def flag(store: Store, ticket_id: str) -> bool:
    return store.write(lambda session: session.flag_overdue(ticket_id, NOW + MINUTE, "roads"))


def stored(store: Store, ticket_id: str) -> StoredTicket:
    with store.read() as session:
        found = session.ticket(ticket_id)
    assert found is not None
    return found


def test_the_longest_due_come_first(store: Store) -> None:
    assert overdue(store) == ["c", "a", "b"]
    assert overdue(store, limit=2) == ["c", "a"]
    assert overdue(store, minutes=1) == ["c", "a"]
    assert overdue(store, minutes=-1) == []


def test_a_ticket_is_flagged_once(store: Store) -> None:
    assert flag(store, "c")
    assert not flag(store, "c")
    assert not flag(store, "gone")
    assert overdue(store) == ["a", "b"]
    found = stored(store, "c")
    assert (found.due_at, found.overdue_at, found.duty_unit) == (NOW, NOW + MINUTE, "roads")
    with store.read() as session:
        told = [(event.kind, event.unit_id) for event in session.events("c")]
    assert told.count((EventKind.OVERDUE, "roads")) == 1


def test_a_new_due_time_begins_anew(store: Store) -> None:
    flag(store, "c")
    store.write(lambda session: session.set_due("c", NOW + 5 * MINUTE))
    found = stored(store, "c")
    assert (found.due_at, found.overdue_at, found.duty_unit) == (NOW + 5 * MINUTE, None, None)
    assert overdue(store) == ["a", "b", "c"]
    store.write(lambda session: session.set_due("c", None))
    assert overdue(store) == ["a", "b"]


def unheard(store: Store, minutes: float = 0) -> list[str]:
    with store.read() as session:
        return list(session.unheard(NOW + minutes * MINUTE, 9))


@pytest.fixture
def handed(store: Store) -> Store:
    """Urgent tickets that units have, and one that is not urgent."""

    def work(session: WriteSession) -> None:
        for place, ticket_id in enumerate(("late", "later", "plain")):
            urgent = Priority.NORMAL if ticket_id == "plain" else Priority.URGENT
            session.add_ticket(ticket(ticket_id), urgent)
            session.set_status(ticket_id, TicketStatus.DISPATCHED, "roads")
            session.add_delivery(ticket_id, "roads", NOW + place * MINUTE)

    store.write(work)
    return store


def test_urgent_tickets_of_which_no_unit_has_heard(handed: Store) -> None:
    assert unheard(handed, -1) == []
    assert unheard(handed) == ["late"]
    assert unheard(handed, 9) == ["late", "later"]
    assert not flag(handed, "late")  # it waits for no person
    assert handed.write(lambda session: session.flag_unheard("late", NOW, "roads"))
    assert not handed.write(lambda session: session.flag_unheard("late", NOW, "roads"))
    assert not handed.write(lambda session: session.flag_unheard("c", NOW, "roads"))  # in review
    assert unheard(handed, 9) == ["later"]
    assert stored(handed, "late").overdue_at == NOW


@pytest.mark.parametrize("reply", [Reply.ACKNOWLEDGED, Reply.DONE])
def test_who_has_answered_has_heard(handed: Store, reply: Reply) -> None:
    def answer(session: WriteSession) -> None:
        (one,) = session.deliveries(ticket_id="later")
        session.reply_delivery(one.delivery_id, reply, by="crew", at=NOW, reason="")

    handed.write(answer)
    assert unheard(handed, 9) == ["late"]


def test_who_has_the_ticket_no_more_need_not_hear_of_it(handed: Store) -> None:
    handed.write(lambda session: session.set_status("late", TicketStatus.DISPATCHED, "water"))
    handed.write(lambda session: session.set_status("later", TicketStatus.IN_REVIEW, None))
    assert unheard(handed, 9) == []


def test_that_nobody_decided_it_is_another_thing_than_that_no_unit_heard(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_ticket(ticket("slow"), Priority.URGENT)
        session.set_status("slow", TicketStatus.IN_REVIEW, None)
        session.set_due("slow", NOW)
        assert session.flag_overdue("slow", NOW, None)
        session.set_status("slow", TicketStatus.DISPATCHED, "roads")
        session.add_delivery("slow", "roads", NOW + MINUTE)

    def told(minutes: int) -> bool:
        return store.write(lambda session: session.flag_unheard("slow", NOW + minutes * MINUTE, "roads"))

    store.write(work)
    assert unheard(store, 9) == ["slow"]
    assert [told(4), told(4)] == [True, False]
    assert unheard(store, 9) == []
    store.write(lambda session: session.set_status("slow", TicketStatus.DISPATCHED, "water"))
    store.write(lambda session: session.add_delivery("slow", "water", NOW + 5 * MINUTE))
    assert unheard(store, 9) == ["slow"]
    assert [told(9), told(9)] == [True, False]


def settle(store: Store, state: DeliveryState, minutes: int = 0) -> None:
    """What is to be delivered to the roads has come to that end."""

    def work(session: WriteSession) -> None:
        now = NOW + minutes * MINUTE
        session.put_endpoint(Endpoint(unit_id="roads", url="https://roads.example/", secrets=()))
        settled = Settled(state=state, at=now, due_at=now, error="410")
        for one in session.claim_deliveries("me", now, now + MINUTE, 9, 9):
            assert session.settle_delivery(one, "me", settled)

    store.write(work)


def test_what_was_given_up_was_not_heard(handed: Store) -> None:
    settle(handed, DeliveryState.DEAD)
    assert unheard(handed) == ["late"]
    assert handed.write(lambda session: session.flag_unheard("late", NOW, "roads"))
    assert unheard(handed) == []
    handed.write(lambda session: session.add_delivery("late", "roads", NOW + 5 * MINUTE))
    assert unheard(handed, 4) == ["later"]
    assert unheard(handed, 5) == ["later", "late"]
    settle(handed, DeliveryState.DELIVERED, 5)
    assert unheard(handed, 9) == []


def test_what_was_given_up_and_sent_anew_was_heard(handed: Store) -> None:
    settle(handed, DeliveryState.DEAD)
    handed.write(lambda session: session.add_delivery("late", "roads", NOW))
    assert unheard(handed) == ["late"]
    settle(handed, DeliveryState.DELIVERED)
    assert unheard(handed) == []


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.DEAD])
def test_who_has_not_heard_of_what_became_urgent(handed: Store, state: DeliveryState) -> None:
    settle(handed, state, 2)
    handed.write(lambda session: session.set_priority("plain", Priority.URGENT))
    handed.write(lambda session: session.set_priority("later", Priority.NORMAL))
    assert unheard(handed, 9) == ["late", "plain"]
    assert handed.write(lambda session: session.flag_unheard("plain", NOW + 9 * MINUTE, None))
    assert not handed.write(lambda session: session.flag_unheard("later", NOW + 9 * MINUTE, None))

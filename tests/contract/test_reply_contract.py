"""What every store promises of units' answers to their dispatches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.dispatches import Refusal
from domain.errors import NotFound
from domain.tickets import TicketStatus
from router.delivery_ports import DeliveryKind, DeliveryState, Reply
from router.ports import EventKind, Store, WriteSession
from tests.contract.samples import NOW, ticket

LATER = NOW + timedelta(seconds=10)


@pytest.fixture
def store(store: Store) -> Store:
    """Ticket a is with roads, b was and is with water-1 now, c waits in its ten seconds, d is not dispatched."""

    def work(session: WriteSession) -> None:
        for ticket_id in "abcd":
            session.add_ticket(ticket(ticket_id))
        for ticket_id in "abc":
            session.set_status(ticket_id, TicketStatus.DISPATCHED, "roads")
            session.add_delivery(
                ticket_id, "roads", NOW, delay=timedelta(seconds=10 if ticket_id == "c" else 0)
            )
        session.set_status("b", TicketStatus.DISPATCHED, "water-1")
        session.add_delivery("b", "roads", NOW, kind=DeliveryKind.WITHDRAWAL)
        session.add_delivery("b", "water-1", NOW)
        session.set_status("d", TicketStatus.IN_REVIEW, None)

    store.write(work)
    return store


def with_unit(store: Store, unit_id: str, accepted: bool = False, after: int = 0) -> list[str]:
    with store.read() as session:
        found = session.handed_deliveries(unit_id, NOW, accepted=accepted, after=after)
    return [one.ticket_id for one in found]


def say(store: Store, number: int, reply: Reply, reason: str = "") -> None:
    store.write(lambda session: session.reply_delivery(number, reply, by="王", at=NOW, reason=reason))


def test_what_is_done_is_listed_no_more(store: Store) -> None:
    say(store, 1, Reply.ACCEPTED)
    say(store, 1, Reply.DONE)
    assert with_unit(store, "roads") == with_unit(store, "roads", accepted=True) == []
    with store.read() as session:
        assert session.events("a")[-1].kind is EventKind.DONE


def test_a_unit_sees_what_is_with_it(store: Store) -> None:
    assert with_unit(store, "roads") == ["a"]
    assert with_unit(store, "water-1") == ["b"]
    assert with_unit(store, "nobody") == []
    with store.read() as session:
        assert [one.ticket_id for one in session.handed_deliveries("roads", LATER)] == ["a", "c"]
        assert [one.ticket_id for one in session.handed_deliveries("roads", LATER, limit=1)] == ["a"]
        assert [one.ticket_id for one in session.handed_deliveries("roads", LATER, after=1)] == ["c"]


def test_a_ticket_that_comes_to_a_unit_again_is_there_once(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.set_status("b", TicketStatus.DISPATCHED, "roads")
        session.add_delivery("b", "roads", NOW)

    store.write(work)
    assert with_unit(store, "roads") == ["a", "b"]
    assert with_unit(store, "water-1") == []


def test_a_word_is_kept_and_whoever_says_it_has_the_dispatch(store: Store) -> None:
    with store.read() as session:
        before = session.delivery(1)
        assert session.delivery(99) is None
    assert before is not None
    assert (before.reply, before.replied_at, before.state) == (None, None, DeliveryState.PENDING)
    say(store, 1, Reply.ACKNOWLEDGED)
    assert with_unit(store, "roads") == ["a"]
    say(store, 1, Reply.ACCEPTED)
    assert (with_unit(store, "roads"), with_unit(store, "roads", accepted=True)) == ([], ["a"])
    with store.read() as session:
        after = session.delivery(1)
        told = [(event.kind, event.by, event.unit_id) for event in session.events("a")][-2:]
    assert after is not None
    assert (after.reply, after.replied_by, after.replied_at) == (Reply.ACCEPTED, "王", NOW)
    assert (after.state, after.settled_at) == (DeliveryState.DELIVERED, NOW)
    assert told == [(EventKind.ACKNOWLEDGED, "王", "roads"), (EventKind.ACCEPTED, "王", "roads")]
    with pytest.raises(NotFound):
        say(store, 99, Reply.ACCEPTED)


def test_refusals_are_told_in_order(store: Store) -> None:
    say(store, 2, Reply.REFUSED, "not our road")
    say(store, 5, Reply.REFUSED, "路灯")
    with store.read() as session:
        assert session.refusals("a") == []
        assert session.refusals("b") == [
            Refusal(ticket_id="b", unit_id="roads", by="王", at=NOW, reason="not our road"),
            Refusal(ticket_id="b", unit_id="water-1", by="王", at=NOW, reason="路灯"),
        ]
        assert session.events("b")[-1].detail == "路灯"

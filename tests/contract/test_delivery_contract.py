"""What every store promises of its outbox."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.webhooks.worker import DeliverySettings, DeliveryWorker
from domain.errors import NotFound
from domain.safety import Priority
from domain.tickets import TicketStatus
from router.audit import verify
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Endpoint, Outbox, Secret, Settled
from router.ports import EventKind, Store, WriteSession
from store.clock import utc_now
from store.sql import open_store
from tests.contract.samples import NOW, review, ticket
from tests.endpoints import LOOPBACK, unit_endpoint, until

SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=3)
DONE = Settled(state=DeliveryState.DELIVERED, at=NOW, due_at=NOW)
ENDPOINT = Endpoint(
    unit_id="water-1",
    url="https://water.example/hook",
    secrets=(Secret(value="whsec_bmV3"), Secret(value="whsec_b2xk", until=NOW + SECOND)),
)


@pytest.fixture
def store(store: Store) -> Store:
    fill(store)
    return store


def fill(store: Store) -> None:
    """Three deliveries to one unit with an endpoint, one to another, one to a unit that has none."""

    def work(session: WriteSession) -> None:
        for ticket_id, priority in (("a", Priority.NORMAL), ("b", Priority.URGENT), ("c", Priority.NORMAL)):
            session.add_ticket(ticket(ticket_id), priority)
        session.put_endpoint(ENDPOINT)
        session.put_endpoint(replace(ENDPOINT, unit_id="roads"))
        session.add_delivery("a", "water-1", NOW)
        session.add_delivery("c", "water-1", NOW + SECOND)
        session.add_delivery("a", "roads", NOW)
        session.add_delivery("a", "pulls", NOW)

    store.write(work)


def claim(store: Store, owner: str = "me", seconds: float = 2, limit: int = 9) -> list[Delivery]:
    now = NOW + seconds * SECOND
    with store.read() as session:
        are_due = session.are_deliveries_due(now)
    found = list(store.write(lambda session: session.claim_deliveries(owner, now, now + LEASE, limit)))
    assert are_due == bool(found)
    return found


def settle(store: Store, delivery: Delivery, settled: Settled = DONE, owner: str = "me") -> bool:
    return store.write(lambda session: session.settle_delivery(delivery, owner, settled))


def names(deliveries: list[Delivery]) -> list[str]:
    return [f"{one.ticket_id} {one.unit_id}" for one in deliveries]


def listed(store: Store, **conditions: Any) -> list[Delivery]:
    with store.read() as session:
        return list(session.deliveries(**conditions))


def outbox(store: Store) -> Outbox:
    with store.read() as session:
        return session.outbox()


def endpoint(store: Store, unit_id: str = "water-1") -> Endpoint:
    with store.read() as session:
        found = session.endpoint(unit_id)
    assert found is not None
    return found


def test_the_first_of_each_unit_with_an_endpoint_is_claimed(store: Store) -> None:
    first = claim(store)
    assert names(first) == ["a water-1", "a roads"]
    assert len({one.webhook_id for one in listed(store)}) == 4
    assert claim(store) == []


def test_a_unit_gets_one_after_another(store: Store) -> None:
    first, *_ = claim(store, limit=1)
    assert names(claim(store)) == ["a roads"]
    assert settle(store, first)
    assert names(claim(store)) == ["c water-1"]


def test_the_urgent_goes_first(store: Store) -> None:
    store.write(lambda session: session.add_delivery("b", "water-1", NOW + SECOND))
    assert names(claim(store)) == ["b water-1", "a roads"]


def test_what_is_not_ready_holds_nothing_back(store: Store) -> None:
    store.write(lambda session: session.add_delivery("b", "water-1", NOW, delay=10 * SECOND))
    assert names(claim(store)) == ["a water-1", "a roads"]
    assert names(claim(store, seconds=10, owner="other")) == ["b water-1", "a roads"]


def test_a_lease_that_ended_is_taken_up_and_the_late_comer_changes_nothing(store: Store) -> None:
    first, *_ = claim(store)
    assert claim(store, owner="other", seconds=4.9) == []
    again, *_ = claim(store, owner="other", seconds=5)
    assert again.webhook_id == first.webhook_id
    assert not settle(store, first, owner="me")
    assert settle(store, again, owner="other")
    assert not settle(store, again, owner="other")
    assert [one.attempts for one in listed(store, unit_id="water-1")] == [1, 0]


def test_the_living_keep_their_leases(store: Store) -> None:
    first, second = (one.delivery_id for one in claim(store))
    store.write(lambda session: session.extend_leases("me", [first, second], NOW + 9 * SECOND))
    store.write(lambda session: session.extend_leases("other", [first, second], NOW))
    store.write(lambda session: session.extend_leases("me", [second], NOW + 20 * SECOND))
    assert claim(store, owner="other", seconds=8) == []
    assert [one.delivery_id for one in claim(store, owner="other", seconds=9)] == [first]
    assert [one.delivery_id for one in claim(store, owner="third", seconds=20)] == [first, second]


def test_what_failed_holds_back_what_is_behind_it_until_it_is_due(store: Store) -> None:
    first, *_ = claim(store)
    due = NOW + 30 * SECOND
    assert settle(
        store,
        first,
        Settled(state=DeliveryState.PENDING, at=NOW, due_at=due, error="500 from the endpoint", failures=1),
    )
    assert [one.unit_id for one in claim(store, seconds=29)] == ["roads"]
    again = claim(store, owner="other", seconds=30)
    assert names(again)[0] == "a water-1"
    assert (again[0].attempts, again[0].error, again[0].due_at) == (1, "500 from the endpoint", due)
    assert endpoint(store).failures == 1
    assert endpoint(store, "roads").failures == 0


def test_a_paused_endpoint_gets_nothing(store: Store) -> None:
    first, *_ = claim(store)
    pause = NOW + 30 * SECOND
    settle(
        store,
        first,
        Settled(state=DeliveryState.DEAD, at=NOW, due_at=NOW, error="x", failures=5, paused_until=pause),
    )
    assert endpoint(store).paused_until == pause
    assert [one.unit_id for one in claim(store, owner="other", seconds=29)] == ["roads"]
    assert names(claim(store, owner="other", seconds=30))[0] == "c water-1"


def test_a_dead_letter_comes_back_at_its_old_place(store: Store) -> None:
    first, *_ = claim(store)
    gone = Settled(
        state=DeliveryState.DEAD, at=NOW, due_at=NOW, error="410", failures=5, paused_until=NOW + 9 * SECOND
    )
    settle(store, first, gone)
    (dead,) = listed(store, state=DeliveryState.DEAD)
    assert (dead.webhook_id, dead.error, dead.settled_at) == (first.webhook_id, "410", NOW)
    with pytest.raises(NotFound):
        store.write(lambda session: session.retry_delivery(dead.delivery_id + 1, NOW, "王"))
    store.write(lambda session: session.retry_delivery(dead.delivery_id, NOW + SECOND, "王"))
    with pytest.raises(NotFound):
        store.write(lambda session: session.retry_delivery(dead.delivery_id, NOW, "王"))
    again, *_ = claim(store)
    assert (again.webhook_id, again.attempts, again.state) == (first.webhook_id, 0, DeliveryState.PENDING)


def test_only_what_is_not_ready_can_be_cancelled(store: Store) -> None:
    store.write(
        lambda session: session.add_delivery(
            "a", "roads", NOW, kind=DeliveryKind.WITHDRAWAL, delay=10 * SECOND
        )
    )
    cancelled = store.write(lambda session: session.cancel_deliveries("a", NOW + 9 * SECOND))
    assert [(one.unit_id, one.kind) for one in cancelled] == [("roads", DeliveryKind.WITHDRAWAL)]
    assert store.write(lambda session: session.cancel_deliveries("a", NOW + 9 * SECOND)) == []
    assert [one.state for one in listed(store, ticket_id="a")][-1] is DeliveryState.CANCELLED
    assert names(claim(store, seconds=20)) == ["a water-1", "a roads"]
    store.write(lambda session: session.add_delivery("c", "roads", NOW, delay=SECOND))
    assert store.write(lambda session: session.cancel_deliveries("c", NOW + SECOND)) == []


def test_an_end_is_an_event(store: Store) -> None:
    first, second = claim(store)
    settle(store, first)
    settle(store, second, replace(DONE, state=DeliveryState.DEAD, error="410"))
    with store.read() as session:
        told = [(event.kind, event.unit_id, event.detail) for event in session.events("a")][-2:]
    assert told == [(EventKind.DELIVERED, "water-1", ""), (EventKind.UNDELIVERED, "roads", "410")]


def test_deliveries_are_listed_by_number(store: Store) -> None:
    numbers = [one.delivery_id for one in listed(store)]
    assert numbers == sorted(set(numbers))
    assert [one.delivery_id for one in listed(store, after=numbers[1], limit=1)] == [numbers[2]]
    assert names(listed(store, unit_id="pulls")) == ["a pulls"]
    assert len(listed(store, ticket_id="a")) == 3


def test_an_endpoint_comes_back_as_it_was_until_it_is_removed(store: Store) -> None:
    assert endpoint(store) == ENDPOINT
    changed = replace(
        ENDPOINT, url="https://crew:word@other.example:8443/hook?token=secret", failures=2, paused_until=NOW
    )
    store.write(lambda session: session.put_endpoint(changed, "Li Wei"))
    with store.read() as session:
        assert [one.unit_id for one in session.endpoints()] == ["roads", "water-1"]
    assert endpoint(store) == changed
    store.write(lambda session: session.note_trial("water-1", "delivered", "Zhao"))
    store.write(lambda session: session.remove_endpoint("water-1", "Wang Fang"))
    with store.read() as session:
        assert session.endpoint("water-1") is None
        told = [
            (one.kind, one.by, one.unit_id, one.detail)
            for one in session.event_log()
            if one.kind in ("changed", "tried")
        ]
    assert told[-3:] == [
        ("changed", "Li Wei", "water-1", "endpoint https://other.example:8443"),
        ("tried", "Zhao", "water-1", "endpoint delivered"),
        ("changed", "Wang Fang", "water-1", "endpoint removed"),
    ]
    with pytest.raises(NotFound):
        store.write(lambda session: session.remove_endpoint("water-1"))
    assert names(claim(store)) == ["a roads"]


def test_of_many_workers_one_gets_each(url: str) -> None:
    with closing(open_store(url)) as first, closing(open_store(url)) as second:
        stores = (first, second)

        def work(session: WriteSession) -> None:
            for number in range(40):
                session.add_ticket(ticket(str(number)))
                session.put_endpoint(replace(ENDPOINT, unit_id=f"unit-{number}"))
                session.add_delivery(str(number), f"unit-{number}", NOW)

        first.write(work)

        def attempt(number: int) -> list[int]:
            owner = f"worker-{number}"
            found = stores[number % 2].write(
                lambda session: session.claim_deliveries(owner, NOW, NOW + LEASE, 7)
            )
            return [one.delivery_id for one in found]

        with ThreadPoolExecutor(8) as pool:
            claimed = [number for found in pool.map(attempt, range(24)) for number in found]
        assert len(claimed) == len(set(claimed)) == 40


def test_how_the_outbox_stands(store: Store) -> None:
    assert outbox(store) == Outbox(pending=3, since=NOW, dead=0)
    dead = replace(DONE, state=DeliveryState.DEAD, error="410")
    for one in claim(store):
        settle(store, one, dead if one.unit_id == "roads" else DONE)
    assert outbox(store) == Outbox(pending=1, since=NOW + SECOND, dead=1)


def test_of_a_unit_that_fetches_what_it_may_fetch_waits(store: Store) -> None:
    def hand(session: WriteSession, unit_id: str, seconds: int) -> None:
        session.set_status("b", TicketStatus.DISPATCHED, unit_id)
        session.add_delivery("b", unit_id, NOW + seconds * SECOND)

    def take_back(session: WriteSession) -> None:
        session.add_delivery("b", "pulls", NOW, kind=DeliveryKind.WITHDRAWAL)
        hand(session, "fetches", 2)

    for unit_id in ("water-1", "roads"):
        store.write(lambda session, one=unit_id: session.remove_endpoint(one))  # type: ignore[misc]
    assert outbox(store) == Outbox(pending=0, since=None, dead=0)
    store.write(lambda session: hand(session, "pulls", 1))
    assert outbox(store) == Outbox(pending=1, since=NOW + SECOND, dead=0)
    store.write(take_back)
    assert outbox(store) == Outbox(pending=1, since=NOW + 2 * SECOND, dead=0)
    store.write(lambda session: hand(session, "pulls", 3))  # and by this dispatch, not by the first
    assert outbox(store) == Outbox(pending=1, since=NOW + 3 * SECOND, dead=0)
    store.write(lambda session: session.put_endpoint(replace(ENDPOINT, unit_id="pulls")))
    assert outbox(store) == Outbox(pending=4, since=NOW, dead=0)  # it hears of all that was kept
    assert names(claim(store)) == ["b pulls"]


def test_a_review_that_is_undone_makes_room_for_another_and_stays_in_the_record(store: Store) -> None:
    first, second = review("a", "roads"), review("a", "water-1")

    def work(session: WriteSession) -> None:
        session.set_status("a", TicketStatus.IN_REVIEW, None)
        session.add_review(first)
        assert session.undo_review("a", by="王", reason="falsch") == first
        session.add_review(second)

    store.write(work)
    with store.read() as session:
        found = session.ticket("a")
        assert found is not None
        assert found.review == second
        assert session.undone_reviews("a") == [first]
        assert session.undone_reviews("b") == []
        told = [(event.kind, event.by, event.detail) for event in session.events("a")]
        assert (EventKind.UNDONE, "王", "falsch") in told
        assert verify(session).findings == ()
    with pytest.raises(NotFound):
        store.write(lambda session: session.undo_review("b", by="王", reason="x"))


def test_two_workers_send_each_once_and_in_order(url: str) -> None:
    settings = DeliverySettings(targets=LOOPBACK, poll_seconds=0.02)
    with closing(open_store(url)) as first, closing(open_store(url)) as second, unit_endpoint() as unit:

        def work(session: WriteSession) -> None:
            for number in range(6):
                unit_id = f"unit-{number}"
                session.put_endpoint(replace(ENDPOINT, unit_id=unit_id, url=unit.url(path=f"/{unit_id}")))
                for i in range(5):
                    session.add_ticket(ticket(f"{number}-{i}"))
                    session.add_delivery(f"{number}-{i}", unit_id, NOW)

        first.write(work)
        with DeliveryWorker(first, utc_now, settings), DeliveryWorker(second, utc_now, settings):
            until(lambda: not any(one.settled_at is None for one in listed(first)))
    assert len(unit.received) == len({one.webhook_id for one in unit.received}) == 30
    for number in range(6):
        got = [one.ticket_id for one in unit.received if one.path == f"/unit-{number}"]
        assert got == [f"{number}-{i}" for i in range(5)]


def test_a_run_ends_before_what_may_not_be_sent_yet(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_delivery("b", "water-1", NOW)
        session.add_delivery("c", "water-1", NOW + SECOND)
        session.add_delivery("c", "roads", NOW, delay=9 * SECOND)

    def runs(owner: str, run: int) -> list[str]:
        now = NOW + 2 * SECOND
        return names(
            list(store.write(lambda session: session.claim_deliveries(owner, now, now + LEASE, 9, run)))
        )

    store.write(work)
    assert runs("me", 2) == ["b water-1", "a water-1", "a roads"]
    assert runs("other", 9) == []
    mine = [one.delivery_id for one in listed(store)]
    store.write(lambda session: session.release_deliveries("other", mine))
    assert runs("other", 9) == []
    store.write(lambda session: session.release_deliveries("me", mine))
    assert runs("other", 9) == ["b water-1", "a water-1", "c water-1", "c water-1", "a roads"]


def test_a_ticket_that_becomes_more_pressing_goes_as_a_whole(store: Store) -> None:
    def press(session: WriteSession) -> None:
        session.set_priority("c", Priority.HIGH)
        session.add_delivery("c", "water-1", NOW, kind=DeliveryKind.WITHDRAWAL)

    store.write(press)
    first, *_ = claim(store)
    assert (first.ticket_id, first.kind) == ("c", DeliveryKind.DISPATCH)
    settle(store, first)
    second, *_ = claim(store)
    assert (second.ticket_id, second.kind) == ("c", DeliveryKind.WITHDRAWAL)


def test_nothing_overtakes_what_was_queued_earlier_of_its_ticket_for_the_unit(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_delivery("b", "water-1", NOW, delay=9 * SECOND)
        session.add_delivery("b", "water-1", NOW, kind=DeliveryKind.WITHDRAWAL)
        session.add_delivery("b", "roads", NOW, kind=DeliveryKind.UPDATE)

    def run(seconds: int) -> list[str]:
        def work(session: WriteSession) -> list[Delivery]:
            found = [*session.claim_deliveries("me", now, now + LEASE, 9, 9)]
            session.release_deliveries("me", [one.delivery_id for one in found])
            return found

        now = NOW + seconds * SECOND
        return [f"{one.ticket_id} {one.kind}" for one in store.write(work) if one.unit_id == "water-1"]

    store.write(work)
    assert run(2) == ["a dispatch", "c dispatch"]
    assert run(9) == ["b dispatch", "b withdrawal", "a dispatch", "c dispatch"]
    assert names(claim(store, seconds=8))[0] == "b roads"
    assert [one.kind for one in claim(store, seconds=9)] == [DeliveryKind.DISPATCH]


def test_a_dead_letter_comes_back_as_pressing_as_its_ticket(store: Store) -> None:
    first, *_ = claim(store)
    settle(store, first, replace(DONE, state=DeliveryState.DEAD, error="410"))
    store.write(lambda session: session.set_priority("a", Priority.URGENT))
    store.write(lambda session: session.add_delivery("a", "roads", NOW))
    store.write(lambda session: session.set_priority("c", Priority.HIGH))
    store.write(lambda session: session.retry_delivery(first.delivery_id, NOW, "王"))
    assert names(claim(store, seconds=9))[0] == "a water-1"

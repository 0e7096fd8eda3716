"""What every store promises of claims, and of tickets that go together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from domain.decisions import Review, ReviewReason
from domain.errors import NotFound, TransitionRefused
from domain.safety import Priority
from domain.tickets import TicketStatus
from router.audit import verify
from router.claiming import claim_next
from router.ports import EventKind, Store, StoredTicket, WriteSession
from store.sql import open_store
from tests.contract.samples import NOW, ticket

MINUTE = timedelta(minutes=1)
UNTIL = NOW + 5 * MINUTE


@pytest.fixture
def store(store: Store) -> Store:
    """Three tickets wait, c urgently; one is with its unit."""

    def work(session: WriteSession) -> None:
        for ticket_id, priority in (("a", Priority.NORMAL), ("b", Priority.NORMAL), ("c", Priority.URGENT)):
            session.add_ticket(ticket(ticket_id), priority)
            session.set_status(ticket_id, TicketStatus.IN_REVIEW, None)
        session.add_ticket(ticket("gone"))
        session.set_status("gone", TicketStatus.DISPATCHED, "roads")

    store.write(work)
    return store


def claim(store: Store, ticket_id: str, by: str, minutes: float = 0) -> bool:
    now = NOW + minutes * MINUTE
    return store.write(lambda session: session.claim(ticket_id, by, now, now + 5 * MINUTE))


def free(store: Store, by: str, minutes: float = 0, skip: tuple[str, ...] = (), limit: int = 9) -> list[str]:
    with store.read() as session:
        found = session.unclaimed(by, NOW + minutes * MINUTE, skip, limit)
    return [one.ticket.ticket_id for one in found]


def stored(store: Store, ticket_id: str) -> StoredTicket:
    with store.read() as session:
        found = session.ticket(ticket_id)
    assert found is not None
    return found


def told(store: Store, ticket_id: str) -> list[tuple[EventKind, str, str]]:
    with store.read() as session:
        assert verify(session).findings == ()
        return [(event.kind, event.by, event.detail) for event in session.events(ticket_id)]


def test_one_holds_a_ticket_at_a_time(store: Store) -> None:
    assert claim(store, "a", "Li Wei")
    assert not claim(store, "a", "Wang", minutes=4.9)
    assert (stored(store, "a").claimed_by, stored(store, "a").claimed_until) == ("Li Wei", UNTIL)
    assert claim(store, "a", "Wang", minutes=5)
    assert not claim(store, "a", "Li Wei", minutes=5)


def test_a_claim_is_prolonged_and_told_once(store: Store) -> None:
    for minutes in (0, 4):
        assert claim(store, "a", "Li Wei", minutes)
    assert stored(store, "a").claimed_until == NOW + 9 * MINUTE
    assert told(store, "a").count((EventKind.CLAIMED, "Li Wei", "")) == 1
    claim(store, "a", "Li Wei", 9)
    assert told(store, "a").count((EventKind.CLAIMED, "Li Wei", "")) == 2


def test_what_waits_and_nobody_else_holds(store: Store) -> None:
    assert free(store, "Wang") == ["c", "a", "b"]
    claim(store, "a", "Li Wei")
    assert free(store, "Wang") == ["c", "b"]
    assert free(store, "Li Wei") == ["c", "a", "b"]
    assert free(store, "Wang", minutes=5) == ["c", "a", "b"]
    assert free(store, "Wang", skip=("c", "nothing")) == ["b"]
    assert free(store, "Wang", limit=1) == ["c"]


def test_what_does_not_wait_is_not_claimed(store: Store) -> None:
    assert not claim(store, "gone", "Li Wei")
    assert not claim(store, "nothing", "Li Wei")


def test_a_claim_ends_with_the_status_or_when_it_is_given_back(store: Store) -> None:
    claim(store, "a", "Li Wei")
    store.write(lambda session: session.release_claim("a", "Li Wei"))
    assert (stored(store, "a").claimed_by, free(store, "Wang")) == (None, ["c", "a", "b"])
    assert (EventKind.RELEASED, "Li Wei", "") in told(store, "a")
    claim(store, "a", "Li Wei")
    store.write(lambda session: session.set_status("a", TicketStatus.ON_HOLD, None))
    assert (stored(store, "a").claimed_by, stored(store, "a").claimed_until) == (None, None)


def test_tickets_go_together_also_by_way_of_another(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.set_joined("b", "a", "Li Wei")
        session.set_joined("c", "a", "Li Wei")
        session.set_joined("a", "gone", "Wang")

    store.write(work)
    assert (stored(store, "gone").joined, stored(store, "a").joined) == (("a", "b", "c"), ("b", "c"))
    assert (stored(store, "b").joined_into, stored(store, "gone").joined_into) == ("a", None)
    assert (EventKind.JOINED, "Wang", "gone") in told(store, "a")
    store.write(lambda session: session.set_joined("a", None, "Wang"))
    assert (stored(store, "gone").joined, stored(store, "a").joined_into) == ((), None)
    assert (EventKind.UNJOINED, "Wang", "gone") in told(store, "a")
    with store.read() as session:
        assert {one.ticket.ticket_id: one.joined_into for one in session.tickets()}["b"] == "a"


@pytest.mark.parametrize(("ticket_id", "into"), [("nothing", "a"), ("a", "nothing")])
def test_what_is_not_there_goes_with_nothing(store: Store, ticket_id: str, into: str) -> None:
    with pytest.raises(NotFound):
        store.write(lambda session: session.set_joined(ticket_id, into, "Li Wei"))
    with pytest.raises(NotFound):
        store.write(lambda session: session.note("nothing", EventKind.HELD, by="Li Wei"))


def test_a_joined_ticket_waits_for_nobody_and_can_be_taken_apart(store: Store) -> None:
    def status(wanted: TicketStatus) -> None:
        store.write(lambda session: session.set_status("a", wanted, None))

    status(TicketStatus.JOINED)
    assert free(store, "Wang") == ["c", "b"]
    with pytest.raises(TransitionRefused):
        status(TicketStatus.JOINED)
    status(TicketStatus.IN_REVIEW)
    status(TicketStatus.ON_HOLD)
    status(TicketStatus.ON_HOLD)


def test_a_ticket_may_become_more_pressing(store: Store) -> None:
    store.write(lambda session: session.set_priority("b", Priority.URGENT))
    assert free(store, "Wang") == ["b", "c", "a"]
    with store.read() as session:
        assert [(queue.priority, queue.count) for queue in session.queues()] == [
            (Priority.URGENT, 2),
            (Priority.NORMAL, 1),
        ]


def test_what_somebody_did_is_told(store: Store) -> None:
    store.write(lambda session: session.note("a", EventKind.HELD, by="Li Wei", detail="calls back"))
    assert told(store, "a")[-1] == (EventKind.HELD, "Li Wei", "calls back")


@pytest.mark.parametrize("reason", [None, ReviewReason.BOUNDARY])
def test_a_review_keeps_its_reason(store: Store, reason: ReviewReason | None) -> None:
    review = Review(ticket_id="a", unit_id="roads", by="Li Wei", at=NOW, reason=reason)
    store.write(lambda session: session.add_review(review))
    assert stored(store, "a").review == review
    store.write(lambda session: session.undo_review("a", by="Li Wei", reason="no"))
    with store.read() as session:
        assert list(session.undone_reviews("a")) == [review]
    store.write(lambda session: session.add_review(replace(review, unit_id="water-1")))
    assert (EventKind.REVIEWED, "Li Wei", "") in told(store, "a")


def test_a_ticket_that_goes_with_another_than_was_told_is_named(url: str) -> None:
    with closing(open_store(url)) as store:

        def work(session: WriteSession) -> None:
            for ticket_id in "abc":
                session.add_ticket(ticket(ticket_id))
                session.set_status(ticket_id, TicketStatus.IN_REVIEW, None)
            for ticket_id in "bc":
                session.set_status(ticket_id, TicketStatus.JOINED, None)
                session.set_joined(ticket_id, "a", "Li Wei")
            session.set_joined("c", None, "Li Wei")
            session.set_status("c", TicketStatus.IN_REVIEW, None)

        store.write(work)
        with store.read() as session:
            assert verify(session).findings == ()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tickets SET joined_into = 'c' WHERE ticket_id = 'b'"))
        connection.execute(text("UPDATE tickets SET joined_into = 'a' WHERE ticket_id = 'c'"))
    engine.dispose()
    with closing(open_store(url)) as store, store.read() as session:
        assert [finding.told.partition(";")[0] for finding in verify(session).findings] == [
            "ticket 'b' goes with c",
            "ticket 'c' goes with a",
        ]


def test_many_at_two_processes_never_get_the_same_ticket(url: str) -> None:
    with closing(open_store(url)) as one, closing(open_store(url)) as other:

        def work(session: WriteSession) -> None:
            for number in range(12):
                session.add_ticket(ticket(f"t{number}"))
                session.set_status(f"t{number}", TicketStatus.IN_REVIEW, None)

        one.write(work)
        with ThreadPoolExecutor(12) as pool:
            claimed = list(
                pool.map(lambda n: claim_next((one, other)[n % 2], f"reviewer {n}", NOW), range(12))
            )
        found = [claim.ticket.ticket_id for claim in claimed if claim is not None]
        assert sorted(found) == sorted(f"t{number}" for number in range(12))
        assert claim_next(other, "one more", NOW) is None
        assert told(one, "t0").count((EventKind.STATUS, "gridroute", "in_review")) == 1

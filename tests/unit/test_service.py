"""The use cases on the memory store: what is stored, what is answered, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from domain.decisions import Review
from domain.dispatches import LabelSource
from domain.errors import (
    AlreadyDecided,
    DuplicateTicket,
    GridrouteError,
    NotFound,
    StoreFull,
    StoreUnavailable,
    UnitClosed,
)
from domain.places import Point
from domain.tickets import Ticket, TicketStatus
from domain.units import Unit
from router.beside import NobodyBeside
from router.ports import Store, WriteSession
from router.service import RoutingService
from router.submission import Draft, Submission
from store.memory import MemoryStore
from store.sql import open_store
from tests.serving import (
    IN_NORTH,
    NOW,
    UNITS,
    Clock,
    FailingStore,
    a_dispatch,
    a_ticket,
    furnished,
    no_bundle,
    serve,
)
from tests.stores import new_sqlite

T = TypeVar("T")
NOWHERE = a_ticket(text="Something is broken", point=None)
QUARREL = a_ticket(text="The newspaper asks")
GAS = a_ticket()


def a_review(unit_id: str = "north", ticket_id: str = "t1") -> Review:
    return Review(ticket_id=ticket_id, unit_id=unit_id, by="Li Wei", at=NOW)


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Both stores, furnished."""
    found = MemoryStore() if request.param == "memory" else open_store(new_sqlite(tmp_path / "g.db"))
    yield furnished(found)
    found.close()


@pytest.mark.parametrize(
    ("ticket", "status", "unit", "deliveries"),
    [
        (GAS, TicketStatus.DISPATCHED, "gas", ["gas"]),
        (QUARREL, TicketStatus.IN_REVIEW, None, []),
        (NOWHERE, TicketStatus.ON_HOLD, None, []),
    ],
)
def test_a_ticket_is_stored_with_its_decision_and_delivered_only_when_dispatched(
    store: Store, ticket: Ticket, status: TicketStatus, unit: str | None, deliveries: list[str]
) -> None:
    service = service_on(store)
    answer = service.submit(ticket)
    with store.read() as session:
        kept = session.ticket("t1")
        queued = [delivery.unit_id for delivery in session.pending_deliveries()]
    assert kept == answer.stored
    assert kept is not None
    assert (kept.status, kept.unit_id, kept.decision is not None) == (status, unit, True)
    assert queued == deliveries
    assert answer.created


def test_the_answer_waits_for_the_commit() -> None:
    class HeldStore(MemoryStore):
        held = threading.Event()
        release = threading.Event()

        def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
            future: Future[T] = Future()

            def commit() -> None:
                self.release.wait()
                future.set_result(self.write(work))

            threading.Thread(target=commit).start()
            self.held.set()
            return future

    store = HeldStore()
    service = serve(store)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(service.submit, GAS)
        store.held.wait()
        assert not answer.done()
        store.release.set()
        assert answer.result().created


def test_the_same_ticket_again_answers_what_is_stored(store: Store) -> None:
    service = service_on(store)
    first = service.submit(GAS)
    service.review(a_review("south"))
    again = service.submit(GAS)
    assert not again.created
    assert again.stored.decision == first.stored.decision
    assert again.stored.unit_id == "south"


@pytest.mark.parametrize(
    ("change", "stamped", "repeats"),
    [
        ({"received_at": NOW - timedelta(hours=1)}, False, False),
        ({"received_at": NOW - timedelta(hours=1)}, True, True),
        ({"text": "Another text"}, True, False),
        ({"point": Point(latitude=31.0, longitude=121.0)}, False, False),
        ({"attributes": {"ward": "3"}}, False, False),
    ],
)
def test_other_content_under_the_same_id_is_refused_but_for_our_own_stamp(
    store: Store, change: dict[str, Any], stamped: bool, repeats: bool
) -> None:
    service = service_on(store)
    service.submit(GAS)
    other = a_ticket(**change)
    if repeats:
        assert service.submit(other, stamped=stamped).stored.ticket == GAS
    else:
        with pytest.raises(DuplicateTicket):
            service.submit(other, stamped=stamped)
    assert service.ticket("t1").ticket == GAS


def test_of_simultaneous_tickets_with_one_id_exactly_one_is_stored(store: Store) -> None:
    service = service_on(store)
    start = threading.Barrier(8)

    def post(_: int) -> Submission:
        start.wait()
        return service.submit(GAS)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert sum(answer.created for answer in answers) == 1
    with store.read() as session:
        assert len(session.tickets()) == 1
        assert len(session.pending_deliveries()) == 1


def test_in_a_batch_each_answers_for_itself(store: Store) -> None:
    service = service_on(store)
    service.submit(GAS)
    tickets = [a_ticket("a"), a_ticket("t1"), a_ticket("t1", text="Other"), a_ticket("a"), NOWHERE]
    answers = service.submit_batch([Draft(ticket=t) for t in tickets])
    told = [a.created if isinstance(a, Submission) else type(a) for a in answers]
    assert told == [True, False, DuplicateTicket, False, DuplicateTicket]


class Hands(NobodyBeside):
    """Somebody beside this process who always has something else to do."""

    places = 1


def test_the_next_batch_is_decided_while_the_last_is_written(tmp_path: Path) -> None:
    held, go, begun, done = threading.Event(), threading.Event(), list[str](), threading.Semaphore(0)
    with closing(open_store(new_sqlite(tmp_path / "g.db"))) as store, ThreadPoolExecutor(2) as callers:
        service = service_on(furnished(store))
        service.decider.beside = Hands()
        decide = service.decider.in_parts

        def told(drafts: Sequence[Draft]) -> Iterator[list[Any]]:
            begun.append(drafts[0].ticket.ticket_id)
            yield from decide(drafts)
            begun.append("done")
            done.release()

        service.decider.in_parts = told  # type: ignore[method-assign]
        store.submit(lambda _: (held.set(), go.wait(30)))  # type: ignore[func-returns-value]
        assert held.wait(30)
        answers = [callers.submit(service.submit_batch, [Draft(ticket=a_ticket(name))]) for name in "ab"]
        assert done.acquire(timeout=30)
        assert done.acquire(timeout=30)
        assert begun[1::2] == ["done", "done"]  # one after the other
        assert not any(answer.done() for answer in answers)
        go.set()
        told_of = [answer.result(30) for answer in answers]
    assert [one.created for (one,) in told_of if isinstance(one, Submission)] == [True, True]


@pytest.mark.parametrize(
    "error", [StoreFull(problem="the disk is full", mend="x"), StoreUnavailable(problem="gone", mend="x")]
)
def test_where_the_store_fails_nothing_is_accepted(error: GridrouteError) -> None:
    store = FailingStore()
    service = serve(store)
    store.error = error
    with pytest.raises(type(error)):
        service.submit(GAS)
    assert service.submit_batch([Draft(ticket=GAS)]) == [error]
    store.error = None
    with pytest.raises(NotFound):
        service.ticket("t1")
    assert service.submit(GAS).created


@pytest.mark.parametrize(
    ("ticket", "unit", "source", "deliveries"),
    [
        (GAS, "gas", LabelSource.CONFIRMATION, ["gas"]),
        (GAS, "north", LabelSource.REASSIGNMENT, ["gas", "gas", "north"]),
        (NOWHERE, "south", LabelSource.CONFIRMATION, ["south"]),
    ],
)
def test_a_review_dispatches_and_is_the_label(
    store: Store, ticket: Ticket, unit: str, source: LabelSource, deliveries: list[str]
) -> None:
    clock = Clock()
    service = service_on(store, clock)
    service.submit(ticket)
    clock.move(minutes=5)
    reviewed = service.review(a_review(unit))
    with store.read() as session:
        (entry,) = session.dispatches()
        queued = [delivery.unit_id for delivery in session.pending_deliveries()]
    assert (reviewed.status, reviewed.unit_id) == (TicketStatus.DISPATCHED, unit)
    assert service.ticket("t1") == reviewed
    assert (entry.ticket, entry.unit_id, entry.source, entry.by) == (ticket, unit, source, "Li Wei")
    assert entry.known_at == clock.now
    assert queued == deliveries


def test_the_next_ticket_feels_the_review_and_an_automatic_dispatch_is_no_label() -> None:
    service = serve()
    assert _sequence(service.submit(GAS)) == 0
    assert _sequence(service.submit(a_ticket("t2"))) == 0
    service.review(a_review("north", "t1"))
    assert _sequence(service.submit(a_ticket("t3"))) == 1
    service.review(a_review("south", "t2"))
    assert _sequence(service.submit(a_ticket("t4"))) == 2


@pytest.mark.parametrize(
    ("review", "error"),
    [
        (a_review("nobody"), NotFound),
        (a_review("old"), UnitClosed),
        (a_review(ticket_id="unknown"), NotFound),
        (a_review(ticket_id="imported"), NotFound),
    ],
)
def test_a_review_that_cannot_be_changes_nothing(review: Review, error: type[GridrouteError]) -> None:
    store = furnished()
    past = a_dispatch("imported", "north", NOW - timedelta(days=9))
    store.write(lambda session: session.append_dispatches([past]))
    service = serve(store)
    before = service.submit(GAS).stored
    with pytest.raises(error):
        service.review(review)
    assert service.ticket("t1") == before
    with store.read() as session:
        assert session.last_sequence() == 1


def test_a_unit_that_was_closed_a_moment_ago_gets_no_review() -> None:
    store = furnished()
    service = serve(store)
    service.submit(GAS)
    closed = Unit(unit_id="north", name="North crew", validity=UNITS[3].validity, successors=("south",))
    store.write(lambda session: session.put_units([closed]))
    with pytest.raises(UnitClosed) as refusal:
        service.review(a_review("north"))
    assert refusal.value.successors == ("south",)


def test_of_simultaneous_reviews_one_decides(store: Store) -> None:
    service = service_on(store)
    service.submit(GAS)
    start = threading.Barrier(6)

    def decide(number: int) -> bool:
        start.wait()
        try:
            service.review(a_review("north" if number % 2 else "south"))
        except AlreadyDecided:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(decide, range(6))) == 1
    with store.read() as session:
        assert session.last_sequence() == 1


def test_a_clock_that_goes_back_does_not_reorder_the_log() -> None:
    store, clock = furnished(), Clock()
    service = serve(store, clock)
    for name in ("t1", "t2", "t3"):
        service.submit(a_ticket(name, received_at=NOW - timedelta(days=1)))
        service.review(a_review(ticket_id=name))
        clock.move(minutes=-10)
    with store.read() as session:
        known = [entry.known_at for entry in session.dispatches()]
    assert known == sorted(known)
    assert _sequence(service.submit(a_ticket("t4"))) == 3


def test_a_changed_rule_or_unit_is_picked_up_by_a_refresh() -> None:
    store = furnished()
    service = serve(store)
    store.write(lambda session: session.put_units([Unit(unit_id="gas", name="Gas, renamed")]))
    assert service.unit_name("gas") == "Gas emergency"
    service.refresh()
    assert service.unit_name("gas") == "Gas, renamed"


def test_readiness_names_each_thing_that_is_missing() -> None:
    bare = RoutingService(MemoryStore(), Clock(), no_bundle)
    assert [p.code for p in bare.readiness().problems] == ["no_units", "no_history", "no_model"]
    assert bare.submit(a_ticket(point=IN_NORTH)).stored.status is TicketStatus.ON_HOLD
    store = MemoryStore()
    closed = RoutingService(store, Clock(), no_bundle)
    store.close()
    assert closed.readiness().problems[0].code == "store_unavailable"


def service_on(store: Store, clock: Clock | None = None) -> RoutingService:
    return RoutingService(store, clock or Clock(), no_bundle)


def _sequence(submission: Submission) -> int:
    assert submission.stored.decision is not None
    return submission.stored.decision.history_sequence

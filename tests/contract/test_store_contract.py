"""What every store promises, whatever it stands on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.automation import Resumption, Suspension
from domain.decisions import Decision, Policy, Reason, Verdict
from domain.dispatches import Dispatch, LabelSource
from domain.errors import AlreadyDecided, DuplicateTicket, NotFound, StoreUnavailable, TransitionRefused
from domain.places import Account
from domain.safety import Priority
from domain.tickets import ALLOWED_TRANSITIONS, TicketStatus
from domain.time import Validity
from models.evidence import Errors, Returns
from router.audit import verify
from router.automation_ports import Audited, Detector, Watched
from router.city import CityQuery
from router.delivery_ports import Reply
from router.finding import TicketQuery, place_key
from router.ports import (
    EventKind,
    Labelled,
    Pointers,
    Queue,
    ReadSession,
    Store,
    StoredTicket,
    TicketEvent,
    WriteSession,
)
from router.sight import Sight
from router.submission import decided
from tests.contract import samples
from tests.contract.samples import NOW, TERRITORY, WATER, bundle, decision, dispatch, review, ticket

REFERENCES: list[Any] = [
    pytest.param("units", [samples.ROADS, samples.WATER], {"name": "Roads and squares"}, id="units"),
    pytest.param("territories", [samples.TERRITORY], {"unit_id": "roads"}, id="territories"),
    pytest.param("rules", [samples.RULE], {"priority": 8}, id="rules"),
    pytest.param("accounts", [samples.ACCOUNT], {"phone": None}, id="accounts"),
    pytest.param("addresses", [samples.ADDRESS], {"district": "黄浦"}, id="addresses"),
]


def put(store: Store, kind: str, items: Iterable[object]) -> int:
    """Call the put_ of `kind`."""
    changed: int = store.write(lambda session: getattr(session, f"put_{kind}")(items))
    return changed


def read(store: Store, kind: str) -> list[Any]:
    """Everything of `kind`."""
    with store.read() as session:
        return list(getattr(session, kind)())


def world_version(store: Store) -> str:
    with store.read() as session:
        return session.world_version()


def append(store: Store, *dispatches: Dispatch) -> list[int]:
    """Append in one work; answers the sequences given."""
    return [entry.sequence for entry in store.write(lambda session: session.append_dispatches(dispatches))]


def stored(store: Store, ticket_id: str = "1") -> StoredTicket:
    with store.read() as session:
        found = session.ticket(ticket_id)
    assert found is not None
    return found


def bring_to(session: WriteSession, status: TicketStatus) -> None:
    """A new ticket "1" in `status`, by the shortest way there."""
    session.add_ticket(ticket())
    if status is TicketStatus.JOINED:
        session.set_status("1", TicketStatus.IN_REVIEW, None)
    if status is not TicketStatus.RECEIVED:
        session.set_status("1", status, "water-1")


@pytest.mark.parametrize(("kind", "items", "change"), REFERENCES)
def test_reference_data_come_back_as_they_were(
    store: Store, kind: str, items: list[Any], change: dict[str, object]
) -> None:
    assert read(store, kind) == []
    assert put(store, kind, reversed(items)) == len(items)
    assert read(store, kind) == items


@pytest.mark.parametrize(("kind", "items", "change"), REFERENCES)
def test_putting_again_changes_only_what_differs(
    store: Store, kind: str, items: list[Any], change: dict[str, object]
) -> None:
    empty = world_version(store)
    put(store, kind, items)
    filled = world_version(store)
    assert put(store, kind, iter(items)) == 0
    assert world_version(store) == filled
    changed = [replace(items[0], **change), *items[1:]]
    assert put(store, kind, changed) == 1
    assert read(store, kind) == changed
    assert len({empty, filled, world_version(store)}) == 3


def decided_like(ticket_id: str, verdict: Verdict) -> StoredTicket:
    return decided(ticket(ticket_id), decision(ticket_id, verdict=verdict), NOW, Policy())


def add_step_by_step(session: WriteSession, one: StoredTicket) -> None:
    ticket_id = one.ticket.ticket_id
    assert one.decision is not None
    session.add_ticket(one.ticket, one.priority)
    session.add_decision(one.decision, NOW)
    session.set_status(ticket_id, one.status, one.unit_id)
    session.set_due(ticket_id, one.due_at)
    if one.unit_id is not None:
        session.add_delivery(ticket_id, one.unit_id, NOW)


def told_of(session: ReadSession, ticket_id: str) -> list[object]:
    """All that the store tells of a ticket, under another id."""
    nobody, late, none = (
        ticket("nobody"),
        NOW + timedelta(days=1),
        dict[str, Any](ticket_id="", webhook_id=""),
    )
    found = session.ticket(ticket_id)
    assert found is not None
    assert found.decision is not None
    queries = (
        TicketQuery(unit_ids=frozenset({"water-1"})),
        TicketQuery(statuses=frozenset({found.status})),
        TicketQuery(places=frozenset({place_key(found.decision, NOW) or ""})),
        TicketQuery(sight=Sight(units=frozenset({"water-1"}))),
        TicketQuery(priorities=frozenset({Priority.HIGH})),
    )
    return [
        replace(found, ticket=nobody, decision=replace(found.decision, ticket_id="")),
        [replace(one, **none, delivery_id=0) for one in session.deliveries(ticket_id=ticket_id)],
        [(one.kind, one.by, one.unit_id, one.detail) for one in session.events(ticket_id)],
        ticket_id in session.overdue(late),
        [ticket_id in {one.ticket.ticket_id for one in session.find_tickets(query)} for query in queries],
    ]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_decided_ticket_stands_as_if_it_had_been_added_step_by_step(store: Store, verdict: Verdict) -> None:
    store.write(lambda session: session.add_decided(decided_like("1", verdict)))
    store.write(lambda session: add_step_by_step(session, decided_like("2", verdict)))
    with store.read() as session:
        assert told_of(session, "1") == told_of(session, "2")
        cells = session.ticket_cells(
            CityQuery(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)), 8
        )
        assert [cell.count for cell in cells] == [2]
        assert verify(session).findings == ()


def test_a_decided_ticket_is_added_whole_or_not_at_all(store: Store) -> None:
    first, again = decided_like("1", Verdict.DISPATCH), decided_like("1", Verdict.REVIEW)
    store.write(lambda session: session.add_decided(first))
    with pytest.raises(DuplicateTicket):
        store.write(lambda session: session.add_decided(again))
    with store.read() as session:
        assert len(session.deliveries()) == 1
        assert [one.kind for one in session.events("1")] == [
            EventKind.RECEIVED,
            EventKind.DECIDED,
            EventKind.STATUS,
            EventKind.QUEUED,
        ]
        assert verify(session).findings == ()


def test_the_last_of_two_with_one_id_stays(store: Store) -> None:
    assert put(store, "units", [samples.WATER, replace(samples.WATER, name="new")]) == 1
    assert [unit.name for unit in read(store, "units")] == ["new"]


def test_more_than_one_batch_of_accounts(store: Store) -> None:
    accounts = [Account(account_id=f"{i:05}") for i in range(2500)]
    assert put(store, "accounts", accounts) == 2500
    assert put(store, "accounts", [*accounts, Account(account_id="x")]) == 1
    assert len(read(store, "accounts")) == 2501


def test_order_is_by_code_point(store: Store) -> None:
    names = ["B", "a", "Ä", "祖", "_"]
    put(store, "accounts", [Account(account_id=name) for name in names])
    assert [account.account_id for account in read(store, "accounts")] == sorted(names)


def test_a_ticket_comes_back_as_it_was(store: Store) -> None:
    store.write(lambda session: session.add_ticket(ticket()))
    assert stored(store) == StoredTicket(ticket=ticket(), status=TicketStatus.RECEIVED)
    assert stored(store).ticket.received_at.isoformat() == ticket().received_at.isoformat()


def test_an_unknown_ticket_is_none(store: Store) -> None:
    with store.read() as session:
        assert session.ticket("1") is None
        assert session.events("1") == []


def test_a_taken_ticket_id_is_refused(store: Store) -> None:
    store.write(lambda session: session.add_ticket(ticket()))
    with pytest.raises(DuplicateTicket) as caught:
        store.write(lambda session: session.add_ticket(ticket(text="another")))
    assert caught.value.ticket_id == "1"
    assert stored(store).ticket == ticket()


@pytest.mark.parametrize("wanted", TicketStatus)
@pytest.mark.parametrize("current", TicketStatus)
def test_status_changes_follow_the_table(store: Store, current: TicketStatus, wanted: TicketStatus) -> None:
    store.write(lambda session: bring_to(session, current))
    before = stored(store)
    if wanted in ALLOWED_TRANSITIONS[current]:
        store.write(lambda session: session.set_status("1", wanted, "roads"))
        assert (stored(store).status, stored(store).unit_id) == (wanted, "roads")
    else:
        with pytest.raises(TransitionRefused, match=wanted.value):
            store.write(lambda session: session.set_status("1", wanted, "roads"))
        assert stored(store) == before


def test_the_latest_decision_counts(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_ticket(ticket())
        session.add_ticket(ticket("2"))
        session.add_decision(decision(unit_id="roads"), NOW)
        session.add_decision(decision("2", unit_id="roads"), NOW)
        session.add_decision(decision(), later)

    later = NOW + timedelta(minutes=1)
    store.write(work)
    with store.read() as session:
        assert session.decisions("1") == [(NOW, decision(unit_id="roads")), (later, decision())]
        assert session.decisions("9") == []
    assert stored(store).decision == decision()
    assert repr(stored(store).decision) == repr(decision())  # -0.0 and 0.0 are equal, but not the same
    assert stored(store, "2").decision == decision("2", unit_id="roads")


def test_tickets_of_which_the_log_says_nothing_are_counted(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for ticket_id in ("told", "untold", "waits"):
            session.add_ticket(ticket(ticket_id))
            waits = ticket_id == "waits"
            status = TicketStatus.IN_REVIEW if waits else TicketStatus.DISPATCHED
            session.set_status(ticket_id, status, None if waits else "roads")
        session.append_dispatches([dispatch("told"), dispatch("told"), dispatch("another")])

    with store.read() as session:
        assert session.labelled() == Labelled(dispatched=0, untold=0)
    store.write(work)
    with store.read() as session:
        assert session.labelled() == Labelled(dispatched=2, untold=1)


def test_a_ticket_is_reviewed_once(store: Store) -> None:
    store.write(lambda session: session.add_ticket(ticket()))
    store.write(lambda session: session.add_review(review()))
    with pytest.raises(AlreadyDecided) as caught:
        store.write(lambda session: session.add_review(review(unit_id="gas")))
    assert (caught.value.ticket_id, caught.value.unit_id) == ("1", "roads")
    assert stored(store).review == review()


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda s: s.set_status("9", TicketStatus.ON_HOLD, None), id="status"),
        pytest.param(lambda s: s.add_decision(decision("9"), NOW), id="decision"),
        pytest.param(lambda s: s.add_review(review("9")), id="review"),
        pytest.param(lambda s: s.add_delivery("9", "roads", NOW), id="delivery"),
    ],
)
def test_what_concerns_no_ticket_is_not_found(store: Store, work: Callable[[WriteSession], None]) -> None:
    with pytest.raises(NotFound) as caught:
        store.write(work)
    assert (caught.value.kind, caught.value.key) == ("ticket", "9")


def test_tickets_are_listed_newest_first(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for ticket_id, minutes in (("a", 5), ("b", 9), ("d", 7), ("c", 7)):
            session.add_ticket(ticket(ticket_id, minutes))
        session.set_status("b", TicketStatus.ON_HOLD, None)

    store.write(work)
    with store.read() as session:
        assert [found.ticket.ticket_id for found in session.tickets()] == ["b", "c", "d", "a"]
        assert [found.ticket.ticket_id for found in session.tickets(limit=2)] == ["b", "c"]
        held = session.tickets(TicketStatus.ON_HOLD)
        assert [found.ticket.ticket_id for found in held] == ["b"]


def test_what_waits_is_listed_most_pressing_first_then_first_received(store: Store) -> None:
    given = [
        ("a", 1, Priority.NORMAL, TicketStatus.IN_REVIEW),
        ("b", 2, Priority.URGENT, TicketStatus.DISPATCHED),
        ("c", 3, Priority.NORMAL, TicketStatus.ON_HOLD),
        ("d", 4, Priority.HIGH, TicketStatus.IN_REVIEW),
        ("e", 9, Priority.URGENT, TicketStatus.ON_HOLD),
        ("g", 8, Priority.URGENT, TicketStatus.IN_REVIEW),
        ("f", 8, Priority.URGENT, TicketStatus.IN_REVIEW),
        ("h", 0, Priority.URGENT, TicketStatus.RECEIVED),
    ]

    def work(session: WriteSession) -> None:
        for ticket_id, minutes, priority, status in given:
            session.add_ticket(ticket(ticket_id, minutes), priority)
            if status is not TicketStatus.RECEIVED:
                session.set_status(ticket_id, status, None)

    with store.read() as session:
        assert (session.waiting(), session.queues()) == ([], [])
    store.write(work)
    with store.read() as session:
        assert [found.ticket.ticket_id for found in session.waiting()] == ["f", "g", "e", "d", "a", "c"]
        assert [found.ticket.ticket_id for found in session.waiting(limit=2)] == ["f", "g"]
        assert [found.priority for found in session.waiting(limit=4)] == [
            *[Priority.URGENT] * 3,
            Priority.HIGH,
        ]
        assert session.queues() == [
            Queue(priority=Priority.URGENT, count=3, since=NOW + timedelta(minutes=8)),
            Queue(priority=Priority.HIGH, count=1, since=NOW + timedelta(minutes=4)),
            Queue(priority=Priority.NORMAL, count=2, since=NOW + timedelta(minutes=1)),
        ]
        assert [found.priority for found in session.tickets(limit=1)] == [Priority.URGENT]


def test_the_outbox_gives_what_is_most_pressing_first(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for ticket_id, priority in (("a", Priority.NORMAL), ("b", Priority.URGENT), ("c", Priority.HIGH)):
            session.add_ticket(ticket(ticket_id), priority)
            session.add_delivery(ticket_id, "roads", NOW)
        session.add_delivery("b", "water-1", NOW)

    store.write(work)
    with store.read() as session:
        assert [found.ticket_id for found in session.pending_deliveries()] == ["b", "b", "c", "a"]
        assert [found.unit_id for found in session.pending_deliveries(limit=2)] == ["roads", "water-1"]


def test_events_tell_what_happened(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_ticket(ticket())
        session.add_ticket(ticket("2"))
        session.add_decision(decision(), NOW)
        session.set_status("1", TicketStatus.DISPATCHED, "water-1")
        session.add_delivery("1", "water-1", NOW)
        session.add_review(review())
        session.set_status("1", TicketStatus.DISPATCHED, "roads", by="王")

    store.write(work)
    expected: list[tuple[EventKind, str, str | None, str]] = [
        (EventKind.RECEIVED, "phone", None, ""),
        (EventKind.DECIDED, "gridroute", "water-1", "dispatch"),
        (EventKind.STATUS, "gridroute", "water-1", "dispatched"),
        (EventKind.QUEUED, "gridroute", "water-1", ""),
        (EventKind.REVIEWED, "王", "roads", "不是我们的管道"),
        (EventKind.STATUS, "王", "roads", "dispatched"),
    ]
    with store.read() as session:
        assert session.events("1") == [
            TicketEvent(ticket_id="1", kind=kind, at=NOW, by=by, unit_id=unit_id, detail=detail)
            for kind, by, unit_id, detail in expected
        ]


def test_the_outbox_gives_the_oldest_first(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_ticket(ticket())
        session.add_delivery("1", "water-1", NOW)
        session.add_delivery("1", "roads", NOW + timedelta(minutes=1))

    store.write(work)
    with store.read() as session:
        first, second = session.pending_deliveries()
        assert session.pending_deliveries(limit=1) == [first]
    assert (first.ticket_id, first.unit_id, first.queued_at) == ("1", "water-1", NOW)
    assert (second.unit_id, second.queued_at) == ("roads", NOW + timedelta(minutes=1))


def test_the_log_counts_from_one_in_the_order_known(store: Store) -> None:
    assert append(store, dispatch("b", minutes=20), dispatch("a", minutes=10), dispatch("c", minutes=20)) == [
        1,
        2,
        3,
    ]
    assert append(store, dispatch("d", minutes=5)) == [4]  # the log follows arrival
    with store.read() as session:
        log = list(session.dispatches())
        assert [entry.ticket.ticket_id for entry in log] == ["a", "b", "c", "d"]
        assert log[0] == replace(dispatch("a", minutes=10), sequence=1)
        assert [entry.sequence for entry in session.dispatches(after=2)] == [3, 4]
        assert session.last_sequence() == 4


def test_entries_of_the_log_are_found_by_their_number(store: Store) -> None:
    append(store, dispatch("a"), dispatch("b"), dispatch("c"))
    with store.read() as session:
        found = session.dispatches_at([3, 1, 0, 4, -1])
        assert dict(found) == {1: replace(dispatch("a"), sequence=1), 3: replace(dispatch("c"), sequence=3)}
        assert session.dispatches_at(()) == {}


def test_the_log_is_told_without_its_tickets(store: Store) -> None:
    append(store, dispatch("b", minutes=20), dispatch("a", minutes=10))
    taken_back = replace(dispatch("a", minutes=30), source=LabelSource.RETRACTION)
    append(store, taken_back)
    with store.read() as session:
        told = [
            (one.sequence, one.ticket_id, one.unit_id, one.known_at, one.source)
            for one in session.dispatches()
        ]
        assert list(session.outcomes()) == told
        assert [one.source for one in session.outcomes()][-1] is LabelSource.RETRACTION


def test_an_empty_log_ends_at_zero(store: Store) -> None:
    with store.read() as session:
        assert (session.last_sequence(), list(session.dispatches())) == (0, [])


def test_importing_again_appends_only_what_is_new(store: Store) -> None:
    assert append(store, dispatch("a"), dispatch("b")) == [1, 2]
    assert append(store, dispatch("b"), dispatch("c"), dispatch("a"), dispatch("c")) == [3]
    assert [entry.ticket.ticket_id for entry in read(store, "dispatches")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(dispatch("a", text="another"), id="text"),
        pytest.param(dispatch("a", unit_id="roads"), id="unit"),
        pytest.param(dispatch("a", minutes=61), id="time"),
    ],
)
@pytest.mark.parametrize("in_one_batch", [False, True])
def test_one_imported_id_with_two_contents_is_refused(
    store: Store, other: Dispatch, in_one_batch: bool
) -> None:
    append(store, dispatch("x"), *([] if in_one_batch else [dispatch("a")]))
    with pytest.raises(DuplicateTicket) as caught:
        append(store, dispatch("b"), dispatch("a"), other)
    assert caught.value.ticket_id == "a"
    kept = ["x"] if in_one_batch else ["x", "a"]
    assert [entry.ticket.ticket_id for entry in read(store, "dispatches")] == kept


def test_a_time_in_a_repeated_hour_is_known_again(store: Store) -> None:
    twice = NOW.replace(month=11, day=3, hour=1, minute=30, tzinfo=ZoneInfo("America/New_York"))
    entry = Dispatch(ticket=replace(ticket(), received_at=twice), unit_id="roads", known_at=twice)
    assert append(store, entry) == [1]
    assert append(store, entry) == []
    assert read(store, "dispatches")[0].known_at == twice.astimezone(UTC)


def test_a_confirmation_and_a_later_correction_both_stand(store: Store) -> None:
    confirmed = dispatch(source=LabelSource.CONFIRMATION)
    corrected = dispatch(unit_id="roads", minutes=90, source=LabelSource.REASSIGNMENT)
    assert append(store, confirmed) == [1]
    assert append(store, confirmed, corrected) == [2]
    assert [entry.source for entry in read(store, "dispatches")] == [confirmed.source, corrected.source]


def test_bundles_are_numbered_and_known_by_digest(store: Store) -> None:
    first = store.write(lambda session: session.add_bundle(bundle("aa")))
    second = store.write(lambda session: session.add_bundle(bundle("bb")))
    again = store.write(lambda session: session.add_bundle(replace(bundle("aa"), path="elsewhere")))
    assert (first, second) == (replace(bundle("aa"), version=1), replace(bundle("bb"), version=2))
    assert again == first
    assert read(store, "bundles") == [first, second]


def test_a_bundle_that_mlflow_learns_of_later_keeps_its_first_ids(store: Store) -> None:
    untracked, tracked, again = (
        replace(bundle("aa"), mlflow_run_id=run, mlflow_version=number)
        for run, number in ((None, None), ("run 7", "7"), ("run 8", "8"))
    )
    store.write(lambda session: session.add_bundle(untracked))
    told = store.write(lambda session: session.add_bundle(tracked))
    assert told == replace(tracked, version=1)
    assert store.write(lambda session: session.add_bundle(again)) == told
    assert read(store, "bundles") == [told]


def test_a_bundle_keeps_its_dates_until_others_are_registered(store: Store) -> None:
    def add(issue: str | None) -> str | None:
        record = replace(bundle("aa"), mlflow_run_id="run 7", mlflow_version="7", issue=issue)
        return store.write(lambda session: session.add_bundle(record)).issue

    assert [add(issue) for issue in (None, "cd", None, "ef")] == [None, "cd", "cd", "ef"]
    assert [one.issue for one in read(store, "bundles")] == ["ef"]


def test_pointers_move_together(store: Store) -> None:
    def work(session: WriteSession) -> Pointers:
        session.add_bundle(bundle("aa"))
        session.add_bundle(bundle("bb"))
        session.set_pointers(Pointers(champion=2, challenger=1, previous=1, since=NOW))
        return session.pointers()

    assert store.write(work) == Pointers(champion=2, challenger=1, previous=1, since=NOW)
    store.write(lambda session: session.set_pointers(Pointers(champion=1)))
    with store.read() as session:
        assert session.pointers() == Pointers(champion=1)


def test_who_moves_a_pointer_or_brings_units_and_why_stands_in_the_event_log(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.add_bundle(bundle("aa"))
        session.set_pointers(Pointers(champion=1, since=NOW), by="王", reason="复盘通过")
        session.set_pointers(Pointers(champion=1))
        session.put_units([WATER], by="李")
        session.put_territories([TERRITORY], by="李")
        session.put_territories([TERRITORY], by="张")  # changes nothing

    store.write(work)
    with store.read() as session:
        told = [(one.kind, one.by, one.detail) for one in session.event_log()]
    assert [(kind.value, by) for kind, by, _ in told] == [
        ("promoted", "王"),
        ("promoted", "gridroute"),
        ("changed", "李"),
        ("changed", "李"),
    ]
    assert json.loads(told[0][2]) == {
        "champion": 1,
        "challenger": None,
        "previous": None,
        "since": NOW.isoformat(),
        "reason": "复盘通过",
    }


@pytest.mark.parametrize("wrong", [Pointers(champion=7), Pointers(challenger=7), Pointers(previous=7)])
def test_a_pointer_to_an_unknown_version_is_refused(store: Store, wrong: Pointers) -> None:
    with pytest.raises(NotFound, match="7"):
        store.write(lambda session: session.set_pointers(wrong))
    with store.read() as session:
        assert session.pointers() == Pointers()


def suspensions(store: Store) -> list[Suspension]:
    with store.read() as session:
        return list(session.suspensions())


def test_a_suspension_stands_until_somebody_lifts_it(store: Store) -> None:
    given = (samples.SUSPENDED, replace(samples.STOPPED, suspension_id=77))
    made = [store.write(lambda session, one=one: session.add_suspension(one)) for one in given]  # type: ignore[misc]
    assert suspensions(store) == made
    assert [replace(one, suspension_id=0) for one in made] == [samples.SUSPENDED, samples.STOPPED]
    assert 0 < made[0].suspension_id < made[1].suspension_id
    over = Resumption(suspension_id=made[0].suspension_id, at=NOW, by="王", reason="好了")
    assert store.write(lambda session: session.add_resumption(over)) == made[0]
    assert suspensions(store) == made[1:]
    for wrong in (over, replace(over, suspension_id=9_999)):
        with pytest.raises(NotFound) as caught:
            store.write(lambda session, wrong=wrong: session.add_resumption(wrong))  # type: ignore[misc]
        assert caught.value.key == str(wrong.suspension_id)
    again = store.write(lambda session: session.add_suspension(samples.SUSPENDED))
    assert suspensions(store) == [made[1], again]


@pytest.mark.parametrize(
    ("detector", "seen", "later"),
    [
        (Detector.GROUP_AUDITS, Errors(), Errors(rows=3, errors=1, sums=(0.1 + 0.2, 1e90))),
        (Detector.UNIT_AUDITS, Errors(rows=1, sums=(0.5,)), Errors()),
        (Detector.UNIT_RETURNS, Returns(), Returns(runs=((NOW.timestamp(), 7, 1), (2e9, 1, 0)))),
    ],
)
def test_what_a_detector_has_seen_is_kept_by_bundle_and_key(
    store: Store, detector: Detector, seen: Errors | Returns, later: Errors | Returns
) -> None:
    one = Watched(bundle_digest="aa", detector=detector, key="给水一所", seen=seen)
    others = [replace(one, bundle_digest="bb", upto=5), replace(one, key="b", upto=2**40)]
    for watched in (one, *others):
        store.write(lambda session, watched=watched: session.put_watched(watched))  # type: ignore[misc]
    changed = replace(one, seen=later, upto=9)
    store.write(lambda session: session.put_watched(changed))
    with store.read() as session:
        for watched in (changed, *others):
            assert session.watched(watched.bundle_digest, detector, watched.key) == watched
        assert session.watched("cc", detector, "b") is None
        assert all(session.watched("aa", other, one.key) is None for other in {*Detector} - {detector})


def test_automatic_dispatches_of_a_unit_are_numbered(store: Store) -> None:
    certified = decision("a", group="pooled")
    given = [
        certified,
        replace(certified, ticket_id="b", group=None),  # by a rule
        replace(certified, ticket_id="c", verdict=Verdict.REVIEW),
        replace(certified, ticket_id="d", unit_id="roads"),
        replace(certified, ticket_id="e", bundle_digest="cd" * 32),
        replace(certified, ticket_id="f"),
    ]
    with store.read() as session:
        assert session.last_sent() == 0
    for minutes, one in enumerate(given):

        def work(session: WriteSession, one: Decision = one, minutes: int = minutes) -> None:
            session.add_ticket(ticket(one.ticket_id))
            session.add_decision(one, NOW + timedelta(minutes=minutes))

        store.write(work)
    with store.read() as session:
        first, last = session.sent("ab" * 32, "water-1")
        assert (first.at, last.at) == (NOW, NOW + timedelta(minutes=5))
        assert session.sent("ab" * 32, "water-1", limit=1) == [first]
        assert session.sent("ab" * 32, "water-1", after=first.number) == [last]
        assert session.sent("ab" * 32, "water-1", after=session.last_sent()) == []
        assert session.last_sent() >= last.number > first.number


def test_blind_reviews_are_counted_by_group(store: Store) -> None:
    audited = decision("a", group="pooled", verdict=Verdict.REVIEW, reasons=(Reason.AUDITED,), blind=True)
    given = [
        (audited, "water-1"),  # right
        (replace(audited, ticket_id="b"), "roads"),  # wrong
        (replace(audited, ticket_id="c"), None),
        (replace(audited, ticket_id="d", group="safety:0.002"), "water-1"),
        (replace(audited, ticket_id="e", bundle_digest="cd" * 32), "roads"),
        (replace(audited, ticket_id="f", reasons=(Reason.BELOW_THRESHOLD,)), "roads"),
        (replace(audited, ticket_id="g", verdict=Verdict.DISPATCH, reasons=(Reason.CERTIFIED,)), "roads"),
    ]

    def work(session: WriteSession) -> None:
        for one, reviewed in given:
            session.add_ticket(ticket(one.ticket_id))
            session.add_decision(one, NOW)
            if reviewed:
                session.add_review(review(one.ticket_id, reviewed))

    def found(digest: str) -> list[Audited]:
        with store.read() as session:
            return sorted(session.audited(digest), key=lambda one: (one.group, sorted(one.words)))

    def audited_as(*words: str, group: str = "pooled", refused: bool = False, count: int = 1) -> Audited:
        return Audited(group=group, unit_id="water-1", words=frozenset(words), refused=refused, count=count)

    assert found("ab" * 32) == []
    store.write(work)
    assert found("ab" * 32) == [
        audited_as(),
        audited_as("roads"),
        audited_as("water-1"),
        audited_as("water-1", group="safety:0.002"),
    ]
    assert found("cd" * 32) == [audited_as("roads")]

    def change(session: WriteSession) -> None:
        for unit_id in ("roads", "parks"):
            session.undo_review("a", by="Li Wei", reason="the wrong line")
            session.add_review(review("a", unit_id))
        session.add_delivery("d", "water-1", NOW)
        (sent,) = session.deliveries(ticket_id="d")
        session.reply_delivery(sent.delivery_id, Reply.REFUSED, by="crew", at=NOW, reason="theirs")
        session.undo_review("d", by="crew", reason="theirs")
        session.add_review(review("c", "roads"))
        session.add_ticket(ticket("h"))
        session.add_decision(replace(audited, ticket_id="h"), NOW)
        session.set_status("h", TicketStatus.IN_REVIEW, None)
        session.set_status("h", TicketStatus.JOINED, None)

    store.write(change)
    assert found("ab" * 32) == [
        replace(audited_as(), joined=True),
        audited_as("parks", "roads", "water-1"),
        audited_as("roads", count=2),
        audited_as("water-1", group="safety:0.002", refused=True),
    ]


def test_the_latest_decision_has_a_number(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for ticket_id in ("a", "b", "a"):
            if session.ticket(ticket_id) is None:
                session.add_ticket(ticket(ticket_id))
            session.add_decision(decision(ticket_id), NOW)

    store.write(work)
    with store.read() as session:
        first, latest, none = (session.decision_number(one) for one in ("b", "a", "c"))
        assert (none, latest) == (0, session.last_sent())
        assert 0 < first < latest


def test_the_secret_of_the_blind_reviews_stays_the_same(store: Store) -> None:
    with store.read() as session:
        salt = session.audit_salt()
    assert len(salt) >= 32
    assert store.write(lambda session: session.audit_salt()) == salt


def test_a_ticket_tells_when_it_was_decided(store: Store) -> None:
    store.write(lambda session: session.add_ticket(ticket()))
    assert stored(store).decided_at is None
    store.write(lambda session: session.add_decision(decision(), NOW + timedelta(minutes=3)))
    assert stored(store).decided_at == NOW + timedelta(minutes=3)


def test_a_failing_work_leaves_nothing(store: Store) -> None:
    def work(session: WriteSession) -> None:
        session.put_units([samples.ROADS])
        session.add_ticket(ticket())
        session.append_dispatches([dispatch()])
        session.add_suspension(samples.STOPPED)
        raise ArithmeticError("after the fact")

    before = world_version(store)
    with pytest.raises(ArithmeticError, match="after the fact"):
        store.write(work)
    with store.read() as session:
        assert (session.units(), session.tickets(), session.last_sequence()) == ([], [], 0)
        assert session.suspensions() == []
        assert session.world_version() == before


def test_one_failing_work_among_several_fails_alone(store: Store) -> None:
    works = [ticket(ticket_id) for ticket_id in ("a", "b", "a", "c")]
    futures = [store.submit(lambda session, one=one: session.add_ticket(one)) for one in works]  # type: ignore[misc]
    outcomes = [future.exception(timeout=30) for future in futures]
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), DuplicateTicket, type(None)]
    with store.read() as session:
        assert {found.ticket.ticket_id for found in session.tickets()} == {"a", "b", "c"}


def test_a_work_reads_what_it_wrote(store: Store) -> None:
    def work(session: WriteSession) -> tuple[int, list[Dispatch]]:
        session.append_dispatches([dispatch("a")])
        session.append_dispatches([dispatch("b")])
        return session.last_sequence(), list(session.dispatches(after=1))

    assert store.write(work) == (2, [replace(dispatch("b"), sequence=2)])


def test_a_reader_stays_on_its_snapshot(store: Store) -> None:
    append(store, dispatch("a"))
    with store.read() as session:
        put(store, "units", [samples.ROADS])
        append(store, dispatch("b"))
        assert (session.units(), session.last_sequence()) == ([], 1)
        assert [entry.ticket.ticket_id for entry in session.dispatches()] == ["a"]
    with store.read() as session:
        assert (session.units(), session.last_sequence()) == ([samples.ROADS], 2)


def test_threads_write_without_gaps_or_losses(store: Store) -> None:
    def write_many(name: str) -> list[int]:
        return [append(store, dispatch(f"{name}{i}"))[0] for i in range(25)]

    with ThreadPoolExecutor(2) as threads:
        left, right = threads.map(write_many, ["left", "right"])
    assert sorted([*left, *right]) == list(range(1, 51))
    assert (left, right) == (sorted(left), sorted(right))
    with store.read() as session:
        assert [entry.sequence for entry in session.dispatches()] == list(range(1, 51))


def test_a_closed_store_takes_nothing(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.submit(lambda session: None)
    with pytest.raises(StoreUnavailable, match="closed"), store.read():
        pass


def test_territory_periods_keep_their_ends(store: Store) -> None:
    period = Validity(valid_from=NOW.astimezone(samples.SHANGHAI), valid_to=None)
    put(store, "territories", [replace(samples.TERRITORY, validity=period)])
    assert read(store, "territories")[0].validity == period


def test_the_log_tells_when_its_last_outcome_was_known(store: Store) -> None:
    assert store.write(lambda session: session.lock_log()) is None
    for number, minutes in enumerate((5, 2)):
        entry = replace(dispatch(f"t{number}"), known_at=NOW + timedelta(minutes=minutes))
        store.write(lambda session, entry=entry: session.append_dispatches([entry]))  # type: ignore[misc]
        assert store.write(lambda session: session.lock_log()) == entry.known_at

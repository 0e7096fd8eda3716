"""Labels of automatic dispatches: what they suspend, in every process, until a person lifts it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Decision, Ranking, Reason, Review, Verdict
from domain.dispatches import LabelSource
from domain.errors import InvalidInput, NotFound
from domain.places import UNKNOWN_LOCATION
from domain.tickets import Ticket, TicketStatus
from domain.time import Validity
from domain.units import Unit
from models.audits import live_error
from models.bundle import Bundle, load_bundle, write_bundle
from models.evidence import Errors, Returns
from models.guarantee import Guarantee
from models.monitor import Dispatched, Event, Monitor, Returned, Terms, replayed
from router import weighing
from router.automation_ports import Detector
from router.delivery_ports import Reply
from router.ports import BundleRecord, Pointers, Store, StoredTicket, WriteSession
from router.pulling import Answer
from router.route import route
from router.service import RoutingService
from router.weighing import label_of, weigh
from store.memory import MemoryStore
from store.sql import open_store
from tests.bundles import START, WORDS, tiny_bundle
from tests.evaluations import certificate
from tests.serving import Clock
from tests.stores import new_sqlite

NOW = START + timedelta(days=60)
DIGEST = "ab" * 32
SURE = replace(certificate(threshold=0.0), issued_at=START, expires_at=START + timedelta(days=180))


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Both stores."""
    found = MemoryStore() if request.param == "memory" else open_store(new_sqlite(tmp_path / "g.db"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that is certified for every ticket."""
    return tiny_bundle(tmp_path_factory.mktemp("bundles"), issued=SURE)


def serve(store: Store, path: Path, clock: Clock | None = None) -> RoutingService:
    """A service on the store, with that bundle as its champion."""

    def furnish(session: WriteSession) -> None:
        session.put_units(Unit(unit_id=unit, name=unit) for unit in (*WORDS, "elsewhere"))
        record = BundleRecord(version=0, digest=path.name, path=str(path), registered_at=NOW)
        session.set_pointers(Pointers(champion=session.add_bundle(record).version))

    store.write(furnish)
    return RoutingService(store, clock or Clock(NOW), load_bundle)


def submit(service: RoutingService, number: int, unit: str = "pipes") -> StoredTicket:
    """A ticket that the model gives to that unit."""
    ticket = Ticket(ticket_id=f"t{number}", received_at=service.clock(), text=WORDS[unit])
    return service.submit(ticket).stored


def correct(service: RoutingService, ticket_id: str) -> None:
    """A person names another unit than the automatic one."""
    service.review(Review(ticket_id=ticket_id, unit_id="elsewhere", by="Li Wei", at=service.clock()))


def send_back(service: RoutingService, clock: Clock, count: int) -> list[str]:
    """So many automatic dispatches to the pipes' unit, all of which come back; answers their units."""
    sent = []
    for number in range(count):
        clock.move(minutes=1)
        sent.append(submit(service, number))
    assert {one.decision.reasons for one in sent if one.decision} == {(Reason.CERTIFIED,)}
    for one in sent:
        clock.move(minutes=1)
        correct(service, one.ticket.ticket_id)
    return [one.unit_id or "" for one in sent]


def test_returns_suspend_the_unit_here_elsewhere_and_after_a_restart(store: Store, path: Path) -> None:
    clock = Clock(NOW)
    service, neighbour = serve(store, path, clock), serve(store, path, clock)
    assert set(send_back(service, clock, 6)) == {"pipes"}
    (found,) = service.automation().suspensions
    assert (found.scope, found.key, found.cause) == (Scope.UNIT, "pipes", Cause.RETURNS)
    assert (found.errors, found.rows, found.bundle_digest) == (5, 6, path.name)
    assert found.reason == "5 of the last 6 dispatches came back; 1.0% would be borne"
    neighbour.refresh()
    for other in (service, neighbour, RoutingService(store, clock, load_bundle)):
        assert other.automation().suspensions == (found,)
    found_again = weighed_decision(service, "pipes")
    assert found_again.suspension_ids == (found.suspension_id,)
    assert found_again.reasons == (Reason.SUSPENDED_BY_RETURNS,)


def weighed_decision(service: RoutingService, unit: str) -> Decision:
    """The decision on a new ticket whose first candidate is that unit; corrections may have moved the ranking."""
    for number, words in enumerate(WORDS):
        stored = submit(service, 900 + number, words)
        assert stored.decision is not None
        top = stored.decision.ranking.top
        if top is not None and top.unit_id == unit:
            return stored.decision
    raise AssertionError(f"no ticket goes to {unit}")


def test_a_person_lifts_it_and_it_begins_anew(store: Store, path: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    send_back(service, clock, 6)
    (found,) = service.automation().suspensions
    with store.read() as session:
        watched = session.watched(path.name, Detector.UNIT_RETURNS, "pipes")
    assert watched is not None
    assert watched.seen != Returns()
    assert service.resume(found.suspension_id, by="Li Wei", reason="they have a new desk") == found
    assert service.automation().suspensions == ()
    with store.read() as session:
        anew = session.watched(path.name, Detector.UNIT_RETURNS, "pipes")
        assert anew == replace(watched, seen=Returns(), upto=session.last_sent())
    with pytest.raises(NotFound):
        service.resume(found.suspension_id, by="Li Wei", reason="again")


def test_a_right_dispatch_confirmed_is_no_return_and_another_bundles_label_is_none(path: Path) -> None:
    bundle = load_bundle(path)
    stored = StoredTicket(
        ticket=Ticket(ticket_id="t", received_at=NOW),
        status=TicketStatus.DISPATCHED,
        decision=a_decision(path.name),
        decided_at=NOW,
    )
    right, wrong = (
        Review(ticket_id="t", unit_id=unit, by="Li Wei", at=NOW) for unit in ("pipes", "elsewhere")
    )
    assert label_of(stored, right, bundle, {}, NOW) is None
    assert label_of(stored, wrong, bundle, {}, NOW) == Returned(at=NOW, unit="pipes", dispatched_at=NOW)
    assert label_of(stored, wrong, None, {}, NOW) is None
    for other in (a_decision("cd" * 32), replace(a_decision(path.name), reasons=(Reason.RULE,)), None):
        assert label_of(replace(stored, decision=other), wrong, bundle, {}, NOW) is None


def a_decision(digest: str, ticket_id: str = "t", unit: str = "pipes") -> Decision:
    """An automatic dispatch under a certificate."""
    return Decision(
        ticket_id=ticket_id,
        verdict=Verdict.DISPATCH,
        reasons=(Reason.CERTIFIED,),
        location=UNKNOWN_LOCATION,
        ranking=Ranking(),
        unit_id=unit,
        group="pooled",
        bundle_digest=digest,
    )


def test_what_the_store_has_seen_is_what_a_replay_of_all_labels_sees(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor itself, over all events at once, is the slow reference."""
    monkeypatch.setattr(weighing, "CHUNK", 7)
    terms = Terms(alphas={"pooled": 0.01}, tickets=300, calm={"a": 0.02, "b": 0.2})
    guarantee = replace(Guarantee.pooled(SURE), terms=terms)
    bundle = replace(load_bundle(path), guarantee=guarantee, digest=DIGEST)
    events: list[Event] = []
    random = np.random.default_rng(3)
    for number in range(240):
        unit, at = "ab"[number % 2], NOW + timedelta(minutes=number)
        decision = a_decision(DIGEST, f"t{number}", unit)

        def send(session: WriteSession, decision: Decision = decision, at: object = at) -> None:
            session.add_ticket(Ticket(ticket_id=decision.ticket_id, received_at=NOW))
            session.add_decision(decision, at)  # type: ignore[arg-type]

        store.write(send)
        events.append(Dispatched(at=at, unit=unit))
        if random.random() < (0.05 if number < 150 or unit == "b" else 0.9):
            label = Returned(at=at + timedelta(seconds=1), unit=unit, dispatched_at=at)
            store.write(lambda session, label=label: weigh(label, bundle, session))  # type: ignore[misc]
            events.append(label)
    expected = replayed(events, terms)
    with store.read() as session:
        found = session.suspensions()
        for unit in "ab":
            watched = session.watched(DIGEST, Detector.UNIT_RETURNS, unit)
            assert watched is not None
            later = [event for event in events if event.unit == unit]
            counted = later[: 1 + max(i for i, e in enumerate(later) if isinstance(e, Returned))]
            assert watched.seen == replayed(counted, terms, Monitor()).returns[unit]
    assert [one.key for one in found] == ["a"]
    bare = [replace(one, suspension_id=0, reason="", bundle_digest=None) for one in found]
    assert bare == list(expected.suspensions)


def test_a_large_units_dispatches_are_counted_in_parts(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    monkeypatch.setattr(weighing, "CHUNK", 4)
    for number in range(11):
        clock.move(minutes=1)
        submit(service, number)
    correct(service, "t3")
    with store.read() as session:
        watched = session.watched(path.name, Detector.UNIT_RETURNS, "pipes")
    assert watched is not None
    assert isinstance(watched.seen, Returns)
    assert sum(rows for _, rows, _ in watched.seen.runs) == 11
    assert sum(back for *_, back in watched.seen.runs) == 1


def test_wrong_audits_suspend_their_group_and_are_labels_of_their_own(
    store: Store, path: Path, tmp_path: Path
) -> None:
    bundle = load_bundle(path)
    terms = Terms(alphas={"pooled": 0.01}, unit_alpha=0.9, tickets=300, audited=1.0)
    closely = replace(bundle, guarantee=replace(bundle.guarantee, terms=terms))
    clock = Clock(NOW)
    service = serve(store, write_bundle(closely, tmp_path), clock)
    sent = [submit(service, number) for number in range(4)]
    assert {(one.status, one.unit_id) for one in sent} == {(TicketStatus.IN_REVIEW, None)}
    for one in sent[:3]:
        clock.move(minutes=1)
        correct(service, one.ticket.ticket_id)
    with store.read() as session:
        assert [entry.source for entry in session.dispatches()] == [LabelSource.AUDIT] * 3
    state = service.automation()
    assert (state.live_error.rows, state.live_error.errors, state.live_error.waiting) == (3, 3, 1)
    assert (state.live_error.low, state.live_error.high) == live_error(3, 3)
    assert state.live_error_in("pooled") == state.live_error
    assert state.live_error_in("another").high == 1.0
    (found,) = state.suspensions
    assert (found.scope, found.key, found.cause) == (Scope.GROUP, "pooled", Cause.AUDITS)
    assert (found.errors, found.rows, found.tolerated) == (2, 2, 0.01)
    assert not state.running
    after = submit(service, 9).decision
    assert after is not None
    assert after.reasons == (Reason.SUSPENDED_BY_AUDITS,)
    service.resume(found.suspension_id, by="Li Wei", reason="the wrong ones were our mistake")
    with store.read() as session:
        anew = session.watched(found.bundle_digest or "", Detector.GROUP_AUDITS, "pooled")
    assert anew is not None
    assert anew.seen == Errors()


def test_people_stop_everything_a_kind_or_a_unit_at_once(store: Store, path: Path) -> None:
    service = serve(store, path)
    assert submit(service, 1).decision.reasons == (Reason.CERTIFIED,)  # type: ignore[union-attr]
    made = [
        service.suspend(Scope.UNIT, "pipes", by="Li Wei", reason="merged"),
        service.suspend(Scope.KIND, " GAS  Leak ", by="Li Wei", reason="new crew"),
        service.suspend(Scope.ALL, "", by="Li Wei", reason="a storm"),
    ]
    assert made[1].key == "gas_leak"
    stopped = submit(service, 2).decision
    assert stopped is not None
    assert stopped.reasons == (Reason.SUSPENDED_BY_PERSON,)
    assert stopped.suspension_ids == (made[0].suspension_id, made[2].suspension_id)
    for one in made:
        service.resume(one.suspension_id, by="Li Wei", reason="over")
    assert submit(service, 3).decision.reasons == (Reason.CERTIFIED,)  # type: ignore[union-attr]


def test_a_new_certificate_is_not_bound_by_what_the_monitor_found_of_the_old(
    store: Store, path: Path, tmp_path: Path
) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    send_back(service, clock, 6)
    service.suspend(Scope.KIND, "explosion", by="Li Wei", reason="new crew")
    assert [one.cause for one in service.automation().suspensions] == [Cause.RETURNS, Cause.PERSON]
    newer = replace(SURE, issued_at=clock() + timedelta(minutes=1))
    serve(store, tiny_bundle(tmp_path, issued=newer, seed=3), clock)
    service.refresh()
    assert [one.cause for one in service.automation().suspensions] == [Cause.PERSON]
    serve(store, path, clock)
    service.refresh()
    assert [one.cause for one in service.automation().suspensions] == [Cause.RETURNS, Cause.PERSON]


@pytest.mark.parametrize(
    ("scope", "key", "by", "reason", "fault"),
    [
        (Scope.UNIT, "", "Li Wei", "why", "unit"),
        (Scope.ALL, "pipes", "Li Wei", "why", "all"),
        (Scope.GROUP, "pooled", "Li Wei", "why", "scope"),
        (Scope.ALL, "", " ", "why", "by"),
        (Scope.ALL, "", "Li Wei", "", "reason"),
    ],
)
def test_nobody_stops_what_is_not_named_or_without_a_name_and_a_reason(
    path: Path, scope: Scope, key: str, by: str, reason: str, fault: str
) -> None:
    service = serve(MemoryStore(), path)
    with pytest.raises(InvalidInput) as caught:
        service.suspend(scope, key, by=by, reason=reason)
    assert caught.value.field == fault
    with pytest.raises(NotFound):
        service.suspend(Scope.UNIT, "nobody", by="Li Wei", reason="why")
    assert service.automation().suspensions == ()


def test_what_runs(path: Path, tmp_path: Path) -> None:
    clock = Clock(NOW)
    service = serve(MemoryStore(), path, clock)
    assert (service.automation().running, service.readiness().ready) == (True, False)  # no history yet
    assert [p.code for p in service.readiness().problems] == ["no_history"]
    stop = service.suspend(Scope.ALL, "", by="Li Wei", reason="a storm")
    assert [p.code for p in service.readiness().problems] == ["no_history", "automation_suspended"]
    assert not service.automation().running
    service.resume(stop.suspension_id, by="Li Wei", reason="over")
    clock.move(days=200)
    assert [p.code for p in service.readiness().problems] == ["no_history", "certificate_expired"]
    assert not service.automation().running
    none = tiny_bundle(tmp_path, issued=replace(SURE, threshold=None))
    bare = serve(MemoryStore(), none)
    assert [p.code for p in bare.readiness().problems] == ["no_history"]
    assert not bare.automation().running


def test_a_suspension_names_what_it_is_of() -> None:
    with pytest.raises(ValueError, match="names what"):
        Suspension(scope=Scope.UNIT, cause=Cause.PERSON, at=NOW)
    with pytest.raises(ValueError, match="names what"):
        Suspension(scope=Scope.ALL, key="pipes", cause=Cause.PERSON, at=NOW)


def test_the_bundle_of_the_tests_is_certified(path: Path) -> None:
    bundle: Bundle = load_bundle(path)
    assert bundle.guarantee.certified == ("pooled",)


def merge(store: Store, at: datetime) -> None:
    """From then on the pipes' unit is part of the one elsewhere."""
    merged = Unit(unit_id="pipes", name="pipes", validity=Validity(valid_to=at), successors=("elsewhere",))
    store.write(lambda session: session.put_units([merged]))


def test_who_names_what_a_unit_became_says_that_it_was_right(store: Store, path: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    sent = submit(service, 1)
    assert sent.unit_id == "pipes"
    merge(store, clock())
    service.refresh()
    clock.move(minutes=1)
    correct(service, "t1")
    assert service.automation().suspensions == ()
    with store.read() as session:
        (entry,) = session.dispatches()
        assert session.watched(path.name, Detector.UNIT_RETURNS, "pipes") is None
    assert (entry.unit_id, entry.source) == ("elsewhere", LabelSource.CONFIRMATION)


def test_a_ticket_that_came_before_a_merger_goes_to_who_is_there_now(store: Store, path: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    came = clock()
    merge(store, came + timedelta(minutes=5))
    service.refresh()
    clock.move(hours=1)
    late = service.submit(Ticket(ticket_id="late", received_at=came, text=WORDS["pipes"])).stored
    assert late.decision is not None
    assert "pipes" not in {one.unit_id for one in late.decision.ranking.candidates}
    assert late.unit_id != "pipes"
    # as of when it came, the same ticket went to the pipes' unit
    assert route(late.ticket, service.live.world).unit_id == "pipes"


def test_what_a_unit_refuses_came_back(store: Store, path: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, path, clock)
    for number in range(6):
        clock.move(minutes=1)
        submit(service, number)
    for number in range(6):
        clock.move(minutes=1)
        refused = Answer(
            unit_id="pipes", delivery_id=number + 1, reply=Reply.REFUSED, by="crew", at=clock(), reason="no"
        )
        service.answer(refused)
        correct(service, f"t{number}")  # counts no second time
    with store.read() as session:
        watched = session.watched(path.name, Detector.UNIT_RETURNS, "pipes")
    assert watched is not None
    assert isinstance(watched.seen, Returns)
    assert sum(back for *_, back in watched.seen.runs) == 6
    (found,) = service.automation().suspensions
    assert (found.scope, found.key, found.cause) == (Scope.UNIT, "pipes", Cause.RETURNS)


@pytest.mark.parametrize(
    ("units", "rows", "errors"),
    [
        (("pipes", "pipes"), 1, 0),
        (("pipes", "elsewhere"), 2, 1),
        (("elsewhere", "pipes"), 1, 1),
        (("elsewhere", "elsewhere"), 1, 1),
    ],
)
def test_a_review_that_was_undone_counts_against_automation_at_most_once(
    store: Store, path: Path, tmp_path: Path, units: tuple[str, str], rows: int, errors: int
) -> None:
    bundle = load_bundle(path)
    terms = Terms(alphas={"pooled": 0.4}, unit_alpha=0.9, tickets=300, audited=1.0)
    closely = replace(bundle, guarantee=replace(bundle.guarantee, terms=terms))
    service = serve(store, write_bundle(closely, tmp_path))
    submit(service, 1)
    first, second = (Review(ticket_id="t1", unit_id=unit, by="Li", at=NOW) for unit in units)
    service.review(first)
    service.undo("t1", by="Li", reason="the wrong line")
    service.review(second)
    with store.read() as session:
        watched = session.watched(bundle_digest(store), Detector.GROUP_AUDITS, "pooled")
    assert watched is not None
    assert isinstance(watched.seen, Errors)
    assert (watched.seen.rows, watched.seen.errors) == (rows, errors)


@pytest.fixture
def closely(path: Path, tmp_path: Path) -> Path:
    """The bundle, every would-be automatic dispatch of which is reviewed blind."""
    bundle = load_bundle(path)
    terms = Terms(alphas={"pooled": 0.05}, unit_alpha=0.9, tickets=300, audited=1.0)
    return write_bundle(replace(bundle, guarantee=replace(bundle.guarantee, terms=terms)), tmp_path)


def audits_seen(
    store: Store, detector: Detector = Detector.GROUP_AUDITS, key: str = "pooled"
) -> tuple[int, int]:
    """Rows and errors."""
    with store.read() as session:
        watched = session.watched(bundle_digest(store), detector, key)
    seen = watched.seen if watched else Errors()
    assert isinstance(seen, Errors)
    return seen.rows, seen.errors


def judge(service: RoutingService, clock: Clock, ticket_id: str, unit: str) -> None:
    clock.move(seconds=20)
    service.review(Review(ticket_id=ticket_id, unit_id=unit, by="Li Wei", at=clock()))


def test_an_audit_that_its_unit_refuses_was_wrong(store: Store, closely: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, closely, clock)
    submit(service, 1)
    judge(service, clock, "t1", "pipes")
    assert audits_seen(store) == (1, 0)
    clock.move(minutes=1)
    service.answer(
        Answer(unit_id="pipes", delivery_id=1, reply=Reply.REFUSED, by="crew", at=clock(), reason="no")
    )
    assert audits_seen(store) == (2, 1)
    assert [(one.rows, one.errors) for one in service.automation().audits] == [(1, 1)]
    judge(service, clock, "t1", "elsewhere")  # says it no second time
    assert audits_seen(store) == (2, 1)


def test_an_audit_of_before_a_resumption_is_forgotten(store: Store, closely: Path) -> None:
    clock = Clock(NOW)
    service = serve(store, closely, clock)
    for number in range(9):
        submit(service, number)
    for number in range(5):
        if not service.automation().suspensions:
            judge(service, clock, f"t{number}", "elsewhere")
    (found,) = service.automation().suspensions
    assert (found.scope, found.key) == (Scope.GROUP, "pooled")
    service.resume(found.suspension_id, by="Li Wei", reason="the new desk takes them")
    before = audits_seen(store, Detector.UNIT_AUDITS, "pipes")
    judge(service, clock, "t8", "elsewhere")
    assert audits_seen(store) == (0, 0)
    assert audits_seen(store, Detector.UNIT_AUDITS, "pipes") == (before[0] + 1, before[1] + 1)
    submit(service, 20)
    judge(service, clock, "t20", "pipes")
    assert audits_seen(store) == (1, 0)


def bundle_digest(store: Store) -> str:
    """Of the champion."""
    with store.read() as session:
        return next(one.digest for one in session.bundles() if one.version == session.pointers().champion)

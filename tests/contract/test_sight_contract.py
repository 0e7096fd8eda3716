"""What every store shows to somebody who has an area: in lists, in queues and of single tickets the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from domain.access import Area, Key, Role
from domain.decisions import Decision, RankedCandidate, Ranking, Verdict
from domain.tickets import TicketStatus
from router.finding import TicketQuery
from router.ports import Store, WriteSession
from router.sight import Sight, sight_of
from tests.contract import samples
from tests.contract.samples import NOW

NOBODY = Ranking()
THREE = Ranking(
    candidates=tuple(RankedCandidate(unit_id=unit, probability=None, score=0.0) for unit in ("a", "b", "c"))
)


def decision(
    ticket_id: str, verdict: Verdict, unit_id: str | None, ground: str, **changes: object
) -> Decision:
    found = samples.decision(ticket_id, verdict=verdict, ranking=NOBODY, grounds=tuple(ground))
    return replace(found, unit_id=unit_id, **changes)  # type: ignore[arg-type]


DECISIONS = [
    decision("sent", Verdict.DISPATCH, "a", "1"),
    decision("proposed", Verdict.REVIEW, "a", "2"),
    decision("border", Verdict.REVIEW, "b", "13"),
    decision("blind", Verdict.REVIEW, "c", "3", blind=True, ranking=THREE),
    decision("nobodys", Verdict.HOLD, None, ""),
    decision("ground", Verdict.HOLD, None, "1"),
]


def add(one: Decision, minutes: int, session: WriteSession) -> None:
    sent = one.verdict is Verdict.DISPATCH
    session.add_ticket(samples.ticket(one.ticket_id, minutes), one.priority)
    session.add_decision(one, NOW)
    status = TicketStatus.DISPATCHED if sent else TicketStatus.IN_REVIEW
    session.set_status(one.ticket_id, status, one.unit_id if sent else None)


@pytest.fixture
def store(store: Store) -> Store:
    """A ticket of each sort."""
    for minutes, one in enumerate(DECISIONS):
        store.write(partial(add, one, minutes))
    return store


def shown(store: Store, sight: Sight | None) -> set[str]:
    """The tickets in sight, after a check that every way to ask shows the same."""
    with store.read() as session:
        stored = session.find_tickets(TicketQuery(sight=sight))
        found = {one.ticket.ticket_id for one in stored}
        every = session.find_tickets(TicketQuery())
        waits = [one.ticket.ticket_id for one in session.waiting(100, sight)]
        counted = sum(queue.count for queue in session.queues(sight))
        if sight is not None:
            assert session.seen_of([one.ticket.ticket_id for one in every] + ["none"], sight) == found
            assert {one.ticket.ticket_id for one in every if sight.covers(one)} == found
    assert set(waits) == {one.ticket.ticket_id for one in stored if one.status is TicketStatus.IN_REVIEW}
    assert counted == len(waits)
    return found


def sight(
    units: Collection[str] = "", territories: Collection[str] = "", role: Role = Role.REVIEWER
) -> Sight | None:
    area = Area(units=frozenset(units), territories=frozenset(territories))
    return sight_of(Key(key_id="k", name="k", role=role, made_at=NOW, made_by="root", area=area))


def test_without_an_area_all_is_seen(store: Store) -> None:
    assert shown(store, sight()) == {one.ticket_id for one in DECISIONS}
    assert shown(store, sight_of(None)) == {one.ticket_id for one in DECISIONS}


def test_a_reviewer_sees_what_units_have_and_what_is_proposed_to_them(store: Store) -> None:
    assert shown(store, sight("a")) == {"sent", "proposed", "blind", "nobodys"}
    assert shown(store, sight("b")) == {"border", "blind", "nobodys"}


def test_a_blind_review_is_for_all_candidates_alike(store: Store) -> None:
    assert all("blind" in shown(store, sight(unit)) for unit in "abc")
    assert "blind" not in shown(store, sight("d"))


def test_a_reviewer_sees_what_is_on_the_ground(store: Store) -> None:
    assert shown(store, sight(territories="1")) == {"sent", "border", "ground", "nobodys"}
    assert shown(store, sight(territories="3")) == {"border", "blind", "nobodys"}
    assert shown(store, sight("a", "3")) == {"sent", "proposed", "border", "blind", "nobodys"}


def test_a_unit_sees_what_it_has(store: Store) -> None:
    assert shown(store, sight("a", role=Role.UNIT)) == {"sent"}
    assert shown(store, sight("bc", role=Role.UNIT)) == set()


def test_whoever_was_told_that_a_ticket_is_overdue_sees_it(store: Store) -> None:
    store.write(lambda session: session.set_due("ground", NOW))
    store.write(lambda session: session.flag_overdue("ground", NOW + timedelta(hours=1), "d"))
    assert shown(store, sight("d")) == {"ground", "nobodys"}


def test_the_latest_decision_counts(store: Store) -> None:
    again = decision("border", Verdict.REVIEW, "c", "2")
    store.write(lambda session: session.add_decision(again, NOW + timedelta(hours=1)))
    assert shown(store, sight("b", "3")) == {"blind", "nobodys"}
    assert shown(store, sight("", "2")) == {"proposed", "border", "nobodys"}
    found = decision("nobodys", Verdict.REVIEW, "b", "")
    store.write(lambda session: session.add_decision(found, NOW + timedelta(hours=1)))
    assert shown(store, sight("", "2")) == {"proposed", "border"}


def test_a_page_is_full_of_what_is_seen(store: Store) -> None:
    with store.read() as session:
        page = session.find_tickets(TicketQuery(sight=sight(territories="1"), limit=2))
        first = session.waiting(2, sight(territories="1"))
    assert [one.ticket.ticket_id for one in page] == ["ground", "nobodys"]
    assert [one.ticket.ticket_id for one in first] == ["border", "nobodys"]

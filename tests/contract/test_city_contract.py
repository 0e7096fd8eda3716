"""What every store promises those who count tickets: on a map, by unit, by time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import h3.api.basic_int as h3
import pytest
from sqlalchemy import text

from domain.decisions import Verdict
from domain.errors import NotFound
from domain.places import UNKNOWN_LOCATION, Location, LocationSource, Point
from domain.safety import Priority
from domain.tickets import TicketStatus
from features.place import cells
from router.city import COARSEST, FINEST, Arrivals, CellCount, CityQuery, UnitLoad
from router.delivery_ports import DeliveryKind, Reply
from router.ports import Store, WriteSession
from store.codec import encode
from store.sql import open_store
from tests.contract import samples
from tests.contract.samples import NOW
from tests.contract.test_migrations import add, made_by, moment

HERE = Point(latitude=31.2304, longitude=121.4737)
NEAR = Point(latitude=31.2275, longitude=121.4759)
AWAY = Point(latitude=-33.9, longitude=18.4)
HOUR = timedelta(hours=1)
DISPATCH, REVIEW = Verdict.DISPATCH, Verdict.REVIEW


def at(point: Point) -> Location:
    return Location(source=LocationSource.ACCOUNT, point=point, radius_m=30.0)


def take(
    session: WriteSession,
    ticket_id: str,
    minutes: int,
    location: Location,
    verdict: Verdict,
    *,
    unit: str | None = None,
    priority: Priority = Priority.NORMAL,
    **changes: Any,
) -> None:
    session.add_ticket(replace(samples.ticket(ticket_id, minutes), **changes), priority)
    session.add_decision(samples.decision(ticket_id, verdict=verdict, location=location), NOW)
    status = TicketStatus.DISPATCHED if unit else TicketStatus.IN_REVIEW
    session.set_status(ticket_id, status, unit)


@pytest.fixture
def store(store: Store) -> Store:
    """Five tickets in three places and nowhere, and one that nobody has decided yet."""

    def work(session: WriteSession) -> None:
        take(session, "a", 0, at(HERE), DISPATCH, unit="water-1")
        take(session, "b", 10, at(NEAR), REVIEW, priority=Priority.URGENT, category="Gas")
        take(session, "c", 20, at(AWAY), DISPATCH, unit="roads")
        take(session, "d", 70, UNKNOWN_LOCATION, REVIEW, category=None)
        take(session, "e", 80, at(HERE), DISPATCH, unit="water-1")
        session.set_due("b", NOW)
        session.flag_overdue("b", NOW, None)
        session.add_ticket(samples.ticket("raw", 90))

    store.write(work)
    return store


def counted(store: Store, resolution: int = 8, **conditions: Any) -> Sequence[CellCount]:
    query = CityQuery(**{"since": NOW, "until": NOW + 3 * HOUR, **conditions})
    with store.read() as session:
        return session.ticket_cells(query, resolution)


def cell(point: Point, resolution: int) -> int:
    return int(h3.cell_to_parent(cells(point)[-1], resolution))


@pytest.mark.parametrize("resolution", range(COARSEST, FINEST + 1))
def test_tickets_are_counted_in_the_parents_of_their_finest_cells(store: Store, resolution: int) -> None:
    expected: dict[int | None, int] = {None: 2}
    for point in (HERE, NEAR, AWAY, HERE):
        expected[cell(point, resolution)] = expected.get(cell(point, resolution), 0) + 1
    found = counted(store, resolution)
    assert {one.cell: one.count for one in found} == expected
    assert [one.cell for one in found[:-1]] == sorted(one.cell for one in found if one.cell)
    assert found[-1].cell is None


def test_what_the_tickets_of_a_cell_are(store: Store) -> None:
    here, nowhere = cell(HERE, 8), CellCount(cell=None, count=2, waiting=1)
    assert cell(NEAR, 8) == here
    known = CellCount(cell=here, count=3, automatic=2, waiting=1, overdue=1, urgent=1)
    other = CellCount(cell=cell(AWAY, 8), count=1, automatic=1)
    assert counted(store) == [*sorted([known, other], key=lambda one: one.cell or 0), nowhere]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"since": NOW + timedelta(minutes=10)}, 5),
        ({"until": NOW + timedelta(minutes=10)}, 1),
        ({"category": "gas"}, 1),
        ({"category": "leak"}, 4),
        ({"unit_ids": frozenset({"water-1"})}, 2),
        ({"unit_ids": frozenset({"nobody"})}, 0),
        ({"status": TicketStatus.IN_REVIEW}, 2),
        ({"status": TicketStatus.IN_REVIEW, "category": "gas"}, 1),
    ],
)
def test_every_condition_has_to_hold(store: Store, conditions: dict[str, Any], expected: int) -> None:
    assert sum(one.count for one in counted(store, **conditions)) == expected


def test_a_later_decision_moves_its_ticket(store: Store) -> None:
    later = samples.decision("c", verdict=Verdict.HOLD, location=at(HERE))
    store.write(lambda session: session.add_decision(later, NOW))
    assert [(one.cell, one.count, one.automatic) for one in counted(store)] == [
        (cell(HERE, 8), 4, 2),
        (None, 2, 0),
    ]


def test_no_decision_without_its_ticket(store: Store) -> None:
    with pytest.raises(NotFound):
        store.write(lambda session: session.add_decision(samples.decision("nobody's"), NOW))


def test_the_load_of_the_units(store: Store) -> None:
    with store.read() as session:
        assert session.unit_loads(NOW) == [
            UnitLoad(unit_id="roads", tickets=1),
            UnitLoad(unit_id="water-1", tickets=2),
        ]
        assert session.unit_loads(NOW + HOUR) == [UnitLoad(unit_id="water-1", tickets=1)]


def test_what_a_unit_has_told_to_be_done_is_no_longer_its_load(store: Store) -> None:
    def work(session: WriteSession) -> None:
        for ticket_id, unit in (("a", "water-1"), ("e", "water-1"), ("c", "roads")):
            session.add_delivery(ticket_id, unit, NOW + timedelta(hours=2))
        first, second, third = session.deliveries()
        session.reply_delivery(first.delivery_id, Reply.DONE, by="crew", at=NOW + timedelta(hours=3))
        session.reply_delivery(second.delivery_id, Reply.ACCEPTED, by="crew", at=NOW + timedelta(hours=3))
        session.reply_delivery(third.delivery_id, Reply.DONE, by="crew", at=NOW + timedelta(hours=3))
        session.set_status("c", TicketStatus.IN_REVIEW, None)

    store.write(work)
    with store.read() as session:
        assert session.unit_loads(NOW) == [UnitLoad(unit_id="water-1", tickets=2, done=1)]
        assert session.unit_loads(NOW + HOUR) == [UnitLoad(unit_id="water-1", tickets=1)]


def test_what_came_back_to_a_unit_that_had_done_it_is_its_load_again(store: Store) -> None:
    def work(session: WriteSession) -> None:
        later = NOW + timedelta(hours=2)
        session.add_delivery("a", "water-1", later)
        (first,) = session.deliveries()
        session.reply_delivery(first.delivery_id, Reply.DONE, by="crew", at=later)
        session.add_delivery("a", "water-1", later, kind=DeliveryKind.WITHDRAWAL)
        session.add_delivery("a", "roads", later)

    def load() -> UnitLoad:
        with store.read() as session:
            return next(one for one in session.unit_loads(NOW) if one.unit_id == "water-1")

    store.write(work)
    assert load() == UnitLoad(unit_id="water-1", tickets=2)
    store.write(lambda session: session.cancel_deliveries("a", NOW))
    assert load() == UnitLoad(unit_id="water-1", tickets=2, done=1)
    store.write(lambda session: session.add_delivery("a", "water-1", NOW + timedelta(hours=3)))
    assert load() == UnitLoad(unit_id="water-1", tickets=2)


def test_arrivals_by_time(store: Store) -> None:
    with store.read() as session:
        found = session.arrivals([NOW - HOUR, NOW, NOW + HOUR, NOW + 2 * HOUR])
        assert session.arrivals([NOW]) == []
    assert found == [
        Arrivals(at=NOW - HOUR, received=0, automatic=0),
        Arrivals(at=NOW, received=3, automatic=2),
        Arrivals(at=NOW + HOUR, received=3, automatic=1),
    ]


def test_only_what_still_waits_is_overdue(store: Store) -> None:
    with store.read() as session:
        assert session.count_overdue() == 1
    store.write(lambda session: session.set_status("b", TicketStatus.DISPATCHED, "roads"))
    with store.read() as session:
        assert session.count_overdue() == 0


def test_tickets_of_a_store_without_a_map_stand_where_they_were_decided_last(url: str) -> None:
    row = "INSERT INTO decisions (ticket_id, decided_at, verdict, body) VALUES ('a', :at, 'x', :body)"
    first = samples.decision("a", verdict=DISPATCH, location=at(AWAY))
    last = samples.decision("a", verdict=REVIEW, location=at(HERE))
    with made_by(url, "0013") as connection:
        for ticket_id in ("a", "b"):
            one = samples.ticket(ticket_id)
            add(connection, one, encode(one))
        for decision in (first, last):
            connection.execute(text(row), {"at": moment(connection), "body": encode(decision)})
    with closing(open_store(url)) as migrated:
        expected = [CellCount(cell=cell(HERE, 8), count=1), CellCount(cell=None, count=1)]
        assert counted(migrated) == expected

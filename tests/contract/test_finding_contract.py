"""What every store promises those who look for tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import h3.api.basic_int as h3
import pytest

from domain.decisions import Decision
from domain.places import Location, LocationSource, Point
from domain.safety import Priority
from domain.tickets import Ticket, TicketStatus
from router.city import FINEST, CityQuery
from router.finding import Remembered, TicketQuery, cursor_of, places_around
from router.ports import Store, WriteSession
from tests.contract import samples
from tests.contract.samples import NOW, POINT


def a_ticket(ticket_id: str, minutes: int, **changes: Any) -> Ticket:
    return replace(samples.ticket(ticket_id, minutes), **changes)


@pytest.fixture
def store(store: Store) -> Store:
    """Five tickets; two came at the same moment."""

    def work(session: WriteSession) -> None:
        session.add_ticket(a_ticket("T-1", 0, account="310-0042", phone="+86 138 1234 5678"))
        session.add_ticket(a_ticket("T-2", 5, account="310 0042", phone=None, address="100%_Road"))
        session.add_ticket(a_ticket("T-10", 5, account=None, phone="021-99", category="Gas", address=None))
        session.add_ticket(
            a_ticket("U-1", 7, account="99", phone="12", address="", channel="web"), Priority.URGENT
        )
        session.add_ticket(
            a_ticket("V", 9, account=None, phone=None, address="祖冲之路２号１室", category=None)
        )
        session.set_status("T-2", TicketStatus.DISPATCHED, "water-1")
        session.set_status("U-1", TicketStatus.IN_REVIEW, None)

    store.write(work)
    return store


def found(store: Store, **conditions: Any) -> list[str]:
    with store.read() as session:
        return [one.ticket.ticket_id for one in session.find_tickets(TicketQuery(**conditions))]


def remembered(store: Store, typed: str) -> list[str]:
    return found(store, remembered=Remembered.of(typed))


def test_all_of_them_newest_first(store: Store) -> None:
    assert found(store) == ["V", "U-1", "T-2", "T-10", "T-1"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_every_ticket_once(store: Store, limit: int) -> None:
    told, after = [], None
    while True:
        with store.read() as session:
            page = session.find_tickets(TicketQuery(after=after, limit=limit))
        told += [one.ticket.ticket_id for one in page]
        if len(page) < limit:
            break
        after = cursor_of(page[-1])
    assert told == found(store)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"statuses": frozenset({TicketStatus.DISPATCHED})}, ["T-2"]),
        ({"statuses": frozenset({TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW})}, ["U-1", "T-2"]),
        ({"priorities": frozenset({Priority.URGENT})}, ["U-1"]),
        ({"unit_ids": frozenset({"water-1", "roads"})}, ["T-2"]),
        ({"unit_ids": frozenset({"roads"})}, []),
        ({"category": "gas"}, ["T-10"]),
        ({"channel": "web"}, ["U-1"]),
        ({"since": NOW + timedelta(minutes=5), "until": NOW + timedelta(minutes=7)}, ["T-2", "T-10"]),
        ({"channel": "phone", "since": NOW + timedelta(minutes=6)}, ["V"]),
    ],
)
def test_filters_hold_together(store: Store, conditions: dict[str, Any], expected: list[str]) -> None:
    assert found(store, **conditions) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("T-1", ["T-10", "T-1"]),  # beginnings of ids
        ("t-1", []),  # ids are told apart by case
        ("3100042", ["T-2", "T-1"]),  # an account, however it is written
        ("310-00", ["T-2", "T-1"]),
        ("99", ["U-1"]),  # too short to be but the whole of an account
        ("5678", ["T-1"]),  # the last digits of a phone number
        ("0086 138 1234 5678", ["T-1"]),  # as another telephone system shows the country
        ("13812345678", ["T-1"]),
        ("1381234", []),
        ("祖冲之路2号", ["V", "T-1"]),
        ("冲之路", ["V", "T-1"]),
        ("100%_road", ["T-2"]),
        ("0%", ["T-2"]),
        ("%", ["T-2"]),
        ("nothing of the kind", []),
    ],
)
def test_what_somebody_remembers(store: Store, typed: str, expected: list[str]) -> None:
    assert remembered(store, typed) == expected


def test_what_was_decided_near_and_on_that_day(store: Store) -> None:
    far, unknown = Point(latitude=31.24, longitude=121.4737), Location(source=LocationSource.NONE)
    beside = Point(latitude=POINT.latitude + 0.003, longitude=POINT.longitude)

    def work(session: WriteSession) -> None:
        for ticket_id, point, days in (
            ("T-1", POINT, 0),
            ("T-2", beside, 0),
            ("T-10", far, 0),
            ("U-1", POINT, 3),
        ):
            session.add_decision(decided_at(ticket_id, point), NOW + timedelta(days=days))
        session.add_decision(replace(decided_at("V", POINT), location=unknown), NOW)
        session.add_decision(decided_at("T-1", POINT), NOW)  # decided again at the same place

    store.write(work)
    around = places_around(POINT, NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert found(store, places=around) == ["T-2", "T-1"]
    assert found(store, places=places_around(POINT, NOW, NOW + timedelta(days=3))) == ["U-1", "T-2", "T-1"]
    assert found(store, places=frozenset()) == []


def decided_at(ticket_id: str, point: Point) -> Decision:
    made = samples.decision(ticket_id)
    return replace(made, location=replace(made.location, point=point))


@pytest.mark.parametrize("resolution", [3, 7, 8, 10])
def test_the_tickets_of_a_cell_are_those_that_the_map_counts_in_it(store: Store, resolution: int) -> None:
    places = {
        "T-1": POINT,
        "T-2": Point(latitude=POINT.latitude + 0.003, longitude=POINT.longitude),
        "V": Point(latitude=31.9, longitude=120.2),
    }

    def work(session: WriteSession) -> None:
        for ticket_id, point in places.items():
            session.add_decision(decided_at(ticket_id, point), NOW)

    store.write(work)
    with store.read() as session:
        counted = session.ticket_cells(CityQuery(since=NOW, until=NOW + timedelta(days=1)), resolution)
    assert sum(one.count for one in counted) == 5
    for one in counted:
        if one.cell is not None:
            assert len(found(store, cell=one.cell)) == one.count
    of_first = h3.cell_to_parent(h3.latlng_to_cell(POINT.latitude, POINT.longitude, FINEST), resolution)
    assert "T-1" in found(store, cell=of_first)
    assert "V" not in found(store, cell=of_first)


def test_those_that_somebody_should_have_seen_by_now(store: Store) -> None:
    def late(session: WriteSession) -> None:
        session.set_status("T-1", TicketStatus.IN_REVIEW, None)
        for ticket_id in ("T-1", "U-1"):
            session.flag_overdue(ticket_id, NOW, None)
        session.set_status("U-1", TicketStatus.DISPATCHED, "water-1")  # it does not wait any more

    store.write(late)
    assert found(store, overdue=True) == ["T-1"]
    assert len(found(store, overdue=False)) == 5

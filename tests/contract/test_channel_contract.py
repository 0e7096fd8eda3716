"""What every store promises a channel that asks for its own tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.errors import NotFound
from domain.tickets import Ticket, TicketStatus
from router.ports import ChannelQuery, ChannelTicket, EventKind, Store, WriteSession
from tests.contract import samples
from tests.contract.samples import NOW

MINE = ChannelQuery(channel="open311")
SOON = NOW + timedelta(seconds=1)
ALL = frozenset(EventKind)


def a_ticket(ticket_id: str, minutes: int = 0, channel: str = "open311", **attributes: str) -> Ticket:
    return replace(samples.ticket(ticket_id, minutes), channel=channel, attributes=attributes)


@pytest.fixture
def store(store: Store) -> Store:
    """Four tickets of the channel, and one of another that says it is of this one."""

    def work(session: WriteSession) -> None:
        session.add_ticket(a_ticket("a", 1, kind="water"))
        session.add_ticket(a_ticket("b", 3, kind="gas"))
        session.add_ticket(a_ticket("d", 2, kind="Water"))
        session.add_ticket(a_ticket("c", 2, kind='wa"ter', note='"kind":"gas"'))
        session.add_ticket(a_ticket("x", 2, channel="phone", kind="water", note='"channel":"open311"'))
        session.set_status("b", TicketStatus.DISPATCHED, "water-1")
        session.set_status("x", TicketStatus.DISPATCHED, "water-1")

    store.write(work)
    return store


def found(store: Store, **conditions: Any) -> list[str]:
    with store.read() as session:
        tickets = session.channel_tickets(replace(MINE, **conditions))
    return [one.ticket.ticket_id for one in tickets]


def at(minutes: int) -> datetime:
    return samples.ticket("t", minutes).received_at


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, "bcda"),
        ({"limit": 2}, "bc"),
        ({"limit": 2, "offset": 1}, "cd"),
        ({"offset": 9}, ""),
        ({"limit": 0}, ""),
        ({"channel": "phone"}, "x"),
        ({"channel": "Open311"}, ""),
        ({"ticket_ids": frozenset("adxz")}, "da"),
        ({"ticket_ids": frozenset()}, ""),
        ({"since": at(2)}, "bcd"),
        ({"until": at(2)}, "a"),
        ({"since": at(2), "until": at(3)}, "cd"),
        ({"statuses": frozenset({TicketStatus.DISPATCHED, TicketStatus.ON_HOLD})}, "b"),
        ({"statuses": frozenset()}, ""),
        ({"having": ("kind", frozenset({"water"}))}, "a"),
        ({"having": ("kind", frozenset({"water", "gas"}))}, "ba"),
        ({"having": ("kind", frozenset({'wa"ter'}))}, "c"),
        ({"having": ("kind", frozenset())}, ""),
        ({"having": ("other", frozenset({"water"}))}, ""),
        ({"belonging": ("kind", "water")}, "a"),
        ({"belonging": ("note", "x")}, "bda"),  # those that have none belong everywhere
        ({"belonging": ("note", '"kind":"gas"')}, "bcda"),
        ({"belonging": ("gas", "x")}, "bcda"),
    ],
)
def test_a_channel_finds_its_own_tickets(store: Store, conditions: dict[str, Any], expected: str) -> None:
    assert found(store, **conditions) == list(expected)


def test_a_channel_sees_how_its_ticket_stands(store: Store) -> None:
    with store.read() as session:
        first, *_ = session.channel_tickets(MINE)
    assert first == ChannelTicket(
        ticket=a_ticket("b", 3, kind="gas"),
        status=TicketStatus.DISPATCHED,
        unit_id="water-1",
        changed_at=NOW,
    )


def test_a_channel_hears_what_happened_to_its_tickets_in_order(store: Store) -> None:
    store.write(lambda session: session.add_report("a", "someone", '{"status": "fixed"}'))
    with store.read() as session:
        heard = session.channel_events("open311", ALL, NOW, SOON)
        some = session.channel_events(
            "open311", frozenset({EventKind.STATUS, EventKind.REPORTED}), NOW, SOON, limit=2
        )
        of_a = session.events("a")
    assert [event.kind for event in heard] == [
        *[EventKind.RECEIVED] * 4,
        EventKind.STATUS,
        EventKind.REPORTED,
    ]
    assert [(event.ticket_id, event.kind) for event in some] == [
        ("b", EventKind.STATUS),
        ("a", EventKind.REPORTED),
    ]
    assert (some[1].by, some[1].detail) == ("someone", '{"status": "fixed"}')
    numbers = [event.sequence for event in heard]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0
    assert of_a[-1].sequence == some[1].sequence


def test_the_end_of_the_span_is_not_in_it(store: Store) -> None:
    with store.read() as session:
        assert session.channel_events("open311", ALL, NOW, NOW) == []
        assert session.channel_events("open311", ALL, SOON, SOON + timedelta(days=1)) == []
        assert session.channel_events("open311", frozenset(), NOW, SOON) == []


def test_a_report_of_no_ticket_is_refused(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.write(lambda session: session.add_report("z", "someone", "{}"))
    assert (caught.value.kind, caught.value.key) == ("ticket", "z")


def test_a_channel_sees_what_is_done_until_it_goes_elsewhere(store: Store) -> None:
    def done() -> str:
        assert sorted(found(store, done=True) + found(store, done=False)) == list("abcd")
        with store.read() as session:
            told = {one.ticket.ticket_id for one in session.channel_tickets(MINE) if one.done}
        assert told == set(found(store, done=True))
        return "".join(found(store, done=True))

    def status(ticket_id: str, status: TicketStatus, unit: str | None) -> None:
        store.write(lambda session: session.set_status(ticket_id, status, unit))

    assert done() == ""
    for ticket_id in ("b", "a"):  # `a` goes with another that was done
        store.write(
            lambda session, one=ticket_id: session.note(one, EventKind.DONE, by="crew", unit_id="water-1")  # type: ignore[misc]
        )
    assert done() == "ba"
    status("b", TicketStatus.DISPATCHED, "water-1")
    assert done() == "ba"
    status("b", TicketStatus.DISPATCHED, "roads")
    assert done() == "a"
    status("a", TicketStatus.IN_REVIEW, None)
    assert done() == ""

"""What every store promises of tickets that wait too long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.tickets import TicketStatus
from router.ports import EventKind, Store, StoredTicket, WriteSession
from tests.contract.samples import NOW, ticket

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(store: Store) -> Store:
    def work(session: WriteSession) -> None:
        for place, ticket_id in enumerate("cab"):
            session.add_ticket(ticket(ticket_id))
            session.set_status(ticket_id, TicketStatus.IN_REVIEW, None)
            session.set_due(ticket_id, NOW + place * MINUTE)
        session.add_ticket(ticket("gone"))
        session.set_status("gone", TicketStatus.DISPATCHED, "roads")
        session.set_due("gone", NOW)
        session.add_ticket(ticket("undue"))
        session.set_status("undue", TicketStatus.ON_HOLD, None)

    store.write(work)
    return store


def overdue(store: Store, minutes: float = 9, limit: int = 9) -> list[str]:
    with store.read() as session:
        return list(session.overdue(NOW + minutes * MINUTE, limit))


def flag(store: Store, ticket_id: str) -> bool:
    return store.write(lambda session: session.flag_overdue(ticket_id, NOW + MINUTE, "roads"))


def stored(store: Store, ticket_id: str) -> StoredTicket:
    with store.read() as session:
        found = session.ticket(ticket_id)
    assert found is not None
    return found


def test_the_longest_due_come_first(store: Store) -> None:
    assert overdue(store) == ["c", "a", "b"]
    assert overdue(store, limit=2) == ["c", "a"]
    assert overdue(store, minutes=1) == ["c", "a"]
    assert overdue(store, minutes=-1) == []


def test_a_ticket_is_flagged_once(store: Store) -> None:
    assert flag(store, "c")
    assert not flag(store, "c")
    assert not flag(store, "gone")
    assert overdue(store) == ["a", "b"]
    found = stored(store, "c")
    assert (found.due_at, found.overdue_at, found.duty_unit) == (NOW, NOW + MINUTE, "roads")
    with store.read() as session:
        told = [(event.kind, event.unit_id) for event in session.events("c")]
    assert told.count((EventKind.OVERDUE, "roads")) == 1


def test_a_new_due_time_begins_anew(store: Store) -> None:
    flag(store, "c")
    store.write(lambda session: session.set_due("c", NOW + 5 * MINUTE))
    found = stored(store, "c")
    assert (found.due_at, found.overdue_at, found.duty_unit) == (NOW + 5 * MINUTE, None, None)
    assert overdue(store) == ["a", "b", "c"]
    store.write(lambda session: session.set_due("c", None))
    assert overdue(store) == ["a", "b"]

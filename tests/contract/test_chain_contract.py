"""The log of events is a chain: whatever is changed behind the store's back is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from domain.automation import Resumption
from domain.decisions import Verdict
from domain.safety import Priority
from domain.tickets import TicketStatus
from domain.units import Unit
from router import audit
from router.audit import Fault, verify
from router.chain import digest, link
from router.delivery_ports import DeliveryKind
from router.event_ports import ChainHead, EventKind
from router.ports import Pointers, Store, WriteSession
from store.codec import encode
from store.engines import parse_url, writer_engine
from store.memory import MemoryStore
from store.memory_sessions import MemoryReadSession
from store.sql import open_store
from tests.contract.samples import (
    NOW,
    STOPPED,
    bundle,
    decision,
    dispatch,
    review,
    ticket,
)
from tests.contract.test_additions_contract import together


def a_day(session: WriteSession) -> None:
    """Two tickets, one of them reassigned, and what else is recorded."""
    session.put_units([Unit(unit_id="roads", name="Roads")])
    session.append_dispatches([dispatch("old-1"), dispatch("old-2")])
    for ticket_id in ("a", "b"):
        session.add_ticket(ticket(ticket_id), Priority.HIGH)
        session.add_decision(decision(ticket_id), NOW)
        session.set_status(ticket_id, TicketStatus.DISPATCHED, "water-1")
        session.add_delivery(ticket_id, "water-1", NOW)
    made = session.add_suspension(STOPPED)
    session.add_resumption(Resumption(suspension_id=made.suspension_id, at=NOW, by="王", reason="over"))
    session.set_pointers(Pointers(champion=session.add_bundle(bundle("ab" * 32)).version))
    session.add_review(review("b"))
    session.set_status("b", TicketStatus.DISPATCHED, "roads")
    session.append_dispatches([dispatch("b", "roads")])


EVENTS = 16


def test_every_change_is_an_event_chained_to_the_one_before_it(store: Store) -> None:
    store.write(a_day)
    with store.read() as session:
        events = session.event_log()
        assert [event.kind.value for event in events] == [
            *("changed", "logged"),
            *("received", "decided", "status", "queued") * 2,
            *("suspended", "resumed", "promoted", "reviewed", "status", "logged"),
        ]
        assert [event.sequence for event in events] == list(range(1, EVENTS + 1))
        previous = ChainHead().hash
        for event in events:
            assert event.hash == link(previous, event)
            previous = event.hash
        assert session.chain_head() == ChainHead(sequence=EVENTS, hash=previous)
        found = verify(session)
        assert (found.events, found.findings) == (EVENTS, ())


def test_all_stores_make_the_same_chain(store: Store) -> None:
    store.write(a_day)
    with store.read() as session:
        head = session.chain_head()
    twin = MemoryStore(lambda: NOW)
    twin.write(a_day)
    with twin.read() as session:
        assert session.chain_head() == head


def test_events_of_works_that_fail_are_not_in_the_chain(store: Store) -> None:
    def fails(session: WriteSession) -> None:
        session.add_ticket(ticket("lost"))
        raise LookupError

    store.write(lambda session: session.add_ticket(ticket("first")))
    with pytest.raises(LookupError):
        store.write(fails)
    store.write(lambda session: session.add_ticket(ticket("second")))
    with store.read() as session:
        assert [event.ticket_id for event in session.event_log()] == ["first", "second"]
        assert verify(session).findings == ()


def test_a_work_that_fails_late_leaves_the_next_one_the_head_that_stands(store: Store) -> None:
    def fail(session: WriteSession) -> None:
        session.put_units([Unit(unit_id="lamps", name="Lamps")])
        assert session.event_log()  # the head is written now
        session.lock_log()  # and read again
        raise RuntimeError

    failed, done = together(store, fail, lambda session: session.add_ticket(ticket("second")))
    assert isinstance(failed.exception(), RuntimeError)
    done.result()
    with store.read() as session:
        assert [(event.sequence, event.ticket_id) for event in session.event_log()] == [(1, "second")]
        assert verify(session).findings == ()


def test_a_work_reads_the_events_that_it_made(store: Store) -> None:
    def work(session: WriteSession) -> list[EventKind]:
        session.add_ticket(ticket("a"), Priority.HIGH)
        seen = [event.kind for event in session.events("a")]
        session.add_decision(decision("a"), NOW)
        return [*seen, *(event.kind for event in session.events("a"))]

    assert store.write(work) == [EventKind.RECEIVED, EventKind.RECEIVED, EventKind.DECIDED]
    with store.read() as session:
        assert verify(session).findings == ()


def test_the_log_is_read_on_from_any_event(store: Store) -> None:
    store.write(a_day)
    with store.read() as session:
        assert [event.sequence for event in session.event_log(after=3, limit=2)] == [4, 5]
        assert session.event_log(after=EVENTS) == []


@contextmanager
def behind_the_back_of(url: str) -> Iterator[Connection]:
    engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


SWAP = (
    "UPDATE events SET event_id = 1000 WHERE event_id = 5",
    "UPDATE events SET event_id = 5 WHERE event_id = 6",
    "UPDATE events SET event_id = 6 WHERE event_id = 1000",
)
TAMPERINGS: dict[str, tuple[tuple[str, ...], list[tuple[Fault, int, int]]]] = {
    "edited": (
        ("UPDATE events SET detail = 'x' WHERE event_id = 5",),
        [(Fault.EDITED, 5, 5), (Fault.RECORD, 5, 5)],
    ),
    "signed by another": (("UPDATE events SET by = 'x' WHERE event_id = 14",), [(Fault.EDITED, 14, 14)]),
    "first": (("UPDATE events SET detail = 'x' WHERE event_id = 1",), [(Fault.EDITED, 1, 1)]),
    "deleted": (
        ("DELETE FROM events WHERE event_id IN (7, 8)",),
        [(Fault.DELETED, 7, 8), (Fault.UNTOLD, 0, 0), (Fault.UNTOLD, 0, 0)],
    ),
    "first deleted": (("DELETE FROM events WHERE event_id = 1",), [(Fault.DELETED, 1, 1)]),
    "last deleted": (
        ("DELETE FROM events WHERE event_id >= 15",),
        [(Fault.RECORD, 9, 9), (Fault.DELETED, 15, 16), (Fault.RECORD, 14, 14)],
    ),
    "re-ordered": (SWAP, [(Fault.MOVED, 5, 5), (Fault.MOVED, 6, 6)]),
    "unreadable": (("UPDATE events SET kind = 'odd' WHERE event_id = 5",), [(Fault.UNREADABLE, 5, 5)]),
    "ticket": (
        ("UPDATE tickets SET body = replace(body, 'burst', 'fine') WHERE ticket_id = 'a'",),
        [(Fault.RECORD, 3, 3)],
    ),
    "decision": (
        ("UPDATE decisions SET body = replace(body, 'water-1', 'water-2') WHERE ticket_id = 'a'",),
        [(Fault.RECORD, 4, 4)],
    ),
    "decision deleted": (("DELETE FROM decisions WHERE ticket_id = 'a'",), [(Fault.RECORD, 4, 4)]),
    "review": (("UPDATE reviews SET by = 'x' WHERE ticket_id = 'b'",), [(Fault.RECORD, 14, 14)]),
    "status": (("UPDATE tickets SET unit_id = 'x' WHERE ticket_id = 'b'",), [(Fault.RECORD, 15, 15)]),
    "joined": (("UPDATE tickets SET joined_into = 'a' WHERE ticket_id = 'b'",), [(Fault.RECORD, 15, 15)]),
    "past": (("UPDATE dispatch_log SET unit_id = 'x' WHERE sequence = 2",), [(Fault.RECORD, 2, 2)]),
    "past deleted": (
        ("DELETE FROM dispatch_log WHERE sequence = 3",),
        [(Fault.RECORD, 16, 16), (Fault.RECORD, 16, 16)],
    ),
    "slipped in": (
        (
            "INSERT INTO reviews (ticket_id, unit_id, by, at, comment) SELECT 'a', unit_id, by, at, '' FROM reviews",
        ),
        [(Fault.UNTOLD, 0, 0)],
    ),
}


COPIED = "INSERT INTO decisions (ticket_id, decided_at, verdict, unit_id, body, bundle_digest, certificate_group, automatic)"
AS_IT_WAS = (
    "SELECT ticket_id, decided_at, verdict, unit_id, body, bundle_digest, certificate_group, automatic"
)
UNTOLD = (Fault.UNTOLD, 0, 0)
TAMPERINGS |= {
    "decision slipped in": (
        (
            COPIED
            + AS_IT_WAS.replace("body", "replace(body, 'water-1', 'roads')")
            + " FROM decisions WHERE ticket_id = 'a'",
        ),
        [UNTOLD],
    ),
    "decision slipped in as it was": (
        (f"{COPIED} {AS_IT_WAS} FROM decisions WHERE ticket_id = 'a'",),
        [UNTOLD],
    ),
    "decision's time": (
        ("UPDATE decisions SET decided_at = '2020-01-01 00:00:00+00' WHERE ticket_id = 'b'",),
        [(Fault.RECORD, 8, 8)],
    ),
    **{
        f"decision's {column}": (
            (f"UPDATE decisions SET {column} = 'x' WHERE ticket_id = 'b'",),
            [(Fault.RECORD, 8, 8)],
        )
        for column in ("verdict", "unit_id", "automatic", "bundle_digest", "certificate_group")
    },
    "ticket's time": (
        ("UPDATE tickets SET received_at = '2020-01-01 00:00:00+00' WHERE ticket_id = 'b'",),
        [(Fault.RECORD, 7, 7)],
    ),
    "ticket's channel": (("UPDATE tickets SET channel = 'x' WHERE ticket_id = 'b'",), [(Fault.RECORD, 7, 7)]),
    "ticket's priority": (("UPDATE tickets SET priority = 2 WHERE ticket_id = 'b'",), [(Fault.RECORD, 8, 8)]),
    "delivery deleted": (("DELETE FROM deliveries WHERE ticket_id = 'a'",), [(Fault.RECORD, 6, 6)]),
    "delivery's unit": (
        ("UPDATE deliveries SET unit_id = 'roads' WHERE ticket_id = 'a'",),
        [(Fault.RECORD, 6, 6)],
    ),
    "delivery slipped in": (
        (
            (
                "INSERT INTO deliveries (webhook_id, ticket_id, unit_id, queued_at, ready_at, due_at, state)"
                " SELECT 'msg_x', ticket_id, 'roads', queued_at, ready_at, due_at, state FROM deliveries"
                " WHERE ticket_id = 'a'"
            ),
        ),
        [UNTOLD],
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_was_changed_behind_its_back_is_named(url: str, tampering: str) -> None:
    statements, expected = TAMPERINGS[tampering]
    store = open_store(url, lambda: NOW)
    store.write(a_day)
    store.close()
    with behind_the_back_of(url) as connection:
        for statement in statements:
            connection.execute(text(statement))
    store = open_store(url, lambda: NOW)
    with store.read() as session:
        found = verify(session).findings
    store.close()
    assert [(one.fault, one.first, one.last) for one in found] == expected


def a_long_way(session: WriteSession) -> None:
    """A ticket that was refused and decided again, reviewed, undone and reviewed again; one that made it pressing."""
    for ticket_id, priority in (("a", Priority.NORMAL), ("b", Priority.HIGH)):
        session.add_ticket(ticket(ticket_id), priority)
        session.add_decision(decision(ticket_id, verdict=Verdict.REVIEW, priority=priority), NOW)
        session.set_status(ticket_id, TicketStatus.IN_REVIEW, None)
    session.add_decision(decision("a", "roads", priority=Priority.NORMAL), NOW)
    session.set_status("b", TicketStatus.JOINED, None)
    session.set_joined("b", "a", "王")
    session.set_priority("a", Priority.HIGH)
    session.add_review(review("a"))
    session.undo_review("a", by="王", reason="slip")
    session.add_review(replace(review("a"), unit_id="water-1"))
    session.set_status("a", TicketStatus.DISPATCHED, "water-1")
    session.add_delivery("a", "water-1", NOW)
    session.add_delivery("a", "roads", NOW, kind=DeliveryKind.WITHDRAWAL)


def swapped(table: str, key: str, one: int, other: int) -> tuple[str, ...]:
    """The statements."""
    steps = (one, 1000), (other, one), (1000, other)
    return tuple(f"UPDATE {table} SET {key} = {to} WHERE {key} = {of}" for of, to in steps)


ON_THE_WAY: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "nothing": ((), []),
    "decisions changed places": (
        swapped("decisions", "decision_id", 1, 3),
        [f"what event {n} (decided of ticket 'a') tells of changed places with another" for n in (2, 7)],
    ),
    "the first decision deleted": (
        ("DELETE FROM decisions WHERE decision_id = 1",),
        ["what event 2 (decided of ticket 'a') tells of was edited or deleted"],
    ),
    "the first decision edited and copied": (
        (
            f"{COPIED} {AS_IT_WAS} FROM decisions WHERE decision_id = 3",
            "UPDATE decisions SET body = replace(body, 'water-1', 'water-9') WHERE decision_id = 1",
        ),
        [
            "what event 2 (decided of ticket 'a') tells of was edited or deleted",
            "no event tells of decisions: row 4 of ticket 'a'",
        ],
    ),
    "columns": (
        ("UPDATE decisions SET verdict = 'hold', unit_id = NULL WHERE decision_id = 3",),
        [
            "what event 7 (decided of ticket 'a') tells of is contradicted by decisions.verdict, decisions.unit_id"
        ],
    ),
    "no longer as pressing as what goes with it": (
        ("UPDATE tickets SET priority = 2 WHERE ticket_id = 'a'",),
        ["what event 2 (decided of ticket 'a') tells of is contradicted by tickets.priority"],
    ),
    "going in a circle": (
        ("UPDATE tickets SET joined_into = 'b' WHERE ticket_id = 'a'",),
        ["ticket 'a' goes with b; event 13 says with none"],
    ),
    "an undone review deleted": (
        ("DELETE FROM undone_reviews",),
        [
            "what event 10 (reviewed of ticket 'a') tells of was edited or deleted",
            "what event 11 (undone of ticket 'a') tells of was edited or deleted",
        ],
    ),
    "a review undone by nobody": (
        (
            (
                "INSERT INTO undone_reviews (ticket_id, unit_id, by, at, comment, reason)"
                " SELECT ticket_id, unit_id, by, at, comment, reason FROM reviews"
            ),
            "DELETE FROM reviews",
        ),
        ["no event tells of undone_reviews: row 2 of ticket 'a'"],
    ),
    "deliveries changed places": (
        swapped("deliveries", "delivery_id", 1, 2),
        [f"what event {n} (queued of ticket 'a') tells of changed places with another" for n in (14, 15)],
    ),
}


@pytest.mark.parametrize("tampering", ON_THE_WAY)
def test_each_event_has_its_own_record(url: str, tampering: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 3)  # a ticket's events are in many batches
    statements, expected = ON_THE_WAY[tampering]
    with closing(open_store(url, lambda: NOW)) as store:
        store.write(a_long_way)
    with behind_the_back_of(url) as connection:
        for statement in statements:
            connection.execute(text(statement))
    with closing(open_store(url, lambda: NOW)) as store, store.read() as session:
        assert [one.told for one in verify(session).findings] == expected


def test_each_event_has_its_own_record_in_memory_too() -> None:
    store = MemoryStore(lambda: NOW)
    store.write(a_long_way)
    with store.read() as session:
        assert isinstance(session, MemoryReadSession)
        assert verify(session).findings == ()
        state = session.state
        state.decisions[0], state.decisions[2] = state.decisions[2], state.decisions[0]
        state.decisions.append(state.decisions[1])
        del state.deliveries[0]
        assert sorted(one.told for one in verify(session).findings) == [
            "no event tells of decisions: row 2 of ticket 'b'",
            "what event 14 (queued of ticket 'a') tells of was edited or deleted",
            "what event 2 (decided of ticket 'a') tells of changed places with another",
            "what event 7 (decided of ticket 'a') tells of changed places with another",
        ]


def test_a_decision_that_was_chained_without_its_time_is_known_by_its_body(url: str) -> None:
    with closing(open_store(url, lambda: NOW)) as store:
        store.write(a_day)
    with closing(open_store(url, lambda: NOW)) as store, store.read() as session:
        events = [
            replace(one, covers=digest(encode(decision(one.ticket_id))))
            if one.kind is EventKind.DECIDED
            else one
            for one in session.event_log()
        ]
    with behind_the_back_of(url) as connection:
        for one in events:
            connection.execute(
                text("UPDATE events SET covers = :covers WHERE event_id = :number"),
                {"covers": one.covers, "number": one.sequence},
            )
    chain_anew(url)
    with closing(open_store(url, lambda: NOW)) as store, store.read() as session:
        assert verify(session).findings == ()


def test_a_chain_made_anew_does_not_have_the_head_that_was_noted(url: str) -> None:
    store = open_store(url, lambda: NOW)
    store.write(a_day)
    with store.read() as session:
        noted = session.event_log(after=4, limit=1)[0]
        head = ChainHead(sequence=noted.sequence, hash=noted.hash)
        assert verify(session, head).findings == ()
    store.close()
    forge(url)
    store = open_store(url, lambda: NOW)
    with store.read() as session:
        assert verify(session).findings == ()
        assert [one.fault for one in verify(session, head).findings] == [Fault.REWRITTEN]
        beyond = ChainHead(sequence=1000, hash=noted.hash)
        assert [one.fault for one in verify(session, beyond).findings] == [Fault.REWRITTEN]
    store.close()


def forge(url: str) -> None:
    """Change an event and chain all that follows anew."""
    with behind_the_back_of(url) as connection:
        connection.execute(text("UPDATE events SET by = 'nobody' WHERE event_id = 2"))
    chain_anew(url)


def chain_anew(url: str) -> None:
    """All events, as they are now."""
    store, previous = open_store(url, lambda: NOW), ChainHead().hash
    with store.read() as session:
        events = list(session.event_log())
    store.close()
    with behind_the_back_of(url) as connection:
        for event in events:
            previous = link(previous, event)
            connection.execute(
                text("UPDATE events SET hash = :hash WHERE event_id = :number"),
                {"hash": previous, "number": event.sequence},
            )
        head = encode(ChainHead(sequence=EVENTS, hash=previous))
        connection.execute(text("UPDATE meta SET value = :head WHERE name = 'chain_head'"), {"head": head})

"""The form of a link, which every later version has to keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from domain.tickets import ALLOWED_TRANSITIONS, TicketStatus
from router.chain import chained, link
from router.event_ports import GENESIS, ChainHead, EventKind, TicketEvent

EVENT = TicketEvent(
    ticket_id="t1",
    kind=EventKind.REVIEWED,
    at=datetime(2024, 5, 1, 17, 0, tzinfo=timezone(timedelta(hours=8))),
    by="王",
    unit_id="roads",
    detail='a "quoted"\nword',
    sequence=7,
    covers="ab",
)
CANONICAL = (
    '{"at":"2024-05-01T09:00:00.000000Z","by":"王","covers":"ab","detail":"a \\"quoted\\"\\nword","kind":"reviewed",'
    f'"previous":"{GENESIS}","sequence":7,"ticket_id":"t1","unit_id":"roads"}}'
)


def test_a_link_is_the_hash_of_canonical_json() -> None:
    assert link(GENESIS, EVENT) == sha256(CANONICAL.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"at": EVENT.at + timedelta(microseconds=1)},
        {"by": "x"},
        {"covers": None},
        {"detail": ""},
        {"kind": EventKind.STATUS},
        {"sequence": 8},
        {"ticket_id": "t2"},
        {"unit_id": None},
    ],
)
def test_whatever_an_event_says_is_in_its_hash(change: dict[str, object]) -> None:
    assert link(GENESIS, replace(EVENT, **change)) != link(GENESIS, EVENT)  # type: ignore[arg-type]


def test_the_same_moment_in_another_zone_is_the_same_link() -> None:
    assert link(GENESIS, replace(EVENT, at=EVENT.at.astimezone(UTC))) == link(GENESIS, EVENT)


def test_events_are_numbered_and_chained_on() -> None:
    first, second = chained([EVENT, EVENT], ChainHead(sequence=4, hash="cd"))
    assert (first.sequence, second.sequence) == (5, 6)
    assert first.hash == link("cd", first)
    assert second.hash == link(first.hash, second)


def test_the_table_of_transitions_names_every_status_and_reaches_it() -> None:
    assert set(ALLOWED_TRANSITIONS) == set(TicketStatus)
    reached, waiting = {TicketStatus.RECEIVED}, [TicketStatus.RECEIVED]
    while waiting:
        fresh = ALLOWED_TRANSITIONS[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    assert reached == set(TicketStatus)

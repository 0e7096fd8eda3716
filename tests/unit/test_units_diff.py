"""What a new unit list would do to what hangs on the old one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.rules import Rule
from domain.tickets import TicketStatus
from domain.time import Validity
from domain.units import Unit, open_heirs, stands_for
from router.units_diff import ChangeKind, UnitsDiff, units_diff
from store.memory import MemoryStore
from tests.estimators import START, a_dispatch, a_ticket
from tests.serving import square

NOW = START + timedelta(days=200)
LATER = NOW + timedelta(days=30)
UNTIL_LATER, FROM_LATER = Validity(valid_to=LATER), Validity(valid_from=LATER)


def unit(unit_id: str, **fields: object) -> Unit:
    return replace(Unit(unit_id=unit_id, name=unit_id.upper()), **fields)  # type: ignore[arg-type]


@pytest.fixture
def store() -> MemoryStore:
    """Units a, b and c; a has four dispatches, of which three in the log's last 90 days; b has one, c none."""
    store = MemoryStore()
    days = {"a": (0, 100, 120, 130), "b": (150,)}
    log = [
        a_dispatch(a_ticket(day, hours=24 * day), unit_id) for unit_id, past in days.items() for day in past
    ]
    store.write(
        lambda session: session.put_units([unit("a"), unit("b", kinds=frozenset({"leak"})), unit("c")])
    )
    store.write(lambda session: session.append_dispatches(log))
    return store


def diff(store: MemoryStore, units: Sequence[Unit], now: datetime = NOW) -> UnitsDiff:
    with store.read() as session:
        return units_diff(session, units, now)


def kinds(found: UnitsDiff) -> dict[str, ChangeKind]:
    return {change.unit.unit_id: change.kind for change in found.changes}


def test_the_same_list_changes_nothing(store: MemoryStore) -> None:
    with store.read() as session:
        found = diff(store, session.units())
    assert (found.changes, found.closings, found.unchanged, found.absent, found.moved) == ((), (), 3, (), 0)
    assert found.recent == 4


def test_a_unit_that_the_list_leaves_out_stays(store: MemoryStore) -> None:
    found = diff(store, [unit("a"), unit("n", validity=FROM_LATER)])
    assert kinds(found) == {"n": ChangeKind.OPENED}
    assert (found.absent, found.unchanged, found.moved) == (("b", "c"), 1, 0)


@pytest.mark.parametrize(
    ("old", "new", "kind", "details"),
    [
        ({}, {"name": "New"}, ChangeKind.RENAMED, [("name", "X", "New")]),
        ({}, {"kinds": frozenset({"q", "p"})}, ChangeKind.CHANGED, [("kinds", "", "p, q")]),
        ({}, {"parent": "head"}, ChangeKind.CHANGED, [("parent", "", "head")]),
        (
            {},
            {"validity": Validity(valid_from=START)},
            ChangeKind.CHANGED,
            [("validity", "", "2025-01-06 00:00 – …")],
        ),
        ({}, {"validity": UNTIL_LATER}, ChangeKind.CLOSED, [("validity", "", "… – 2025-08-24 00:00")]),
        ({"validity": UNTIL_LATER}, {"validity": UNTIL_LATER}, None, []),
        (
            {"validity": Validity(valid_to=START)},
            {},
            ChangeKind.REOPENED,
            [("validity", "… – 2025-01-06 00:00", "")],
        ),
        ({"validity": UNTIL_LATER}, {}, ChangeKind.CHANGED, [("validity", "… – 2025-08-24 00:00", "")]),
    ],
)
def test_what_happens_to_a_unit(
    old: dict[str, object],
    new: dict[str, object],
    kind: ChangeKind | None,
    details: list[tuple[str, str, str]],
) -> None:
    store = MemoryStore()
    store.write(lambda session: session.put_units([unit("x", **old)]))
    found = diff(store, [unit("x", **new)])
    assert [(change.kind, list(change.details)) for change in found.changes] == (
        [(kind, details)] if kind else []
    )


def test_a_closing_unit_tells_what_hangs_on_it(store: MemoryStore) -> None:
    ground = [
        square("t1", "a", 31.2),
        replace(square("t2", "a", 31.3), validity=UNTIL_LATER),
        square("t3", "b", 31.4),
    ]
    rules = [Rule(rule_id="r", unit_id="a"), Rule(rule_id="q", unit_id="b")]
    ticket = a_ticket(999)
    store.write(lambda session: session.put_territories(ground))
    store.write(lambda session: session.put_rules(rules))
    store.write(lambda session: session.add_ticket(ticket))
    store.write(lambda session: session.set_status(ticket.ticket_id, TicketStatus.DISPATCHED, "a"))
    found = diff(store, [unit("a", validity=UNTIL_LATER, successors=("c",))])
    [closing] = found.closings
    assert (closing.unit_id, closing.at, closing.heirs, closing.faults) == ("a", LATER, ("c",), ())
    assert (closing.tickets, closing.dispatches, closing.recent) == (1, 4, 3)
    assert (closing.territories, closing.rules) == (("t1",), ("r",))
    assert (found.moved, found.recent) == (3, 4)


@pytest.mark.parametrize(
    ("successors", "others", "fault"),
    [
        ((), [], "no successor is named"),
        (("nobody",), [], "successor not known: nobody"),
        (("c",), [unit("c", validity=Validity(valid_to=START))], "no successor is open then"),
        (("n",), [unit("n", validity=FROM_LATER)], None),
    ],
)
def test_a_closing_unit_without_an_heir_is_told(
    store: MemoryStore, successors: tuple[str, ...], others: list[Unit], fault: str | None
) -> None:
    found = diff(store, [unit("a", validity=UNTIL_LATER, successors=successors), *others])
    closing = next(one for one in found.closings if one.unit_id == "a")
    assert closing.faults == ((fault,) if fault else ())
    assert found.moved == 3


def test_merging_and_splitting(store: MemoryStore) -> None:
    merged = diff(store, [unit(u, validity=UNTIL_LATER, successors=("c",)) for u in ("a", "b")])
    assert (merged.merged, merged.split, merged.moved) == ((("c", ("a", "b")),), (), 4)
    split = diff(store, [unit("a", validity=UNTIL_LATER, successors=("b", "c"))])
    assert (split.merged, split.split) == ((), (("a", ("b", "c")),))


def test_heirs_of_heirs_are_followed_once() -> None:
    closed = Validity(valid_to=START)
    units = {
        "a": unit("a", validity=closed, successors=("b", "c")),
        "b": unit("b", validity=closed, successors=("a", "c", "d")),
        "c": unit("c"),
        "d": unit("d"),
    }
    assert open_heirs("a", units, NOW) == ("c", "d")
    assert open_heirs("a", units, START - timedelta(days=1)) == ("a",)


def test_a_successor_that_is_not_listed_is_nobody() -> None:
    closed = Validity(valid_to=START)
    units = {"a": unit("a", validity=closed, successors=("mispelt", "b")), "b": unit("b")}
    assert open_heirs("a", units, NOW) == ("b",)
    assert open_heirs("mispelt", units, NOW) == ("mispelt",)  # a unit of the history alone is open
    assert [stands_for(one, "a", units, NOW) for one in ("a", "b", "mispelt")] == [True, True, False]


def test_other_successors_of_a_closed_unit_are_looked_at(store: MemoryStore) -> None:
    closed = Validity(valid_to=START)
    store.write(lambda session: session.put_units([unit("a", validity=closed, successors=("b",))]))
    assert diff(store, [unit("a", validity=closed, successors=("b",), name="A")]).closings == ()
    (closing,) = diff(store, [unit("a", validity=closed, successors=("mispelt",))]).closings
    assert (closing.unit_id, closing.heirs, closing.faults) == ("a", (), ("successor not known: mispelt",))


def test_a_unit_that_opens_later_than_now_leaves_its_tickets_to_nobody_till_then(store: MemoryStore) -> None:
    found = diff(store, [unit("a", validity=FROM_LATER)])
    (closing,) = found.closings
    assert (closing.unit_id, closing.at, closing.heirs) == ("a", NOW, ())
    assert closing.faults == ("not open before 2025-08-24 00:00",)
    assert found.moved == 3


@pytest.mark.parametrize(
    "other", [unit("b", validity=Validity(valid_to=START)), unit("b", validity=FROM_LATER)]
)
def test_each_successor_that_is_not_open_is_told_beside_those_that_are(
    store: MemoryStore, other: Unit
) -> None:
    found = diff(store, [unit("a", validity=Validity(valid_to=NOW), successors=("b", "c")), other])
    closing = next(one for one in found.closings if one.unit_id == "a")
    assert (closing.heirs, closing.faults) == (("c",), ("successor not open then: b",))


def test_a_closed_unit_whose_heir_closes_is_told_with_it(store: MemoryStore) -> None:
    long_closed = unit("d", validity=Validity(valid_to=START), successors=("c",))
    store.write(lambda session: session.put_units([long_closed]))
    store.write(lambda session: session.append_dispatches([a_dispatch(a_ticket(500, hours=24 * 140), "d")]))
    found = diff(store, [unit("c", validity=UNTIL_LATER)])
    assert [(one.unit_id, one.at, one.heirs, one.faults) for one in found.closings] == [
        ("c", LATER, (), ("no successor is named",)),
        ("d", LATER, (), ("no successor is open then",)),
    ]
    assert found.moved == 1


def test_a_gap_between_a_unit_and_its_heir_is_told(store: MemoryStore) -> None:
    heir = unit("n", validity=Validity(valid_from=LATER + timedelta(days=30)))
    found = diff(store, [unit("a", validity=UNTIL_LATER, successors=("n",)), heir])
    (closing,) = found.closings
    assert (closing.heirs, closing.faults) == ((), ("no successor is open then",))


def test_an_end_that_is_taken_back_moves_what_would_have_gone_to_others(store: MemoryStore) -> None:
    store.write(lambda session: session.put_units([unit("a", validity=UNTIL_LATER, successors=("b",))]))
    found = diff(store, [unit("a")])
    assert (found.closings, found.moved) == ((), 3)


def test_an_empty_store_has_nothing_to_move() -> None:
    found = diff(MemoryStore(), [unit("a")])
    assert (kinds(found), found.moved, found.recent) == ({"a": ChangeKind.OPENED}, 0, 0)

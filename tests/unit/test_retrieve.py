"""Candidates: who comes up, in which order, and what becomes of closed units."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.time import Validity
from domain.units import Unit
from features.history import History
from models.text import TextModels
from router.retrieve import NAMED, Retrieved, retrieve
from tests.estimators import SCHEMA, START, a_ticket, facts_of, place

CLOSED = Validity(valid_to=START)
UNITS = {
    unit.unit_id: unit
    for unit in (
        Unit(unit_id="lamps", name="Lamps"),
        Unit(unit_id="water", name="Water"),
        Unit(unit_id="new", name="New crew"),
        Unit(unit_id="split", name="Split", validity=CLOSED, successors=("split-a", "split-b")),
        Unit(unit_id="split-a", name="A"),
        Unit(unit_id="split-b", name="B", validity=CLOSED, successors=("split-c", "split-a")),
        Unit(unit_id="split-c", name="C"),
        Unit(unit_id="gone", name="Gone", validity=CLOSED),
        Unit(unit_id="ring", name="Ring", validity=CLOSED, successors=("ring-2",)),
        Unit(unit_id="ring-2", name="Ring 2", validity=CLOSED, successors=("ring",)),
    )
}
ASKED = facts_of(a_ticket(9, "street lamp", category="lamp", point=place(0)))


def history_of(*owners: str) -> History:
    """One ticket like the one asked for each of these units."""
    history = History(SCHEMA)
    history.units((*UNITS, *owners))
    for number, owner in enumerate(owners):
        past = a_ticket(number, "street lamp", category="lamp", point=place(0), hours=-1)
        history.fold(facts_of(past), owner, number)
    return history


def found_in(
    history: History,
    *,
    owners: Sequence[str] = (),
    named: Sequence[str] = (),
    text: TextModels | None = None,
    limit: int = 24,
    days: float = 1,
) -> dict[str, float]:
    """Candidates by id with what speaks for them, so many days after the closings."""
    found: Retrieved = retrieve(
        ASKED,
        history,
        text,
        owners=dict.fromkeys(owners, 1.0),
        named=named,
        units=UNITS,
        at=START + timedelta(days=days),
        limit=limit,
    )
    ids = [history.unit_ids[unit] for unit in found.units.tolist()]
    assert ids == sorted(ids)
    return dict(zip(ids, found.support.tolist(), strict=True))


@pytest.mark.parametrize(
    ("past", "owners", "named", "candidates"),
    [
        ([], [], [], set()),
        (["lamps"], [], [], {"lamps"}),
        (["lamps", "water"], [], [], {"lamps", "water"}),
        (["not listed"], [], [], {"not listed"}),
        ([], ["new"], [], {"new"}),
        ([], [], ["new"], {"new"}),
        (["lamps"], ["new"], ["water"], {"lamps", "new", "water"}),
        (["split"], [], [], {"split-a", "split-c"}),
        ([], ["split"], [], {"split-a", "split-c"}),
        ([], [], ["split"], {"split-a", "split-c"}),
        (["gone"], [], [], set()),
        ([], ["gone"], ["gone"], set()),
        (["ring", "lamps"], [], [], {"lamps"}),
    ],
)
def test_candidates(past: list[str], owners: list[str], named: list[str], candidates: set[str]) -> None:
    assert set(found_in(history_of(*past), owners=owners, named=named)) == candidates


def test_before_it_closed_a_unit_is_its_own_candidate() -> None:
    assert set(found_in(history_of("split", "gone"), days=-1)) == {"split", "gone"}


def test_what_speaks_for_a_closed_unit_speaks_for_its_successors() -> None:
    support = found_in(history_of("split", "split", "split", "lamps"))
    assert support["split-a"] == support["split-c"] > support["lamps"] > 0
    both = found_in(history_of("split", "split-a", "lamps"))
    assert both["split-a"] > both["lamps"] > both["split-c"] > 0


def test_a_unit_listed_for_the_kind_is_a_candidate_before_its_first_ticket() -> None:
    at, history = START + timedelta(days=1), history_of("lamps")
    listed = (
        Unit(unit_id="able", name="Able", kinds=frozenset({" LAMP", "pole"})),
        Unit(unit_id="other", name="Other", kinds=frozenset({"pipe"})),
        Unit(unit_id="closed", name="Closed", kinds=frozenset({"lamp"}), validity=CLOSED),
        Unit(unit_id="any", name="Any"),
    )
    units = {unit.unit_id: unit for unit in listed}
    history.units(tuple(units))
    found = retrieve(ASKED, history, None, units=units, at=at, limit=24)
    assert {history.unit_ids[unit] for unit in found.units.tolist()} == {"lamps", "able"}


def test_those_with_most_behind_them_stay_within_the_limit() -> None:
    history = history_of("lamps", "lamps", "lamps", "water", "water", "other")
    assert set(found_in(history, limit=2)) == {"lamps", "water"}


def test_equal_support_is_told_apart_by_id() -> None:
    assert set(found_in(history_of("water", "lamps", "other"), limit=2)) == {"lamps", "other"}


def test_owners_and_named_units_come_first_and_never_fall_to_the_limit() -> None:
    history = history_of("lamps", "lamps", "water")
    found = found_in(history, owners=["split", "new"], named=["new"], limit=1)
    assert set(found) == {"new", "split-a", "split-c"}
    assert min(found.values()) >= NAMED


def test_who_gets_this_kind_comes_before_who_gets_all_else_here() -> None:
    history = History(SCHEMA)
    history.units(("park", "lamps"))
    for number in range(30):
        kind, unit, north = ("tree", "park", 0.0) if number else ("lamp", "lamps", 9_000.0)
        past = a_ticket(number, category=kind, point=place(north), hours=-9)
        history.fold(facts_of(past), unit, number)
    found = found_in(history)
    assert found["lamps"] > found["park"] > 0


def test_a_unit_with_next_to_nothing_behind_it_is_no_candidate() -> None:
    few, many = history_of("lamps", "other"), history_of("lamps", "other")
    for number in range(2, 30_000):
        past = a_ticket(number, "burst main", category="pipe", point=place(0), hours=-1)
        many.fold(facts_of(past), "lamps", number)
    asked = facts_of(a_ticket(30_000, "burst main", category="pipe", point=place(0)))
    names = {}
    for history in (few, many):
        found = retrieve(asked, history, None, units=UNITS, at=START, limit=24)
        names[len(history)] = {history.unit_ids[unit] for unit in found.units.tolist()}
    assert names == {2: {"lamps", "other"}, 30_000: {"lamps"}}


def test_the_text_model_alone_finds_a_unit() -> None:
    lamp, pipe = (facts_of(a_ticket(n, text)) for n, text in enumerate(("street lamp", "burst pipe")))
    text = TextModels.fit([lamp, pipe] * 20, ["lamps", "water"] * 20)
    history = History(SCHEMA)
    history.units(text.mixed.classes)
    found = found_in(history, text=text)
    assert found["lamps"] > found["water"]


def test_looking_up_changes_nothing() -> None:
    history = history_of("split", "lamps")
    before = (history.sequence, list(history.unit_ids), len(history))
    first = found_in(history, owners=["split"], named=["gone"])
    assert found_in(history, owners=["split"], named=["gone"]) == first
    assert (history.sequence, history.unit_ids, len(history)) == before


def test_a_ground_owner_is_marked_in_the_opinion_even_if_its_unit_closed() -> None:
    history = history_of("lamps")
    at = START + timedelta(days=1)
    owners = {"split": 0.6, "lamps": 0.25}
    found = retrieve(ASKED, history, None, owners=owners, units=UNITS, at=at, limit=9)
    marked = dict(zip(history.unit_ids, found.opinion.territory.tolist(), strict=True))
    chances = {unit_id: chance for unit_id, chance in marked.items() if chance}
    assert chances == {"split-a": 0.6, "split-c": 0.6, "lamps": 0.25}


def test_a_unit_is_found_by_its_name_before_its_first_ticket() -> None:
    history = history_of("lamps")
    history.units(("scooter rentals",))
    asked = facts_of(a_ticket(9, "the scooter rentals leave their wheels on the pavement"))
    found = retrieve(asked, history, None, units=UNITS, at=START, limit=24)
    assert [history.unit_ids[unit] for unit in found.units.tolist()] == ["scooter rentals"]

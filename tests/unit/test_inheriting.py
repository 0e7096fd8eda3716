"""What a closed unit had is its open successors', as of the ticket."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from domain.time import Validity
from domain.units import Roster, Unit
from features.history import History
from features.schema import DAY
from features.table import feature_names, feature_rows
from features.tallies import Tallies
from models.text import TextModels
from router.inheriting import Lines, handed_on, lines
from router.retrieve import retrieve
from tests.estimators import SCHEMA, START, a_ticket, facts_of, place

NOON = START + timedelta(hours=12)
PAST = [
    ("lamp dark", "old lamps"),
    ("lamp dark again", "old lamps"),
    ("lamp flickers", "new lamps"),
    ("burst pipe", "water"),
]


def learnt(*, renamed: bool) -> History:
    """The same past, told with the names of then or with those of now."""
    history = History(SCHEMA)
    history.units(("new lamps", "old lamps", "water"))
    for number, (text, unit) in enumerate(PAST, 1):
        past = a_ticket(number, text, category=text.split()[1], point=place(0), hours=-number)
        history.fold(facts_of(past), "new lamps" if renamed and unit == "old lamps" else unit, number)
    return history


def units_of(*, renamed: bool) -> Roster:
    """The old unit closed at noon, the new one took over; or the new one alone."""
    old = Unit(unit_id="old lamps", name="-", validity=Validity(valid_to=NOON), successors=("new lamps",))
    known = [
        Unit(unit_id="new lamps", name="-"),
        Unit(unit_id="water", name="-"),
        *([] if renamed else [old]),
    ]
    return Roster({unit.unit_id: unit for unit in known})


def rows_at(
    hours: float, *, renamed: bool
) -> tuple[list[str], np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """(candidates, their rows) of a ticket so many hours after the start."""
    history = learnt(renamed=renamed)
    asked = facts_of(a_ticket(9, "lamp dark", category="dark", point=place(0), hours=hours))
    at = START + timedelta(hours=hours)
    found = retrieve(asked, history, None, units=units_of(renamed=renamed), at=at, limit=9)
    rows = feature_rows(asked, history, found.units, found.opinion)
    return [history.unit_ids[unit] for unit in found.units.tolist()], rows


def test_a_merged_unit_is_ranked_as_if_it_had_done_both_works_from_the_beginning() -> None:
    units, rows = rows_at(13.0, renamed=False)
    expected_units, expected = rows_at(13.0, renamed=True)
    assert units == expected_units == ["new lamps", "water"]
    names = feature_names(SCHEMA)
    # words of two units cannot be told as those of one: the better of both counts
    same = [
        i for i, name in enumerate(names) if not name.startswith("word_lift") and "ahead_word" not in name
    ]
    np.testing.assert_allclose(rows[:, same], expected[:, same], rtol=1e-5, atol=1e-6)
    lift = rows[0, names.index("word_lift_best")]
    assert lift > 0


def test_before_the_change_the_old_unit_ranks_by_its_own() -> None:
    units, rows = rows_at(11.0, renamed=False)
    assert units == ["new lamps", "old lamps", "water"]
    count = feature_names(SCHEMA).index("count[category]")
    assert rows[1, count] == pytest.approx(np.log1p(2))


def test_a_split_shares_what_there_was() -> None:
    units = Roster(
        {
            unit.unit_id: unit
            for unit in (
                Unit(unit_id="a", name="-"),
                Unit(unit_id="b", name="-"),
                Unit(unit_id="whole", name="-", validity=Validity(valid_to=NOON), successors=("a", "b")),
            )
        }
    )
    history = History(SCHEMA)
    history.units(("a", "b", "whole"))
    assert lines(units, history, START) is None
    halves = lines(units, history, NOON)
    assert halves is not None
    assert (halves.closed.tolist(), halves.source.tolist(), halves.heir.tolist()) == ([2], [2, 2], [0, 1])
    assert halves.part.tolist() == [0.5, 0.5]
    assert units.succession(NOON) is units.succession(NOON + timedelta(days=900))
    day = 40.0 * DAY
    whole = Tallies(
        key=np.array([0, 0, 1]),
        unit=np.array([2, 0, 2]),
        numbers=np.array([[4.0, 2.0, 2 * day], [1.0, 1.0, day], [1.0, 1.0, day]]),
        totals=np.array([[5.0, 2.5, 2 * day], [1.0, 1.0, day]]),
        latest=np.array([2, 2]),
        streak=np.array([3, 1]),
    )
    one = Lines(closed=np.array([2]), source=np.array([2]), heir=np.array([0]), part=np.ones(1))
    assert handed_on(whole, one, day, 3).latest.tolist() == [0, 0]
    assert handed_on(whole, halves, day, 3).latest.tolist() == [-1, -1]
    found = handed_on(whole, halves, day, 3).of(np.array([0, 1, 2]), 3)
    # the old count of one is half a half-life's worth at the time of the later ones
    assert found[0, 0].tolist() == pytest.approx([1.0 + 4.0 / 2, 0.5 + 2.0 / 2, 2 * day])
    assert found[0, 1].tolist() == pytest.approx([2.0, 1.0, 2 * day])
    assert found[1, :2].tolist() == [[0.5, 0.5, day]] * 2
    assert found[:, 2, 0].tolist() == [0.0, 0.0]


def test_what_the_text_model_learnt_of_a_closed_unit_speaks_for_its_successor() -> None:
    lamp, pipe = (facts_of(a_ticket(n, text)) for n, text in enumerate(("street lamp", "burst pipe")))
    text = TextModels.fit([lamp, pipe] * 20, ["old lamps", "water"] * 20)
    history = History(SCHEMA)
    history.units(("new lamps", "old lamps", "water"))
    asked = facts_of(a_ticket(9, "street lamp"))
    found = retrieve(asked, history, text, units=units_of(renamed=False), at=NOON, limit=9)
    new, old, _ = history.units(("new lamps", "old lamps", "water")).tolist()
    opinion = found.opinion
    assert opinion.text[new] > 0.5 > opinion.text[old] == 0.0
    assert opinion.family_of[new] == text.families.family[text.families.units.index("old lamps")]

"""Units found by their names: what is said, where, and how rare the words are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.hashed import folded, hash_term
from features.history import History
from features.text import normalise, terms
from features.unit_names import UnitNames
from tests.estimators import SCHEMA, a_ticket, facts_of, place

NOTHING = np.zeros(0, np.int64)


def hashed(text: str) -> NDArray[np.int64]:
    """The terms of a text as a ticket carries them."""
    return folded(np.array([hash_term(term) for term in terms(normalise(text))], np.int64))


def names_of(*names: str, past: tuple[str, ...] = ("a hole", "a lamp", "a pipe of the office")) -> UnitNames:
    """These names after tickets that said so."""
    found = UnitNames()
    for name in names:
        found.add(name)
    for text in past:
        found.fold(hashed(text), NOTHING)
    return found


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("the scooters of Lime lie about", "Lime"),
        ("Dear Water Works, a pipe burst", "Water Works"),
        ("Tisztelt Vízművek! Csőtörés", "Fővárosi Vízművek"),
        ("城北供电所的电线断了", "城北供电所"),
    ],
)
def test_a_unit_is_found_by_the_name_it_is_called_by(text: str, best: str) -> None:
    units = ("Lime", "Water Works", "Fővárosi Vízművek", "城北供电所", "城南水务所")
    shares = names_of(*units).matches(hashed(text), NOTHING)[0]
    assert units[int(shares.argmax())] == best
    assert 0 < shares.max() <= 1


def test_the_place_is_told_from_the_text() -> None:
    said, _, placed, _ = names_of("XIII district council").matches(hashed("council"), hashed("XIII"))
    other_said, _, other_placed, _ = names_of("XIII district council").matches(
        hashed("XIII"), hashed("council")
    )
    assert said[0] == other_placed[0] > 0
    assert placed[0] == other_said[0] > 0


def test_a_word_that_everybody_says_counts_for_little() -> None:
    often = names_of("Office of Bells", past=("office", "the office", "an office"))
    weights = [often.matches(hashed(text), NOTHING)[1][0] for text in ("office", "bells")]
    assert weights[0] == 0 < weights[1]


def test_another_unit_changes_no_figure() -> None:
    alone, beside = names_of("Lime"), names_of("Lime", "Lime Street Council")
    asked = hashed("Lime")
    assert alone.matches(asked, NOTHING)[:, 0].tolist() == beside.matches(asked, NOTHING)[:, 0].tolist()


def test_many_units_have_a_row_each() -> None:
    names = names_of(*(f"unit {n}" for n in range(150)))
    assert names.matches(hashed("unit 149"), NOTHING)[0].argmax() == 149


def test_history_knows_names_from_the_first_day() -> None:
    history = History(SCHEMA)
    history.units(("roads", "lamps of the north"))
    history.fold(facts_of(a_ticket(1, "a hole", point=place(0))), "roads", 1)
    asked = a_ticket(2, "the lamps are dark", attributes={"district": "north"}, point=place(0))
    said, _, placed, _ = history.named(facts_of(asked))
    assert said[1] > said[0] == 0
    assert placed[1] > placed[0] == 0

"""Families of units: same work in different places."""

import numpy as np
import pytest

from models.blocks import word_blocks
from models.families import Families
from models.softmax import Softmax, SoftmaxSettings
from tests.estimators import a_ticket, facts_of

WORK = {"lamps": "street lamp dark bulb broken", "drains": "drain blocked water standing sewer"}
PLACES = ("north", "south", "east", "west", "old", "new", "river", "hill")
SETTINGS = SoftmaxSettings(epochs=6)


@pytest.fixture(scope="module")
def learnt() -> Families:
    """Eight units for lamps and eight for drains, each with a few tickets of its own."""
    units = [f"{work}-{place}" for work in WORK for place in PLACES for _ in range(5)]
    tickets = [facts_of(a_ticket(i, WORK[unit.split("-")[0]])) for i, unit in enumerate(units)]
    words = Softmax.fit([word_blocks(ticket) for ticket in tickets], units, SETTINGS)
    return Families.fit(tickets, units, words, SETTINGS)


def test_no_family_does_two_kinds_of_work(learnt: Families) -> None:
    work_of: dict[int, str] = {}
    for unit, family in zip(learnt.units, learnt.family.tolist(), strict=True):
        assert work_of.setdefault(family, unit.split("-")[0]) == unit.split("-")[0]


@pytest.mark.parametrize(("text", "work"), [("the lamp is dark", "lamps"), ("water in the drain", "drains")])
def test_words_speak_for_all_units_of_a_family_alike(learnt: Families, text: str, work: str) -> None:
    said = learnt.predict(facts_of(a_ticket(99, text)))
    likeliest = learnt.family[said.argmax()]
    assert {unit.split("-")[0] for unit, p in zip(learnt.units, said, strict=True) if p == said.max()} == {
        work
    }
    assert len(set(said[learnt.family == likeliest].tolist())) == 1


def test_stored_families_answer_alike_to_the_bit(learnt: Families) -> None:
    again = Families.from_arrays(learnt.arrays())
    asked = facts_of(a_ticket(99, "water from the drain"))
    assert again.units == learnt.units
    assert np.array_equal(again.predict(asked), learnt.predict(asked))


def test_few_units_are_one_family() -> None:
    tickets = [facts_of(a_ticket(i, text)) for i, text in enumerate(["lamp", "drain"] * 5)]
    units = ["a", "b"] * 5
    words = Softmax.fit([word_blocks(ticket) for ticket in tickets], units, SETTINGS)
    families = Families.fit(tickets, units, words, SETTINGS)
    assert families.family.tolist() == [0, 0]
    assert families.predict(tickets[0]) == pytest.approx([1.0, 1.0])


def test_nothing_learnt_says_nothing() -> None:
    empty = Families.fit([], [], Softmax.fit([], [], SETTINGS), SETTINGS)
    assert empty.units == ()
    assert empty.predict(facts_of(a_ticket(1, "lamp"))).shape == (0,)

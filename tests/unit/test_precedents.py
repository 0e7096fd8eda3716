"""A correction stands for the same trouble until a person gives it to another unit."""

from __future__ import annotations

from typing import Any

import pytest

from domain.dispatches import LabelSource
from features.history import History
from tests.estimators import SCHEMA, a_ticket, facts_of, place

HERE: dict[str, Any] = {"category": "lamp", "address": "12 Main Street", "account": "7", "point": place(0)}
CORRECTED, CONFIRMED, AUDITED = LabelSource.REASSIGNMENT, LabelSource.CONFIRMATION, LabelSource.AUDIT


def told(*words: tuple[dict[str, Any], str, LabelSource]) -> History:
    """A history of tickets with these fields, their units, and who said so."""
    history = History(SCHEMA)
    for number, (fields, unit, source) in enumerate(words, 1):
        history.fold(facts_of(a_ticket(number, **fields)), unit, number, source)
    return history


def precedent(history: History, **fields: Any) -> str | None:
    return history.precedent(facts_of(a_ticket(99, **fields)))


@pytest.mark.parametrize(
    "again",
    [
        HERE,
        {"category": "lamp", "account": "7"},
        {"category": "lamp", "address": "12 MAIN street"},
        {"category": "lamp", "point": place(0)},
        {"category": "lamp", "account": "7", "address": "99 Other Street"},
    ],
    ids=["the same", "by account", "by address", "by coordinates", "the account, somewhere else"],
)
def test_the_same_trouble_goes_to_the_unit_it_was_given_to(again: dict[str, Any]) -> None:
    assert precedent(told((HERE, "south", CORRECTED)), **again) == "south"


@pytest.mark.parametrize(
    "other",
    [
        {**HERE, "category": "pipe"},
        {**HERE, "category": None},
        {"category": "lamp", "address": "14 Main Street", "point": place(0)},
        {"category": "lamp", "point": place(900)},
        {"category": "lamp"},
    ],
    ids=["another kind", "no kind", "next door", "elsewhere", "nowhere"],
)
def test_another_trouble_does_not(other: dict[str, Any]) -> None:
    assert precedent(told((HERE, "south", CORRECTED)), **other) is None


@pytest.mark.parametrize("source", [LabelSource.IMPORT, CONFIRMED, AUDITED])
def test_only_a_correction_is_a_precedent(source: LabelSource) -> None:
    assert precedent(told((HERE, "south", source)), **HERE) is None


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ((HERE, "south", CONFIRMED), "south"),
        ((HERE, "north", LabelSource.IMPORT), "south"),
        ((HERE, "north", CONFIRMED), None),
        ((HERE, "north", AUDITED), None),
        ((HERE, "north", CORRECTED), "north"),
    ],
    ids=["confirmed", "imported elsewhere", "confirmed elsewhere", "audited elsewhere", "corrected again"],
)
def test_the_latest_word_of_a_person_holds(
    later: tuple[dict[str, Any], str, LabelSource], expected: str | None
) -> None:
    assert precedent(told((HERE, "south", CORRECTED), later), **HERE) == expected


def test_of_an_account_and_an_address_the_later_correction_holds() -> None:
    moved = {"category": "lamp", "address": "99 Other Street"}
    history = told((HERE, "south", CORRECTED), (moved, "north", CORRECTED))
    assert precedent(history, category="lamp", account="7", address="99 Other Street") == "north"


def test_it_comes_back_with_the_history() -> None:
    history = told((HERE, "south", CORRECTED), ({**HERE, "category": "pipe"}, "north", CORRECTED))
    again = History.restored(SCHEMA, history.state())
    assert precedent(again, **HERE) == "south"
    assert precedent(again, **{**HERE, "category": "pipe"}) == "north"
    again.fold(facts_of(a_ticket(3, **HERE)), "north", 3, CONFIRMED)
    assert precedent(again, **HERE) is None

"""The fold in small: what counts, what does not, and in which order."""

from __future__ import annotations

import math

import pytest

from features.facts import Facts
from features.history import History
from features.schema import DAY, HistorySchema
from tests.estimators import SCHEMA, a_ticket, facts_of

HALF_LIFE_H = SCHEMA.half_life_days * 24


def nothing_counted(history: History, asked: Facts) -> bool:
    """Whether no key of the ticket, that of everything left out, was ever counted."""
    found = history.tallies(asked)
    keys = len(SCHEMA.keys)
    return bool((found.key == keys).all() and (found.totals[:keys, 0] == 0.0).all())


def test_an_empty_history_says_nothing() -> None:
    history = History(SCHEMA)
    asked = facts_of(a_ticket(1, "lamp", category="lamp"))
    assert (len(history), history.sequence, history.unit_ids) == (0, 0, [])
    assert nothing_counted(history, asked)
    votes = history.votes(asked)
    assert votes.weight.shape[1] == 0
    assert votes.total.sum() == votes.best.sum() == 0


@pytest.mark.parametrize(
    ("hours", "decayed"),
    [
        ([0.0], 1.0),
        ([0.0, HALF_LIFE_H], 1.5),
        ([HALF_LIFE_H, 0.0], 1.5),
        ([0.0, HALF_LIFE_H, 2 * HALF_LIFE_H], 1.75),
        ([HALF_LIFE_H, 2 * HALF_LIFE_H, 0.0], 1.75),
        ([0.0, 0.0], 2.0),
        ([-1e6, 0.0], 1.0),
    ],
)
def test_an_outcome_counts_half_after_a_half_life(hours: list[float], decayed: float) -> None:
    history = History(SCHEMA)
    for hour in hours:
        history.fold(facts_of(a_ticket(1, category="lamp", hours=hour)), "crew", 1)
    count, recent, last = history.overall.totals[-1].tolist()
    assert count == len(hours)
    assert recent == pytest.approx(decayed)
    assert last == facts_of(a_ticket(1, hours=max(hours))).received
    assert history.overall.unit.tolist() == [0]
    assert history.overall.numbers.tolist() == [[count, recent, last]]


def test_a_key_without_value_is_not_counted() -> None:
    history = History(SCHEMA)
    history.fold(facts_of(a_ticket(1)), "crew", 1)
    assert history.overall.totals[-1, 0] == 1
    named = facts_of(a_ticket(2, category="lamp", account="7", address="1 Main St"))
    assert nothing_counted(history, named)


def test_the_sequence_is_the_highest_one_folded() -> None:
    history = History(HistorySchema())
    for sequence in (3, 1, 2):
        history.fold(facts_of(a_ticket(sequence), history.schema), "crew", sequence)
    assert (history.sequence, len(history)) == (3, 3)


def test_units_keep_the_index_they_were_given() -> None:
    history = History()
    assert history.units(("b", "a")).tolist() == [0, 1]
    assert history.unit("c") == 2
    assert history.units(("a", "c", "d")).tolist() == [1, 2, 3]
    assert history.units(("b", "a")).tolist() == [0, 1]
    assert history.unit_ids == ["b", "a", "c", "d"]


def test_a_day_is_a_day() -> None:
    assert math.isclose(
        facts_of(a_ticket(1, hours=24)).received - facts_of(a_ticket(1, hours=0)).received, DAY
    )

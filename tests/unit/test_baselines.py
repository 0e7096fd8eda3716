"""The baselines: right where they are made to be, and silent where they do not apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from domain.dispatches import Dispatch
from router.atlas import Atlas
from tests.estimators import a_dispatch, a_ticket, easy_log, place
from training.baselines import ALL, FAST, accuracy, names, run_baseline
from training.replay import Case, prepare
from training.schema_choice import choose_schema

Change = Callable[[Dispatch], Dispatch]


def cases(log: list[Dispatch]) -> list[Case]:
    """Prepared as a backtest does."""
    return prepare(log, Atlas(), choose_schema([dispatch.ticket for dispatch in log]))


def without(**fields: Any) -> Change:
    """Replaces fields of the ticket."""
    return lambda dispatch: replace(dispatch, ticket=replace(dispatch.ticket, **fields))


def figure(name: str, log: list[Dispatch]) -> float | None:
    """Accuracy on the last quarter of the log."""
    known = cases(log)
    at = len(known) * 3 // 4
    answers = run_baseline(name, known[:at], known[at:])
    return None if answers is None else accuracy(answers, known[at:])


def test_each_is_as_good_as_what_it_looks_at() -> None:
    log = easy_log(400)
    found = {name: figure(name, log) for name in ALL}
    assert all(value is not None for value in found.values())
    majority, category, cell, linear, signalen = (found[name] or 0.0 for name in ALL)
    assert majority < category < cell  # six units; three kinds; three kinds by place
    assert 0.3 < category < 0.7
    assert 0.3 < signalen < 0.7  # text tells the kind, not the side of the river
    assert linear > 0.95


NO_WORDS = without(text="", category=None, attributes={}, address=None)


@pytest.mark.parametrize(
    ("change", "silent"),
    [
        (without(category=None), {"category", "category_cell"}),
        (without(point=None), {"category_cell"}),
        (without(text=""), {"signalen"}),
        (without(text=" \n"), {"signalen"}),
        (without(text="! a ?"), {"signalen"}),
        (NO_WORDS, {"category", "category_cell", "signalen"}),
        (
            lambda d: NO_WORDS(without(point=None)(d)),
            {"category", "category_cell", "signalen", "linear_text_place"},
        ),
        (lambda d: replace(d, unit_id="only"), {"signalen", "linear_text_place"}),
    ],
    ids=["no category", "no place", "no text", "blanks", "no words", "places only", "nothing", "one unit"],
)
def test_one_that_does_not_apply_is_silent(change: Change, silent: set[str]) -> None:
    log = [change(dispatch) for dispatch in easy_log(80)]
    assert {name for name in ALL if figure(name, log) is None} == silent


@pytest.mark.parametrize("name", ALL)
def test_answers_are_for_each_ticket_and_the_same_each_time(name: str) -> None:
    known = cases(easy_log(120))
    one, same = (run_baseline(name, known[:90], known[90:], seed=3) for _ in range(2))
    assert one is not None
    assert same is not None
    assert one.predicted.shape == one.confidence.shape == (30,)
    assert np.array_equal(one.predicted, same.predicted)
    assert np.array_equal(one.confidence, same.confidence)
    assert ((one.confidence > 0) & (one.confidence <= 1)).all()


@pytest.mark.parametrize("name", ALL)
def test_nothing_to_learn_from_or_to_answer(name: str) -> None:
    known = cases(easy_log(20))
    assert run_baseline(name, [], known) is None
    assert run_baseline(name, known, []) is None


def test_the_commonest_unit_of_the_narrowest_known_key_answers() -> None:
    def dispatch(number: int, category: str, metres: float, unit_id: str) -> Dispatch:
        return a_dispatch(a_ticket(number, category=category, point=place(metres)), unit_id)

    far = 9_000
    train = [dispatch(n, "lamp", 0, "a") for n in range(3)] + [
        dispatch(n, "lamp", far, "b") for n in range(4)
    ]
    train += [dispatch(9, "pipe", 0, "c")]
    asked = [
        ("lamp", 0, "a"),
        ("lamp", far, "b"),
        ("lamp", 3 * far, "b"),
        ("pipe", far, "c"),
        ("new", 0, "b"),
    ]
    test = [dispatch(n, category, metres, unit) for n, (category, metres, unit) in enumerate(asked)]
    answers = run_baseline("category_cell", cases(train), cases(test))
    assert answers is not None
    assert answers.predicted.tolist() == [unit for _, _, unit in asked]


def test_names() -> None:
    assert names("none") == ()
    assert names("fast") == FAST
    assert set(names("all")) - set(FAST) == {"signalen"}

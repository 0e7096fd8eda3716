"""What every estimator promises: seeded, idempotent, at ease with what it never saw, lacks or gets in another order."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from tests.contract.estimators import Estimator, Floats, Model, estimators

ALL = estimators()
every = pytest.mark.parametrize("estimator", ALL, ids=str)


@cache
def fitted(name: str) -> Model:
    """The estimator of that name, fitted on its rows."""
    estimator = next(one for one in ALL if one.name == name)
    return estimator.fit(estimator.rows, 0)


def check(answer: Floats, estimator: Estimator) -> None:
    """Finite, and within [0, 1] where these are chances."""
    assert np.isfinite(answer).all()
    if estimator.answers == "chances":
        assert (answer >= 0.0).all()
        assert (answer <= 1.0 + 1e-9).all()


@every
def test_one_seed_gives_one_model(estimator: Estimator) -> None:
    stored = estimator.stored(fitted(estimator.name))
    assert estimator.stored(estimator.fit(list(estimator.rows), 0)) == stored
    if estimator.seeded:
        assert estimator.stored(estimator.fit(estimator.rows, 1)) != stored


@every
def test_asking_changes_nothing(estimator: Estimator) -> None:
    model = fitted(estimator.name)
    before = estimator.stored(model)
    asked = [*estimator.rows[:20], *estimator.unheard]
    first = [estimator.ask(model, row) for row in asked]
    again = [estimator.ask(model, row) for row in reversed(asked)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert estimator.stored(model) == before


@every
def test_what_it_never_saw_has_an_answer(estimator: Estimator) -> None:
    for row in estimator.unheard:
        check(estimator.ask(fitted(estimator.name), row), estimator)


@pytest.mark.parametrize(
    ("estimator", "column"), [(one, column) for one in ALL for column in one.without], ids=str
)
def test_a_missing_column_is_no_error(estimator: Estimator, column: str) -> None:
    lacking = [estimator.without[column](row) for row in estimator.rows]
    for row in lacking[:20]:  # asked without what it was fitted with
        check(estimator.ask(fitted(estimator.name), row), estimator)
    never_had = estimator.fit(lacking, 0)
    for row in [*lacking[:10], *estimator.rows[:10]]:
        check(estimator.ask(never_had, row), estimator)


@every
def test_the_order_of_columns_means_nothing(estimator: Estimator) -> None:
    turned, model = estimator.reordered(estimator.rows), fitted(estimator.name)
    for row, other in zip(estimator.rows[:20], turned, strict=False):
        assert estimator.ask(model, other) == pytest.approx(estimator.ask(model, row), abs=1e-12)

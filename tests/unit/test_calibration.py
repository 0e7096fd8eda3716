"""Calibrated probabilities: honest on average, and in the order of the ranking."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calibration import MINIMUM_ROWS, UNCALIBRATED, Calibrator, Floats, _inputs

Rankings = tuple[list[Floats], NDArray[np.bool_]]


def rankings(count: int = 3_000, seed: int = 0) -> Rankings:
    """Rankings whose first candidate is right with a probability that its score tells."""
    random = np.random.default_rng(seed)
    scores = [np.sort(random.normal(size=random.integers(1, 6)))[::-1] for _ in range(count)]
    first = np.array([own[0] for own in scores])
    correct = random.random(count) < 1 / (1 + np.exp(-2 * first))
    return scores, correct


@pytest.fixture(scope="module")
def calibrator() -> Calibrator:
    """Fitted on the rankings."""
    return Calibrator.fit(*rankings())


def test_among_tickets_given_a_probability_that_share_is_right(calibrator: Calibrator) -> None:
    scores, correct = rankings(seed=1)
    stated = np.array([calibrator.first(own) for own in scores])
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0)):
        part = (stated >= low) & (stated < high)
        assert part.sum() > 100
        assert correct[part].mean() == pytest.approx(stated[part].mean(), abs=0.06)


SCORES = st.lists(st.floats(-60, 60), min_size=1, max_size=12).map(
    lambda s: np.array(sorted(s, reverse=True))
)
CALIBRATORS = st.builds(
    Calibrator,
    intercept=st.floats(-5, 5),
    weights=st.tuples(st.floats(0, 3), st.floats(0, 3), st.floats(0, 3)),
)


@given(SCORES, CALIBRATORS)
def test_probabilities_fall_along_the_ranking_and_leave_room(scores: Floats, calibrator: Calibrator) -> None:
    found = calibrator.probabilities(scores)
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) <= 1e-12).all()
    assert found.sum() <= 1 + 1e-9
    assert found[0] == calibrator.first(scores)


def test_what_is_left_is_not_all_given_to_the_only_other_candidate() -> None:
    first, second = UNCALIBRATED.probabilities(np.array([1.0, -3.0]))
    assert second == pytest.approx((1 - first) / 2)


@given(SCORES, CALIBRATORS, st.floats(0, 10))
def test_a_better_first_score_is_never_less_sure(scores: Floats, calibrator: Calibrator, more: float) -> None:
    better = scores.copy()
    better[0] += more
    assert calibrator.first(better) >= calibrator.first(scores)


@given(SCORES, CALIBRATORS, st.floats(-60, 60))
def test_one_more_rival_is_never_surer(scores: Floats, calibrator: Calibrator, rival: float) -> None:
    more = np.append(scores, min(rival, scores[-1]))
    assert calibrator.first(more) <= calibrator.first(scores)


@pytest.mark.parametrize("sign", [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (1, -1, -1), (-1, -1, -1)])
def test_whatever_it_is_fitted_on_a_better_first_score_is_never_less_sure(sign: tuple[int, ...]) -> None:
    random = np.random.default_rng(3)
    scores = [np.sort(random.normal(size=random.integers(2, 6)))[::-1] for _ in range(2_000)]
    told = np.array([_inputs(own) for own in scores]) @ np.array(sign)
    correct = random.random(len(told)) < 1 / (1 + np.exp(-2 * told))
    fitted = Calibrator.fit(scores, correct)
    assert min(fitted.weights) >= 0.0
    assert np.mean([fitted.first(own) for own in scores]) == pytest.approx(correct.mean(), abs=0.03)


@given(SCORES)
def test_what_is_stored_is_what_is_read(scores: Floats) -> None:
    fitted = Calibrator(intercept=0.1 + 0.2, weights=(1 / 3, 2 / 3, 1e-17))
    stored = json.loads(json.dumps(asdict(fitted)))
    read = Calibrator(intercept=stored["intercept"], weights=tuple(stored["weights"]))
    assert read == fitted
    assert np.array_equal(read.probabilities(scores), fitted.probabilities(scores))


@pytest.mark.parametrize(
    ("count", "right"), [(0, []), (MINIMUM_ROWS - 1, None), (200, [True] * 200), (200, [False] * 200)]
)
def test_too_little_to_calibrate_on(count: int, right: list[bool] | None) -> None:
    scores, correct = rankings(count)
    correct = correct if right is None else np.array(right, np.bool_)
    assert Calibrator.fit(scores, correct) == UNCALIBRATED

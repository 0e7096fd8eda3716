"""Radii by kind of guess."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.radius import main
from domain.places import Precision
from models.place_radius import LEAST_M, UNFITTED, Radii
from models.place_spots import Spot


def guess(precision: Precision, scale_m: float = 50.0, spread_m: float = 0.0) -> Spot:
    return Spot(x=0.0, y=0.0, scale_m=scale_m, precision=precision, witness=0, spread_m=spread_m)


@pytest.fixture(scope="module")
def learnt() -> Radii:
    """Of 1,000 known buildings, off by nothing, and 500 numbers between others, off by up to 200 m."""
    guesses = [guess(Precision.EXACT)] * 1000 + [guess(Precision.INTERPOLATED)] * 500
    error = np.concatenate((np.zeros(1000), np.random.default_rng(0).permutation(np.linspace(0, 200, 500))))
    return Radii.fit(guesses, np.full(1500, 0.99), error)


def test_each_precision_has_the_radius_of_its_own_errors(learnt: Radii) -> None:
    assert learnt.radius_m(guess(Precision.EXACT), 0.99) == LEAST_M
    assert learnt.radius_m(guess(Precision.INTERPOLATED), 0.99) == pytest.approx(180, abs=15)


def test_a_radius_grows_with_the_guess_own_doubt(learnt: Radii) -> None:
    wide = guess(Precision.INTERPOLATED, scale_m=100.0)
    assert learnt.radius_m(wide, 0.99) == pytest.approx(360, abs=30)


def test_what_was_never_seen_has_the_radius_of_all_that_is_not_known(learnt: Radii) -> None:
    """An address at several points is no known place."""
    seen = learnt.radius_m(guess(Precision.INTERPOLATED), 0.99)
    assert learnt.radius_m(guess(Precision.CROSSING), 0.99) == seen
    assert learnt.radius_m(guess(Precision.EXACT, spread_m=40.0), 0.99) == seen


def test_known_places_alone_tell_nothing_of_others() -> None:
    radii = Radii.fit([guess(Precision.EXACT)] * 200, np.full(200, 0.99), np.zeros(200))
    assert radii.radius_m(guess(Precision.NEAREST), 0.99) == 50.0 * UNFITTED


def test_guesses_of_equal_probability_have_one_radius_by_all_of_them() -> None:
    error = np.concatenate((np.zeros(240), np.full(240, 100.0)))
    radii = Radii.fit([guess(Precision.NEAREST)] * 480, np.full(480, 0.99), error)
    assert radii.radius_m(guess(Precision.NEAREST), 0.99) == pytest.approx(100.0)


def test_nothing_learnt_is_cautious() -> None:
    assert Radii().radius_m(guess(Precision.NEAREST), 0.5) == 50.0 * UNFITTED


def test_less_probable_guesses_may_err_more() -> None:
    probability = np.linspace(1.0, 0.0, 480)
    radii = Radii.fit([guess(Precision.NEAREST)] * 480, probability, 1000.0 * (1.0 - probability))
    sure, unsure = (radii.radius_m(guess(Precision.NEAREST), p) for p in (0.95, 0.05))
    assert sure < 300 < 900 < unsure


def test_the_benchmark_on_simulated_accounts(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    main(["--accounts", "3000", "--seed", "4", "--json", str(out)])
    found = json.loads(out.read_text())
    assert found["asked"] > 400
    assert 0.85 <= found["radius_90_contains"] <= 0.96
    assert found["by_precision"]["interpolated"]["median_error_m"] < 200

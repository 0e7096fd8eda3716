"""Trees read off a model's text score like LightGBM itself, to the bit."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.trees import MOST_LEAVES, scores_of, trees_of

FEATURES = 4


def model(seed: int, leaves: int, missing: float, trees: int = 12, **more: Any) -> lightgbm.Booster:
    """Fitted on noise of which that share is missing."""
    random = np.random.default_rng(seed)
    rows = (
        random.normal(size=(600, FEATURES)).astype(np.float32).round(1)
    )  # values recur: thresholds meet them
    rows[random.random(rows.shape) < missing] = np.nan
    labels = (np.nan_to_num(rows[:, 0]) + random.normal(size=600) > 0).astype(int)
    settings = {
        "objective": "binary",
        "num_leaves": leaves,
        "min_data_in_leaf": 3,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        **more,
    }
    return lightgbm.train(settings, lightgbm.Dataset(rows, labels), trees)


def asked(seed: int, count: int) -> NDArray[np.float32]:
    """Rows with numbers on both sides of the thresholds and on them, zeros, infinities and gaps."""
    random = np.random.default_rng(seed + 1)
    rows = random.normal(size=(count, FEATURES)).astype(np.float32).round(1)
    odd = random.choice(np.array([np.nan, 0.0, -0.0, np.inf, -np.inf, 1e-40], np.float32), rows.shape)
    return np.where(random.random(rows.shape) < 0.3, odd, rows)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, MOST_LEAVES), st.sampled_from([0.0, 0.2]), st.integers(1, 40))
def test_scores_are_those_of_lightgbm(seed: int, leaves: int, missing: float, count: int) -> None:
    booster, rows = model(seed, leaves, missing), asked(seed, count)
    trees = trees_of(booster.model_to_string())
    assert trees is not None
    assert np.array_equal(scores_of(trees, rows), booster.predict(rows, raw_score=True))


def test_a_threshold_between_two_numbers_of_32_bits_parts_them_as_before() -> None:
    booster = model(3, 31, 0.0, trees=60)
    trees = trees_of(booster.model_to_string())
    assert trees is not None
    for threshold, feature in zip(trees.threshold.tolist(), trees.feature.tolist(), strict=True):
        rows = np.zeros((3, FEATURES), np.float32)
        rows[:, feature] = [
            np.nextafter(np.float32(threshold), np.float32(side)) for side in (-9, 9, threshold)
        ]
        assert np.array_equal(scores_of(trees, rows), booster.predict(rows, raw_score=True))


def test_a_model_of_single_leaves_scores_them() -> None:
    rows = np.zeros((50, FEATURES), np.float32)
    labels = np.arange(50) % 2
    booster = lightgbm.train({"objective": "binary", "verbosity": -1}, lightgbm.Dataset(rows, labels), 3)
    trees = trees_of(booster.model_to_string())
    assert trees is not None
    assert np.array_equal(scores_of(trees, rows), booster.predict(rows, raw_score=True))


@pytest.mark.parametrize(
    "more",
    [
        {"leaves": MOST_LEAVES + 20},
        {"zero_as_missing": True},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"linear_tree": True},
    ],
    ids=["more leaves than bits", "zeros count as missing", "a forest's mean", "lines in the leaves"],
)
def test_what_it_cannot_score_alike_is_left_to_lightgbm(more: dict[str, Any]) -> None:
    more = {"leaves": 15} | more
    assert trees_of(model(1, missing=0.2, **more).model_to_string()) is None


def test_categories_are_left_to_lightgbm() -> None:
    random = np.random.default_rng(0)
    rows = random.integers(0, 9, (600, 1)).astype(np.float32)
    data = lightgbm.Dataset(rows, (rows[:, 0] % 3 == 0).astype(int), categorical_feature=[0])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "min_data_in_leaf": 1}, data, 3)
    assert trees_of(booster.model_to_string()) is None

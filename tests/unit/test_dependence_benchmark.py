"""The certificate keeps its word where tickets err independently, and not where they err together."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.dependence import ALPHA, clustered, exceeded, true_error


def test_a_cluster_has_one_score_and_one_outcome() -> None:
    scores, correct = clustered(100, 5, np.random.default_rng(0))
    assert len(scores) == len(correct) == 100
    assert len(np.unique(scores)) == 20
    assert (correct.reshape(-1, 5) == correct.reshape(-1, 5)[:, :1]).all()


def test_the_true_error_is_that_of_many_tickets() -> None:
    scores, correct = clustered(200_000, 1, np.random.default_rng(0))
    for threshold in (0.0, 0.5, 0.9):
        assert true_error(threshold) == pytest.approx((~correct[scores >= threshold]).mean(), abs=0.004)
    assert true_error(0.9) < ALPHA < true_error(0.0)


def test_what_errs_together_breaks_the_promise_more_often() -> None:
    assert exceeded(1, 60) <= 0.1 < exceeded(10, 60)

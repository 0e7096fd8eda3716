"""Figures of an evaluation, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from training.evaluation import Evaluation, reliability, risk_coverage


def evaluation(
    ranks: Sequence[int], confidence: Sequence[float] | None = None, truth: Sequence[str] | None = None
) -> Evaluation:
    """One ticket for each rank of the true unit; where it is not the first, another unit was predicted."""
    n = len(ranks)
    truth = truth or ["a"] * n
    sure = np.array(confidence if confidence is not None else np.linspace(1, 0.1, n))
    return Evaluation(
        ticket_id=np.array([f"t{i}" for i in range(n)], np.str_),
        received_at=np.zeros(n, "datetime64[us]"),
        category=np.full(n, "", np.str_),
        cell=np.full(n, "", np.str_),
        truth=np.array(truth, np.str_),
        predicted=np.array([t if r == 1 else "" for t, r in zip(truth, ranks, strict=True)], np.str_),
        rank=np.array(ranks, np.int64),
        probability=sure,
        confidence=sure,
    )


@pytest.mark.parametrize(
    ("ranks", "accuracy", "top3", "recall"),
    [
        ([1], 1.0, 1.0, 1.0),
        ([0], 0.0, 0.0, 0.0),
        ([1, 2, 3, 4], 0.25, 0.75, 1.0),
        ([1, 1, 0, 3], 0.5, 0.75, 0.75),
    ],
)
def test_accuracy_counts_tickets_whose_unit_was_no_candidate(
    ranks: list[int], accuracy: float, top3: float, recall: float
) -> None:
    found = evaluation(ranks)
    assert (found.accuracy, found.top3, found.recall) == (accuracy, top3, recall)
    assert len(found) == len(ranks)


def test_macro_f1_counts_each_unit_that_occurs_once() -> None:
    found = evaluation([1, 1, 1, 0], truth=["a", "a", "a", "b"])
    assert found.macro_f1 == pytest.approx((1.0 + 0.0) / 2)
    mixed = evaluation([1, 0], truth=["a", "a"])
    assert mixed.macro_f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("ranks", "target", "coverage"),
    [
        ([1] * 10, 0.0, 1.0),
        ([0] + [1] * 9, 0.05, 0.0),
        ([0] + [1] * 9, 0.1, 1.0),
        ([1] * 9 + [0], 0.05, 0.9),
        ([1, 0, 1, 1, 1, 1, 1, 1, 1, 0], 0.12, 0.9),
        ([0] * 10, 0.1, 0.0),
    ],
)
def test_coverage_at_error_is_the_largest_share_within_the_budget(
    ranks: list[int], target: float, coverage: float
) -> None:
    assert evaluation(ranks).coverage_at_error(target) == pytest.approx(coverage)


def test_equal_confidences_are_dispatched_together() -> None:
    found = evaluation([1, 1, 0, 1], [0.9, 0.5, 0.5, 0.1])
    coverage, error = found.risk_coverage()
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert error.tolist() == pytest.approx([0.0, 1 / 3, 1 / 4])
    assert found.coverage_at_error(0.0) == 0.25
    assert risk_coverage(np.full(4, 0.5), np.array([True, True, True, False]))[1].tolist() == [0.25]


@pytest.mark.parametrize(
    ("share", "precision"), [(0.5, 1.0), (0.8, 1.0), (0.81, 8 / 9), (0.95, 0.8), (1.0, 0.8)]
)
def test_precision_at_coverage(share: float, precision: float) -> None:
    assert evaluation([1] * 8 + [0, 0]).precision_at_coverage(share) == pytest.approx(precision)


def test_calibration_error_is_how_far_stated_and_observed_lie_apart() -> None:
    honest = evaluation([1] * 3 + [0], [0.75] * 4)
    assert reliability(honest.probability, honest.correct, bins=1)[0].observed == 0.75
    assert evaluation([1] * 30, [1.0] * 30).calibration_error == 0.0
    assert evaluation([0] * 30, [0.9] * 30).calibration_error == pytest.approx(0.9)
    assert evaluation([1], [0.3]).calibration_error == pytest.approx(0.7)


@pytest.mark.parametrize("tickets", [1, 14, 15, 100])
def test_bins_hold_equal_shares_from_the_lowest_up(tickets: int) -> None:
    bins = reliability(np.linspace(0, 1, tickets), np.ones(tickets, np.bool_))
    assert len(bins) == min(tickets, 15)
    assert sum(one.share for one in bins) == pytest.approx(1.0)
    assert max(one.share for one in bins) - min(one.share for one in bins) <= 1 / tickets + 1e-12
    assert [one.predicted for one in bins] == sorted(one.predicted for one in bins)

"""Synthetic evaluations and results, for tests of what is drawn and told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import h3
import numpy as np

from domain.decisions import Certificate
from training.evaluation import Evaluation
from training.results import BacktestResult, CertifiedOutcome, Delayed


def evaluation(tickets: int = 2000, units: int = 24, *, seed: int = 0, skill: float = 0.9) -> Evaluation:
    """A city whose first candidates are right with the probability they state (`skill` on average)."""
    rng = np.random.default_rng(seed)
    names = np.array([f"unit-{n:02}" if n % 5 else f"静安区第{n}养护所" for n in range(units)])
    share = 1 / np.arange(1, units + 1)
    truth = rng.choice(units, size=tickets, p=share / share.sum())
    probability = rng.beta(8 * skill, 8 * (1 - skill), size=tickets)
    right = rng.random(tickets) < probability
    predicted = np.where(right, truth, (truth + 1 + rng.geometric(0.5, size=tickets)) % max(units, 1))
    right = predicted == truth
    spread = rng.normal(scale=0.04, size=(tickets, 2))
    start = np.datetime64("2025-01-01T08:00", "us")
    return Evaluation(
        ticket_id=np.array([f"t{n}" for n in range(tickets)], dtype=np.str_),
        received_at=start + np.sort(rng.integers(0, 180 * 86_400, size=tickets)).astype("timedelta64[s]"),
        category=rng.choice(["street light", "pothole", "积水", ""], size=tickets).astype(np.str_),
        cell=np.array(
            [h3.latlng_to_cell(31.23 + y, 121.47 + x, 10) for y, x in spread.tolist()], dtype=np.str_
        ),
        truth=names[truth] if tickets else np.array([], dtype=np.str_),
        predicted=names[predicted] if tickets else np.array([], dtype=np.str_),
        rank=np.where(right, 1, rng.integers(0, 5, size=tickets) * 2 // 2),
        probability=probability,
        confidence=probability,
    )


def certificate(*, threshold: float | None = 0.93, needed_rows: int | None = None) -> Certificate:
    """One that holds (the default) or one that certifies nothing."""
    return Certificate(
        alpha=0.01,
        confidence=0.95,
        threshold=threshold,
        rows=0 if threshold is None else 1200,
        errors=0 if threshold is None else 5,
        calibration_rows=2400,
        coverage=0.0 if threshold is None else 0.5,
        data_digest="ab" * 32,
        issued_at=datetime(2025, 7, 1, tzinfo=UTC),
        expires_at=datetime(2025, 10, 1, tzinfo=UTC),
        needed_rows=needed_rows,
    )


def backtest(measured: Evaluation | None = None, **changes: Any) -> BacktestResult:
    """A whole backtest; `changes` replace fields."""
    measured = evaluation() if measured is None else measured
    fields: dict[str, Any] = {
        "rows": 5 * len(measured) + 7,
        "rejected": {"no unit": 5, "no time": 2},
        "train_rows": 4 * len(measured),
        "test_rows": len(measured),
        "units": 24,
        "test_from": "2025-01-01T08:00:00+00:00",
        "data_digest": "ab" * 32,
        "bundle_digest": "cd" * 32,
        "evaluation": measured,
        "delayed": Delayed(days=7.0, evaluation=evaluation(max(len(measured), 1), seed=1, skill=0.87)),
        "outcome": CertifiedOutcome(certificate=certificate(), coverage=0.31, realised_error=0.008),
        "baselines": {
            "majority": 0.21,
            "category": 0.44,
            "category_cell": 0.8,
            "signalen": None,
            "linear_text_place": 0.86,
        },
        "baseline_curves": {
            "category_cell": evaluation(seed=3, skill=0.8).risk_coverage(),
            "linear_text_place": evaluation(seed=4, skill=0.86).risk_coverage(),
        },
        "importance": {"history share": 0.41, "text probability": 0.3, "similar votes": 0.12},
        "seconds": {"import": 1.2, "features": 30.5, "fit": 20.1, "replay": 41.0},
        "tickets_per_second": 812.0,
        "peak_rss_mb": 900,
    }
    return BacktestResult(**(fields | changes))

"""What training and backtests hand to reports, MLflow and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.decisions import Certificate
from models.guarantee import Guarantee
from training.evaluation import COVERAGES, ERROR_TARGETS, Evaluation
from training.label_noise import LabelNoise


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedOutcome:
    """A certificate met the test part: what it let through and how much of that was wrong (None: nothing).

    `groups`: the certified ones that the certificate sums up.
    """

    certificate: Certificate
    coverage: float
    realised_error: float | None
    groups: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """The test part replayed with labels arriving `days` late."""

    days: float
    evaluation: Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """One backtest, whole. `as_json` gives the published form.

    `noise`: how much of the test part's record is wrong; `candidates`: how many a ticket had on average.
    """

    rows: int
    rejected: Mapping[str, int]
    train_rows: int
    test_rows: int
    units: int
    test_from: str
    data_digest: str
    bundle_digest: str
    evaluation: Evaluation
    delayed: Delayed | None
    outcome: CertifiedOutcome
    noise: LabelNoise = field(default_factory=LabelNoise)
    baselines: Mapping[str, float | None]
    baseline_curves: Mapping[str, Any] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    label_delay_days: float = 0.0
    candidates: float | None = None
    tickets_per_second: float | None = None
    peak_rss_mb: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures in the form the benchmarks contract states; what was not measured is None."""
        evaluation, certificate = self.evaluation, self.outcome.certificate
        return {
            "rows": self.rows,
            "rejected": dict(self.rejected),
            "train_rows": self.train_rows,
            "test_rows": self.test_rows,
            "units": self.units,
            "test_from": self.test_from,
            "accuracy": evaluation.accuracy,
            "top3": evaluation.top3,
            "macro_f1": evaluation.macro_f1,
            "coverage_at_error": {str(e): evaluation.coverage_at_error(e) for e in ERROR_TARGETS},
            "precision_at_coverage": {str(c): evaluation.precision_at_coverage(c) for c in COVERAGES},
            "calibration_error": evaluation.calibration_error,
            "candidate_recall": evaluation.recall,
            "candidates": self.candidates,
            "label_noise": self.noise.as_json(),
            "label_delay_days": self.label_delay_days,
            "delayed": self.delayed and delayed_json(self.delayed),
            "certificate": {
                "alpha": certificate.alpha,
                "confidence": certificate.confidence,
                "threshold": certificate.threshold,
                "coverage": self.outcome.coverage,
                "realised_error": self.outcome.realised_error,
                "strata": self.outcome.groups if certificate.threshold is not None else 0,
            },
            "baselines": dict(self.baselines),
            "seconds": dict(self.seconds),
            "tickets_per_second": self.tickets_per_second,
            "peak_rss_mb": self.peak_rss_mb,
            "data_digest": self.data_digest,
            "bundle_digest": self.bundle_digest,
        }


def delayed_json(delayed: Delayed) -> dict[str, Any]:
    """The delayed replay in the published form."""
    evaluation = delayed.evaluation
    return {
        "days": delayed.days,
        "accuracy": evaluation.accuracy,
        "top3": evaluation.top3,
        "coverage_at_error": {"0.01": evaluation.coverage_at_error(0.01)},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """A fitted bundle on disk and what was measured of it on its own certificate slice (later than the fit).

    `missing`: why it automates nothing; `doubts`: why it may automate less than it could. `issue`: SHA-256 of its
    certificates' dates; `issued_now`: of this training's, not of an equal bundle's before it.
    """

    bundle_path: str
    bundle_digest: str
    guarantee: Guarantee
    missing: tuple[str, ...]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    data_digest: str
    evaluation: Evaluation | None
    importance: Mapping[str, float]
    seconds: Mapping[str, float]
    issue: str | None = None
    issued_now: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def certificate(self) -> Certificate:
        """The guarantee as one statement over all groups."""
        return self.guarantee.whole

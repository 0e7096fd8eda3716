"""What a replay answered beside the truth, and the figures drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

Floats = NDArray[np.float64]

ERROR_TARGETS = (0.005, 0.01, 0.02, 0.05, 0.1)
COVERAGES = (0.5, 0.8, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One row per tested ticket; every array has shape (n,).

    `rank`: 1-based rank of the true unit among the candidates, 0 where it was not one. `predicted` is "" where no
    candidate was found (then `probability` and `confidence` are 0). `category` is "" where the ticket has none.
    """

    ticket_id: NDArray[np.str_]
    received_at: NDArray[np.datetime64]
    category: NDArray[np.str_]
    cell: NDArray[np.str_]
    truth: NDArray[np.str_]
    predicted: NDArray[np.str_]
    rank: NDArray[np.int64]
    probability: Floats
    confidence: Floats

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the first candidate is the true unit."""
        return np.asarray(self.rank == 1)

    @property
    def accuracy(self) -> float:
        """Share of tickets whose first candidate is the true unit."""
        return float(self.correct.mean())

    @property
    def top3(self) -> float:
        """Share of tickets whose true unit is among the first three candidates."""
        return float(((self.rank >= 1) & (self.rank <= 3)).mean())

    @property
    def recall(self) -> float:
        """Share of tickets whose true unit is among the candidates at all."""
        return float((self.rank >= 1).mean())

    @property
    def macro_f1(self) -> float:
        """Unweighted mean F1 over the units that occur as truth."""
        labels = np.unique(self.truth)
        return float(f1_score(self.truth, self.predicted, labels=labels, average="macro", zero_division=0.0))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the top candidate, 15 equal-mass bins."""
        bins = reliability(self.probability, self.correct, bins=15)
        return float(sum(b.share * abs(b.predicted - b.observed) for b in bins))

    def risk_coverage(self) -> tuple[Floats, Floats]:
        """(coverage, error) when the most confident tickets are dispatched first; equal confidences go together."""
        return risk_coverage(self.confidence, self.correct)

    def coverage_at_error(self, target: float) -> float:
        """Largest share of all tickets that can be dispatched with at most `target` of those misrouted."""
        coverage, error = self.risk_coverage()
        allowed = coverage[error <= target]
        return float(allowed.max()) if len(allowed) else 0.0

    def precision_at_coverage(self, share: float) -> float:
        """Share right among the most confident `share` of the tickets."""
        coverage, error = self.risk_coverage()
        position = min(int(np.searchsorted(coverage, share - 1e-12)), len(coverage) - 1)
        return float(1.0 - error[position])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Mean predicted and observed share right in one equal-mass bin that holds `share` of the tickets."""

    share: float
    predicted: float
    observed: float


def reliability(probability: Floats, correct: NDArray[np.bool_], bins: int = 15) -> Sequence[ReliabilityBin]:
    """Equal-mass bins of the predicted probability, lowest first."""
    order = np.argsort(probability, kind="stable")
    return [
        ReliabilityBin(
            share=len(part) / len(order),
            predicted=float(probability[part].mean()),
            observed=float(correct[part].mean()),
        )
        for part in np.array_split(order, bins)
        if len(part)
    ]


def risk_coverage(confidence: Floats, correct: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(coverage, error) at each distinct confidence, most confident first."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~correct[order])
    taken = np.arange(1, len(order) + 1)
    sorted_confidence = confidence[order]
    last_of_ties = np.append(sorted_confidence[1:] != sorted_confidence[:-1], True)
    return (taken / len(order))[last_of_ties], (wrong / taken)[last_of_ties]

"""From raw scores of a ranking to the probability that its first candidate is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MINIMUM_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """Logistic in the first score, its lead over the second and its share of all (Platt 1999, with two more inputs).

    Fitted weights are never negative: a better first score or a worse rival is never less sure. One fit for all units:
    a rare one is as well calibrated as its scores are like those of the others.
    """

    intercept: float
    weights: tuple[float, float, float]

    @classmethod
    def fit(cls, rankings: Sequence[Floats], correct: NDArray[np.bool_]) -> Calibrator:
        """Fit on raw scores in descending order, one array per ticket, later than the ranker's own rows."""
        if len(correct) < MINIMUM_ROWS or correct.all() or not correct.any():
            return UNCALIBRATED
        from sklearn.linear_model import LogisticRegression  # who serves fits nothing, and starts without it

        inputs = np.array([_inputs(scores) for scores in rankings])
        kept = list(range(inputs.shape[1]))
        while kept:
            fitted = LogisticRegression(C=10.0, max_iter=1000).fit(inputs[:, kept], correct)
            own = fitted.coef_[0]
            if (own >= 0.0).all():
                first, lead, share = (float(own[kept.index(i)]) if i in kept else 0.0 for i in range(3))
                return cls(intercept=float(fitted.intercept_[0]), weights=(first, lead, share))
            kept.pop(int(own.argmin()))
        share_right = float(correct.mean())
        return cls(intercept=math.log(share_right / (1.0 - share_right)), weights=(0.0, 0.0, 0.0))

    def first(self, scores: Floats) -> float:
        """Probability that the candidate with the highest score is right; `scores` in descending order, not empty."""
        first, lead, share = _inputs(scores)
        own, over, whole = self.weights
        return _sigmoid(self.intercept + own * first + over * lead + whole * share)

    def probabilities(self, scores: Floats) -> Floats:
        """Probability of each candidate: the first as `first`, the others share what is left in proportion."""
        probabilities = np.empty(len(scores))
        probabilities[0] = first = self.first(scores)
        if len(scores) > 1:
            odds = np.exp(scores[1:] - scores[1])
            # never above the first one: a ranking must not contradict its own probabilities
            probabilities[1:] = np.minimum((1.0 - first) * odds / max(odds.sum(), 1.0 + odds[0]), first)
        return probabilities


def _inputs(scores: Floats) -> tuple[float, float, float]:
    first = float(scores[0])
    lead = first - float(scores[1]) if len(scores) > 1 else 10.0
    share = float(np.exp(scores - first).sum())
    return first, min(lead, 10.0), -float(np.log(share))


def _sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


UNCALIBRATED = Calibrator(intercept=0.0, weights=(1.0, 0.0, 0.0))

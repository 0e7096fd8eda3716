"""From raw scores of a ranking to the probability that its first candidate is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]

MINIMUM_ROWS = 50
LEAST_RIVAL = 1e-3  # odds and probability of somebody else, where there is no other candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """Logistic in the first score and its log odds against the others (Platt 1999, with two more inputs).

    These odds are told twice: against the others' odds, which tells where one rival is near, and against the sum of
    their probabilities, which tells where many are likely. Fitted weights are never negative: a better first score or a
    worse rival is never less sure. One fit for all units: a rare one is as well calibrated as its scores are like those
    of the others.
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
        first, against_odds, against_sum = _inputs(scores)
        own, over, among = self.weights
        return _sigmoid(self.intercept + own * first + over * against_odds + among * against_sum)

    def probabilities(self, scores: Floats) -> Floats:
        """Probability of each candidate: the first as `first`, the others share what is left in proportion."""
        probabilities = np.empty(len(scores))
        probabilities[0] = first = self.first(scores)
        if len(scores) > 1:
            odds = np.exp(scores[1:] - scores[1])
            # never above the first one: a ranking must not contradict its own probabilities
            probabilities[1:] = np.minimum((1.0 - first) * odds / max(odds.sum(), 1.0 + odds[0]), first)
        return probabilities


@compiled
def _inputs(scores: Floats) -> tuple[float, float, float]:
    odds, likely = LEAST_RIVAL, LEAST_RIVAL
    for score in scores[1:]:
        odds += math.exp(score)
        likely += 1.0 / (1.0 + math.exp(-score))
    first = scores[0]
    return first, first - math.log(odds), -math.log1p(math.exp(-first)) - math.log(likely)


def _sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


UNCALIBRATED = Calibrator(intercept=0.0, weights=(1.0, 0.0, 0.0))

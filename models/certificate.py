"""The certified threshold: at most α misrouted among automatic dispatches, with confidence 1 − δ.

Fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan, Lei, "Learn then Test", arXiv:2110.01052, section 2.3.1 and
appendix on split fixed-sequence testing): thresholds are tested from a promising one outwards, chosen on an
earlier slice, each by its exact binomial tail; the walk stops at the first one that cannot be rejected, so that no
correction for many thresholds is owed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEPS = 200
MINIMUM_ROWS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """The outcome of the walk. `threshold` None: nothing could be certified.

    `needed_rows`: how many more confirmed tickets at the present error rate would be needed, where that can be told.
    """

    threshold: float | None
    rows: int
    errors: int
    coverage: float
    needed_rows: int | None


def tail(errors: int, rows: int, alpha: float) -> float:
    """P(Binomial(rows, alpha) ≤ errors): the p-value of "the error rate is above alpha" (exact)."""
    return float(binom.cdf(errors, rows, alpha)) if rows else 1.0


def clean_rows_needed(alpha: float, confidence: float) -> int:
    """Tickets without any error that certify alpha: 299 for 1 % at 95 %."""
    return math.ceil(math.log(1.0 - confidence) / math.log1p(-alpha))


def certify(
    scores: Floats,
    correct: Bools,
    earlier_scores: Floats,
    earlier_correct: Bools,
    alpha: float,
    confidence: float,
) -> Certified:
    """Choose the threshold on the calibration slice; the earlier slice only says where to begin.

    Scores that may never be dispatched automatically are -inf.
    """
    if len(scores) < MINIMUM_ROWS:
        return Certified(
            threshold=None, rows=0, errors=0, coverage=0.0, needed_rows=MINIMUM_ROWS - len(scores)
        )
    thresholds = _sequence(scores, earlier_scores, earlier_correct, alpha, confidence)
    best = None
    for threshold in thresholds:
        taken = scores >= threshold
        rows, errors = int(taken.sum()), int((taken & ~correct).sum())
        if tail(errors, rows, alpha) > 1.0 - confidence:
            break
        best = Certified(
            threshold=float(threshold),
            rows=rows,
            errors=errors,
            coverage=rows / len(scores),
            needed_rows=None,
        )
    if best is not None:
        return best
    needed = _rows_needed(scores, correct, alpha, confidence)
    return Certified(threshold=None, rows=0, errors=0, coverage=0.0, needed_rows=needed)


def _sequence(
    scores: Floats, earlier_scores: Floats, earlier_correct: Bools, alpha: float, confidence: float
) -> list[float]:
    """Thresholds to test, from the most promising one to looser ones; labels of the calibration slice are not used."""
    possible = np.sort(scores[np.isfinite(scores)])[::-1]
    least = clean_rows_needed(alpha, confidence)
    if len(possible) < least:
        return []
    positions = np.unique(np.linspace(least, len(possible), STEPS).astype(int)) - 1
    thresholds = [float(t) for t in dict.fromkeys(possible[positions])]
    promise = [_promise(t, earlier_scores, earlier_correct, alpha) for t in thresholds]
    return thresholds[int(np.argmin(promise)) :]


def _promise(threshold: float, scores: Floats, correct: Bools, alpha: float) -> float:
    taken = scores >= threshold
    return tail(int((taken & ~correct).sum()), int(taken.sum()), alpha)


def _rows_needed(scores: Floats, correct: Bools, alpha: float, confidence: float) -> int | None:
    """Further confirmed tickets until the cleanest part could be certified; None: never at this rate."""
    least = clean_rows_needed(alpha, confidence)
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~correct[order])
    taken = np.arange(1, len(order) + 1)
    usable = (taken >= min(least, len(order) // 10)) & np.isfinite(scores[order])
    if not usable.any():
        return None
    share, rate = taken[usable] / len(order), (wrong / taken)[usable]
    needed = [n for s, r in zip(share, rate, strict=True) if (n := _rows_at_rate(s, r, alpha, confidence))]
    return max(min(needed) - len(scores), 1) if needed else None


def _rows_at_rate(share: float, rate: float, alpha: float, confidence: float) -> int | None:
    """Rows of the slice at which `share` of them with that error rate pass the test (normal approximation)."""
    if rate >= alpha:
        return None
    z = float(norm.ppf(confidence))
    rows = (z * math.sqrt(alpha * (1 - alpha)) / (alpha - rate)) ** 2
    return math.ceil(max(rows, clean_rows_needed(alpha, confidence)) / share)

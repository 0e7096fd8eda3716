"""The certified threshold: at most α misrouted among automatic dispatches, with confidence 1 − δ.

Fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan, Lei, "Learn then Test", arXiv:2110.01052, section 2.3.1 and
appendix on split fixed-sequence testing; Annals of Applied Statistics 2025): thresholds are tested from a promising one
outwards, chosen on an earlier slice, each by its exact binomial tail; the walk stops at the first one that cannot be
rejected, so that no correction for many thresholds is owed (Bauer, "Multiple testing in clinical trials", Statistics in
Medicine 10, 1991, section 2: hypotheses in an order set beforehand, each at the full level).

Several groups are several statements that are to hold at once: the error probability is divided among them evenly
(Bonferroni's inequality), so that they are all true with the confidence that was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Strings = NDArray[np.str_]

STEPS = 200
GROWTH = tuple(1.05**step for step in range(1, 95))  # to a hundredfold
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


def tail(errors: ArrayLike, rows: ArrayLike, alpha: float) -> Floats:
    """P(Binomial(rows, alpha) ≤ errors): the exact p-value of "the error rate is above alpha".

    At most 1 − confidence exactly where Clopper and Pearson's upper limit (Biometrika 26, 1934) is at most alpha.
    """
    from scipy.stats import binom  # who serves certifies nothing, and starts without it

    return np.asarray(binom.cdf(errors, rows, alpha))


def upper_limit(errors: int, rows: int, confidence: float) -> float:
    """Clopper and Pearson's one-sided upper limit of an error rate (Biometrika 26, 1934), as a beta quantile."""
    from scipy.stats import beta

    return 1.0 if errors >= rows else float(beta.ppf(confidence, errors + 1, rows - errors))


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
        return nothing(MINIMUM_ROWS - len(scores))
    thresholds = _sequence(scores, earlier_scores, earlier_correct, alpha, confidence)
    rows, errors = _taken(thresholds, scores, correct)
    refused = np.flatnonzero(tail(errors, rows, alpha) > 1.0 - confidence)
    last = (int(refused[0]) if len(refused) else len(thresholds)) - 1
    if last < 0:
        return nothing(needed_rows(scores, correct, alpha, confidence))
    return Certified(
        threshold=float(thresholds[last]),
        rows=int(rows[last]),
        errors=int(errors[last]),
        coverage=float(rows[last]) / len(scores),
        needed_rows=None,
    )


def nothing(needed: int | None) -> Certified:
    """Everything goes to review, until there are so many more confirmed tickets (None: cannot be told)."""
    return Certified(threshold=None, rows=0, errors=0, coverage=0.0, needed_rows=needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Tickets of one slice: group, score and whether the first candidate was right, each of shape (n,)."""

    groups: Strings
    scores: Floats
    correct: Bools

    def of(self, group: str) -> tuple[Floats, Bools]:
        """Scores and outcomes of one group."""
        own = self.groups == group
        return self.scores[own], self.correct[own]


def certify_groups(
    slice_: Scored, earlier: Scored, alphas: Mapping[str, float], confidence: float
) -> dict[str, tuple[Certified, float]]:
    """Each group's outcome and the confidence it was tested at: together at least `confidence`.

    A group too small to pass even without an error is not tested and costs the others nothing: its size is known before
    any label is looked at. `coverage` is of the group's own tickets.
    """
    large = {g for g, alpha in alphas.items() if _lacking(slice_.of(g)[0], alpha, confidence) <= 0}
    own = 1.0 - (1.0 - confidence) / max(len(large), 1)
    found = {}
    for group, alpha in alphas.items():
        scores, correct = slice_.of(group)
        if group in large:
            outcome = certify(scores, correct, *earlier.of(group), alpha, own)
        else:
            outcome = nothing(_needed_of_few(scores, correct, alpha, own))
        found[group] = outcome, own
    return found


def _needed_of_few(scores: Floats, correct: Bools, alpha: float, confidence: float) -> int | None:
    """As needed_rows, of a group that is too small for a test; tickets that may never be automatic come along."""
    testable = int(np.isfinite(scores).sum())
    if len(scores) and not testable:
        return None
    lacking = math.ceil(_lacking(scores, alpha, confidence) * (len(scores) / testable if testable else 1.0))
    needed = needed_rows(scores, correct, alpha, confidence)
    if needed is None and len(scores):
        rows, errors = _taken(_promising(scores, alpha, confidence), scores, correct)
        if not (errors < alpha * rows).any():
            return None
    return max(lacking, needed or 0)


def _lacking(scores: Floats, alpha: float, confidence: float) -> int:
    """Tickets that are lacking for a test even without an error; 0 or less: it can be made."""
    testable = int(np.isfinite(scores).sum())
    return max(MINIMUM_ROWS - len(scores), clean_rows_needed(alpha, confidence) - testable)


def _sequence(
    scores: Floats, earlier_scores: Floats, earlier_correct: Bools, alpha: float, confidence: float
) -> Floats:
    """Thresholds to test, from the most promising one to looser ones; labels of the calibration slice are not used."""
    thresholds = _thresholds(scores, clean_rows_needed(alpha, confidence))
    if not len(thresholds):
        return thresholds
    rows, errors = _taken(thresholds, earlier_scores, earlier_correct)
    return thresholds[int(np.argmin(tail(errors, rows, alpha))) :]


def _thresholds(scores: Floats, least: int) -> Floats:
    """Some STEPS thresholds that at least `least` scores reach, strictest first."""
    possible = np.sort(scores[np.isfinite(scores)])[::-1]
    if len(possible) < least:
        return np.zeros(0)
    positions = np.linspace(least, len(possible), STEPS).astype(int) - 1
    return np.unique(possible[positions])[::-1]


def _taken(thresholds: Floats, scores: Floats, correct: Bools) -> tuple[Ints, Ints]:
    """How many scores reach each threshold, and how many of those are wrong."""
    order = np.argsort(scores)
    wrong = np.append(0, np.cumsum(~correct[order]))
    below = np.searchsorted(scores[order], thresholds)
    return len(scores) - below, wrong[-1] - wrong[below]


def needed_rows(scores: Floats, correct: Bools, alpha: float, confidence: float) -> int | None:
    """Further confirmed tickets until a part passes, if they turn out as these did; None: out of reach."""
    rows, errors = _taken(_promising(scores, alpha, confidence), scores, correct)
    for times in GROWTH:
        passed = tail(np.ceil(times * errors), np.floor(times * rows), alpha) <= 1.0 - confidence
        if passed.any():
            return math.ceil((times - 1.0) * len(scores))
    return None


def _promising(scores: Floats, alpha: float, confidence: float) -> Floats:
    """Thresholds that enough scores reach to tell by them."""
    return _thresholds(scores, max(min(clean_rows_needed(alpha, confidence), len(scores) // 10), 1))

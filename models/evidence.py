"""Evidence against a tolerated rate that may be weighed after every label: e-detectors of small state.

Bets against a rate p₀ (Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024,
section 4): a label x multiplies the stake by 1 + λ(x − p₀), whose mean is at most 1 while the rate is at most p₀; with
λ = (p₁ − p₀) / (p₀(1 − p₀)) that is the likelihood ratio of p₁ to p₀. Several p₁ share the stake evenly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

TIMES = (2.0, 5.0, 10.0, 20.0)
NEARLY_ALL = 0.9
LARGEST = 1e100
"""No sum grows further: what is past every threshold need not be exact, and JSON has no infinity."""
PER_SIZE = 8
RUNS = 64
CALM_TIMES, CALM_LEAST, CALM_PRIOR = 2.0, 0.01, 100.0


def alternatives(tolerated: float) -> tuple[float, ...]:
    """Rates to bet on: some multiples of the tolerated one, and that nearly everything is wrong."""
    multiples = (tolerated * times for times in TIMES)
    return (*(rate for rate in multiples if rate < NEARLY_ALL), max(NEARLY_ALL, (1.0 + tolerated) / 2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Evidence from unbiased labels (blind audits). `sums`: the detector's sum for each alternative."""

    rows: int = 0
    errors: int = 0
    sums: tuple[float, ...] = ()

    def after(self, wrong: bool, tolerated: float) -> Errors:
        """One more label: each sum gets a fresh stake of 1, then what the bet wins (Shin et al., section 2)."""
        rates = alternatives(tolerated)
        won = [rate / tolerated if wrong else (1.0 - rate) / (1.0 - tolerated) for rate in rates]
        sums = self.sums or (0.0,) * len(rates)
        grown = (min((stake + 1.0) * factor, LARGEST) for stake, factor in zip(sums, won, strict=True))
        return Errors(rows=self.rows + 1, errors=self.errors + int(wrong), sums=tuple(grown))

    @property
    def evidence(self) -> float:
        """While the rate is tolerated, its expectation is at most the number of labels."""
        return math.fsum(self.sums) / len(self.sums) if self.sums else 0.0


Run = tuple[float, int, int]
"""A run of dispatches of one unit: when its first was made (POSIX seconds), how many there are, how many came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """Evidence from returns of one unit's dispatches. `runs`: oldest first, the older the longer, at most RUNS.

    A return counts for the dispatch that it answers, however late it comes: a Monday's heap of refusals meets the
    weekend's dispatches and is no surprise.
    """

    runs: tuple[Run, ...] = ()

    def dispatched(self, at: float) -> Returns:
        """One more dispatch. Dispatches of one moment share a run, so that each return finds its own."""
        if self.runs and at <= self.runs[-1][0]:
            since, rows, returned = self.runs[-1]
            return Returns(runs=(*self.runs[:-1], (since, rows + 1, returned)))
        return Returns(runs=_condensed([*self.runs, (at, 1, 0)]))

    def returned(self, dispatched_at: float) -> Returns:
        """One dispatch made then came back. What is older than all runs is forgotten."""
        found = bisect_right(self.runs, dispatched_at, key=lambda run: run[0]) - 1
        if found < 0:
            return self
        since, rows, returned = self.runs[found]
        return Returns(runs=(*self.runs[:found], (since, rows, returned + 1), *self.runs[found + 1 :]))

    def evidence(self, tolerated: float) -> float:
        """While at most the tolerated share comes back, its expectation is at most the number of dispatches.

        Returns are counted events. Begun at any dispatch, g^returns · exp(−(g − 1) · h · dispatches) is a
        supermartingale whatever their delay, with h = −log(1 − tolerated) the whole hazard of one dispatch (Brémaud,
        "Point Processes and Queues", 1981, chapter VI); these are summed over the beginnings of runs, and shared
        among several g.
        """
        return math.fsum(value for _, _, value in self._begun(tolerated))

    def worst(self, tolerated: float) -> tuple[int, int]:
        """(returned, dispatched) since the beginning that speaks loudest against the tolerated rate."""
        returned, rows, _ = max(self._begun(tolerated), key=lambda one: one[2], default=(0, 0, 0.0))
        return returned, rows

    def _begun(self, tolerated: float) -> Iterator[tuple[int, int, float]]:
        """(returned, dispatched, evidence) since the beginning of each run."""
        hazard = -math.log1p(-tolerated)
        times = [rate / tolerated for rate in alternatives(tolerated)]
        rows = returned = 0
        for _, more, back in reversed(self.runs):
            rows, returned = rows + more, returned + back
            logs = (returned * math.log(g) - (g - 1.0) * hazard * rows for g in times)
            yield returned, rows, sum(min(math.exp(min(log, 500.0)), LARGEST) for log in logs) / len(times)


def _condensed(runs: list[Run]) -> tuple[Run, ...]:
    """At most PER_SIZE runs between two powers of two: the two oldest of a size become one."""
    size = 1
    while len(same := [i for i, run in enumerate(runs) if run[1].bit_length() == size]) > PER_SIZE:
        oldest = same[0]
        (since, rows, back), (_, more, also) = runs[oldest : oldest + 2]
        runs[oldest : oldest + 2] = [(since, rows + more, back + also)]
        size += 1
    return tuple(runs[-RUNS:])


def returns_tolerated(returned: int, dispatched: int, pooled: float) -> float:
    """Returns per dispatch to be borne: twice a unit's own calm rate, drawn to the `pooled` one where it has few."""
    own = (returned + CALM_PRIOR * pooled) / (dispatched + CALM_PRIOR)
    return min(max(CALM_TIMES * own, CALM_LEAST), 0.5)

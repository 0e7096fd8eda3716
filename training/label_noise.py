"""How much of a record is wrong, estimated in three ways that fail differently.

* Easiest tickets: how often a model that did not see them disagrees with the record where it is surest. There its own
  errors are few and what is left is the record's (anchor points: Liu and Tao, "Classification with Noisy Labels by
  Importance Reweighting", IEEE TPAMI 38, 2016, section 5). Too low where the desk errs more on hard tickets.
* Near-duplicates: how often two tickets about the same thing differ. Too high at borders and where practice changed,
  too low where one mistake is made twice.
* Confident joint: all confident contradictions. Too high by what the model does not know.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from training.confident_learning import Contradictions, Opinions
from training.label_signs import Lineage
from training.near_duplicates import Pair, disjoint, near_duplicates
from training.replay import Case

CONFIDENCE, NORMAL_95 = 0.95, 1.96
EASIEST_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseEstimate:
    """Share of wrong records by one method, with a 95 % interval; `rows`: tickets or pairs that it rests on.

    `ceiling`: it can only be too high, by an unknown amount.
    """

    method: str
    rate: float
    low: float
    high: float
    rows: int
    ceiling: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNoise:
    """How much of the record is wrong, by each method that had data; to be read beside an accuracy."""

    estimates: tuple[NoiseEstimate, ...] = ()

    @property
    def low(self) -> float | None:
        """The lowest that any method but a ceiling allows."""
        return min((one.low for one in self.estimates if not one.ceiling), default=None)

    @property
    def high(self) -> float | None:
        """The highest that any method but a ceiling allows."""
        return max((one.high for one in self.estimates if not one.ceiling), default=None)

    def as_json(self) -> dict[str, Any]:
        """The range, and each method's share with its interval."""
        return {"low": self.low, "high": self.high, "estimates": [asdict(one) for one in self.estimates]}


def label_noise(
    cases: Sequence[Case],
    opinions: Opinions,
    doubts: Contradictions,
    pairs: Sequence[Pair],
    lineage: Lineage,
) -> LabelNoise:
    """All estimates that there are tickets for."""
    found = (
        _easiest(cases, opinions, lineage),
        _near_duplicates(cases, pairs, lineage),
        _confident_joint(doubts),
    )
    return LabelNoise(estimates=tuple(one for one in found if one is not None))


def noise_of_outcomes(
    cases: Sequence[Case], predicted: Sequence[str], confidence: NDArray[np.float64]
) -> LabelNoise:
    """What tickets that a model did not learn from tell beside its accuracy on them, cases in order of time.

    `predicted` and `confidence` of each case. Without the confident joint, which wants every unit's probability.
    """
    lineage = Lineage(())
    easiest = np.argsort(-confidence, kind="stable")[: int(len(cases) * EASIEST_SHARE)].tolist()
    wrong = sum(predicted[i] != cases[i].dispatch.unit_id for i in easiest)
    found = (_of_easiest(wrong, len(easiest)), _near_duplicates(cases, near_duplicates(cases), lineage))
    return LabelNoise(estimates=tuple(one for one in found if one is not None))


def _easiest(cases: Sequence[Case], opinions: Opinions, lineage: Lineage) -> NoiseEstimate | None:
    rows = int(len(cases) * EASIEST_SHARE)
    if rows == 0:
        return None
    best, top = opinions.probability.argmax(axis=1), opinions.probability.max(axis=1)
    easiest = np.argsort(-top, kind="stable")[:rows].tolist()
    wrong = sum(not lineage.same(opinions.units[best[i]], cases[i].dispatch.unit_id) for i in easiest)
    return _of_easiest(wrong, rows)


def _of_easiest(wrong: int, rows: int) -> NoiseEstimate | None:
    if rows == 0:
        return None
    low, high = _interval(wrong, rows)
    return NoiseEstimate(method="easiest tickets", rate=wrong / rows, low=low, high=high, rows=rows)


def _near_duplicates(cases: Sequence[Case], pairs: Sequence[Pair], lineage: Lineage) -> NoiseEstimate | None:
    units = [(cases[p.earlier].dispatch.unit_id, cases[p.later].dispatch.unit_id) for p in disjoint(pairs)]
    if not units:
        return None
    differ = sum(not lineage.same(*both) for both in units)
    shares = (differ / len(units), *_interval(differ, len(units)))
    rate, low, high = map(_one_of_two, shares)
    return NoiseEstimate(method="near-duplicates", rate=rate, low=low, high=high, rows=len(units))


def _confident_joint(doubts: Contradictions) -> NoiseEstimate | None:
    if not doubts.known.any():
        return None
    rate, error = doubts.noise()
    low, high = max(rate - NORMAL_95 * error, 0.0), min(rate + NORMAL_95 * error, 1.0)
    return NoiseEstimate(
        method="confident joint", rate=rate, low=low, high=high, rows=int(doubts.known.sum()), ceiling=True
    )


def _one_of_two(disagreement: float) -> float:
    """Share of wrong records where two of one truth differ so often: d = 2e(1 - e), errors independent."""
    return (1.0 - math.sqrt(max(1.0 - 2.0 * disagreement, 0.0))) / 2.0


def _interval(errors: int, rows: int) -> tuple[float, float]:
    """Clopper and Pearson's two-sided limits (Biometrika 26, 1934)."""
    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(beta.ppf(tail, errors, rows - errors + 1)) if errors else 0.0
    high = float(beta.ppf(1.0 - tail, errors + 1, rows - errors)) if errors < rows else 1.0
    return low, high

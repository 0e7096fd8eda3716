"""How sure a town is named, learnt on addresses that are held back from the gazetteer, never on the queries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from domain.places import Place

Floats = NDArray[np.float64]

BAND = 150  # held-back addresses that one statement of confidence rests on
LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address got: the towns by probability, the places, whether its road is known, how it turned out."""

    towns: Sequence[tuple[str, float]]
    places: Sequence[Place]
    road_known: bool
    town_right: bool
    error_m: float

    @property
    def inputs(self) -> tuple[float, ...]:
        """What confidence is read from."""
        shares = [share for _, share in self.towns[:2]] + [0.0, 0.0]
        chances = [place.probability for place in self.places[:2]] + [0.0, 0.0]
        said = sum(share for _, share in self.towns) or 1.0
        radius = math.log(self.places[0].radius_m + 1.0) if self.places else 12.0
        return (
            _logit(shares[0]), shares[1], _logit(chances[0]), chances[1], radius, shares[0] / said, len(self.towns)
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class TownConfidence:
    """P(town right), and a lower bound of P(town right and the point within 1 km)."""

    centre: Floats
    spread: Floats
    town: LogisticRegression
    whole: LogisticRegression
    bounds: list[tuple[float, float]] = field(
        default_factory=list
    )  # of the score, with the confidence above it

    @classmethod
    def fit(cls, held_back: Sequence[Answer]) -> TownConfidence:
        """Fit on held-back addresses with known outcomes."""
        rows = np.array([answer.inputs for answer in held_back])
        centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        scaled = (rows - centre) / spread
        right = np.array([answer.town_right for answer in held_back])
        whole = right & (np.array([answer.error_m for answer in held_back]) <= 1000.0)
        fitted = cls(
            centre=centre,
            spread=spread,
            town=_logistic(scaled, right),
            whole=_logistic(scaled, whole),
        )
        fitted.bounds = _lower_bounds(fitted.whole.predict_proba(scaled)[:, 1], whole)
        return fitted

    def town_right(self, answers: Sequence[Answer]) -> Floats:
        """P(town right) of each answer; 0 where no town is named."""
        said = np.array([bool(answer.towns) for answer in answers])
        chances: Floats = self.town.predict_proba(self._scaled(answers))[:, 1] * said
        return chances

    def confidence(self, answers: Sequence[Answer]) -> Floats:
        """The lower bound of each answer."""
        scores = self.whole.predict_proba(self._scaled(answers))[:, 1]
        found = np.zeros(len(answers))
        for i, score in enumerate(scores):
            found[i] = next((value for bound, value in self.bounds if score >= bound), 0.0)
        return found

    def _scaled(self, answers: Sequence[Answer]) -> Floats:
        scaled: Floats = (np.array([answer.inputs for answer in answers]) - self.centre) / self.spread
        return scaled


def _logistic(rows: Floats, right: NDArray[np.bool_]) -> LogisticRegression:
    # one imaginary right and one wrong answer: all may be right, and none
    rows = np.vstack((rows, np.zeros((2, rows.shape[1]))))
    return LogisticRegression().fit(rows, [*right, True, False])


def operating_point(chances: Floats, right: NDArray[np.bool_], target: float) -> float:
    """The lowest threshold at which at least `target` of the held-back answers above it are right."""
    order = np.argsort(-chances, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= target)
    return float(chances[order[good[-1]]]) if len(good) else 1.0


def _lower_bounds(scores: Floats, right: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Bands of descending score with the lower Clopper-Pearson bound of their hits, never rising."""
    order = np.argsort(-scores, kind="stable")
    found, last = [], 1.0
    for band in np.array_split(order, max(1, len(order) // BAND)):
        hits = int(right[band].sum())
        bound = float(beta.ppf(1 - LEVEL, hits, len(band) - hits + 1)) if hits else 0.0
        last = min(last, bound)
        found.append((float(scores[band].min()), last))
    return found


def _logit(probability: float) -> float:
    held = min(max(probability, 0.0), 1.0)
    return math.log((held + 0.01) / (1.01 - held))

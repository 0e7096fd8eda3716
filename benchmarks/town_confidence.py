"""How sure a town is named, learnt on addresses that are held back from the gazetteer, never on the queries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from domain.places import Place
from models.certificate import tail

Floats = NDArray[np.float64]

CONFIDENT = 0.9
FAR_OFF = 0.005  # of all addresses may be answered confidently and be far off
SURE = 0.8  # of the held-back addresses not having been kinder than others are
FAR_M = 1000.0


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
    """P(town right), and a cautious confidence that the point is within 1 km.

    Confidence is that probability with its odds moved until the share of addresses that have CONFIDENT or more and are
    far off is below FAR_OFF, by the exact binomial limit that the held-back ones set.
    """

    centre: Floats
    spread: Floats
    town: LogisticRegression
    near: LogisticRegression
    caution: float = 0.0

    @classmethod
    def fit(cls, held_back: Sequence[Answer]) -> TownConfidence:
        """Fit on held-back addresses with known outcomes."""
        rows = np.array([answer.inputs for answer in held_back])
        centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        scaled = (rows - centre) / spread
        right = np.array([answer.town_right for answer in held_back])
        far = np.array([answer.error_m > FAR_M for answer in held_back])
        fitted = cls(
            centre=centre, spread=spread, town=_logistic(scaled, right), near=_logistic(scaled, ~far)
        )
        scores = fitted.near.decision_function(scaled)
        order = np.argsort(-scores, kind="stable")
        most = int((tail(np.cumsum(far[order]), len(far), FAR_OFF) <= 1.0 - SURE).sum())
        last = float(scores[order][most - 1]) if most else np.inf
        fitted.caution = last - math.log(CONFIDENT / (1 - CONFIDENT))
        return fitted

    def town_right(self, answers: Sequence[Answer]) -> Floats:
        """P(town right) of each answer; 0 where no town is named."""
        said = np.array([bool(answer.towns) for answer in answers])
        chances: Floats = self.town.predict_proba(self._scaled(answers))[:, 1] * said
        return chances

    def confidence(self, answers: Sequence[Answer]) -> Floats:
        """The cautious confidence of each answer."""
        odds = self.near.decision_function(self._scaled(answers)) - self.caution
        confident: Floats = expit(odds)
        return confident

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


def _logit(probability: float) -> float:
    held = min(max(probability, 0.0), 1.0)
    return math.log((held + 0.01) / (1.01 - held))

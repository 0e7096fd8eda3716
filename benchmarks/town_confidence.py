"""How sure a town is named, learnt on addresses that are held back from the gazetteer, never on the queries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from domain.places import Place, Precision
from features.place import distance_m

Floats = NDArray[np.float64]

CONFIDENT = 0.9
FAR_OFF = 0.005  # of all addresses may be answered confidently and be far off
CONFIDENT_SHARE = 0.32  # of the held-back addresses at most: behind it far-off ones become frequent
SLACK = 1.5  # chance: so many times FAR_OFF among the held-back ones before fewer of them are answered confidently
FAR_M = 1000.0
FOLDS = 5
GUESSED = (Precision.RANGE, Precision.INTERPOLATED, Precision.NEAREST, Precision.NAME)
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 6,
    "learning_rate": 0.04,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
TREES, FORESTS = 150, 2


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

    @property
    def doubts(self) -> tuple[float, ...]:
        """What else tells how far off the first place may be: its precision, and what the other places say."""
        if not self.places:
            return (0.0,) * (len(GUESSED) + 4)
        best, *others = self.places
        apart = [distance_m(best.point, other.point) for other in others]
        beside = sum(o.probability for o, metres in zip(others, apart, strict=True) if metres < FAR_M)
        return (
            *(float(best.precision is kind) for kind in GUESSED),
            len(self.places),
            sum(place.probability for place in self.places),
            apart[0] if apart else 0.0,
            best.probability + beside,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The odds of the point being near, by a line and by trees."""

    line: LogisticRegression
    forests: Sequence[Any]

    @classmethod
    def fit(cls, rows: Floats, doubts: Floats, near: NDArray[np.bool_]) -> tuple[Near, Floats]:
        """Also gives the odds of each row by fits that have not seen it."""
        fold, apart = np.arange(len(rows)) % FOLDS, np.zeros(len(rows))
        for own in range(FOLDS if len(rows) >= FOLDS else 0):
            others = cls._fit(rows[fold != own], doubts[fold != own], near[fold != own])
            apart[fold == own] = others.odds(rows[fold == own], doubts[fold == own])
        return cls._fit(rows, doubts, near), apart

    @classmethod
    def _fit(cls, rows: Floats, doubts: Floats, near: NDArray[np.bool_]) -> Near:
        both = np.column_stack((rows, doubts))
        # one imaginary hit and one miss: all may be near, and none
        labels = [*near.astype(int).tolist(), 1, 0]
        data = lgb.Dataset(np.vstack((both, both[:1], both[:1])), labels, free_raw_data=False)
        forests = [lgb.train({**PARAMETERS, "seed": seed}, data, TREES) for seed in range(FORESTS)]
        return cls(line=_logistic(rows, near), forests=forests)

    def odds(self, rows: Floats, doubts: Floats) -> Floats:
        """The mean of both, as logarithms; shape (n,)."""
        both = np.column_stack((rows, doubts))
        grown = np.mean([forest.predict(both, num_threads=1) for forest in self.forests], axis=0)
        meant: Floats = (logit(np.clip(grown, 1e-4, 1 - 1e-4)) + self.line.decision_function(rows)) / 2
        return meant


@dataclass(slots=True, kw_only=True)
class TownConfidence:
    """P(town right), and a cautious confidence that the point is within 1 km.

    Confidence is that probability with its odds moved until CONFIDENT_SHARE of the held-back addresses have CONFIDENT
    or more; fewer where more than SLACK times FAR_OFF of all of them are confident and far off.
    """

    centre: Floats
    spread: Floats
    town: LogisticRegression
    near: Near
    caution: float = 0.0

    @classmethod
    def fit(cls, held_back: Sequence[Answer]) -> TownConfidence:
        """Fit on held-back addresses with known outcomes."""
        rows = np.array([answer.inputs for answer in held_back])
        centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        scaled = (rows - centre) / spread
        right = np.array([answer.town_right for answer in held_back])
        far = np.array([answer.error_m > FAR_M for answer in held_back])
        near, apart = Near.fit(scaled, np.array([answer.doubts for answer in held_back]), ~far)
        order = np.argsort(-apart, kind="stable")
        sound = np.flatnonzero(np.cumsum(far[order]) <= SLACK * FAR_OFF * len(far))
        most = min(len(sound) and int(sound[-1]) + 1, int(CONFIDENT_SHARE * len(far)))
        last = float(apart[order][most - 1]) if most else np.inf
        return cls(
            centre=centre,
            spread=spread,
            town=_logistic(scaled, right),
            near=near,
            caution=last - math.log(CONFIDENT / (1 - CONFIDENT)),
        )

    def town_right(self, answers: Sequence[Answer]) -> Floats:
        """P(town right) of each answer; 0 where no town is named."""
        said = np.array([bool(answer.towns) for answer in answers])
        chances: Floats = self.town.predict_proba(self._scaled(answers))[:, 1] * said
        return chances

    def confidence(self, answers: Sequence[Answer]) -> Floats:
        """The cautious confidence of each answer."""
        doubts = np.array([answer.doubts for answer in answers])
        odds = self.near.odds(self._scaled(answers), doubts) - self.caution
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

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
from models.place_support import Support

Floats = NDArray[np.float64]

CONFIDENT = 0.9
FAR_OFF = 0.005  # of all addresses may be answered confidently and be far off
CONFIDENT_SHARE = 0.32  # of the held-back addresses at most: behind it far-off ones become frequent
SLACK = 1.5  # chance: so many times FAR_OFF among the held-back ones before fewer of them are answered confidently
FAR_M = 1000.0
FOLDS = 5
MOST_ELSEWHERE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address got: the towns by probability, the places, whether its road is known, how it turned out."""

    towns: Sequence[tuple[str, float]]
    places: Sequence[Place]
    support: Support  # of the first place
    road_known: bool
    town_right: bool
    error_m: float

    @property
    def inputs(self) -> tuple[float, ...]:
        """What P(town right) is read from."""
        shares = [share for _, share in self.towns[:2]] + [0.0, 0.0]
        chances = [place.probability for place in self.places[:2]] + [0.0, 0.0]
        said = sum(share for _, share in self.towns) or 1.0
        radius = math.log(self.places[0].radius_m + 1.0) if self.places else 12.0
        return (
            _logit(shares[0]), shares[1], _logit(chances[0]), chances[1], radius, shares[0] / said, len(self.towns)
        )  # fmt: skip

    @property
    def nearness(self) -> tuple[float, ...]:
        """What tells how far off the first place may be: few things, for far-off ones are too rare to learn much of."""
        best = self.places[0] if self.places else None
        return (
            _logit(best.probability if best else 0.0),
            math.log(best.radius_m + 1.0) if best else 12.0,
            len(self.places),
            math.log(self.support.beside + 0.5),
            min(self.support.elsewhere, MOST_ELSEWHERE),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The odds of something, as a logarithm, by a line through its scaled inputs."""

    centre: Floats
    spread: Floats
    line: LogisticRegression

    @classmethod
    def fit(cls, rows: Floats, right: NDArray[np.bool_]) -> Line:
        """One row for each outcome."""
        centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        # one imaginary right and one wrong answer: all may be right, and none
        scaled = np.vstack(((rows - centre) / spread, np.zeros((2, rows.shape[1]))))
        return cls(centre=centre, spread=spread, line=LogisticRegression().fit(scaled, [*right, True, False]))

    @classmethod
    def apart(cls, rows: Floats, right: NDArray[np.bool_]) -> Floats:
        """The odds of each row by lines that have not seen it."""
        fold, odds = np.arange(len(rows)) % FOLDS, np.zeros(len(rows))
        for own in range(FOLDS if len(rows) >= FOLDS else 0):
            odds[fold == own] = cls.fit(rows[fold != own], right[fold != own]).odds(rows[fold == own])
        return odds

    def odds(self, rows: Floats) -> Floats:
        """Shape (n,)."""
        odds: Floats = self.line.decision_function((rows - self.centre) / self.spread)
        return odds


@dataclass(slots=True, kw_only=True)
class TownConfidence:
    """P(town right), and a cautious confidence that the point is within 1 km.

    Confidence is that probability with its odds moved until CONFIDENT_SHARE of the held-back addresses have CONFIDENT
    or more; fewer where more than SLACK times FAR_OFF of all of them are confident and far off.
    """

    town: Line
    near: Line
    caution: float = 0.0

    @classmethod
    def fit(cls, held_back: Sequence[Answer]) -> TownConfidence:
        """Fit on held-back addresses with known outcomes."""
        right = np.array([answer.town_right for answer in held_back])
        far = np.array([answer.error_m > FAR_M for answer in held_back])
        rows = _nearness(held_back)
        apart = Line.apart(rows, ~far)
        order = np.argsort(-apart, kind="stable")
        sound = np.flatnonzero(np.cumsum(far[order]) <= SLACK * FAR_OFF * len(far))
        most = min(len(sound) and int(sound[-1]) + 1, int(CONFIDENT_SHARE * len(far)))
        last = float(apart[order][most - 1]) if most else np.inf
        return cls(
            town=Line.fit(_inputs(held_back), right),
            near=Line.fit(rows, ~far),
            caution=last - math.log(CONFIDENT / (1 - CONFIDENT)),
        )

    def town_right(self, answers: Sequence[Answer]) -> Floats:
        """P(town right) of each answer; 0 where no town is named."""
        said = np.array([bool(answer.towns) for answer in answers])
        chances: Floats = expit(self.town.odds(_inputs(answers))) * said
        return chances

    def confidence(self, answers: Sequence[Answer]) -> Floats:
        """The cautious confidence of each answer."""
        confident: Floats = expit(self.near.odds(_nearness(answers)) - self.caution)
        return confident


def _inputs(answers: Sequence[Answer]) -> Floats:
    return np.array([answer.inputs for answer in answers])


def _nearness(answers: Sequence[Answer]) -> Floats:
    return np.array([answer.nearness for answer in answers], float)


def operating_point(chances: Floats, right: NDArray[np.bool_], target: float) -> float:
    """The lowest threshold at which at least `target` of the held-back answers above it are right."""
    order = np.argsort(-chances, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= target)
    return float(chances[order[good[-1]]]) if len(good) else 1.0


def _logit(probability: float) -> float:
    held = min(max(probability, 0.0), 1.0)
    return math.log((held + 0.01) / (1.01 - held))

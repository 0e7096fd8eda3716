"""From spots to places: what several witnesses say is put together, then each place gets a probability and a radius."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.places import Precision
from models.boosted import Boosted
from models.place_radius import Radii
from models.place_spots import Spot

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Weighed = tuple[Spot, float, float]  # guess, probability, radius in metres

NEAR_M = 1000.0
MOST = 6
TOGETHER_M = 1500.0
TOGETHER = 2.0  # spots as near as this many standard deviations say the same
MINIMUM_ROWS = 150
FOLDS = 5
PRECISIONS = tuple(Precision)
GUESSED = {Precision.EXACT: 0.95, Precision.RANGE: 0.9, Precision.INTERPOLATED: 0.8, Precision.NEAREST: 0.5}
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 12,
    "learning_rate": 0.05,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
TREES = 120


def believe(spots: Sequence[Spot]) -> list[Spot]:
    """Spots of different witnesses that lie together made one, the most telling first; at most MOST."""
    left = sorted(spots, key=lambda s: (-s.likelihood * s.share / (s.scale_m + 100.0), s.witness, s.x, s.y))
    found: list[Spot] = []
    while left and len(found) < MOST:
        best, *others = left
        heard = {best.witness}
        together = [best]
        left = []
        for other in others:
            limit = min(TOGETHER * math.hypot(best.scale_m, other.scale_m), TOGETHER_M)
            if math.hypot(best.x - other.x, best.y - other.y) > limit:
                left.append(other)
            elif other.witness not in heard and not (other.voted and not best.voted):
                heard.add(other.witness)
                together.append(other)
        found.append(_merged(together))
    return found


def _merged(spots: list[Spot]) -> Spot:
    best = spots[0]
    if len(spots) == 1:
        return best
    weights = [s.likelihood * s.share / s.scale_m**2 for s in spots]
    total = sum(weights)
    x = sum(w * s.x for w, s in zip(weights, spots, strict=True)) / total
    y = sum(w * s.y for w, s in zip(weights, spots, strict=True)) / total
    scale = max(sum(s.scale_m**-2 for s in spots) ** -0.5, 0.6 * best.scale_m)
    return replace(best, x=x, y=y, scale_m=scale, agreeing=len(spots) - 1)


def features(guesses: Sequence[Spot]) -> Floats32:
    """What the probability is read from, shape (guesses, features)."""
    lead = max((g.likelihood * g.share / (g.scale_m + 100.0) for g in guesses), default=1.0)
    return np.array(
        [
            (
                PRECISIONS.index(g.precision) + 10.0 * g.voted,
                g.likelihood,
                g.share,
                math.log(g.scale_m),
                math.log(g.gap_m + 20.0),
                min(g.count, 40),
                math.log(g.spread_m + 0.05),
                g.between,
                g.agreeing,
                math.log(g.next_gap_m + 20.0),
                math.log(g.off_m + 20.0),
                math.log((g.off_m + 50.0) / (g.next_gap_m + 50.0)),
                rank,
                g.likelihood * g.share / (g.scale_m + 100.0) / lead,
                math.log(guesses[0].scale_m),
                len(guesses),
            )
            for rank, g in enumerate(guesses)
        ],
        np.float32,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBelief:
    """P(within NEAR_M) of each guess, and the 90 % radius by that probability; a cautious default when not fitted."""

    text: str = ""
    radii: Radii = field(default_factory=Radii)
    trees: Boosted | None = field(default=None, compare=False)

    @classmethod
    def fit(
        cls, guesses: Sequence[Sequence[Spot]], errors: Sequence[Sequence[float]]
    ) -> tuple[PlaceBelief, list[list[Weighed]]]:
        """Fit on held-back addresses: their guesses, and how far each was off in metres.

        Also gives what trees that have not seen the address say of it: all that is set by it must be set on these.
        """
        some = [(g, e) for g, e in zip(guesses, errors, strict=True) if g]
        if len(some) < MINIMUM_ROWS:
            return cls(), [cls().weigh(g) for g in guesses]
        rows = np.concatenate([features(g) for g, _ in some])
        near = np.concatenate([np.array(e) <= NEAR_M for _, e in some])
        owner = np.repeat(np.arange(len(some)), [len(g) for g, _ in some])
        probability = np.empty(len(rows))
        for fold in range(FOLDS):
            own = owner % FOLDS == fold
            probability[own] = _train(rows[~own], near[~own]).predict(rows[own], num_threads=1)
        tops = [int(i) for i in _tops(owner, probability)]
        told = [g for gs, _ in some for g in gs]
        missed = np.concatenate([np.array(e) for _, e in some])
        radii = Radii.fit([told[i] for i in tops], probability[tops], missed[tops])
        text = _train(rows, near).model_to_string()
        belief = cls(text=text, radii=radii, trees=Boosted(text))
        ends = np.cumsum([len(g) for g in guesses])[:-1]
        return belief, [
            belief._weighed(g, chances.tolist())
            for g, chances in zip(guesses, np.split(probability, ends), strict=True)
        ]

    def weigh(self, guesses: Sequence[Spot]) -> list[Weighed]:
        """(guess, probability, radius in metres), most probable first; probabilities sum to at most 1."""
        if not guesses:
            return []
        if self.trees is None:
            chances = [GUESSED.get(g.precision, 0.2) * g.share * g.likelihood for g in guesses]
        else:
            chances = self.trees.chances(features(guesses)).tolist()
        return self._weighed(guesses, chances)

    def _weighed(self, guesses: Sequence[Spot], chances: Sequence[float]) -> list[Weighed]:
        total = max(sum(chances), 1.0)
        weighed = [(g, p / total, self.radii.radius_m(g, p)) for g, p in zip(guesses, chances, strict=True)]
        return sorted(weighed, key=lambda w: -w[1])

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"text": self.text, "radii": self.radii.to_dict()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> PlaceBelief:
        """What `to_dict` gave."""
        text = stored["text"]
        return cls(
            text=text,
            radii=Radii.from_dict(stored["radii"]),
            trees=Boosted(text) if text else None,
        )


def _train(rows: Floats32, near: NDArray[np.bool_]) -> Any:
    from models.boosting import lightgbm as lgb  # a start goes without it

    # one imaginary hit and one miss: all may be near, and none
    rows, labels = np.vstack((rows, rows[:1], rows[:1])), [*near.astype(np.int8).tolist(), 1, 0]
    data = lgb.Dataset(rows, labels, free_raw_data=True)
    return lgb.train(PARAMETERS, data, num_boost_round=TREES)


def _tops(owner: NDArray[np.int64], probability: Floats) -> NDArray[np.int64]:
    """The most probable guess of each owner."""
    order = np.lexsort((-probability, owner))
    _, first = np.unique(owner[order], return_index=True)
    found: NDArray[np.int64] = order[first]
    return found

"""Which area (a town, a precinct) an address lies in: what the known addresses around it and its names say, weighed.

Each source of evidence gives every area a share; a ranker learnt on held-back addresses weighs them against each other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.addresses.parts import AddressParts, Number
from models.numbering import Known
from models.place_evidence import LISTED, NOBODY, SAME_NAME, Surroundings
from models.place_votes import grams

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CANDIDATES, OF_EACH = 12, 3
SMOOTHING = 2.0
DEPENDENT = 0.5  # how much of a character's evidence is its own: pairs and triples repeat single ones
BESIDE_M = 400.0
FOLDS = 5
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.05,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
TREES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Where the address may be: metres east and north, probability, standard deviation."""

    x: float
    y: float
    probability: float
    scale_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Areas that an address may lie in, shape (n,), with what the ranker weighs, shape (n, features)."""

    areas: Ints
    rows: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Along:
    """A road with a number asked for, its known addresses and the area of each."""

    number: Number | None
    entries: Known
    area: Ints

    def asked(self) -> tuple[Ints, Floats, Floats, NDArray[np.bool_]] | None:
        """Of each known number: area, gap, numbers ahead, whether on the same side; None without numbers."""
        numbered = self.entries.low > 0
        if self.number is None or not numbered.any():
            return None
        known = self.entries.take(numbered)
        gap = np.maximum(np.maximum(known.low - self.number.high, self.number.low - known.high), 0.0)
        ahead = (known.low + known.high - self.number.low - self.number.high) / 2
        return self.area[numbered], gap, ahead, known.odd == (self.number.low % 2 == 1)


class AreaEvidence:
    """What the rows of a gazetteer, each with its area (-1: none), say of an address's area."""

    def __init__(self, around: Surroundings, area: Ints, count: int) -> None:
        self._around, self._area, self._xy, self._count = around, area, around.xy, count
        self._prior = np.bincount(area[area >= 0], minlength=count) + 0.5
        self._prior /= self._prior.sum()
        self._characters: defaultdict[str, Floats] = defaultdict(lambda: np.zeros(count))
        self._names = np.zeros(count)
        for name, rows in around.votes.items():
            self._count_name(name, rows, 1.0)

    def candidates(
        self,
        parts: AddressParts,
        guesses: Sequence[Guess],
        inside: Sequence[tuple[int, float]],
        without: frozenset[int] = NOBODY,
    ) -> Candidates:
        """The areas worth weighing. `inside`: the share of the guesses that lies in each area."""
        shares = np.zeros(self._count)
        for area, share in inside:
            shares[area] = share
        roads = self._roads(parts, without)
        along, gaps, known = self._along(roads)
        named, likeness = self._named(parts, without)
        sources = np.vstack((shares, along, self._beside(guesses, without), named))
        blend = sources.sum(axis=0)
        picked = [np.argsort(-blend, kind="stable")[:CANDIDATES]]
        picked += [np.argsort(-source, kind="stable")[:OF_EACH] for source in (shares, along[0], *named[-2:])]
        areas = np.unique(np.concatenate(picked)).astype(np.int64)
        own, sides = sources[:, areas], self._sides(roads)
        order = np.argsort(np.argsort(-blend[areas], kind="stable"), kind="stable")
        best = max(guesses, key=lambda guess: guess.probability, default=None)
        about = (
            known,
            best.probability if best else 0.0,
            math.log(best.scale_m) if best else 12.0,
            parts.roads[0].main.low if parts.roads and parts.roads[0].main else 0,
            len(guesses),
        )
        rows = np.column_stack(
            (
                own.T,
                (own - sources.max(axis=1)[:, None]).T,
                sides[:, areas].T,
                (sides - sides.max(axis=1)[:, None])[:, areas].T,
                gaps[areas],
                likeness[areas],
                np.log(self._prior[areas]),
                order,
                blend[areas] / max(float(blend.max()), 1e-12),
                np.tile(np.array(about, float), (len(areas), 1)),
            )
        )
        return Candidates(areas=areas, rows=rows)

    def _roads(self, parts: AddressParts, without: frozenset[int]) -> list[_Along]:
        """The known numbers of its roads that have an area, with the number asked for."""
        found = []
        for name, number in list(dict.fromkeys((road.name, road.main) for road in parts.roads))[:LISTED]:
            for match in self._around.roads_named(name, 2, without):
                if match.likelihood < SAME_NAME:
                    break
                entries = self._around.entries(match.name_id, without)
                kept = self._area[entries.ids] >= 0
                if kept.any():
                    entries = entries.take(kept)
                    found.append(_Along(number=number, entries=entries, area=self._area[entries.ids]))
        return found

    def _along(self, roads: Sequence[_Along]) -> tuple[Floats, Floats, int]:
        """Votes of the known numbers of its roads: near ones, all, of the same side, the two next ones, the road."""
        votes, gaps = np.zeros((5, self._count)), np.full(self._count, 9.0)
        for road in roads:
            votes[4] += self._share(road.area, np.ones(len(road.area)))
            if (asked := road.asked()) is None:
                continue
            area, gap, ahead, same = asked
            votes[0] += self._share(area, (gap + 8.0) ** -1.5)
            votes[1] += self._share(area, 1.0 / (gap + 80.0))
            votes[2] += self._share(area, np.exp(-(gap + 20.0 * ~same) / 40.0) + 1e-6)
            np.minimum.at(gaps, area, np.log(gap + 5.0))
            self._next_ones(votes[3], area, ahead, np.ones(len(area), bool))
        return votes / max(len(roads), 1), gaps, len(roads)

    def _sides(self, roads: Sequence[_Along]) -> Floats:
        """Votes of the same side of its roads: near ones, the two next ones, all near but the other side less.

        The last is how much more often that side than the other lies in the area, as log odds: a road with an area on
        each side is a border.
        """
        votes, numbered = np.zeros((4, self._count)), 0
        for road in roads:
            if (asked := road.asked()) is None:
                continue
            numbered += 1
            area, gap, ahead, same = asked
            votes[0] += self._share(area[same], (gap[same] + 15.0) ** -1.5)
            self._next_ones(votes[1], area, ahead, same)
            votes[2] += self._share(area, np.exp(-gap / 150.0) * np.where(same, 1.0, 0.25) + 1e-6)
            here, across = (np.bincount(area[side], minlength=self._count) for side in (same, ~same))
            votes[3] += np.log((here + 0.5) / (here.sum() + 1.0)) - np.log(
                (across + 0.5) / (across.sum() + 1.0)
            )
        return votes / max(numbered, 1)

    def _next_ones(self, votes: Floats, area: Ints, ahead: Floats, those: NDArray[np.bool_]) -> None:
        """A half for the area of the next one of those before and after the number."""
        for side in (np.flatnonzero(those & (ahead <= 0)), np.flatnonzero(those & (ahead >= 0))):
            if len(side):
                votes[area[side[np.abs(ahead[side]).argmin()]]] += 0.5

    def _beside(self, guesses: Sequence[Guess], without: frozenset[int]) -> Floats:
        """Votes of the known points around each guess: as wide as its own doubt, and near by."""
        votes = np.zeros((2, self._count))
        keep = self._area >= 0
        keep[list(without)] = False
        area, xy = self._area[keep], self._xy[keep]
        if not len(area):
            return votes
        for guess in guesses:
            away = np.hypot(xy[:, 0] - guess.x, xy[:, 1] - guess.y)
            wide = np.exp(-0.5 * (away / max(guess.scale_m, 250.0)) ** 2) + 1e-9 / (1.0 + away)
            votes[0] += guess.probability * self._share(area, wide)
            votes[1] += guess.probability * self._share(area, np.exp(-away / BESIDE_M) + 1e-12)
        return votes

    def _named(self, parts: AddressParts, without: frozenset[int]) -> tuple[Floats, Floats]:
        """Votes of names that share characters, from wide to narrow, and by each character; log-likelihood ratio."""
        votes, ratio = np.zeros((3, self._count)), np.zeros(self._count)
        names = list(dict.fromkeys([*(road.name for road in parts.roads[:2]), *parts.names[:2]]))
        forgotten = self._around.votes.forgotten(without)
        for name, rows in forgotten:
            self._count_name(name, rows, -1.0)
            self._count_name(name, np.setdiff1d(rows, list(without)), 1.0)
        for name in names:
            for likeness, rows in self._around.votes.voters(name, without):
                area = self._area[rows]
                share = self._share(area[area >= 0], np.ones(int((area >= 0).sum())))
                votes[0] += share * likeness**2
                votes[1] += share * likeness**5
                votes[2] = np.maximum(votes[2], share * likeness)
            ratio += self._spelled(name) / len(names)
        for name, rows in forgotten:
            self._count_name(name, np.setdiff1d(rows, list(without)), -1.0)
            self._count_name(name, rows, 1.0)
        votes[:2] /= np.maximum(votes[:2].sum(axis=1, keepdims=True), 1e-12)
        spelled = np.exp(ratio - ratio.max()) * self._prior
        return np.vstack((votes, spelled / spelled.sum())), ratio

    def _spelled(self, name: str) -> Floats:
        """log P(characters | area) − log P(characters), by how many names of the area have them."""
        ratio = np.zeros(self._count)
        total = float(self._names.sum())
        for gram in sorted(grams(name)):
            counts = self._characters.get(gram)
            if counts is None or (everywhere := float(counts.sum())) <= 0:
                continue
            usual = everywhere / total
            ratio += DEPENDENT * np.log((counts + SMOOTHING * usual) / ((self._names + SMOOTHING) * usual))
        return ratio

    def _count_name(self, name: str, rows: Ints, sign: float) -> None:
        """Count a name once in each area where it occurs."""
        areas = np.unique(self._area[rows])
        areas = areas[areas >= 0]
        if len(areas):
            self._names[areas] += sign
            for gram in grams(name):
                self._characters[gram][areas] += sign

    def _share(self, area: Ints, weight: Floats) -> Floats:
        if not len(area):
            return np.zeros(self._count)
        return np.asarray(np.bincount(area, weight / weight.sum(), self._count), float)


class AreaRanker:
    """P(address lies in the area) of each candidate; they sum to at most 1."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(cls, queries: Sequence[Candidates], truth: Ints) -> tuple[AreaRanker, list[Floats]]:
        """Fit on held-back addresses; also gives each one's probabilities by trees that have not seen it."""
        fold = np.arange(len(queries)) % FOLDS
        apart: list[Floats] = [np.zeros(0)] * len(queries)
        for own in range(FOLDS if len(queries) >= FOLDS else 0):
            ranker = cls(_train(queries, truth, fold != own))
            for i in np.flatnonzero(fold == own).tolist():
                apart[i] = ranker.predict(queries[i])
        return cls(_train(queries, truth, fold >= 0)), apart

    def predict(self, query: Candidates) -> Floats:
        """Shape (n,): one for each candidate."""
        chances: Floats = self._booster.predict(query.rows, num_threads=1)
        return chances / max(float(chances.sum()), 1.0)


def _train(queries: Sequence[Candidates], truth: Ints, kept: NDArray[np.bool_]) -> Any:
    chosen = np.flatnonzero(kept).tolist()
    rows = np.concatenate([queries[i].rows for i in chosen])
    right = np.concatenate([queries[i].areas == truth[i] for i in chosen])
    # one imaginary hit and one miss: all may be right, and none
    labels = [*right.astype(np.int8).tolist(), 1, 0]
    from models.boosting import lightgbm as lgb  # a start goes without it

    return lgb.train(
        PARAMETERS, lgb.Dataset(np.vstack((rows, rows[:1], rows[:1])), labels), num_boost_round=TREES
    )

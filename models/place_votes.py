"""What a name nobody knows says of the place: names that share characters lie together more often than not.

松汇东路 lies near 松汇中路, 航华三村 near 航华一村, 浦申路 somewhere in 浦江. Each known name votes for its own place,
by the characters it shares (rare ones and the first ones weigh most); the votes' heaps are the places.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.sounding import core

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

VOTERS, POSTINGS = 60, 4000
POWER = 3.0
HEAP_M = 1800.0
SEGMENT_M = 1300.0  # from the middle of a road to the middle of its next segment (东路, 中路, 西路)
_NAMES = re.compile(r"[\(（].*|\d.*")
_SEGMENT = re.compile(r"(?<=..)([东西南北])(?=[一二三四五六七八九]?(?:路|街|大道|公路)$)")
_WAY = {"东": (1.0, 0.0), "西": (-1.0, 0.0), "南": (0.0, -1.0), "北": (0.0, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """Where votes heap up: their centre and spread in metres, share of all votes, the best voter's likeness."""

    x: float
    y: float
    spread_m: float
    share: float
    best: float
    mean: float
    voters: int


def grams(name: str) -> set[str]:
    """Single characters, pairs and triples, those at the beginning marked."""
    marked = f"^{core(name)}"
    found = {marked[i : i + n] for n in (1, 2, 3) for i in range(len(marked) - n + 1)}
    found.discard("^")
    return found


class NameVotes:
    """Names with their points, by the characters they consist of."""

    def __init__(self, names: Mapping[str, Rows], xy: Floats, weight: Mapping[str, float]) -> None:
        """`names`: the rows of each, ascending; `xy`: points of all rows in metres, shape (rows, 2)."""
        self._rows: list[Rows] = []
        self._xy = xy
        self.names: list[str] = []
        centres, weights = [], []
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for name, rows in names.items():
            if not (found := grams(name)):
                continue
            for gram in found:
                postings[gram].append(len(self.names))
            self.names.append(name)
            self._rows.append(rows)
            centres.append(_medoid(xy[rows]))
            weights.append(weight.get(name, 1.0))
        self._centres = np.array(centres).reshape(-1, 2)
        self._weights = np.array(weights)
        total = max(len(self.names), 1)
        self._unknown = math.log(total + 1.0)
        self._postings = {gram: np.array(ids, np.int64) for gram, ids in postings.items()}
        self._rare = {gram: math.log((total + 1.0) / len(ids)) ** 2 for gram, ids in postings.items()}
        norms = np.zeros(total)
        for gram in sorted(
            self._postings
        ):  # sets have another order in each process, and sums their own rounding
            norms[self._postings[gram]] += self._rare[gram]
        self._norms = np.sqrt(np.maximum(norms, 1e-9))
        names_of = np.repeat(np.arange(len(self._rows)), [len(rows) for rows in self._rows])
        rows_of = np.concatenate([np.empty(0, np.int64), *self._rows])
        order = np.argsort(rows_of, kind="stable")
        self._names_of, self._rows_of = names_of[order], rows_of[order]

    def __len__(self) -> int:
        return len(self.names)

    def items(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Each name with its rows."""
        return zip(self.names, self._rows, strict=True)

    def forgotten(self, without: frozenset[int]) -> list[tuple[str, NDArray[np.int64]]]:
        """The names of these rows, each with all of its rows."""
        touched = sorted(self._touched(without))
        return [(self.names[i], self._rows[i]) for i in touched]

    def _touched(self, without: Iterable[int]) -> set[int]:
        """The names of these rows."""
        rows = np.fromiter(without, np.int64)
        spans = zip(self._rows_of.searchsorted(rows), self._rows_of.searchsorted(rows, "right"), strict=True)
        return {int(i) for first, last in spans for i in self._names_of[first:last]}

    def voters(
        self, name: str, without: frozenset[int] = frozenset()
    ) -> list[tuple[float, NDArray[np.int64]]]:
        """The names most like this one: their likeness and rows. `without`: rows that count as unknown."""
        if not self.names or not (found := sorted(grams(name))):
            return []
        likeness = self._likeness(found)
        best = np.argsort(-likeness, kind="stable")[:VOTERS].tolist()
        listed = [(float(likeness[i]), self._rows[i]) for i in best if likeness[i] > 0]
        if not without:
            return listed
        gone = np.array(sorted(without), np.int64)
        return [(like, left) for like, rows in listed if len(left := rows[~np.isin(rows, gone)])]

    def heaps(self, name: str, without: frozenset[int] = frozenset(), limit: int = 3) -> list[Heap]:
        """The heaps of votes, largest first. `without`: rows that count as unknown."""
        if not self.names or not (found := sorted(grams(name))):
            return []
        likeness = self._likeness(found)
        centres = self._centres
        if without:
            centres = self._forget(without, likeness)
        voters = np.argsort(-likeness, kind="stable")[:VOTERS]
        voters = voters[likeness[voters] > 0]
        if not len(voters):
            return []
        at = centres[voters] + self._shifts(name, voters)
        return _heaps(at, likeness[voters], limit)

    def _likeness(self, found: list[str]) -> Floats:
        known = sorted((gram for gram in found if gram in self._postings), key=lambda gram: -self._rare[gram])
        likeness = np.zeros(len(self.names))
        size = sum(self._rare.get(gram, self._unknown**2) for gram in found)
        read = 0
        for gram in known:
            ids = self._postings[gram]
            read += len(ids)
            if read > POSTINGS and read > len(ids):
                break
            likeness[ids] += self._rare[gram]
        likeness *= self._weights / (self._norms * math.sqrt(size))
        return likeness

    def _forget(self, without: frozenset[int], likeness: Floats) -> Floats:
        centres = self._centres
        touched = self._touched(without)
        if touched:
            centres = centres.copy()
        for i in touched:
            left = np.array([row for row in self._rows[i].tolist() if row not in without], np.int64)
            if len(left):
                centres[i] = _medoid(self._xy[left])
            else:
                likeness[i] = 0.0
        return centres

    def _shifts(self, name: str, voters: NDArray[np.int64]) -> Floats:
        """How far the segment asked for lies from each voter's segment of the same road."""
        shifts = np.zeros((len(voters), 2))
        own, way = _segment(name)
        for i, voter in enumerate(voters.tolist()):
            stem, its_way = _segment(self.names[voter])
            if stem == own and way != its_way:
                shifts[i] = (way[0] - its_way[0]) * SEGMENT_M, (way[1] - its_way[1]) * SEGMENT_M
        return shifts


@lru_cache(maxsize=50_000)
def _segment(name: str) -> tuple[str, tuple[float, float]]:
    found = _SEGMENT.search(name)
    if found is None:
        return core(name).removesuffix("中"), (0.0, 0.0)
    return name[: found.start()], _WAY[found.group()]


def median(points: Floats) -> Floats:
    """Of points, shape (n, 2), not NaN, by axis; to the bit NumPy's own, which takes eight times as long for a few."""
    ordered, half = np.sort(points, axis=0), len(points) // 2
    middle: Floats = ordered[half] if len(points) % 2 else (ordered[half - 1] + ordered[half]) / 2.0
    return middle


def _medoid(points: Floats) -> Floats:
    # most names have one point
    nearest = np.abs(points - median(points)).sum(axis=1).argmin() if len(points) > 1 else 0
    found: Floats = points[nearest]
    return found


def _heaps(at: Floats, likeness: Floats, limit: int) -> list[Heap]:
    votes = likeness**POWER
    total = float(votes.sum())
    apart = np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1])
    pull = np.exp(-apart / HEAP_M)
    left = votes.copy()
    found = []
    for _ in range(limit):
        heights = pull @ left
        top = int(heights.argmax())
        if heights[top] < 0.02 * total:
            break
        own = left * pull[top]
        weight = float(own.sum())
        x, y = (own[:, None] * at).sum(axis=0) / weight
        away = np.hypot(at[:, 0] - x, at[:, 1] - y)
        inside = pull[top] > 0.35
        found.append(
            Heap(
                x=float(x),
                y=float(y),
                spread_m=float((own * away).sum() / weight),
                share=weight / total,
                best=float(likeness[inside].max(initial=0.0)),
                mean=float((own * likeness).sum() / weight),
                voters=int(inside.sum()),
            )
        )
        left = left * (apart[top] > 1.5 * HEAP_M)
    return found


def spoken(name: str) -> str:
    """A name without brackets and numbers; empty where hardly anything is left."""
    bare = _NAMES.sub("", name).strip()
    return bare if len(bare) > 1 else ""

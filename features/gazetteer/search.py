"""Whole addresses like the one asked for: names, then numbers, then areas, then what else both say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.addresses.parts import AddressParts, NumberKind
from features.gazetteer import anchors
from features.gazetteer.anchors import KINDS, Anchor
from features.gazetteer.areas import CONTRADICTED as CONTRADICTED_AREA
from features.gazetteer.areas import AreaIndex
from features.gazetteer.entries import NUMBER_KINDS
from features.gazetteer.names import NameIndex
from features.gazetteer.postings import PostingIndex

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]
LookUp = Callable[[NameIndex, str], tuple[NDArray[np.int32], NDArray[np.float32]]]

CONTRADICTED, UNSAID, OVERSAID = (
    0.05,
    0.85,
    0.95,
)  # a number that is another, that only the query or the entry says
IN_RANGE = 0.97  # the entry is a range that the number lies in
ACROSS = 0.7  # … whose ends stand on the other side of the road: 3-31 does not hold number 4
NO_NAME, NAME_ALONE = 0.92, 0.5  # only the road agrees, only the name
ENOUGH = 0.6  # no need to look for misheard names where an entry of the very name is as likely as this
MOST = 4096  # postings weighed for one anchor
SPAN = 512  # postings of one name where no number was said
RANGED, BARE = 4, 64  # names searched for ranges, postings without a number
HOUSE, LANE = NUMBER_KINDS.index(NumberKind.HOUSE), NUMBER_KINDS.index(NumberKind.LANE)


class Searcher:
    """Search over the indexes of a gazetteer."""

    def __init__(self, roads: Indexed, names: Indexed, areas: AreaIndex, area_list: Rows) -> None:
        self._roads, self._names = roads, names
        self._areas, self._area_list = areas, area_list

    def search(self, parts: AddressParts) -> tuple[Rows, Floats]:
        """Rows and likelihoods, best first: by the very names; if none will do, by their sound; then by likeness."""
        said = [(area, self._areas.meant(area)) for area in parts.areas]
        for look_up in (NameIndex.exact, NameIndex.same, NameIndex.like):
            rows, scores = self._by(parts, said, look_up)
            if len(rows) and scores[0] >= ENOUGH:
                break
        return rows, scores

    def agreeing(self, rows: Rows, areas: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows lie in no area that contradicts those said."""
        said = [(area, self._areas.meant(area)) for area in areas]
        agreeing: NDArray[np.bool_] = self._area_scores(rows, said) > CONTRADICTED_AREA
        return agreeing

    def _by(self, parts: AddressParts, said: Any, look_up: LookUp) -> tuple[Rows, Floats]:
        named = anchors.names(parts)
        on = [self._roads.weigh(anchor, look_up) for anchor in anchors.roads(parts)]
        if look_up is NameIndex.like and not parts.roads:
            on += [self._roads.weigh(anchor, look_up) for anchor in _unsorted(parts, named)]
        rows, scores = _both(_all(on), _all([self._names.weigh(anchor, look_up) for anchor in named]))
        scores = scores * self._area_scores(rows, said)
        order = np.lexsort((rows, -scores))
        return rows[order], scores[order]

    def _area_scores(self, rows: Rows, said: Any) -> Floats:
        lists = self._area_list[rows].tolist()
        agreement = {i: self._areas.agreement(said, i) for i in set(lists)}
        return np.array([agreement[i] for i in lists], np.float64)


def _unsorted(parts: AddressParts, named: Sequence[Anchor]) -> list[Anchor]:
    """What may be a road that was not recognised as one: names and words that nothing took."""
    numbers = named[0].numbers if named else parts.numbers
    return [
        Anchor(words, numbers or anchors.loose_numbers(parts))
        for words in (*parts.names, *parts.rest)
        if words
    ]


def _all(found: Sequence[tuple[Rows, Floats]]) -> tuple[Rows, Floats]:
    if not found:
        return np.empty(0, np.int32), np.empty(0)
    return _once(np.concatenate([rows for rows, _ in found]), np.concatenate([scores for _, scores in found]))


def _both(on: tuple[Rows, Floats], at: tuple[Rows, Floats]) -> tuple[Rows, Floats]:
    """Rows found by a road, by a name or by both, the latter being the most likely; rows of each ascend."""
    if not len(on[0]) or not len(at[0]):
        return on if len(on[0]) else at
    place = at[0].searchsorted(on[0])
    agreed = at[0][np.minimum(place, len(at[0]) - 1)] == on[0]
    alone = np.ones(len(at[0]), bool)
    alone[place[agreed]] = False
    rows = np.concatenate([on[0], at[0][alone]])
    return rows, np.concatenate([on[1] * np.where(agreed, 1.0, NO_NAME), at[1][alone] * NAME_ALONE])


def _once(rows: Rows, scores: Floats) -> tuple[Rows, Floats]:
    """Each row once with its best score; ascending."""
    if len(rows) < 2:
        return rows, scores
    order = np.lexsort((-scores, rows))
    rows, scores = rows[order], scores[order]
    first = np.ones(len(rows), bool)
    first[1:] = rows[1:] != rows[:-1]
    return rows[first], scores[first]


class Indexed:
    """One kind of names with the entries that hang on them."""

    def __init__(self, names: NameIndex, postings: PostingIndex) -> None:
        self.names, self.postings = names, postings

    def weigh(self, anchor: Anchor, look_up: LookUp) -> tuple[Rows, Floats]:
        """Rows on names like the anchor's whose main number is not another, and how likely each is."""
        ids, likelihoods = look_up(self.names, anchor.name)
        if not len(ids):
            return np.empty(0, np.int32), np.empty(0)
        order = np.argsort(-likelihoods, kind="stable")
        ids, likelihoods = ids[order], likelihoods[order]
        said = anchors.number_row(anchor.numbers)
        positions, owner = self._numbered(ids, said) if anchor.numbers else self._any(ids)
        scores = likelihoods[owner].astype(np.float64) * number_scores(said, self.postings.numbers(positions))
        return self.postings.rows[positions], scores

    def _any(self, ids: Rows) -> tuple[Any, Any]:
        starts, ends = self.postings.spans(ids)
        return self.postings.positions(starts, np.minimum(ends, starts + SPAN), MOST)

    def _numbered(self, ids: Rows, said: Sequence[int]) -> tuple[Any, Any]:
        """Postings of that number; where the very name has none, also those in whose range it lies and without any."""
        kind, low = said[-1], said[said[-1]]
        starts, ends = self.postings.with_number(ids, kind, low)
        exact = self.postings.positions(starts, ends, MOST)
        if len(ids) and ends[0] > starts[0]:
            return exact
        ranges = [self.postings.around_number(int(i), kind, low) for i in ids[:RANGED]]
        owners = np.repeat(np.arange(len(ranges)), [len(r) for r in ranges])
        bare = self.postings.positions(*self.postings.with_number(ids, 0, 0), BARE)
        columns = zip(exact, (np.concatenate(ranges), owners), bare, strict=True)
        positions, owner = (np.concatenate(column) for column in columns)
        return positions, owner


def number_scores(said: Sequence[int], known: NDArray[np.int32]) -> Floats:
    """How well each posting's numbers agree with those said; shape (n, WIDTH) -> (n,)."""
    asked = np.array(said)
    low, high, suffix = (known[:, part * KINDS : (part + 1) * KINDS] for part in range(3))
    q_low, q_high, q_suffix = (asked[part * KINDS : (part + 1) * KINDS] for part in range(3))
    spoken, written = q_low > 0, low > 0
    agree = (low <= q_low) & (q_high <= high) & (suffix == q_suffix)
    ranged = (low < high) & (q_low == q_high)
    both = np.where(agree, np.where(ranged, IN_RANGE, 1.0), CONTRADICTED)
    one = np.where(spoken, UNSAID, np.where(written, OVERSAID, 1.0))
    factors = np.where(spoken & written, both, one)
    across = (agree & ranged)[:, HOUSE] & (low[:, LANE] == 0) & (low[:, HOUSE] % 2 == high[:, HOUSE] % 2)
    factors[across & ((q_low - low)[:, HOUSE] % 2 == 1), HOUSE] = ACROSS
    scores: Floats = factors.prod(1).round(12)  # one likelihood for one set of factors, in whatever order
    return scores

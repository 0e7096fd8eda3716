"""Areas of a query beside areas of the entries: what agrees, what contradicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.names import NameIndex

# the last character says what an area is: 朝阳区 contradicts 海淀区, and 朝阳街道 neither of them
_SAME_LEVEL = str.maketrans({"县": "区", "旗": "区", "乡": "镇", "道": "镇", "庄": "村"})
CONTRADICTED, UNSAID, OVERSAID = 0.15, 0.93, 0.97
SURE = 0.8  # the same but for its last word, 浦东 for 浦东新区
LIKE = 0.3  # an area less like another than this is another area


def level(area: str) -> str:
    """What kind of area it is by its last character; empty for a Latin name."""
    return "" if area.isascii() else area[-1].translate(_SAME_LEVEL)


class AreaIndex:
    """The areas that entries lie in, and the distinct lists of them."""

    def __init__(self, sections: Any) -> None:
        self.names = NameIndex("areas", sections)
        # the known areas that a word may mean, with likelihoods; the few words there are come again and again
        self.meant = lru_cache(maxsize=4096)(self._meant)
        self._levelled = lru_cache(maxsize=65_536)(self._with_levels)
        self._lists: NDArray[np.int32] = sections["areas.lists"]
        self._starts: NDArray[np.int64] = sections["areas.list_starts"]

    def ids(self, area_list: int) -> list[int]:
        """The areas of one list, broad to narrow."""
        ids: list[int] = self._lists[self._starts[area_list] : self._starts[area_list + 1]].tolist()
        return ids

    def rows(self, area_lists: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Every area of every row, given the list of each row."""
        lengths = (self._starts[1:] - self._starts[:-1])[area_lists]
        row = np.repeat(np.arange(len(area_lists)), lengths)
        place = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self._lists[self._starts[area_lists[row]] + place], row.astype(np.int32)

    def narrowest(self, area_lists: NDArray[np.int32]) -> NDArray[np.int32]:
        """The last area of each list (-1: none)."""
        ends = self._starts[area_lists + 1]
        filled = ends > self._starts[area_lists]
        narrow = np.full(len(area_lists), -1, np.int32)
        narrow[filled] = self._lists[ends[filled] - 1]
        return narrow

    def _meant(self, area: str) -> Mapping[int, float]:
        ids, likelihoods = self.names.same(area)
        if not (likelihoods >= SURE).any():
            ids, likelihoods = self.names.like(area)
        return {int(i): float(p) for i, p in zip(ids, likelihoods, strict=True) if p >= LIKE}

    def _with_levels(self, area_list: int) -> tuple[list[int], frozenset[str]]:
        ids = self.ids(area_list)
        return ids, frozenset(level(self.names.names[i]) for i in ids)

    def agreement(self, said: Sequence[tuple[str, Mapping[int, float]]], area_list: int) -> float:
        """How well a list of areas agrees with those said; 1 where it says the same."""
        ids, levels = self._levelled(area_list)
        score, agreed = 1.0, 0
        for word, meant in said:
            best = max((meant.get(i, 0.0) for i in ids), default=0.0)
            if best:
                score, agreed = score * best, agreed + 1
            else:
                score *= CONTRADICTED if level(word) in levels else UNSAID
        return score * OVERSAID ** (agreed < len(ids))

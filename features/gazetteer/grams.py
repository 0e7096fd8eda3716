"""Grams of names: what is left of a name that was misheard or mistyped, and which known names share it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.sounding import sounding

Ids = NDArray[np.int32]
Codes = NDArray[np.uint32]

POSTINGS = 6_000  # names looked at for one query, those of its rarest grams
SHARE = 0.1  # of the most that a name shares; one that shares less is not looked at
_SYLLABLE = 0x3400  # codes from here on stand for a syllable, below for a letter
_MARK = 0x1F
_BITS = 0xFFFFFFFF


def encode_grams(section: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The sections of a GramIndex; a name's id is its place."""
    found, counts = array("I"), []
    for name in names:
        grams_of = _grams(name)
        found.extend(grams_of)
        counts.append(len(grams_of))
    grams, owners = np.array(found, np.uint32), np.repeat(np.arange(len(names), dtype=np.int32), counts)
    order = np.lexsort((owners, grams))
    grams, owners = grams[order], owners[order]
    first = np.flatnonzero(np.diff(grams, prepend=~grams[:1]))
    return {
        f"{section}.grams": grams[first],
        f"{section}.gram_starts": np.append(first, len(grams)).astype(np.int64),
        f"{section}.gram_names": owners,
        f"{section}.gram_counts": np.array(counts, np.int64).clip(0, 65_535).astype(np.uint16),
    }


def _grams(name: str) -> set[int]:
    """Pairs of syllables up to three apart, three letters in a row, Han characters alone; the ends of a name count
    as letters. Plain integers: for one name at a time arrays take ten times as long."""
    codes = [2, *map(ord, sounding(name)), 3]
    found = {
        _mix(_mix(one, middle), other)
        for one, middle, other in zip(codes, codes[1:], codes[2:], strict=False)
        if middle < _SYLLABLE
    }
    if name.isascii():
        return found
    for gap in (1, 2, 3):
        for one, other in zip(codes, codes[gap:], strict=False):
            syllables = (one >= _SYLLABLE) + (other >= _SYLLABLE)
            if syllables == 2 or (syllables and gap == 1):
                found.add(_mix(one, other))
    found.update(_mix(code, _MARK) for code in map(ord, name) if code >= _SYLLABLE)
    return found


def _mix(left: int, right: int) -> int:
    mixed = (left * 0x9E3779B1 + right) & _BITS
    return (mixed ^ mixed >> 15) * 0x85EBCA6B & _BITS


class GramIndex:
    """Which names share the grams of another, over the sections that `encode_grams` made."""

    def __init__(self, section: str, sections: Any) -> None:
        self._grams: Codes = sections[f"{section}.grams"]
        self._starts: NDArray[np.int64] = sections[f"{section}.gram_starts"]
        self._names: Ids = sections[f"{section}.gram_names"]
        self._counts: NDArray[np.uint16] = sections[f"{section}.gram_counts"]

    def sharing(self, name: str, limit: int) -> Ids:
        """The ids of names that share most with this one, rare grams weighing more; ascending."""
        wanted = np.array(sorted(_grams(name)), np.uint32)
        places = self._grams.searchsorted(wanted)
        places = (
            places[self._grams[np.minimum(places, len(self._grams) - 1)] == wanted]
            if len(self._grams)
            else places[:0]
        )
        starts, ends = self._starts[places], self._starts[places + 1]
        order = np.argsort(ends - starts, kind="stable")
        order = order[: max(1, int((np.cumsum((ends - starts)[order]) <= POSTINGS).sum()))]
        if not len(order):
            return np.empty(0, np.int32)
        lists = [
            self._names[a : min(b, a + POSTINGS)]
            for a, b in zip(starts[order].tolist(), ends[order].tolist(), strict=True)
        ]
        lengths = [len(each) for each in lists]
        rarity = np.log(len(self._counts) + 1.0) - np.log(np.array(lengths))
        votes = np.bincount(np.concatenate(lists), np.repeat(rarity, lengths))
        ids = np.flatnonzero(votes > votes.max() * SHARE)
        if len(ids) > limit:
            score = votes[ids] / (self._counts[ids] + 0.5 * len(wanted))
            ids = np.sort(ids[np.argpartition(-score, limit)[:limit]])
        return ids.astype(np.int32)

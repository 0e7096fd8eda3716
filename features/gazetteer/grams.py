"""Grams of names: what is left of a name that was misheard or mistyped, and which known names share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.sounding import sounding

Ids = NDArray[np.int32]
Codes = NDArray[np.uint32]

POSTINGS = 6_000  # names looked at for one query, those of its rarest grams
_SYLLABLE = 0x3400  # codes from here on stand for a syllable, below for a letter
_MARK = 0x1F


def encode_grams(section: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The sections of a GramIndex; a name's id is its place."""
    packed = _grams(names)
    grams = (packed >> np.uint64(32)).astype(np.uint32)
    owners = (packed & np.uint64(0xFFFFFFFF)).astype(np.int32)
    first = np.flatnonzero(np.diff(grams, prepend=~grams[:1]))
    return {
        f"{section}.grams": grams[first],
        f"{section}.gram_starts": np.append(first, len(grams)).astype(np.int64),
        f"{section}.gram_names": owners,
        f"{section}.gram_counts": np.bincount(owners, minlength=len(names)).clip(0, 65_535).astype(np.uint16),
    }


def _grams(names: Sequence[str]) -> NDArray[np.uint64]:
    """gram << 32 | name, distinct and sorted: pairs of syllables up to three apart, three letters in a row, Han
    characters alone; the ends of a name count as letters."""
    if not names:
        return np.empty(0, np.uint64)
    codes, owner = _codes([f"\x02{sounding(name)}\x03" for name in names])
    syllable = codes >= _SYLLABLE
    found = []
    for gap in (1, 2, 3):
        one, other = syllable[:-gap], syllable[gap:]
        keep = (owner[:-gap] == owner[gap:]) & (one & other | (one ^ other if gap == 1 else False))
        found.append(_pack(_mix(codes[:-gap][keep], codes[gap:][keep]), owner[:-gap][keep]))
    keep = (owner[:-2] == owner[2:]) & ~syllable[1:-1]
    three = _mix(_mix(codes[:-2][keep], codes[1:-1][keep]), codes[2:][keep])
    found.append(_pack(three, owner[:-2][keep]))
    if any(not name.isascii() for name in names):
        letters, owner = _codes(names)
        keep = letters >= _SYLLABLE
        found.append(_pack(_mix(letters[keep], np.uint32(_MARK)), owner[keep]))
    return np.unique(np.concatenate(found))


def _codes(texts: Sequence[str]) -> tuple[Codes, Ids]:
    """The characters of all the texts, one after the other, and whose each of them is."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return codes, np.repeat(np.arange(len(texts), dtype=np.int32), lengths)


def _mix(left: Codes, right: Any) -> Codes:
    mixed: Codes = left * np.uint32(0x9E3779B1) + right
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x85EBCA6B)
    return mixed


def _pack(grams: Codes, owner: Ids) -> NDArray[np.uint64]:
    packed: NDArray[np.uint64] = grams.astype(np.uint64) << np.uint64(32)
    packed |= owner.astype(np.uint64)
    return packed


class GramIndex:
    """Which names share the grams of another, over the sections that `encode_grams` made."""

    def __init__(self, section: str, sections: Any) -> None:
        self._grams: Codes = sections[f"{section}.grams"]
        self._starts: NDArray[np.int64] = sections[f"{section}.gram_starts"]
        self._names: Ids = sections[f"{section}.gram_names"]
        self._counts: NDArray[np.uint16] = sections[f"{section}.gram_counts"]

    def sharing(self, name: str, limit: int) -> Ids:
        """The ids of names that share most with this one, rare grams weighing more; ascending."""
        wanted = (_grams([name]) >> np.uint64(32)).astype(np.uint32)
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
        ids = np.flatnonzero(votes)
        if len(ids) > limit:
            score = votes[ids] / (self._counts[ids] + 0.5 * len(wanted))
            ids = np.sort(ids[np.argpartition(-score, limit)[:limit]])
        return ids.astype(np.int32)

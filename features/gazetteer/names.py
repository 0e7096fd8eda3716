"""The distinct names of roads, estates or areas, found by their text, their sound and what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from features.addresses.sound import sound_key
from features.gazetteer.entries import NameMatch
from features.gazetteer.sounding import core, sounding
from features.gazetteer.strings import HashIndex, Strings, encode, hash64, hashes, index

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]

POSTINGS = 20_000  # names looked at for one query, those of its rarest grams first
CANDIDATES = 96  # names compared letter by letter
SOUND_SHARE = 0.65  # of a substitution's cost is waived where it sounds the same
GENERIC_COST = 0.3  # 路 instead of 街, or neither
DECAY = 3.0
LEAST = 0.12  # a name less likely than this is another name

_KINDS = "=~-"  # the same text, the same sound, the same but for the generic word


def encode_names(section: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The sections of a NameIndex. `names`: distinct and sorted; a name's id is its place there."""
    ids = np.arange(len(names), dtype=np.int32)
    keys = [hashes(mark + key(name) for name in names) for mark, key in _keys()]
    grams, starts, postings, sizes = _invert(names)
    return {
        **encode(f"{section}.names", names),
        **index(f"{section}.hash", np.concatenate(keys), np.tile(ids, len(keys))),
        f"{section}.grams": grams,
        f"{section}.gram_starts": starts,
        f"{section}.gram_names": postings,
        f"{section}.sizes": sizes,
    }


def _keys() -> list[tuple[str, Any]]:
    return list(zip(_KINDS, (str, sound_key, core), strict=True))


def _codes(names: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Each name's sounds between two marks, one after the other, and whose each of them is."""
    marked = [f"\x02{sounding(name)}\x03" for name in names]
    codes = np.frombuffer("".join(marked).encode("utf-32-le", "surrogatepass"), np.uint32)
    lengths = np.fromiter((len(name) for name in marked), np.int64, len(marked))
    return codes, np.repeat(np.arange(len(names), dtype=np.int32), lengths)


def _grams(codes: NDArray[np.uint32], owner: Ids) -> NDArray[np.uint64]:
    """gram << 32 | owner, distinct: pairs up to three apart of syllables, three in a row of letters."""
    syllable = codes >= 0x3400
    found = []
    for gap in (1, 2, 3):
        left, right = codes[:-gap], codes[gap:]
        keep = (owner[:-gap] == owner[gap:]) & ((syllable[:-gap] & syllable[gap:]) | _edge(syllable, gap))
        found.append(_pack(_mix(left[keep], right[keep]), owner[:-gap][keep]))
    left, middle, right = codes[:-2], codes[1:-1], codes[2:]
    keep = (owner[:-2] == owner[2:]) & ~syllable[1:-1]
    found.append(_pack(_mix(_mix(left[keep], middle[keep]), right[keep]), owner[:-2][keep]))
    return np.unique(np.concatenate(found))


def _edge(syllable: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    # a syllable beside a letter, a digit or the end
    return (syllable[:-gap] != syllable[gap:]) if gap == 1 else np.zeros(len(syllable) - gap, bool)


def _mix(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.uint32]:
    mixed = left * np.uint32(0x9E3779B1) + right
    mixed ^= mixed >> np.uint32(15)
    return mixed * np.uint32(0x85EBCA6B)


def _pack(grams: NDArray[np.uint32], owner: Ids) -> NDArray[np.uint64]:
    return grams.astype(np.uint64) << np.uint64(32) | owner.astype(np.uint64)


def _invert(names: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64], Ids, NDArray[np.uint16]]:
    """Distinct grams, where each one's names start, the names, and how many grams each name has."""
    packed = _grams(*_codes(names)) if names else np.empty(0, np.uint64)
    grams = (packed >> np.uint64(32)).astype(np.uint32)
    owners = (packed & np.uint64(0xFFFFFFFF)).astype(np.int32)
    first = np.flatnonzero(np.diff(grams, prepend=~grams[:1]))
    sizes = np.bincount(owners, minlength=len(names)).clip(0, 65_535).astype(np.uint16)
    return grams[first], np.append(first, len(grams)).astype(np.int64), owners, sizes


class NameIndex:
    """Names over the sections that `encode_names` made."""

    def __init__(self, section: str, sections: Any) -> None:
        self.names = Strings(f"{section}.names", sections)
        self._hash = HashIndex(f"{section}.hash", sections)
        self._grams: NDArray[np.uint32] = sections[f"{section}.grams"]
        self._starts: NDArray[np.int64] = sections[f"{section}.gram_starts"]
        self._postings: Ids = sections[f"{section}.gram_names"]
        self._sizes: NDArray[np.uint16] = sections[f"{section}.sizes"]

    def __len__(self) -> int:
        return len(self.names)

    def id_of(self, name: str) -> int | None:
        """The id of exactly that name."""
        return next((int(i) for i in self._hash.find(hash64("=" + name)) if self.names[int(i)] == name), None)

    def same(self, name: str) -> tuple[Ids, Floats]:
        """Ids and likelihoods of the names of the same text or sound, or the same but for the generic word."""
        found = [self._hash.find(hash64(mark + key(name))) for mark, key in _keys()]
        bare = core(name)
        if bare == name:  # said without its generic word, or perhaps it has none
            found.append(self._hash.find(hash64("-" + name)))
        return self._weigh(name, np.unique(np.concatenate(found)))

    def like(self, name: str) -> tuple[Ids, Floats]:
        """Ids and likelihoods of the names most like this one; slower than `same`, which it includes."""
        return self._weigh(name, self._sharing(name))

    def search(self, name: str, limit: int) -> list[NameMatch]:
        """The names most like this one, best first."""
        ids, likelihoods = self.like(name)
        best = np.lexsort((ids, -likelihoods))[:limit]
        return [
            NameMatch(name_id=int(i), name=self.names[int(i)], likelihood=float(likelihood))
            for i, likelihood in zip(ids[best], likelihoods[best], strict=True)
        ]

    def _sharing(self, name: str) -> Ids:
        """The names that share most grams with this one, among those of its rarest grams."""
        wanted = _grams(*_codes([name])) >> np.uint64(32)
        places = self._grams.searchsorted(wanted.astype(np.uint32))
        places = places[places < len(self._grams)]
        places = places[np.isin(self._grams[places], wanted)]
        counts = self._starts[places + 1] - self._starts[places]
        order = np.argsort(counts, kind="stable")
        affordable = order[np.cumsum(counts[order]) <= POSTINGS]
        if not len(affordable):
            affordable = order[:1]
        lists = [self._postings[self._starts[p] : self._starts[p + 1]][:POSTINGS] for p in places[affordable]]
        if not lists:
            return np.empty(0, np.int32)
        ids, shared = np.unique(np.concatenate(lists), return_counts=True)
        if len(ids) <= CANDIDATES:
            return ids
        score = shared / (self._sizes[ids] + 0.5 * len(wanted))
        best: Ids = ids[np.argpartition(-score, CANDIDATES)[:CANDIDATES]]
        return np.sort(best)

    def _weigh(self, name: str, ids: Ids) -> tuple[Ids, Floats]:
        """Those of `ids` that may be meant by `name`, and how likely each would be written so."""
        if not len(ids):
            return ids, np.empty(0, np.float32)
        names = [self.names[int(i)] for i in ids]
        likelihoods = np.exp(-DECAY * _cost(name, names))
        keep = likelihoods >= LEAST
        return ids[keep], likelihoods[keep].astype(np.float32)


def _cost(name: str, others: Sequence[str]) -> Floats:
    """The cost of writing each of `others` as `name`, in shares of its length; a Latin letter weighs half."""
    cores = [core(other) for other in others]
    bare = core(name)
    by_text = _edits(bare, cores)
    by_sound = _edits(sounding(bare), [sounding(other) for other in cores])
    generic = np.fromiter(
        (other[len(c) :] != name[len(bare) :] for other, c in zip(others, cores, strict=True)), bool
    )
    edits = (1 - SOUND_SHARE) * by_text + SOUND_SHARE * by_sound + GENERIC_COST * generic
    weight = 0.5 if name.isascii() else 1.0
    lengths = np.fromiter((max(len(other), len(name)) for other in others), np.float32)
    cost: Floats = edits / np.maximum(lengths * weight, 3)
    return cost


def _edits(text: str, others: Sequence[str]) -> Floats:
    distances: Floats = cdist([text], others, scorer=OSA.distance, dtype=np.float32)[0]
    return distances

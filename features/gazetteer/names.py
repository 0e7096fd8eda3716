"""The distinct names of roads, estates or areas, found by their text, their sound and what is left of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from features.addresses.sound import sound_key
from features.gazetteer.entries import NameMatch
from features.gazetteer.grams import GramIndex, encode_grams
from features.gazetteer.sounding import core, sounding
from features.gazetteer.strings import HashIndex, Strings, encode, hash64, hashes, index

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]

CANDIDATES = 64  # names compared letter by letter
SOUND_SHARE = 0.65  # of a substitution's cost is waived where it sounds the same
GENERIC_COST = 0.3  # 路 instead of 街, or neither
MISWRITTEN, BEFORE = 0.6, 0.4  # edits for a generic word that is none, for words before the name
DECAY = 3.0
LEAST = 0.05  # a name less likely than this is another name

_KEYS = (("=", str), ("~", sound_key), ("-", core))  # the same text, sound, all but the generic word


def encode_names(section: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The sections of a NameIndex. `names`: distinct and sorted; a name's id is its place there."""
    ids = np.arange(len(names), dtype=np.int32)
    keys = [hashes(mark + key(name) for name in names) for mark, key in _KEYS]
    cores = [core(name) for name in names]
    generics = [_generic(name, bare) for name, bare in zip(names, cores, strict=True)]
    return {
        **encode(f"{section}.names", names),
        **encode(f"{section}.cores", cores),
        **encode(f"{section}.sounds", map(sounding, cores)),
        f"{section}.generics": np.array(generics, np.uint16),
        **index(f"{section}.hash", np.concatenate(keys), np.tile(ids, len(keys))),
        **encode_grams(section, names),
    }


def _generic(name: str, bare: str) -> int:
    return hash64(name[len(bare) :]) & 0xFFFF if len(bare) < len(name) else 0


class NameIndex:
    """Names over the sections that `encode_names` made."""

    def __init__(self, section: str, sections: Any) -> None:
        self.names = Strings(f"{section}.names", sections)
        self._cores = Strings(f"{section}.cores", sections)
        self._sounds = Strings(f"{section}.sounds", sections)
        self._generics: NDArray[np.uint16] = sections[f"{section}.generics"]
        self._hash = HashIndex(f"{section}.hash", sections)
        self._grams = GramIndex(section, sections)

    def __len__(self) -> int:
        return len(self.names)

    def id_of(self, name: str) -> int | None:
        """The id of exactly that name."""
        return next((int(i) for i in self._hash.find(hash64("=" + name)) if self.names[int(i)] == name), None)

    def exact(self, name: str) -> tuple[Ids, Floats]:
        """The id of exactly that name, with likelihood 1, or nothing."""
        known = self.id_of(name)
        ids = np.array([] if known is None else [known], np.int32)
        return ids, np.ones(len(ids), np.float32)

    def same(self, name: str) -> tuple[Ids, Floats]:
        """Ids and likelihoods of the names of the same text or sound, or the same but for the generic word."""
        return self._weigh(name, np.unique(self._keyed(name)))

    def like(self, name: str) -> tuple[Ids, Floats]:
        """Ids and likelihoods of the names most like this one; slower than `same`, whose answers it includes."""
        found = self._keyed(name), self._grams.sharing(name, CANDIDATES)
        return self._weigh(name, np.unique(np.concatenate(found)))

    def _keyed(self, name: str) -> Ids:
        return self._hash.find_all([hash64(mark + key(name)) for mark, key in _KEYS])

    def search(self, name: str, limit: int) -> list[NameMatch]:
        """The names most like this one, best first."""
        ids, likelihoods = self.like(name)
        best = np.lexsort((ids, -likelihoods))[:limit]
        return [
            NameMatch(name_id=int(i), name=self.names[int(i)], likelihood=float(likelihood))
            for i, likelihood in zip(ids[best], likelihoods[best], strict=True)
        ]

    def _weigh(self, name: str, ids: Ids) -> tuple[Ids, Floats]:
        """Those of `ids` that may be meant by `name`, and how likely each would be written so."""
        if not len(ids):
            return ids, np.empty(0, np.float32)
        cores, sounds = self._cores.take(ids), self._sounds.take(ids)
        generics, lengths = self._generics[ids], np.array([len(bare) for bare in cores])
        readings, costs = list(_readings(name)), []
        of_text = _edits([bare for bare, _, _ in readings], cores)
        of_sound = _edits([sounding(bare) for bare, _, _ in readings], sounds)
        for (bare, generic, surplus), written, heard in zip(readings, of_text, of_sound, strict=True):
            edits = (1 - SOUND_SHARE) * written + SOUND_SHARE * heard
            edits += surplus + (GENERIC_COST * (generics != generic) if generic is not None else 0)
            costs.append(edits / _weight(np.maximum(lengths, len(bare)), latin=name.isascii()))
        likelihoods = np.exp(-DECAY * np.min(costs, axis=0))
        keep = likelihoods >= LEAST
        return ids[keep], likelihoods[keep].astype(np.float32)


def _weight(lengths: NDArray[np.int64], *, latin: bool) -> Any:
    """Against what the edits of a name count: its characters and its generic word; a Latin letter is half of one."""
    return np.maximum(lengths * 0.5 if latin else lengths + 1, 3)


def _readings(name: str) -> Iterator[tuple[str, int | None, float]]:
    """What of the name may be the core, which generic word it has (None: any), and the edits that reading costs."""
    bare = core(name)
    yield bare, _generic(name, bare), 0.0
    if bare == name and len(name) > 2:
        yield (name.rsplit(" ", 1)[0] if " " in name else name[:-1]), None, MISWRITTEN
    if len(bare) > 4 and not name.isascii():
        for length in (2, 3, 4):
            yield bare[-length:], _generic(name, bare), BEFORE


def _edits(texts: Sequence[str], others: Sequence[str]) -> Floats:
    """Between each text and each other, shape (texts, others)."""
    distances: Floats = cdist(texts, others, scorer=OSA.distance, dtype=np.float32)
    return distances

"""How often each unit got each word: one table of fixed size, whatever the number of words, units and tickets.

A confirmed ticket's words count for the next ticket at once, as in naive Bayes; the text models wait for training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.kept import Arrays, fill, part, sparse, within

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Terms = NDArray[np.int32]

TABLE_BITS = 23
PRIOR_WORDS = 20.0  # imaginary words of an average ticket that each unit begins with
_BY_TERM, _BY_UNIT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - TABLE_BITS)


class WordCounts:
    """Counts of (term, unit), by term and by unit. Terms are small non-negative numbers, units any hash."""

    def __init__(self, terms: int) -> None:
        self._pairs = np.zeros(1 << TABLE_BITS, np.float32)
        self._of_term = np.zeros(terms, np.float64)
        self._of_unit: dict[int, float] = {}
        self._all = 0.0

    def state(self) -> Arrays:
        """All that is counted."""
        return {
            **within("pairs", sparse(self._pairs)),
            **within("of_term", sparse(self._of_term)),
            "units": np.array(list(self._of_unit), np.int64),
            "of_unit": np.array(list(self._of_unit.values()), np.float64),
            "all": np.array(self._all),
        }

    @classmethod
    def restored(cls, state: Arrays, terms: int) -> WordCounts:
        """With the state of another one of so many terms, to go on like it."""
        counts = cls(terms)
        fill(counts._pairs, part("pairs", state))
        fill(counts._of_term, part("of_term", state))
        counts._of_unit = dict(zip(state["units"].tolist(), state["of_unit"].tolist(), strict=True))
        counts._all = float(state["all"])
        return counts

    def add(self, terms: Terms, unit_hash: int) -> None:
        """Count a ticket's distinct terms for its unit."""
        self._pairs[_places(terms, np.array([unit_hash]))] += 1.0
        self._of_term[terms] += 1.0
        self._of_unit[unit_hash] = self._of_unit.get(unit_hash, 0.0) + len(terms)
        self._all += len(terms)

    def lifts(self, terms: Terms, unit_hashes: Ints) -> Floats:
        """log P(term | unit) - log P(term), shape (known terms, units); terms never seen are left out."""
        terms = terms[self._of_term[terms] > 0]
        expected = PRIOR_WORDS * self._of_term[terms][:, None] / max(self._all, 1.0)
        pairs = self._pairs[_places(terms, unit_hashes)]
        sizes = np.array([self._of_unit.get(unit, 0.0) for unit in unit_hashes.tolist()])
        return np.asarray(np.log((pairs + expected) / expected) - np.log((sizes + PRIOR_WORDS) / PRIOR_WORDS))


def _places(terms: Terms, unit_hashes: Ints) -> Ints:
    """Where pairs are counted, shape (terms, units); the top bits of a product are well mixed (Knuth 1973, 6.4)."""
    by_term = (terms.astype(np.uint64) + np.uint64(1)) * _BY_TERM
    by_unit = (unit_hashes.astype(np.uint64) + np.uint64(1)) * _BY_UNIT
    mixed = by_term[:, None] ^ by_unit
    mixed ^= mixed >> np.uint64(29)
    mixed *= _BY_TERM
    return np.asarray((mixed >> _SHIFT).astype(np.int64))

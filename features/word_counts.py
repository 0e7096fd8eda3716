"""How often each unit got each word: one table of fixed size, whatever the number of words, units and tickets.

A confirmed ticket's words count for the next ticket at once, as in naive Bayes; the text models wait for training.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.kept import Arrays, fill, part, sparse, within

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
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
        _count(terms, unit_hash, self._pairs)
        self._of_term[terms] += 1.0
        self._of_unit[unit_hash] = self._of_unit.get(unit_hash, 0.0) + len(terms)
        self._all += len(terms)

    def lifts(self, terms: Terms, unit_hashes: Ints) -> Floats:
        """log P(term | unit) - log P(term), shape (known terms, units); terms never seen are left out."""
        return _lifts(terms, unit_hashes, *self._of(unit_hashes))

    def summed(self, terms: Terms, unit_hashes: Ints, owner: Ints) -> Floats:
        """What all words together say for each owner, and what the strongest says, shape (2, owners).

        `owner`: of each unit, from 0 to owners - 1; of several units of one, each word's best counts.
        """
        return _summed(terms, unit_hashes, owner, *self._of(unit_hashes))

    def _of(self, unit_hashes: Ints) -> tuple[Floats, Floats32, Floats, float]:
        sizes = np.array([self._of_unit.get(unit, 0.0) for unit in unit_hashes.tolist()])
        return sizes, self._pairs, self._of_term, max(self._all, 1.0)


@compiled
def _lifts(
    terms: Terms, unit_hashes: Ints, sizes: Floats, pairs: Floats32, of_term: Floats, whole: float
) -> Floats:
    """As WordCounts.lifts; `sizes`: words of each unit, `whole`: of all."""
    known = int(np.sum(of_term[terms] > 0))
    found, row = np.empty((known, len(unit_hashes))), 0
    less = np.log((sizes + PRIOR_WORDS) / PRIOR_WORDS)
    for term in terms:
        if of_term[term] <= 0:
            continue
        for i in range(len(unit_hashes)):  # no sums meanwhile: many places are fetched from memory at once
            found[row, i] = pairs[_place(term, unit_hashes[i])]
        row += 1
    row = 0
    for term in terms:
        if of_term[term] <= 0:
            continue
        expected = PRIOR_WORDS * of_term[term] / whole
        for i in range(len(unit_hashes)):
            found[row, i] = math.log((found[row, i] + expected) / expected) - less[i]
        row += 1
    return found


@compiled
def _summed(
    terms: Terms,
    unit_hashes: Ints,
    owner: Ints,
    sizes: Floats,
    pairs: Floats32,
    of_term: Floats,
    whole: float,
) -> Floats:
    """As WordCounts.summed; the rest as in _lifts."""
    lifts, owners = _lifts(terms, unit_hashes, sizes, pairs, of_term, whole), 0
    for one in owner:
        owners = max(owners, one + 1)
    found, best = np.zeros((2, owners)), np.empty(owners)
    for row in range(len(lifts)):
        best[:] = -np.inf
        for i in range(len(owner)):
            best[owner[i]] = max(best[owner[i]], lifts[row, i])
        for i in range(owners):
            found[0, i] += best[i]
            found[1, i] = max(found[1, i], best[i])
    return found


@compiled
def _place(term: int, unit_hash: int) -> int:
    """Where a pair is counted; the top bits of a product are well mixed (Knuth 1973, 6.4)."""
    mixed = (np.uint64(term) + np.uint64(1)) * _BY_TERM ^ (np.uint64(unit_hash) + np.uint64(1)) * _BY_UNIT
    mixed ^= mixed >> np.uint64(29)
    return int(mixed * _BY_TERM >> _SHIFT)


@compiled
def _count(terms: Terms, unit_hash: int, pairs: Floats32) -> None:
    for term in terms:
        pairs[_place(term, unit_hash)] += np.float32(1.0)

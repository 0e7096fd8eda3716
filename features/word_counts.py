"""How often each unit got each word: one table of fixed size, whatever the number of words, units and tickets.

A confirmed ticket's words count for the next ticket at once, as in naive Bayes; the text models wait for training.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.kept import Arrays, fill, part, sparse, within
from features.slots import grown

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Terms = NDArray[np.int32]

TABLE_BITS = 23
PRIOR_WORDS = 20.0  # imaginary words of an average ticket that each unit begins with
_BY_TERM, _BY_UNIT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - TABLE_BITS)


class WordCounts:
    """Counts of (term, unit), by term and by unit. Terms are small non-negative numbers.

    Units are told by their place among those that were added; words are counted by a unit's hash, which is the same
    in whatever order units are heard of.
    """

    def __init__(self, terms: int) -> None:
        self._pairs = np.zeros(1 << TABLE_BITS, np.float32)
        self._of_term = np.zeros(terms, np.float64)
        self._units = 0
        self._hashes, self._of_unit = np.zeros(256, np.int64), np.zeros(256, np.float64)
        self._all = 0.0

    def state(self) -> Arrays:
        """All that is counted."""
        return {
            **within("pairs", sparse(self._pairs)),
            **within("of_term", sparse(self._of_term)),
            "units": self._hashes[: self._units].copy(),
            "of_unit": self._of_unit[: self._units].copy(),
            "all": np.array(self._all),
        }

    @classmethod
    def restored(cls, state: Arrays, terms: int) -> WordCounts:
        """With the state of another one of so many terms, to go on like it."""
        counts = cls(terms)
        fill(counts._pairs, part("pairs", state))
        fill(counts._of_term, part("of_term", state))
        counts._units = len(state["units"])
        counts._hashes, counts._of_unit = (grown(state[n], counts._units + 1) for n in ("units", "of_unit"))
        counts._all = float(state["all"])
        return counts

    def add_unit(self, unit_hash: int) -> None:
        """The next unit."""
        end = self._units + 1
        self._hashes, self._of_unit = grown(self._hashes, end), grown(self._of_unit, end)
        self._hashes[self._units] = unit_hash
        self._units = end

    def add(self, terms: Terms, unit: int) -> None:
        """Count a ticket's distinct terms for its unit."""
        _count(terms, self._hashes[unit], self._pairs)
        self._of_term[terms] += 1.0
        self._of_unit[unit] += len(terms)
        self._all += len(terms)

    def lifts(self, terms: Terms, units: Ints) -> Floats:
        """log P(term | unit) - log P(term), shape (known terms, units); terms never seen are left out."""
        return _lifts(terms, units, *self._counted())

    def summed(self, terms: Terms, units: Ints, heirs: Ints, closed: Ints) -> Floats:
        """What all words together say for each unit, and what the strongest says, shape (2, units).

        `heirs` and `closed`: units and those that each succeeded, whose words count for it; each word's best counts.
        """
        return _summed(terms, units, heirs, closed, *self._counted())

    def _counted(self) -> tuple[Ints, Floats, Floats32, Floats, float]:
        return self._hashes, self._of_unit, self._pairs, self._of_term, max(self._all, 1.0)


@compiled
def _lifts(
    terms: Terms, units: Ints, hashes: Ints, of_unit: Floats, pairs: Floats32, of_term: Floats, whole: float
) -> Floats:
    """As WordCounts.lifts; `whole`: words of all units."""
    known = int(np.sum(of_term[terms] > 0))
    found, row = np.empty((known, len(units))), 0
    less = np.log((of_unit[units] + PRIOR_WORDS) / PRIOR_WORDS)
    for term in terms:
        if of_term[term] <= 0:
            continue
        for i in range(len(units)):  # no sums meanwhile: many places are fetched from memory at once
            found[row, i] = pairs[_place(term, hashes[units[i]])]
        row += 1
    row = 0
    for term in terms:
        if of_term[term] <= 0:
            continue
        expected = PRIOR_WORDS * of_term[term] / whole
        for i in range(len(units)):
            found[row, i] = math.log((found[row, i] + expected) / expected) - less[i]
        row += 1
    return found


@compiled
def _summed(
    terms: Terms,
    units: Ints,
    heirs: Ints,
    closed: Ints,
    hashes: Ints,
    of_unit: Floats,
    pairs: Floats32,
    of_term: Floats,
    whole: float,
) -> Floats:
    """As WordCounts.summed; the rest as in _lifts."""
    owners, asked = len(units), np.empty(len(units) + len(heirs), np.int64)
    owner, count = np.arange(len(asked)), owners
    asked[:owners] = units
    for i in range(owners):
        for line in range(len(heirs)):
            if heirs[line] == units[i]:
                asked[count], owner[count] = closed[line], i
                count += 1
    lifts = _lifts(terms, asked[:count], hashes, of_unit, pairs, of_term, whole)
    found, best = np.zeros((2, owners)), np.empty(owners)
    for row in range(len(lifts)):
        best[:] = -np.inf
        for i in range(count):
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

"""How much of a unit's name a ticket says: a small unit is known by its name before it is known by its tickets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.facts import SIMILARITY_MASK, hash_terms, table_terms
from features.text import normalise, terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAME_TERMS = 24


class UnitNames:
    """Names as hashed terms, a row per unit index, and in how many tickets each term stood.

    Rarity is read off the tickets, never off the names: a unit more or less changes no other's figures.
    """

    def __init__(self) -> None:
        self._size = 0
        self._terms = np.zeros((64, NAME_TERMS), np.int64)  # 0 is padding
        self._log_frequency = np.zeros(SIMILARITY_MASK + 1, np.float64)  # log(1 + tickets that say the term)
        self._frequency = np.zeros(SIMILARITY_MASK + 1, np.float64)
        self._said = np.zeros(SIMILARITY_MASK + 1, np.float64)  # scratch
        self._tickets = 0

    def add(self, name: str) -> None:
        """The next unit's name."""
        if self._size == len(self._terms):
            self._terms = np.vstack([self._terms, np.zeros_like(self._terms)])
        found = table_terms(hash_terms(terms(normalise(name), NAME_TERMS)))
        self._terms[self._size, : len(found)] = found
        self._size += 1

    def fold(self, said: Ints, placed: Ints) -> None:
        """Count a ticket's terms: those of its text, those of its address and attributes."""
        found = np.union1d(said, placed)
        self._frequency[found] += 1.0
        self._log_frequency[found] = np.log1p(self._frequency[found])
        self._tickets += 1

    def matches(self, said: Ints, placed: Ints) -> Floats:
        """By unit index, shape (4, units): share and weight of the name's terms in the text, and in the place."""
        names = self._terms[: self._size]
        weight = np.log1p(self._tickets) - self._log_frequency[names]
        weight[names == 0] = 0.0
        total = weight.sum(axis=1) + 1.0
        in_text, in_place = self._weight_in(said, names, weight), self._weight_in(placed, names, weight)
        return np.stack([in_text / total, in_text, in_place / total, in_place])

    def _weight_in(self, asked: Ints, names: Ints, weight: Floats) -> Floats:
        self._said[asked] = 1.0
        found = (weight * self._said[names]).sum(axis=1)
        self._said[asked] = 0.0
        return np.asarray(found)

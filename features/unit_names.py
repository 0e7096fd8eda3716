"""How much of a unit's name a ticket says: a small unit is known by its name before it is known by its tickets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.frequencies import Frequencies
from features.hashed import SIMILARITY_MASK, folded, hash_term
from features.kept import Arrays, part, within
from features.slots import grown
from features.text import normalise, terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAME_TERMS = 24


class UnitNames:
    """Names as hashed terms by unit index, and in how many tickets each term stood.

    Rarity is read off the tickets, never off the names: a unit more or less changes no other's figures.
    """

    def __init__(self) -> None:
        self._size = 0
        self._end = 0
        self._terms, self._unit = np.zeros(1024, np.int64), np.zeros(1024, np.int64)  # every name's, in a row
        self._frequency = Frequencies(SIMILARITY_MASK + 1)
        self._said = np.zeros(SIMILARITY_MASK + 1, np.float64)  # scratch
        self._tickets = 0

    def state(self) -> Arrays:
        """All names and counts, as of now: the arrays may be parts of these."""
        return {
            "terms": self._terms[: self._end],
            "unit": self._unit[: self._end],
            "sizes": np.array([self._size, self._tickets]),
            **within("frequency", self._frequency.state()),
        }

    @classmethod
    def restored(cls, state: Arrays) -> UnitNames:
        """With the state of others, to go on like them."""
        names = cls()
        names._end = len(state["terms"])
        names._terms, names._unit = (grown(state[n], names._end + 1) for n in ("terms", "unit"))
        names._size, names._tickets = state["sizes"].tolist()
        names._frequency = Frequencies.restored(part("frequency", state), SIMILARITY_MASK + 1)
        return names

    def add(self, name: str) -> None:
        """The next unit's name."""
        found = folded(np.array([hash_term(term) for term in terms(normalise(name), NAME_TERMS)], np.int64))
        end = self._end + len(found)
        self._terms, self._unit = grown(self._terms, end), grown(self._unit, end)
        self._terms[self._end : end], self._unit[self._end : end] = found, self._size
        self._size, self._end = self._size + 1, end

    def fold(self, said: Ints, placed: Ints) -> None:
        """Count a ticket's terms: those of its text, those of its address and attributes."""
        self._frequency.add(np.union1d(said, placed))
        self._tickets += 1

    def matches(self, said: Ints, placed: Ints) -> Floats:
        """By unit index, shape (4, units): share and weight of the name's terms in the text, and in the place."""
        told = self._terms[: self._end], self._unit[: self._end], self._size
        return _matches(said, placed, *told, self._frequency.logs, np.log1p(self._tickets), self._said)


@compiled
def _matches(
    said: Ints,
    placed: Ints,
    terms: Ints,
    unit: Ints,
    units: int,
    logs: Floats,
    log_tickets: float,
    scratch: Floats,
) -> Floats:
    """As UnitNames.matches; `scratch`: zeros by term, as they are left."""
    total, found = np.zeros(units), np.zeros((4, units))
    scratch[said] = 1.0
    for term in placed:
        scratch[term] += 2.0
    for i in range(len(terms)):
        weight, told = log_tickets - logs[terms[i]], scratch[terms[i]]
        total[unit[i]] += weight
        if told == 1.0 or told == 3.0:
            found[1, unit[i]] += weight
        if told >= 2.0:
            found[3, unit[i]] += weight
    scratch[said] = 0.0
    scratch[placed] = 0.0
    for row in (0, 2):
        for i in range(units):
            found[row, i] = found[row + 1, i] / (total[i] + 1.0)
    return found

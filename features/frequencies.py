"""In how many tickets each term stood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.kept import Arrays

Floats = NDArray[np.float64]


class Frequencies:
    """Of terms that are small non-negative numbers: `counts`, and `logs` of one more than that."""

    def __init__(self, terms: int) -> None:
        self.counts: Floats = np.zeros(terms, np.float64)
        self.logs: Floats = np.zeros(terms, np.float64)

    def state(self) -> Arrays:
        """All that was counted."""
        at = np.flatnonzero(self.counts)
        # another processor may round logarithms otherwise
        return {"at": at, "counts": self.counts[at], "logs": self.logs[at]}

    @classmethod
    def restored(cls, state: Arrays, terms: int) -> Frequencies:
        """With the state of others of so many terms, to go on like them."""
        found = cls(terms)
        found.counts[state["at"]], found.logs[state["at"]] = state["counts"], state["logs"]
        return found

    def add(self, terms: NDArray[np.int32] | NDArray[np.int64]) -> None:
        """Count a ticket's distinct terms."""
        self.counts[terms] += 1.0
        self.logs[terms] = np.log1p(self.counts[terms])

"""Families of units: those that do the same work in different places, told by their tickets' words and kinds.

The municipalities of 23 districts are 23 units but one family. What the words say of a family is learnt from all its
units' tickets together, and which of its units it is, the place says. Units are clustered by Ward's method on the
square roots of their mean predicted units and their kinds (so that distances are Hellinger distances).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from models.blocks import kind_blocks, word_blocks
from models.softmax import Softmax, SoftmaxSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_FAMILIES, UNITS_PER_FAMILY = 60, 4
SAMPLE = 200  # latest tickets that a unit's profile is taken from
PRIOR = 3.0  # imaginary average tickets in each profile: small units are not outliers


class Families:
    """P(family | words, kind) and which family each unit belongs to; both arrays align with `units`."""

    def __init__(self, units: tuple[str, ...], family: Ints, model: Softmax) -> None:
        self.units = units
        self.family = family  # shape (units,)
        self.model = model
        self._column = np.array([int(name) for name in model.classes], np.int64)
        self._families = int(family.max(initial=-1)) + 1

    @classmethod
    def fit(
        cls,
        tickets: Sequence[Facts],
        units: Sequence[str],
        words: Softmax,
        settings: SoftmaxSettings | None = None,
    ) -> Families:
        """Cluster the units and fit on their tickets, both of length n; `words` was fitted on the same."""
        names, codes = np.unique(np.asarray(units, np.str_), return_inverse=True)
        family = _clusters(_profiles(tickets, codes, len(names), words))
        labels = [f"{family[code]:03d}" for code in codes.tolist()]
        model = Softmax.fit([kind_blocks(facts) for facts in tickets], labels, settings)
        return cls(tuple(map(str, names)), family, model)

    def predict(self, facts: Facts) -> Floats:
        """Probability of each unit's family, shape (units,)."""
        return self.by_unit(self.model.predict(kind_blocks(facts)))

    def by_unit(self, probabilities: Floats) -> Floats:
        """That from what the model answers, shape (units,)."""
        by_family = np.zeros(self._families)
        by_family[self._column] = probabilities
        return by_family.take(self.family)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, for `from_arrays`."""
        return {**self.model.arrays(), "units": np.array(self.units, np.str_), "family": self.family}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Families:
        """The families that `arrays` came from, to the bit."""
        units = tuple(map(str, arrays["units"]))
        return cls(units, arrays["family"].astype(np.int64), Softmax.from_arrays(arrays))


def _profiles(tickets: Sequence[Facts], codes: NDArray[np.intp], units: int, words: Softmax) -> Floats:
    """Square roots of each unit's mean predicted units and kinds, shape (units, classes + kinds)."""
    kinds = {kind: i for i, kind in enumerate(sorted({facts.category or "" for facts in tickets}))}
    of_unit: dict[int, list[int]] = defaultdict(list)
    for i, code in enumerate(codes.tolist()):
        of_unit[code].append(i)
    predicted, kind = np.zeros((units, len(words.classes))), np.zeros((units, len(kinds)))
    counts = np.zeros(units)
    for code, rows in of_unit.items():
        for i in rows[-SAMPLE:]:
            predicted[code] += words.predict(word_blocks(tickets[i]))
            kind[code, kinds[tickets[i].category or ""]] += 1.0
            counts[code] += 1.0
    both = np.hstack([predicted, kind])
    average = both.sum(axis=0) / max(counts.sum(), 1.0)
    return np.asarray(np.sqrt((both + PRIOR * average) / (counts + PRIOR)[:, None]))


def _clusters(profiles: Floats) -> Ints:
    units = len(profiles)
    families = min(MOST_FAMILIES, units // UNITS_PER_FAMILY)
    if families < 2:
        return np.zeros(units, np.int64)
    from sklearn.cluster import AgglomerativeClustering  # who serves fits nothing, and starts without it

    return np.asarray(AgglomerativeClustering(n_clusters=families).fit_predict(profiles), np.int64)

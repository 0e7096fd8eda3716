"""The fold over the dispatch log: what was known of units, keys and similar tickets at a sequence number.

There is one implementation: training replays the fold as of each ticket, serving continues it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from features.callers import Callers
from features.facts import SIMILARITY_MASK, Facts, hash_term
from features.schema import DAY, HistorySchema
from features.similar import SimilarTickets, Votes
from features.unit_names import UnitNames
from features.word_counts import WordCounts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Tally:
    """Counts of units at one value of one key: unit index -> [count, decayed count, time of the last]."""

    __slots__ = ("by_unit", "total")

    def __init__(self) -> None:
        self.by_unit: dict[int, list[float]] = {}
        self.total = [0.0, 0.0, -math.inf]

    def add(self, unit: int, time: float, half_life: float) -> None:
        """Count one dispatch of that time (seconds); times may come out of order."""
        _count(self.total, time, half_life)
        entry = self.by_unit.get(unit)
        if entry is None:
            self.by_unit[unit] = [1.0, 1.0, time]
        else:
            _count(entry, time, half_life)


def _count(entry: list[float], time: float, half_life: float) -> None:
    count, decayed, last = entry
    if time >= last:
        entry[:] = count + 1.0, decayed * 2.0 ** ((last - time) / half_life) + 1.0, time
    else:
        entry[:] = count + 1.0, decayed + 2.0 ** ((time - last) / half_life), last


class History:
    """Dispatches folded in the order they became known. `sequence` is the highest one folded."""

    def __init__(self, schema: HistorySchema | None = None) -> None:
        self.schema = schema or HistorySchema()
        self.sequence = 0
        self.unit_ids: list[str] = []
        self.overall = Tally()
        self.callers = Callers()
        self._unit_index: dict[str, int] = {}
        self._aligned: dict[tuple[str, ...], Ints] = {}
        self._tallies: list[dict[Hashable, Tally]] = [{} for _ in self.schema.keys]
        self._similar = SimilarTickets(self.schema)
        self._names = UnitNames()
        self._words = WordCounts(SIMILARITY_MASK + 1)
        self._unit_hashes: list[int] = []  # of ids: indexes are given in another order elsewhere
        self._half_life = self.schema.half_life_days * DAY

    def __len__(self) -> int:
        return len(self._similar)

    def unit(self, unit_id: str) -> int:
        """Index of a unit, given now if it is new."""
        index = self._unit_index.get(unit_id)
        if index is None:
            index = self._unit_index[unit_id] = len(self.unit_ids)
            self.unit_ids.append(unit_id)
            self._unit_hashes.append(hash_term(unit_id))
            self._names.add(unit_id)
        return index

    def units(self, unit_ids: tuple[str, ...]) -> Ints:
        """Indexes of many units, shape (units,); the answer for the same tuple is remembered."""
        indexes = self._aligned.get(unit_ids)
        if indexes is None:
            indexes = self._aligned[unit_ids] = np.array([self.unit(u) for u in unit_ids], np.int64)
        return indexes

    def fold(self, facts: Facts, unit_id: str, sequence: int) -> None:
        """Take in one confirmed dispatch."""
        unit = self.unit(unit_id)
        self.overall.add(unit, facts.received, self._half_life)
        for tallies, key in zip(self._tallies, facts.keys, strict=True):
            if key is not None:
                tally = tallies.get(key)
                if tally is None:
                    tally = tallies[key] = Tally()
                tally.add(unit, facts.received, self._half_life)
        self._similar.add(facts, unit)
        self._names.fold(facts.said_terms, facts.placed_terms)
        self._words.add(facts.similarity_terms, self._unit_hashes[unit])
        if facts.call is not None:
            self.callers.fold(facts.call)
        self.sequence = max(self.sequence, sequence)

    def tallies(self, facts: Facts) -> list[Tally | None]:
        """The tally of each of the ticket's keys, aligned with the schema's."""
        return [
            None if key is None else tallies.get(key)
            for tallies, key in zip(self._tallies, facts.keys, strict=True)
        ]

    def votes(self, facts: Facts) -> Votes:
        """What similar past tickets say, by unit index."""
        return self._similar.votes(facts, len(self.unit_ids))

    def named(self, facts: Facts) -> Floats:
        """How much of each unit's name the ticket says, shape (4, units), as UnitNames.matches."""
        return self._names.matches(facts.said_terms, facts.placed_terms)

    def lifts(self, facts: Facts, units: Ints) -> Floats:
        """How much likelier each of the ticket's words is at each unit, logarithms, shape (known words, units)."""
        hashes = np.array([self._unit_hashes[unit] for unit in units.tolist()], np.int64)
        return self._words.lifts(facts.similarity_terms, hashes)

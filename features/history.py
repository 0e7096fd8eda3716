"""The fold over the dispatch log: what was known of units, keys and similar tickets at a sequence number.

There is one implementation: training replays the fold as of each ticket, serving continues it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from domain.dispatches import LabelSource
from domain.places import Point
from features.callers import Callers
from features.facts import Facts
from features.hashed import SIMILARITY_MASK, hash_term
from features.kept import Arrays, packed_texts, part, within, words
from features.place import neighbourhood
from features.precedents import Precedents
from features.schema import DAY, HistorySchema
from features.similar import Neighbour, SimilarTickets, Votes
from features.tallies import Tallies, TallyTable
from features.unit_names import UnitNames
from features.word_counts import WordCounts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Made = TypeVar("Made")

EVERYTHING = ""  # the one value of the key that every ticket has


class History:
    """Dispatches folded in the order they became known. `sequence` is the highest one folded."""

    def __init__(self, schema: HistorySchema | None = None) -> None:
        self.schema = schema or HistorySchema()
        self.sequence = 0
        self.unit_ids: list[str] = []
        self.callers = Callers()
        self._unit_index: dict[str, int] = {}
        self._aligned: dict[int, tuple[object, Any]] = {}  # by an object's address: to hash it may take long
        self._ranks = np.zeros(0, np.int64)
        self._tallies = TallyTable(len(self.schema.keys) + 1, self.schema.half_life_days * DAY)
        self._similar = SimilarTickets(self.schema)
        self._names = UnitNames()
        self._words = WordCounts(SIMILARITY_MASK + 1)
        self._precedents = Precedents(self.schema)

    def __len__(self) -> int:
        return len(self._similar)

    def state(self) -> Arrays:
        """All that was folded, as of now: the arrays may be parts of the history."""
        return {
            "sequence": np.array(self.sequence),
            "unit_ids": packed_texts(self.unit_ids),
            **within("callers", self.callers.state()),
            **within("tallies", self._tallies.state()),
            **within("similar", self._similar.state()),
            **within("names", self._names.state()),
            **within("words", self._words.state()),
            **within("precedents", self._precedents.state()),
        }

    @classmethod
    def restored(cls, schema: HistorySchema, state: Arrays) -> History:
        """With the state of another one of that schema: it answers and goes on like it, to the bit."""
        history = cls(schema)
        history.sequence = int(state["sequence"])
        history.unit_ids = words(state["unit_ids"])
        history._unit_index = {unit_id: index for index, unit_id in enumerate(history.unit_ids)}
        history.callers = Callers.restored(part("callers", state))
        history._tallies = TallyTable.restored(part("tallies", state), schema.half_life_days * DAY)
        history._similar = SimilarTickets.restored(part("similar", state), schema)
        history._names = UnitNames.restored(part("names", state))
        history._precedents = Precedents.restored(part("precedents", state), schema)
        history._words = WordCounts.restored(part("words", state), SIMILARITY_MASK + 1)
        return history

    def holds(self, position: int, facts: Facts, unit_id: str, sequence: int) -> bool:
        """Whether the dispatch that was folded after so many others is this one, as far as that is remembered."""
        unit = self.index(unit_id)
        return unit is not None and self._similar.holds(position, facts, unit, sequence)

    def unit(self, unit_id: str) -> int:
        """Index of a unit, given now if it is new."""
        index = self._unit_index.get(unit_id)
        if index is None:
            index = self._unit_index[unit_id] = len(self.unit_ids)
            self.unit_ids.append(unit_id)
            self._names.add(unit_id)
            self._words.add_unit(hash_term(unit_id))
        return index

    def index(self, unit_id: str) -> int | None:
        """Index of a unit; None for one that was never heard of."""
        return self._unit_index.get(unit_id)

    def units(self, unit_ids: tuple[str, ...]) -> Ints:
        """Indexes of many units, shape (units,); the answer for the same tuple is remembered."""
        return self.aligned(unit_ids, lambda: np.array([self.unit(u) for u in unit_ids], np.int64))

    def aligned(self, owner: object, make: Callable[[], Made]) -> Made:
        """What `make` makes of unit indexes for that very object; it is remembered, for indexes never change."""
        known = self._aligned.get(id(owner))
        if known is None or known[0] is not owner:
            known = self._aligned[id(owner)] = owner, make()
        made: Made = known[1]
        return made

    @property
    def ranks(self) -> Ints:
        """By unit index, its place in the order of all ids."""
        if len(self._ranks) < len(self.unit_ids):
            order = sorted(range(len(self.unit_ids)), key=self.unit_ids.__getitem__)
            self._ranks = np.argsort(order)
        return self._ranks

    def fold(
        self, facts: Facts, unit_id: str, sequence: int, source: LabelSource = LabelSource.IMPORT
    ) -> None:
        """Take in one confirmed dispatch; `source`: who confirmed it."""
        unit = self.unit(unit_id)
        self._tallies.add((*facts.keys, EVERYTHING), unit, facts.received)
        self._similar.add(facts, unit, sequence)
        self._names.fold(facts.said_terms, facts.placed_terms)
        self._words.add(facts.similarity_terms, unit)
        self._precedents.fold(facts, unit_id, sequence, source)
        if facts.call is not None:
            self.callers.fold(facts.call)
        self.sequence = max(self.sequence, sequence)

    @property
    def overall(self) -> Tallies:
        """What is counted of everything, at the last of the keys."""
        return self._tallies.at((*(None for _ in self.schema.keys), EVERYTHING))

    def tallies(self, facts: Facts) -> Tallies:
        """What is counted at each of the ticket's keys, as in the schema, and last of everything."""
        return self._tallies.at((*facts.keys, EVERYTHING))

    def counts(self, key: str, value: Hashable) -> list[tuple[str, int]]:
        """How many dispatches each unit had at one value of one of the schema's keys."""
        units, counts = self._tallies.counts(self.schema.keys.index(key), value)
        return [(self.unit_ids[u], int(n)) for u, n in zip(units.tolist(), counts.tolist(), strict=True)]

    def precedent(self, facts: Facts) -> str | None:
        """The unit that a person gave the same trouble to instead of the proposed one; None where nobody did."""
        return self._precedents.of(facts)

    def votes(self, facts: Facts) -> Votes:
        """What similar past tickets say, by unit index."""
        return self._similar.votes(facts, len(self.unit_ids))

    def likeness(self, facts: Facts, others: Sequence[Facts]) -> Floats:
        """How like the ticket's words those of each other one are, shape (others,)."""
        return self._similar.likeness(facts, others)

    def kinds(self, facts: Facts, limit: int) -> list[tuple[str, float]]:
        """The kinds of trouble of past tickets like it, with their shares, the first the most."""
        return self._similar.kinds(facts, limit)

    def lately_at(self, unit_id: str, limit: int) -> list[Point]:
        """Where the unit's latest tickets were, the latest first."""
        unit = self.index(unit_id)
        found = [] if unit is None else self._similar.lately_at(unit, limit)
        return [Point(latitude=latitude, longitude=longitude) for latitude, longitude in found]

    def around(self, point: Point, within_m: float, limit: int) -> list[Neighbour]:
        """Dispatches within so many metres, nearest first; of each neighbourhood the latest ones are remembered."""
        found_in = neighbourhood(point, within_m)
        return self._similar.around((point.latitude, point.longitude), found_in, within_m, limit)

    def named(self, facts: Facts) -> Floats:
        """How much of each unit's name the ticket says, shape (4, units), as UnitNames.matches."""
        return self._names.matches(facts.said_terms, facts.placed_terms)

    def lifts(self, facts: Facts, units: Ints, succeeded: tuple[Ints, Ints]) -> Floats:
        """How much likelier the ticket's words are at each unit, logarithms: all together, the strongest, (2, units).

        `succeeded`: units and the closed ones that each succeeded, whose words count for it.
        """
        return self._words.summed(facts.similarity_terms, units, *succeeded)

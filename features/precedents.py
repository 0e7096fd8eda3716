"""What people last said of a trouble, where they corrected a proposal: no mistake is made twice."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

import numpy as np

from domain.dispatches import LabelSource
from features.facts import Facts
from features.kept import Arrays, keys_of, packed_keys, packed_texts, part, within, words
from features.schema import HistorySchema

BY_PEOPLE = (LabelSource.CONFIRMATION, LabelSource.REASSIGNMENT, LabelSource.AUDIT)
OWN, OTHERWISE = ("category*account", "category*address"), ("category*h3_10",)


class Precedents:
    """Units by trouble: the kind at an account or an address, for tickets with neither in a cell of some 65 m.

    A correction stands until a person gives the same trouble to another unit.
    """

    def __init__(self, schema: HistorySchema) -> None:
        self._schema = schema
        self._unit: dict[Hashable, tuple[str, int]] = {}  # with the number of the word that it goes back to

    def state(self) -> Arrays:
        """All that stands."""
        found = self._unit.values()
        return {
            **within("troubles", packed_keys(self._unit)),
            "units": packed_texts(unit_id for unit_id, _ in found),
            "sequences": np.array([sequence for _, sequence in found], np.int64),
        }

    @classmethod
    def restored(cls, state: Arrays, schema: HistorySchema) -> Precedents:
        """With the state of others of that schema, to go on like them."""
        precedents = cls(schema)
        told = zip(words(state["units"]), state["sequences"].tolist(), strict=True)
        precedents._unit = dict(zip(keys_of(part("troubles", state)), told, strict=True))
        return precedents

    def fold(self, facts: Facts, unit_id: str, sequence: int, source: LabelSource) -> None:
        """Take in who got a ticket, in the order of the log, and who said so."""
        if source not in BY_PEOPLE:
            return
        for trouble in self._at(facts, (*OWN, *OTHERWISE)):
            if source is LabelSource.REASSIGNMENT:
                self._unit[trouble] = unit_id, sequence
            elif trouble in self._unit and self._unit[trouble][0] != unit_id:
                del self._unit[trouble]

    def of(self, facts: Facts) -> str | None:
        """The unit that a person gave the same trouble to, the latest such word; None where nobody corrected it."""
        if not self._unit:
            return None
        troubles = self._at(facts, OWN) or self._at(facts, OTHERWISE)
        found = [self._unit[trouble] for trouble in troubles if trouble in self._unit]
        return max(found, key=lambda one: one[1])[0] if found else None

    def _at(self, facts: Facts, names: tuple[str, ...]) -> list[Hashable]:
        """The values of those keys of history that the ticket has, each beside its key's position."""
        told = ((position, facts.keys[position]) for position in _positions(self._schema, names))
        return [(position, *key) for position, key in told if isinstance(key, tuple)]


@lru_cache
def _positions(schema: HistorySchema, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(schema.keys.index(name) for name in names)

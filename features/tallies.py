"""Counts of units at every value of every key, in a few flat arrays: a look-up costs the same at any size."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.kept import Arrays, keys_of, packed_keys, part, within
from features.slots import Slots, grown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]

NOTHING = np.array((0.0, 0.0, -np.inf))
NOBODY = np.array((-1, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """What is counted at a ticket's keys, an entry for each key and unit, by key.

    `key` and `unit`, shape (entries,): which; `numbers`, shape (entries, 3): count, decayed count, time of the last.
    `totals`, shape (keys, 3): the same of all units; (0, 0, -inf) at a key that was never seen. Decayed counts are as
    of the last time. `latest`, shape (keys,): the unit that had the key's last ticket (-1: none), `streak`: how many it
    has had in a row.
    """

    key: Ints
    unit: Ints
    numbers: Floats
    totals: Floats
    latest: Ints
    streak: Ints

    def of(self, units: Ints, known: int) -> Floats:
        """The numbers of each key at some of the `known` units, NOTHING where there are none, (keys, units, 3)."""
        place = np.empty(known, np.int64)
        place.fill(-1)
        place[units] = np.arange(len(units))
        column = place.take(self.unit)
        here = (column >= 0).nonzero()[0]
        found = np.empty((len(self.totals) * len(units), 3))
        found[:] = NOTHING
        found[self.key.take(here) * len(units) + column.take(here)] = self.numbers.take(here, axis=0)
        return found.reshape(len(self.totals), len(units), 3)


class TallyTable:
    """The tallies of `keys` keys. Times are in seconds, and may come out of order."""

    def __init__(self, keys: int, half_life: float) -> None:
        self._half_life = half_life
        self._index: list[dict[Hashable, int]] = [{} for _ in range(keys)]  # slots by key and value
        self._totals = np.zeros((256, 3))  # by slot
        self._runs = np.zeros((256, 2), np.int32)  # by slot: the unit of the last ticket, how many in a row
        self._entries = Slots(np.zeros(1024, np.int32), np.zeros((1024, 3)))  # unit, numbers

    def state(self) -> Arrays:
        """All that is counted, as of now: the arrays may be parts of these."""
        slots = len(self._entries)
        return {
            "sizes": np.array([len(slots) for slots in self._index], np.int64),
            "slots": np.array([slot for slots in self._index for slot in slots.values()], np.int64),
            "totals": self._totals[:slots],
            "runs": self._runs[:slots],
            **within("keys", packed_keys(key for slots in self._index for key in slots)),
            **within("entries", self._entries.state()),
        }

    @classmethod
    def restored(cls, state: Arrays, half_life: float) -> TallyTable:
        """With the state of another one of that half-life, to go on like it."""
        table = cls(0, half_life)
        pairs = zip(keys_of(part("keys", state)), state["slots"].tolist(), strict=True)
        table._index = [dict(islice(pairs, size)) for size in state["sizes"].tolist()]
        table._totals, table._runs = (grown(state[n], len(state[n]) + 1) for n in ("totals", "runs"))
        table._entries = Slots.restored(part("entries", state))
        return table

    def add(self, keys: Sequence[Hashable | None], unit: int, time: float) -> None:
        """Count one dispatch at each of its keys, None where it has none."""
        slots = np.array([self._slot(i, key) for i, key in enumerate(keys) if key is not None], np.int64)
        cells = self._cells_of(slots, unit)
        self._run_on(slots, unit, time)
        self._count(self._totals, slots, time)
        self._count(self._entries.columns[1], cells, time)

    def at(self, keys: Sequence[Hashable | None]) -> Tallies:
        """What is counted at each of these keys."""
        found = [slots.get(key, -1) for slots, key in zip(self._index, keys, strict=True)]
        units, entries = self._entries.columns
        key, unit, numbers, totals, latest, streak = _gathered(
            np.array(found, np.int64),
            *self._entries.extents(),
            units,
            entries,
            self._totals,
            self._runs,
        )
        return Tallies(key=key, unit=unit, numbers=numbers, totals=totals, latest=latest, streak=streak)

    def counts(self, position: int, key: Hashable) -> tuple[Ints, Floats]:
        """The units that are counted at one value of one key, and how often each."""
        slot = self._index[position].get(key)
        units, numbers = self._entries.columns
        piece = slice(0) if slot is None else self._entries.pieces([slot])[0]
        return units[piece].astype(np.int64), numbers[piece, 0].copy()

    def _slot(self, position: int, key: Hashable) -> int:
        slot = self._index[position].get(key)
        if slot is None:
            slot = self._index[position][key] = self._entries.add()
            self._totals = grown(self._totals, slot + 1)
            self._totals[slot] = NOTHING
            self._runs = grown(self._runs, slot + 1)
            self._runs[slot] = NOBODY
        return slot

    def _cells_of(self, slots: Ints, unit: int) -> Ints:
        """The unit's cell in each of the slots, made where it has none."""
        entries = self._entries
        pieces, units = entries.pieces(slots.tolist()), entries.columns[0]
        stops = np.array([piece.stop for piece in pieces], np.int64)
        ends = np.cumsum([piece.stop - piece.start for piece in pieces], dtype=np.int64)
        at = np.flatnonzero(np.concatenate([units[:0], *(units[piece] for piece in pieces)]) == unit)
        which = np.searchsorted(ends, at, side="right")
        cells = np.full(len(slots), -1)
        # as far before its slot's end as it is among all the cells that were looked through
        cells[which] = stops[which] - (ends[which] - at)
        for i in np.flatnonzero(cells < 0).tolist():
            cells[i] = cell = entries.append(int(slots[i]))
            units, numbers = entries.columns
            units[cell], numbers[cell] = unit, NOTHING
        return cells

    def _run_on(self, slots: Ints, unit: int, time: float) -> None:
        """Lengthen or begin the unit's run at each slot; what came earlier than the last ticket there changes none."""
        slots = slots[time >= self._totals[slots, 2]]
        last, length = self._runs[slots].T
        self._runs[slots, 1] = np.where(last == unit, length + 1, 1)
        self._runs[slots, 0] = unit

    def _count(self, numbers: Floats, rows: Ints, time: float) -> None:
        count, decayed, last = numbers[rows].T
        later, apart = time >= last, np.abs(time - last)
        faded = np.exp2(apart / -self._half_life)
        numbers[rows, 0] = count + 1.0
        numbers[rows, 1] = np.where(later, decayed * faded + 1.0, decayed + faded)
        numbers[rows, 2] = np.maximum(last, time)


@compiled
def _gathered(
    slots: Ints,
    start: Ints,
    size: Ints32,
    units: Ints32,
    numbers: Floats,
    totals: Floats,
    runs: Ints32,
) -> tuple[Ints, Ints, Floats, Floats, Ints, Ints]:
    """As Tallies, from each key's slot, -1 where it was never seen."""
    whole, keys, fetched = 0, len(slots), 0.0
    for slot in slots:  # what lies far apart in memory comes together where it is asked for together
        if slot >= 0:
            whole += size[slot]
            fetched += totals[slot, 0] + runs[slot, 1] + units[start[slot]] + numbers[start[slot], 0]
    assert fetched >= 0.0  # or the compiler leaves that out
    key, unit, found = np.empty(whole, np.int64), np.empty(whole, np.int64), np.empty((whole, 3))
    of_all, latest, streak = np.zeros((keys, 3)), np.full(keys, -1), np.zeros(keys, np.int64)
    of_all[:, 2] = -np.inf
    row = 0
    for position in range(keys):
        slot = slots[position]
        if slot < 0:
            continue
        of_all[position] = totals[slot]
        latest[position], streak[position] = runs[slot, 0], runs[slot, 1]
        for cell in range(start[slot], start[slot] + size[slot]):
            key[row], unit[row] = position, units[cell]
            found[row, 0], found[row, 1], found[row, 2] = numbers[cell, 0], numbers[cell, 1], numbers[cell, 2]
            row += 1
    return key, unit, found, of_all, latest, streak

"""Buckets of the latest rows: each remembers so many, and the oldest makes room for the next."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.kept import Arrays, keys_of, packed_keys, part, within
from features.slots import Slots

Rows = NDArray[np.int32]
Ints = NDArray[np.int64]


class Buckets:
    """Row numbers by key. A key's bucket always has the same size."""

    def __init__(self) -> None:
        self._slots: dict[Hashable, int] = {}  # of rows, in the order they were made
        self._rows = Slots(np.zeros(1024, np.int32))
        self._oldest = array("i")  # by slot: where the next row goes when it is full

    def state(self) -> Arrays:
        """All that is in them, as of now: the arrays may be parts of these."""
        return {
            **within("keys", packed_keys(self._slots)),
            **within("rows", self._rows.state()),
            "oldest": np.array(self._oldest),
        }

    @classmethod
    def restored(cls, state: Arrays) -> Buckets:
        """With the state of others, to go on like them."""
        buckets = cls()
        buckets._slots = {key: slot for slot, key in enumerate(keys_of(part("keys", state)))}
        buckets._rows = Slots.restored(part("rows", state))
        buckets._oldest = array("i", state["oldest"].tobytes())
        return buckets

    def put(self, key: Hashable, row: int, size: int) -> None:
        """Put a row into a bucket of that size, the oldest out of it where it is full."""
        bucket = self._slots.get(key)
        if bucket is None:
            bucket = self._slots[key] = self._rows.add()
            self._oldest.append(0)
        if self._rows.size(bucket) < size:
            cell = self._rows.append(bucket)
        else:
            oldest = self._oldest[bucket]
            cell = self._rows.pieces([bucket])[0].start + oldest
            self._oldest[bucket] = (oldest + 1) % size
        self._rows.columns[0][cell] = row

    def rows(self, keys: Iterable[Hashable]) -> Rows:
        """What is in these buckets, one after the other."""
        found = [bucket for key in keys if (bucket := self._slots.get(key)) is not None]
        return _gathered(np.array(found, np.int64), *self._rows.extents(), self._rows.columns[0])


@compiled
def _gathered(slots: Ints, start: Ints, size: Rows, column: Rows) -> Rows:
    """The cells of some slots in a row."""
    whole, fetched = 0, 0
    for slot in slots:  # what lies far apart in memory comes together where it is asked for together
        whole += size[slot]
        fetched += column[start[slot]]
    assert fetched >= 0  # or the compiler leaves that out
    found, row = np.empty(whole, np.int32), 0
    for slot in slots:
        for cell in range(start[slot], start[slot] + size[slot]):
            found[row] = column[cell]
            row += 1
    return found

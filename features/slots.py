"""Many short lists in a few flat arrays: memory for the numbers and next to none for the lists.

Each list has a slot, cells of the arrays in a row. A full slot moves to one of twice the size; what it leaves is given
to the next that needs it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.kept import Arrays

Column = NDArray  # type: ignore[type-arg]
GROWTH = 1.25
CACHE_LINE = 64  # bytes that a processor fetches at once


class Slots:
    """Lists that grow at their end; `columns` are the arrays, as of now: adding may replace them by longer ones."""

    def __init__(self, *columns: Column) -> None:
        self.columns = list(columns)
        # by list; no array.array, which cannot grow while anybody still looks at it
        self._start, self._size, self._room = (np.zeros(256, kind) for kind in (np.int64, np.int32, np.int32))
        self._lists = 0
        self._cells = 0
        self._left: defaultdict[int, list[int]] = defaultdict(list)  # by room: where such slots were

    def __len__(self) -> int:
        return self._lists

    def state(self) -> Arrays:
        """All that is in them, as of now: the arrays may be parts of these."""
        left = [(room, cell) for room in sorted(self._left) for cell in self._left[room]]
        return {
            "start": self._start[: self._lists].copy(),
            "size": self._size[: self._lists].copy(),
            "room": self._room[: self._lists].copy(),
            "left": np.array(left, np.int64).reshape(-1, 2),
            **{f"column{i}": column[: self._cells] for i, column in enumerate(self.columns)},
        }

    @classmethod
    def restored(cls, state: Arrays) -> Slots:
        """With the state of others, to go on like them."""
        columns = [state[name] for name in state if name.startswith("column")]
        slots = cls(*(grown(column, len(column) + 1) for column in columns))
        slots._cells = len(columns[0])
        slots._lists = len(state["start"])
        slots._start, slots._size, slots._room = (
            grown(state[name], slots._lists + 1) for name in ("start", "size", "room")
        )
        for room, cell in state["left"].tolist():
            slots._left[room].append(cell)
        return slots

    def add(self) -> int:
        """The number of a new list, empty."""
        new = self._lists
        self._start, self._size, self._room = (
            grown(one, new + 1) for one in (self._start, self._size, self._room)
        )
        self._start[new], self._size[new], self._room[new] = self._allocate(1), 0, 1
        self._lists += 1
        return new

    def size(self, slot: int) -> int:
        """How long a list is."""
        return int(self._size[slot])

    def pieces(self, slots: Iterable[int]) -> list[slice]:
        """The cells of each of these lists."""
        start, size = self._start, self._size
        return [slice(int(start[slot]), int(start[slot] + size[slot])) for slot in slots]

    def extents(self) -> tuple[Column, Column]:
        """By list, where it begins among the cells and how long it is, as of now."""
        return self._start, self._size

    def append(self, slot: int) -> int:
        """The cell behind the last of a list; what is in it is undefined."""
        size, room = int(self._size[slot]), int(self._room[slot])
        if size == room:
            old, new = int(self._start[slot]), self._allocate(2 * room)
            for column in self.columns:
                column[new : new + size] = column[old : old + size]
            self._left[room].append(old)
            self._start[slot], self._room[slot] = new, 2 * room
        self._size[slot] = size + 1
        return int(self._start[slot]) + size

    def _allocate(self, room: int) -> int:
        if self._left[room]:
            return self._left[room].pop()
        start = self._cells
        self._cells += room
        if self._cells > len(self.columns[0]):
            self.columns = [grown(column, self._cells) for column in self.columns]
        return start


def grown(values: Column, least: int) -> Column:
    """The same with room for `least` rows and some more; for `least` within it, itself."""
    if least <= len(values):
        return values
    fresh = _zeros((max(least, int(GROWTH * len(values))), *values.shape[1:]), values.dtype)
    fresh[: len(values)] = values
    return fresh


def _zeros(shape: tuple[int, ...], kind: Any) -> Column:
    """Zeros that begin with a cache line: a row of two lines lies in three where it begins between them."""
    size = math.prod(shape) * kind.itemsize
    room = np.zeros(size + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    fresh: Column = room[first : first + size].view(kind).reshape(shape)
    return fresh

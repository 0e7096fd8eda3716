"""Short lists in flat arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from features.slots import CACHE_LINE, Slots, grown


def put(slots: Slots, slot: int, value: int) -> None:
    cell = slots.append(slot)
    slots.columns[0][cell] = value


def test_lists_grow_while_somebody_still_looks_at_them() -> None:
    slots = Slots(np.zeros(1, np.int32))
    first = slots.add()
    put(slots, first, 7)
    held, kept = slots.extents(), slots.state()  # compiled code may hold on to such arrays for a while
    for number in range(1_000):
        new = slots.add()
        for _ in range(number % 5):
            put(slots, new, number)
        put(slots, first, number)
    assert len(held) == 2
    assert (kept["start"].tolist(), kept["size"].tolist()) == ([0], [1])
    start, size = slots.extents()
    assert size[: len(slots)].tolist() == [1_001, *(number % 5 for number in range(1_000))]
    assert slots.columns[0][start[first] : start[first] + 3].tolist() == [7, 0, 1]
    again = Slots.restored(slots.state())
    assert all(np.array_equal(values, slots.state()[name]) for name, values in again.state().items())
    assert again.append(first) == slots.append(first)


@pytest.mark.parametrize("kind", [np.int32, np.dtype([("time", "f8"), ("terms", "u2", 4)])])
def test_grown_rows_begin_with_a_cache_line(kind: npt.DTypeLike) -> None:
    rows = np.ones((3, 2), kind)
    fresh = grown(rows, 5_000)
    assert fresh.ctypes.data % CACHE_LINE == 0
    assert (fresh[:3] == rows).all()
    assert (fresh[3:] == np.zeros((), kind)).all()

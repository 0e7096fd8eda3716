"""Lists in flat arrays against lists."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.slots import Slots


@given(st.lists(st.integers(0, 12), max_size=600))
def test_lists_hold_what_was_appended(owners: list[int]) -> None:
    slots = Slots(np.zeros(4, np.int32), np.zeros((4, 2)))
    expected: list[list[int]] = []
    for number, owner in enumerate(owners):
        slot = min(owner, len(expected))
        if slot == len(expected):
            assert slots.add() == slot
            expected.append([])
        cell = slots.append(slot)
        slots.columns[0][cell] = number
        slots.columns[1][cell] = number, -number
        expected[slot].append(number)
    assert len(slots) == len(expected)
    pieces = slots.pieces(range(len(expected)))
    for slot, (piece, numbers) in enumerate(zip(pieces, expected, strict=True)):
        assert slots.size(slot) == len(numbers)
        assert slots.columns[0][piece].tolist() == numbers
        assert slots.columns[1][piece].tolist() == [[n, -n] for n in numbers]


def test_what_a_list_leaves_is_used_again() -> None:
    slots = Slots(np.zeros(4, np.int32))
    for _ in range(100):
        slot = slots.add()
        for _ in range(8):
            slots.append(slot)
    assert len(slots.columns[0]) < 2 * 800

"""Feature rows as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.packing import pack, unpack

NUMBERS = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width))))
def test_rows_come_back_to_the_bit(rows: list[list[float]]) -> None:
    width = len(rows[0]) if rows else 3
    array = np.array(rows, np.float32).reshape(-1, width)
    assert unpack(pack(array), width).tobytes() == array.tobytes()


@pytest.mark.parametrize(
    ("packed", "problem"), [("AAAA", "size"), ("not base64", "base64"), ("AAAAAAAAAAA=", "reshape")]
)
def test_what_is_no_rows_of_that_width_is_refused(packed: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        unpack(packed, 3)

"""Points' medians against NumPy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.place_votes import Floats, median

METRES = st.floats(-1e6, 1e6)


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.just(2)), elements=METRES))
def test_a_median_is_numpys_to_the_bit(points: Floats) -> None:
    assert np.array_equal(median(points), np.median(points, axis=0))

"""The table of counts against dictionaries of lists."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.tallies import TallyTable

HALF_LIFE = 100.0
KEYS = st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, 1, ("a", 1)]))
ENTRIES = st.lists(st.tuples(KEYS, st.integers(0, 70), st.floats(-1e3, 1e3)), max_size=200)
Entry = tuple[Sequence[Hashable | None], int, float]


def expected(times: list[float]) -> list[float]:
    """Count, count decayed to the last time, the last time."""
    last = max(times, default=-math.inf)
    return [len(times), sum(0.5 ** ((last - time) / HALF_LIFE) for time in times), last]


def run_of(seen: list[tuple[int, float]]) -> tuple[int, int]:
    """The unit of the last ticket and how many it has had in a row; an earlier one that came later breaks no run."""
    unit, length, last = -1, 0, -math.inf
    for one, time in seen:
        if time >= last:
            unit, length, last = one, length + 1 if one == unit else 1, time
    return unit, length


@given(ENTRIES)
def test_counts_are_those_of_a_dictionary(entries: list[Entry]) -> None:
    table = TallyTable(2, HALF_LIFE)
    for keys, unit, time in entries:
        table.add(keys, unit, time)
    for keys in {keys for keys, _, _ in entries}:
        found = table.at(keys)
        for position, key in enumerate(keys):
            seen = [
                (unit, time) for other, unit, time in entries if key is not None and other[position] == key
            ]
            assert found.totals[position].tolist() == pytest.approx(expected([time for _, time in seen]))
            assert (found.latest[position], found.streak[position]) == run_of(seen)
            here = found.key == position
            numbers = dict(zip(found.unit[here].tolist(), found.numbers[here].tolist(), strict=True))
            assert set(numbers) == {unit for unit, _ in seen}
            units, counts = table.counts(position, key)
            counted = dict(zip(units.tolist(), counts.tolist(), strict=True))
            assert counted == {unit: number[0] for unit, number in numbers.items()}
            assert found.of(np.array([70, 71]), 72)[position, 1].tolist() == [0.0, 0.0, -math.inf]
            for unit, entry in numbers.items():
                assert entry == pytest.approx(expected([time for one, time in seen if one == unit]))
                assert found.of(np.array([unit]), 71)[position, 0].tolist() == entry


def test_what_was_answered_stays_as_it_was() -> None:
    table = TallyTable(1, HALF_LIFE)
    table.add(["a"], 0, 0.0)
    before = table.at(["a"])
    numbers, totals = before.numbers.copy(), before.totals.copy()
    for unit in range(3_000):
        table.add(["a"], unit, 1.0)
        table.add([unit], unit, 1.0)
    assert np.array_equal(before.numbers, numbers)
    assert np.array_equal(before.totals, totals)
    assert table.at(["a"]).totals[0, 0] == 3_001


def test_a_key_that_was_never_seen_counts_nothing() -> None:
    found = TallyTable(2, HALF_LIFE).at(["a", None])
    assert (len(found.key), len(found.unit), found.numbers.shape) == (0, 0, (0, 3))
    assert found.totals.tolist() == [[0.0, 0.0, -math.inf]] * 2

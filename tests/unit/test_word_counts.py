"""Words by unit: the table against plain counting, whatever the order, and its answers in small."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.word_counts import PRIOR_WORDS, WordCounts

TERMS, UNITS = 40, (3, 1_000_003, 2_147_483_647)
tickets = st.lists(
    st.tuples(st.sets(st.integers(1, TERMS - 1), max_size=6), st.sampled_from(range(len(UNITS)))), max_size=20
)


def counted(past: list[tuple[set[int], int]]) -> WordCounts:
    """The counts after those (terms, place of the unit)."""
    counts = WordCounts(TERMS)
    for unit in UNITS:
        counts.add_unit(unit)
    for terms, place in past:
        counts.add(np.array(sorted(terms), np.int32), place)
    return counts


@given(tickets, st.sets(st.integers(1, TERMS - 1), max_size=6))
def test_lifts_are_those_of_plain_counting(past: list[tuple[set[int], int]], asked: set[int]) -> None:
    found = counted(past).lifts(np.array(sorted(asked), np.int32), np.arange(len(UNITS)))
    pairs = Counter((term, unit) for terms, unit in past for term in terms)
    of_term = Counter(term for terms, _ in past for term in terms)
    of_unit = Counter(unit for terms, unit in past for _ in terms)
    known = [term for term in sorted(asked) if of_term[term]]
    assert found.shape == (len(known), len(UNITS))
    for i, term in enumerate(known):
        share = of_term[term] / sum(of_term.values())
        for unit in range(len(UNITS)):
            own = (pairs[term, unit] + PRIOR_WORDS * share) / (of_unit[unit] + PRIOR_WORDS)
            assert found[i, unit] == pytest.approx(math.log(own / share), abs=1e-5)


def test_a_confirmed_ticket_counts_for_the_next_one() -> None:
    lamp, pipe = np.array([5], np.int32), np.array([6], np.int32)
    counts = counted([({5}, 0), ({6}, 1)])
    before = counts.lifts(lamp, np.array([0]))[0, 0]
    counts.add(lamp, 0)
    counts.add(pipe, 1)
    assert counts.lifts(lamp, np.array([0]))[0, 0] > before > 0
    assert counts.lifts(lamp, np.array([1]))[0, 0] < 0


def test_a_unit_that_got_nothing_is_as_likely_as_any() -> None:
    found = counted([({5, 6}, 0)]).lifts(np.array([5, 6], np.int32), np.array([2]))
    assert found == pytest.approx(np.zeros((2, 1)))

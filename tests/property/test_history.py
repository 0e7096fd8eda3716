"""The fold against slow, obvious references: counts, decayed counts and the last time; votes by naive TF-IDF."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Point
from features.facts import Facts
from features.history import History
from features.place import distance_m
from features.resemblance import KERNELS, _keep
from features.schema import DAY
from features.similar import NEIGHBOURS
from features.table import Opinion, feature_rows
from tests.estimators import SCHEMA, a_ticket, facts_of, place

UNITS = ("water", "电力", "roads", "")
WORDS = ("lamp", "dark", "pipe", "停电", "hole", "12")


@dataclass(frozen=True)
class Seen:
    """One folded ticket."""

    facts: Facts
    unit_id: str


def tickets(hours: st.SearchStrategy[float]) -> st.SearchStrategy[Facts]:
    """Facts of tickets with many gaps, at few places."""
    return st.builds(
        lambda words, hours, **fields: facts_of(a_ticket(1, " ".join(words), hours=hours, **fields)),
        words=st.lists(st.sampled_from(WORDS), max_size=4),
        hours=hours,
        category=st.sampled_from([None, "lamp", "pipe"]),
        point=st.sampled_from([None, place(0), place(30), place(0, 200), place(400)]),
        address=st.sampled_from([None, "1 Main St", "2 Main St"]),
        account=st.sampled_from([None, "7"]),
        attributes=st.sampled_from([{}, {"district": "north"}, {"district": "south", "source": "phone"}]),
    )


def pasts(hours: st.SearchStrategy[float], size: int) -> st.SearchStrategy[list[Seen]]:
    """Folded tickets, in the order they became known, which is not that of their times."""
    return st.lists(st.builds(Seen, tickets(hours), st.sampled_from(UNITS)), max_size=size)


def folded(past: Sequence[Seen], units: Sequence[str] = ()) -> History:
    """A history that knows `units` beforehand and has seen the past."""
    history = History(SCHEMA)
    history.units(tuple(units))
    for sequence, seen in enumerate(past, 1):
        history.fold(seen.facts, seen.unit_id, sequence)
    return history


def check(total: list[float], times: list[float]) -> None:
    """[count, decayed count as of the last, the last]."""
    half_life = SCHEMA.half_life_days * DAY
    last = max(times)
    decayed = sum(0.5 ** ((last - time) / half_life) for time in times)
    assert total == pytest.approx([len(times), decayed, last])


@given(pasts(st.floats(-1e6, 1e4), 25))
def test_tallies_are_counts_decayed_counts_and_last_times(past: list[Seen]) -> None:
    history = folded(past)
    for asked in (seen.facts for seen in past):
        tallies = history.tallies(asked)
        assert np.all(np.diff(tallies.key) >= 0)
        for position, key in enumerate(asked.keys):
            here = tallies.key == position
            if key is None:
                assert not here.any()
                assert tallies.totals[position].tolist() == [0.0, 0.0, -math.inf]
                continue
            by_unit = times_by_unit(past, position, key)
            check(tallies.totals[position].tolist(), [time for times in by_unit.values() for time in times])
            heard = [history.unit_ids[unit] for unit in tallies.unit[here].tolist()]
            assert sorted(heard) == sorted(by_unit)
            for unit_id, entry in zip(heard, tallies.numbers[here].tolist(), strict=True):
                check(entry, by_unit[unit_id])
    assert (len(history), history.sequence) == (len(past), len(past))
    assert history.overall.totals[-1, 0] == len(past)


def times_by_unit(past: Sequence[Seen], position: int, key: Hashable) -> dict[str, list[float]]:
    """Times at which each unit had tickets with that value of that key."""
    found: dict[str, list[float]] = {}
    for seen in past:
        if seen.facts.keys[position] == key:
            found.setdefault(seen.unit_id, []).append(seen.facts.received)
    return found


@given(pasts(st.floats(0, 1e4), NEIGHBOURS), tickets(st.floats(0, 2e4)))
def test_votes_are_those_of_a_naive_reference(past: list[Seen], asked: Facts) -> None:
    history = folded(past)
    votes = history.votes(asked)
    near = [seen for seen in past if in_reach(seen.facts, asked)]
    for k, similarity in enumerate(similarities(past, near, asked)):
        assert votes.best[k] == pytest.approx(max(similarity, default=0.0), rel=1e-4, abs=1e-12)
        for unit, unit_id in enumerate(history.unit_ids):
            own = sum(s for s, seen in zip(similarity, near, strict=True) if seen.unit_id == unit_id)
            assert votes.weight[k, unit] == pytest.approx(own, rel=1e-4, abs=1e-12)


def in_reach(one: Facts, asked: Facts) -> bool:
    """Whether two tickets share a bucket: a cell or its neighbours, kind and wider cell, district and kind, a word."""
    by_cell = bool(one.cells and asked.cells)  # the few places of these tests lie in neighbouring cells
    by_district = one.district is not None and (one.district, one.category) == (
        asked.district,
        asked.category,
    )
    nowhere = not (one.cells or one.district or asked.cells or asked.district)
    by_word = bool(set(one.similarity_terms.tolist()) & set(asked.similarity_terms.tolist()))
    return by_cell or by_district or by_word or (nowhere and one.category == asked.category)


def similarities(past: Sequence[Seen], near: Sequence[Seen], asked: Facts) -> list[list[float]]:
    """Each kernel's similarity of the ticket with each of `near`, written out."""
    documents = [set(seen.facts.similarity_terms.tolist()) for seen in past]

    def idf(term: int, heard: int) -> float:
        """As it was after so many tickets."""
        return math.log((1 + heard) / (1 + sum(term in d for d in documents[:heard]))) + 1

    def cosine(one: set[int], then: int, other: set[int]) -> float:
        """The first one's length is of the time when it was told or the log had last doubled, all else of now."""
        now = len(documents)
        norms = [
            math.sqrt(sum(idf(term, heard) ** 2 for term in terms))
            for terms, heard in ((one, then), (other, now))
        ]
        shared = sum(idf(term, now) ** 2 for term in one & other)
        return min(1.0, shared / math.prod(norms)) if all(norms) else 0.0

    own = set(asked.similarity_terms.tolist())
    rows = []
    for seen in near:
        one, told = seen.facts, next(i for i, other in enumerate(past, 1) if other is seen)
        told = max(told, 1 << (len(past).bit_length() - 1))
        days = abs(one.received - asked.received) / DAY
        text = cosine(set(one.similarity_terms.tolist()), told, own)
        text *= 0.5 ** (days / SCHEMA.text_half_life_days)
        kind = one.category is not None and one.category == asked.category
        district = one.district is not None and one.district == asked.district
        metres = distance_between(one, asked)
        rows.append(
            {
                "text": text,
                "text_district": text * district,
                "text_district_category": text * district * kind,
                "text_250m": text * math.exp(-metres / 250),
                "text_1200m": text * math.exp(-metres / 1200) * (1 + kind),
                "place_80m": math.exp(-metres / 80) * kind,
                "place_40m": math.exp(-metres / 40),
            }
        )
    return [[row[kernel] for row in rows] for kernel in KERNELS]


def distance_between(one: Facts, other: Facts) -> float:
    """Metres; infinite where one of them has no place."""
    if not (one.cells and other.cells):
        return math.inf
    ends = (Point(latitude=f.point[0], longitude=f.point[1]) for f in (one, other))
    return distance_m(*ends)


@given(pasts(st.floats(0, 1e4), 60), tickets(st.floats(0, 2e4)))
def test_only_the_most_similar_vote(past: list[Seen], asked: Facts) -> None:
    votes = folded(past).votes(asked)
    near = [seen for seen in past if in_reach(seen.facts, asked)]
    for k, similarity in enumerate(similarities(past, near, asked)):
        most = sum(sorted(similarity)[-NEIGHBOURS:])
        assert votes.weight[k].sum() == pytest.approx(most, rel=1e-4)


@given(pasts(st.floats(0, 1e4), 40), tickets(st.floats(0, 2e4)), st.permutations([*UNITS, "gas", "police"]))
def test_nothing_hangs_on_which_unit_was_heard_of_first(
    past: list[Seen], asked: Facts, heard: list[str]
) -> None:
    one, other = folded(past).votes(asked), folded(past, heard).votes(asked)
    assert one.total.tolist() == other.total.tolist() == pytest.approx(one.weight.sum(axis=1))
    expected, rows = rows_by_unit(past, asked, UNITS), rows_by_unit(past, asked, heard)
    for unit_id, row in expected.items():
        assert np.array_equal(row, rows[unit_id], equal_nan=True)


def rows_by_unit(past: Sequence[Seen], asked: Facts, heard: Sequence[str]) -> dict[str, np.ndarray]:
    """Feature rows of UNITS in a history that heard of units in that order."""
    history = folded(past, heard)
    nothing = np.zeros(len(history.unit_ids))
    opinion = Opinion(
        tallies=history.tallies(asked),
        votes=history.votes(asked),
        named=history.named(asked),
        text=nothing,
        text_parts=np.zeros((4, len(nothing))),
        words=nothing,
        family=nothing,
        family_of=np.full(len(nothing), -1),
        territory=nothing,
    )
    indexes = np.array([history.unit(unit_id) for unit_id in UNITS])
    return dict(zip(UNITS, feature_rows(asked, history, indexes, opinion), strict=True))


def test_looking_up_changes_nothing() -> None:
    seen = [Seen(facts_of(a_ticket(n, "lamp dark", point=place(n))), "water") for n in range(5)]
    history = folded(seen)
    asked = facts_of(a_ticket(9, "lamp", point=place(1)))
    before = rows_by_unit(seen, asked, UNITS)
    for _ in range(2):
        votes = history.votes(asked)
        history.tallies(asked)
    assert np.array_equal(history.votes(asked).weight, votes.weight)
    after = rows_by_unit(seen, asked, UNITS)
    assert all(np.array_equal(before[unit], after[unit], equal_nan=True) for unit in UNITS)


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=12, max_size=12), min_size=1, max_size=4),
    st.integers(1, 14),
)
def test_of_equal_similarities_the_latest_tickets_vote(values: list[list[int]], count: int) -> None:
    for row in values:
        rows, similarities, held = np.zeros(count, np.int64), np.zeros(count), 0
        for i in np.random.default_rng(count).permutation(len(row)).tolist():
            held = _keep(rows, similarities, held, i, float(row[i]))
        best = sorted(range(len(row)), key=lambda i: (-row[i], -i))[:count]
        assert rows[:held].tolist() == best
        assert similarities[:held].tolist() == [row[i] for i in best]

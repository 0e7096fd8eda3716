"""Witnesses' places put together: agreement strengthens, contradiction leaves several places, doubt stays."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import LocationSource, Place, PlaceWitness, Point, Precision
from features.place import distance_m
from router.belief import combine
from tests.estimators import place

CITY_M2 = 6e8
ACCOUNT, ADDRESS, COORDINATES = (
    LocationSource.ACCOUNT,
    LocationSource.ADDRESS,
    LocationSource.COORDINATES,
)


def a_place(east_m: float, probability: float = 0.95, radius_m: float = 50.0) -> Place:
    return Place(point=place(east_m), probability=probability, radius_m=radius_m, precision=Precision.EXACT)


def witness(source: LocationSource, *places: Place) -> PlaceWitness:
    return PlaceWitness(source=source, point=places[0].point, places=places)


def test_nobody_says_anything() -> None:
    belief = combine([], CITY_M2)
    assert (belief.places, belief.unknown) == ((), 1.0)


def test_one_witness_is_believed_as_far_as_it_believes_itself() -> None:
    belief = combine([witness(ADDRESS, a_place(0, 0.6), a_place(3_000, 0.3))], CITY_M2)
    assert [p.probability for p in belief.places] == pytest.approx([0.6, 0.3])
    assert belief.unknown == pytest.approx(0.1)


@pytest.mark.parametrize("apart_m", [0.0, 60.0, 300.0])
def test_witnesses_that_meet_are_surer_together(apart_m: float) -> None:
    belief = combine(
        [witness(ACCOUNT, a_place(0)), witness(COORDINATES, a_place(apart_m, radius_m=100.0))], CITY_M2
    )
    assert belief.places[0].probability > 0.99
    # of the trouble itself, where they are given and agree; else the finer one's
    assert belief.places[0].point == place(apart_m if apart_m <= 100 else 0)
    assert belief.places[0].sources == (ACCOUNT, COORDINATES)
    assert belief.places[0].radius_m >= max(50.0, apart_m / 2 - 1e-6)


def test_witnesses_that_contradict_each_other_leave_both_places() -> None:
    belief = combine([witness(ACCOUNT, a_place(0, 0.97)), witness(ADDRESS, a_place(9_000, 0.95))], CITY_M2)
    assert [p.sources for p in belief.places] == [(ACCOUNT,), (ADDRESS,)]
    assert belief.places[0].probability == pytest.approx(0.62, abs=0.02)
    assert belief.places[1].probability == pytest.approx(0.37, abs=0.02)


def test_two_overrule_one() -> None:
    belief = combine(
        [
            witness(ACCOUNT, a_place(9_000)),
            witness(ADDRESS, a_place(0)),
            witness(COORDINATES, a_place(40, radius_m=100.0)),
        ],
        CITY_M2,
    )
    assert belief.places[0].point == place(40)
    assert belief.places[0].probability > 0.99


def test_a_second_witness_decides_between_the_first_ones_places() -> None:
    doubtful = witness(ADDRESS, a_place(0, 0.5), a_place(5_000, 0.45))
    belief = combine([doubtful, witness(COORDINATES, a_place(5_030, radius_m=100.0))], CITY_M2)
    assert belief.places[0].point == place(5_030)
    assert belief.places[0].probability > 0.99


def test_a_coarse_place_does_not_outweigh_a_fine_one() -> None:
    road = Place(point=place(400), probability=0.9, radius_m=800.0, precision=Precision.STREET)
    belief = combine([witness(ADDRESS, road), witness(COORDINATES, a_place(0, radius_m=100.0))], CITY_M2)
    assert belief.places[0].point == place(0)
    assert belief.places[0].sources == (ADDRESS, COORDINATES)


PLACES = st.builds(
    a_place,
    st.floats(-20_000, 20_000),
    st.floats(0.0, 0.3),
    st.floats(5.0, 3_000.0),
)
WITNESSES = st.lists(
    st.builds(
        lambda source, places: witness(source, *places),
        st.sampled_from([ACCOUNT, ADDRESS, COORDINATES]),
        st.lists(PLACES, min_size=1, max_size=3),
    ),
    max_size=4,
)


@given(WITNESSES)
def test_probabilities_are_probabilities(witnesses: list[PlaceWitness]) -> None:
    belief = combine(witnesses, CITY_M2)
    shares = [p.probability for p in belief.places]
    assert all(0.0 <= share <= 1.0 for share in (*shares, belief.unknown))
    assert math.isclose(sum(shares) + belief.unknown, 1.0, abs_tol=1e-9)
    assert shares == sorted(shares, reverse=True)


@given(WITNESSES)
def test_no_place_is_made_up(witnesses: list[PlaceWitness]) -> None:
    said = [p.point for w in witnesses for p in w.places]
    for found in combine(witnesses, CITY_M2).places:
        assert min(distance_m(found.point, point) for point in said) == 0.0


def test_the_order_of_equal_witnesses_does_not_matter() -> None:
    one, other = witness(ACCOUNT, a_place(0, 0.9)), witness(ADDRESS, a_place(200, 0.9, 80.0))
    there, back = combine([one, other], CITY_M2), combine([other, one], CITY_M2)
    assert (
        there.places[0].point
        == back.places[0].point
        == Point(latitude=place(0).latitude, longitude=place(0).longitude)
    )
    assert there.unknown == pytest.approx(back.unknown)

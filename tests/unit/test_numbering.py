"""Where a number lies along a road."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.kriging import Numbering, Slopes, krige
from models.numbering import (
    PIECE_M,
    PIECE_SLACK,
    Known,
    RoadSpot,
    SlopesAt,
    learn_numbering,
    no_slopes,
    pieces,
    place_number,
)
from models.road_slopes import learn_slopes

CUSTOM = Numbering(metres=2.0, noise_m=20.0, left_m=0.0)


def road(numbers: Any, points: Any, high: Sequence[float] | None = None) -> Known:
    low = np.array(numbers, float)
    return Known(
        low=low,
        high=low if high is None else np.array(high, float),
        odd=low % 2 == 1,
        xy=np.array(points, float).reshape(-1, 2),
        ids=np.arange(len(low)),
    )


def placed(number: int, known: Known, custom: Numbering, slopes: SlopesAt = no_slopes) -> list[RoadSpot]:
    return place_number(number, number, number % 2 == 1, known, custom, slopes)


def straight(numbers: Sequence[int]) -> Known:
    """Eastward, two metres a number."""
    return road(numbers, [(2.0 * n, 0.0) for n in numbers])


@pytest.mark.parametrize("number", [120, 250, 333])
def test_between_known_numbers_it_is_interpolated(number: int) -> None:
    (spot,) = placed(number, straight([100, 200, 300, 400]), CUSTOM)
    assert (spot.x, spot.y) == pytest.approx((2.0 * number, 0.0), abs=15.0)
    assert spot.between
    assert not spot.inside


def test_beyond_the_last_number_the_doubt_grows_with_the_gap() -> None:
    known = straight([100, 200, 300])
    spots = [placed(n, known, CUSTOM)[0] for n in (310, 500, 1500)]
    assert [spot.between for spot in spots] == [False] * 3
    assert [spot.gap for spot in spots] == [10, 200, 1200]
    assert spots[0].scale_m < spots[1].scale_m < spots[2].scale_m


def test_a_number_in_a_known_range_is_inside_it() -> None:
    known = road([100, 300], [(200, 0), (640, 0)], high=[100, 340])
    spot = placed(310, known, CUSTOM)[0]
    assert spot.inside
    assert spot.gap == 0
    assert spot.nearest == 1


def test_a_range_of_even_numbers_holds_no_odd_one() -> None:
    known = road([100, 300], [(200, 0), (640, 0)], high=[100, 340])
    assert not placed(311, known, CUSTOM)[0].inside
    both_sides = road([100, 300], [(200, 0), (640, 0)], high=[100, 341])
    assert placed(311, both_sides, CUSTOM)[0].inside


def test_nothing_known_places_nothing() -> None:
    assert placed(5, straight([]), CUSTOM) == []


def test_a_wrong_point_does_not_drag_the_estimate() -> None:
    right = straight([100, 150, 200, 250, 300])
    points = right.xy.copy()
    points[2] = (400.0, 1200.0)  # near enough to be of the same piece
    wrong = road(right.low, points)
    spot = placed(210, wrong, CUSTOM)[0]
    clean = placed(210, right.take(np.array([0, 1, 3, 4])), CUSTOM)[0]
    assert np.hypot(spot.x - clean.x, spot.y - clean.y) < 60.0


def test_roads_of_one_name_in_two_towns_are_two_places() -> None:
    known = road([10, 20, 30, 500, 520], [(20, 0), (40, 0), (60, 0), (30_000, 0), (30_040, 0)])
    first, second = placed(24, known, CUSTOM)
    assert abs(first.x - 48) < 60
    assert abs(second.x - 29_000) < 1500
    assert first.share > 0.7 > second.share > 0
    assert first.share + second.share == pytest.approx(1.0)


def test_odd_numbers_lie_on_their_side() -> None:
    custom = Numbering(metres=2.0, noise_m=20.0, left_m=80.0)
    known = road([100, 200, 300, 400], [(2.0 * n, -80.0) for n in (100, 200, 300, 400)])
    odd = placed(251, known, custom)[0]
    even = placed(250, known, custom)[0]
    assert even.y == pytest.approx(-80.0, abs=15.0)
    assert odd.y == pytest.approx(80.0, abs=35.0)


def many_roads(left_m: float, metres: float, noise: float) -> list[Known]:
    random = np.random.default_rng(5)
    found = []
    for _ in range(80):
        numbers = np.sort(random.choice(900, 10, replace=False)) + 1.0
        angle = random.uniform(0, 2 * np.pi)
        way = np.array([np.cos(angle), np.sin(angle)])
        left = np.array([-way[1], way[0]])
        side = np.where(numbers % 2 == 1, 1.0, -1.0)[:, None]
        start = random.normal(0, 20_000, 2)
        points = start + numbers[:, None] * metres * way + side * left_m * left
        found.append(road(numbers, points + random.normal(0, noise, points.shape)))
    return found


@pytest.mark.parametrize(("left_m", "metres"), [(90.0, 2.0), (-90.0, 4.0), (0.0, 1.0)])
def test_the_custom_of_a_simulated_city_is_recovered(left_m: float, metres: float) -> None:
    custom = learn_numbering(many_roads(left_m, metres, noise=30.0))
    assert custom.metres == pytest.approx(metres, rel=0.2)
    assert custom.left_m == pytest.approx(left_m, abs=30.0)


def test_too_few_roads_leave_the_default() -> None:
    assert learn_numbering([straight([1, 2])]) == Numbering()


numbers_and_points = st.lists(
    st.tuples(st.integers(1, 2000), st.integers(-9000, 9000), st.integers(-9000, 9000)),
    min_size=1,
    max_size=9,
)


@given(numbers_and_points, st.integers(1, 2000))
@settings(max_examples=60)
def test_it_moves_with_the_road_and_forgets_the_order(
    entries: list[tuple[int, int, int]], number: int
) -> None:
    known = road([n for n, _, _ in entries], [(x, y) for _, x, y in entries])
    shift = np.array([5000.0, -700.0])
    there = krige(number, number % 2 == 1, known.low, known.odd, known.xy, CUSTOM)
    moved = krige(number, number % 2 == 1, known.low, known.odd, known.xy + shift, CUSTOM)
    turned = known.take(np.arange(len(entries))[::-1])
    again = krige(number, number % 2 == 1, turned.low, turned.odd, turned.xy, CUSTOM)
    assert moved.mean - there.mean == pytest.approx(shift, abs=0.1)
    assert again.mean == pytest.approx(there.mean, abs=0.1)
    assert again.way == pytest.approx(there.way, abs=1e-3)
    assert again.scale_m == pytest.approx(moved.scale_m, abs=0.1) == there.scale_m
    assert there.scale_m >= CUSTOM.noise_m


WEST = Slopes(metres=np.array([[-2.0, 0.0], [-1.8, 0.2]]), weights=np.array([0.5, 0.5]), spread=0.3)
WEST_OR_NORTH = Slopes(metres=np.array([[-2.0, 0.0], [0.0, 2.0]]), weights=np.array([0.7, 0.3]), spread=0.3)


def test_beyond_a_single_known_number_the_roads_near_by_show_the_way() -> None:
    (spot,) = placed(600, straight([100]), CUSTOM, lambda _: WEST)
    assert (spot.x, spot.y) == pytest.approx((200.0 - 950.0, 50.0), abs=80.0)
    (unsure,) = placed(600, straight([100]), CUSTOM)
    assert unsure.x == pytest.approx(200.0, abs=1.0)
    assert spot.scale_m < unsure.scale_m


def test_two_ways_near_by_give_two_spots() -> None:
    west, north = placed(900, straight([100]), CUSTOM, lambda _: WEST_OR_NORTH)
    assert (west.x, west.y) == pytest.approx((200.0 - 1600.0, 0.0), abs=100.0)
    assert (north.x, north.y) == pytest.approx((200.0, 1600.0), abs=100.0)
    assert west.share == pytest.approx(0.7, abs=0.05)
    assert west.share + north.share == pytest.approx(1.0)


def test_a_road_that_shows_its_own_way_does_not_follow_the_others() -> None:
    known = straight([100, 150, 200, 250, 300, 350, 400])
    for number in (130, 275, 500):
        (alone,) = placed(number, known, CUSTOM)
        (among,) = placed(number, known, CUSTOM, lambda _: WEST_OR_NORTH)
        assert np.hypot(among.x - alone.x, among.y - alone.y) < 90.0


def test_the_slopes_of_a_simulated_city_are_recovered() -> None:
    roads = many_roads(0.0, 2.0, 10.0)
    slopes = learn_slopes(enumerate(roads), CUSTOM)
    assert len(slopes.road) == len(roads)
    for i, known in zip(slopes.road.tolist(), range(len(roads)), strict=True):
        road_slope = np.polyfit(roads[known].low, roads[known].xy, 1)[0]
        assert slopes.slopes[i] == pytest.approx(road_slope, abs=0.15)
    near = slopes.near(slopes.at[3], without=3)
    assert len(near.metres) == 60
    assert near.weights.sum() == pytest.approx(1.0)
    assert not (near.metres == slopes.slopes[3]).all(axis=1).any()
    nearest = np.hypot(*(np.delete(slopes.at, 3, 0) - slopes.at[3]).T).argmin()
    assert (near.metres[0] == np.delete(slopes.slopes, 3, 0)[nearest]).all()


def test_too_few_roads_show_no_way() -> None:
    slopes = learn_slopes(enumerate(many_roads(0.0, 2.0, 10.0)[:5]), CUSTOM)
    assert (slopes.near(slopes.at[0], without=0).metres == 0.0).all()


@given(numbers_and_points)
@settings(max_examples=60)
def test_pieces_are_the_connected_parts(entries: list[tuple[int, int, int]]) -> None:
    known = road([n for n, _, _ in entries], [(x, y) for _, x, y in entries])
    label = pieces(known.low, known.xy, CUSTOM)
    groups: list[set[int]] = []
    for i in range(len(entries)):
        near = {
            j
            for j in range(len(entries))
            if np.hypot(*(known.xy[i] - known.xy[j]))
            <= PIECE_M + PIECE_SLACK * CUSTOM.metres * abs(known.low[i] - known.low[j])
        }
        joined = [group for group in groups if group & near]
        groups = [group for group in groups if not group & near] + [near.union(*joined)]
    assert {frozenset(np.flatnonzero(label == piece).tolist()) for piece in np.unique(label)} == {
        frozenset(group) for group in groups
    }

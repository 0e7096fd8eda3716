"""Chinese datums: published points, and every shift undone within a metre."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.coordinates import (
    LatLon,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# a margin of the largest shift inside the rectangle: at its edge the datums jump
INSIDE = st.tuples(st.floats(0.85, 55.80), st.floats(72.03, 137.81))
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
SHIFTS = (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, wgs84_to_bd09, bd09_to_wgs84)


def metres(a: LatLon, b: LatLon) -> float:
    east = (a[1] - b[1]) * math.cos(math.radians(a[0]))
    return math.hypot(a[0] - b[0], east) * 111_195


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [  # the vectors of eviltransform's own tests
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_published_points_of_gcj02(wgs84: LatLon, gcj02: LatLon) -> None:
    assert wgs84_to_gcj02(*wgs84) == pytest.approx(gcj02, abs=1e-9)


def test_a_published_point_of_bd09() -> None:
    assert gcj02_to_bd09(39.915, 116.404) == pytest.approx((39.92133699351, 116.41036949371), abs=1e-9)


@given(INSIDE)
def test_shifts_inside_china_are_undone_within_a_metre(point: LatLon) -> None:
    assert metres(point, gcj02_to_wgs84(*wgs84_to_gcj02(*point))) < 1
    assert metres(point, bd09_to_gcj02(*gcj02_to_bd09(*point))) < 1
    assert metres(point, bd09_to_wgs84(*wgs84_to_bd09(*point))) < 1


@given(INSIDE)
def test_a_point_of_another_datum_is_found_again(point: LatLon) -> None:
    assert metres(point, wgs84_to_gcj02(*gcj02_to_wgs84(*point))) < 0.001
    assert metres(point, gcj02_to_bd09(*bd09_to_gcj02(*point))) < 0.001
    assert metres(point, wgs84_to_bd09(*bd09_to_wgs84(*point))) < 0.001


@given(INSIDE)
def test_a_shift_inside_china_stays_under_two_and_a_half_kilometres(point: LatLon) -> None:
    assert metres(point, wgs84_to_bd09(*point)) < 2500


@given(ANYWHERE.filter(lambda point: not in_china(*point)))
def test_nothing_moves_outside_china(point: LatLon) -> None:
    for shift in SHIFTS:
        assert shift(*point) == point

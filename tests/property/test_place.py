"""Anywhere on earth: cells nest, and the quick distance is the right one near by."""

from __future__ import annotations

from math import cos, pi, radians, sin

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Point
from features.place import (
    METRES_PER_DEGREE,
    NEIGHBOURHOOD,
    RESOLUTIONS,
    cells,
    distance_m,
    metres_from,
    neighbourhood,
)

ANYWHERE = st.builds(
    Point, latitude=st.floats(-90, 90, allow_subnormal=False), longitude=st.floats(-180, 180)
)
INHABITED = st.tuples(st.floats(-65, 70), st.floats(-179, 179))
STEP = st.floats(-0.03, 0.03)


@given(ANYWHERE)
def test_cells_nest(point: Point) -> None:
    found = cells(point)
    for cell, resolution in zip(found, RESOLUTIONS, strict=True):
        assert h3.cell_to_parent(found[-1], resolution) == cell


@given(INHABITED, STEP, STEP)
def test_the_quick_distance_agrees_with_haversine(
    start: tuple[float, float], north: float, east: float
) -> None:
    latitude, longitude = start
    other = latitude + north, longitude + east
    exact = distance_m(
        Point(latitude=latitude, longitude=longitude), Point(latitude=other[0], longitude=other[1])
    )
    quick = metres_from(latitude, longitude, np.array([other]))
    assert quick[0] == pytest.approx(exact, rel=2e-3, abs=0.01)


@given(INHABITED, st.floats(0, 2 * pi), st.floats(1, 2_000))
def test_a_neighbourhood_holds_all_within_its_distance(
    start: tuple[float, float], angle: float, metres: float
) -> None:
    latitude, longitude = start
    degrees = 0.999 * metres / METRES_PER_DEGREE
    other = Point(
        latitude=latitude + degrees * cos(angle),
        longitude=longitude + degrees * sin(angle) / cos(radians(latitude)),
    )
    cell = cells(other)[RESOLUTIONS.index(NEIGHBOURHOOD)]
    assert cell in neighbourhood(Point(latitude=latitude, longitude=longitude), metres)

"""Points, cells and metres."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pytest

from domain.places import Point
from features.place import RESOLUTIONS, cells, distance_m, metres_from, ring


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((31.2, 121.4), (31.2, 121.4), 0.0),
        ((0.0, 0.0), (0.0, 1.0), 111_195.0),
        ((0.0, 0.0), (90.0, 37.0), 10_007_557.0),
        ((0.0, 0.0), (0.0, 180.0), 20_015_115.0),
    ],
)
def test_distance(one: tuple[float, float], other: tuple[float, float], metres: float) -> None:
    a, b = Point(latitude=one[0], longitude=one[1]), Point(latitude=other[0], longitude=other[1])
    assert distance_m(a, b) == pytest.approx(metres, rel=2e-3, abs=1e-6)
    assert distance_m(a, b) == pytest.approx(distance_m(b, a))


def test_an_unknown_place_is_infinitely_far() -> None:
    points = np.array([[np.nan, np.nan], [31.2, 121.4]])
    assert metres_from(31.2, 121.4, points).tolist() == [np.inf, 0.0]
    assert metres_from(np.nan, np.nan, points).tolist() == [np.inf, np.inf]
    assert metres_from(31.2, 121.4, np.zeros((0, 2))).shape == (0,)


def test_a_ring_begins_with_its_cell() -> None:
    cell = h3.latlng_to_cell(31.2, 121.4, 8)
    found = ring(cell)
    assert found[0] == cell
    assert sorted(found) == sorted(h3.grid_disk(cell, 1))


def test_there_is_a_cell_for_each_resolution() -> None:
    found = cells(Point(latitude=31.2, longitude=121.4))
    assert [h3.get_resolution(cell) for cell in found] == list(RESOLUTIONS)

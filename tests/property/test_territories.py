"""Whatever the polygons and points: owners are those that shapely finds one by one, and borders are as far as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from math import cos, pi, sin
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping

from domain.places import Point, Territory
from features.place import distance_m
from features.territories import Territories

AT = datetime(2024, 1, 1, tzinfo=UTC)
WORLD = shapely.box(-180, -90, 180, 90)
CENTRES = st.sampled_from(
    [(31.2, 121.5), (0.0, 0.0), (-41.3, 174.8), (52.0, 179.99), (-17.0, -180.0), (89.5, 10.0), (-80.0, 60.0)]
)
SCALES = st.sampled_from([0.0005, 0.01, 0.2, 3.0])
UNIT = st.integers(-20, 20).map(lambda twentieth: twentieth / 20)  # a coarse grid: borders are shared and hit


@st.composite
def boxes(draw: st.DrawFn) -> Any:
    west, east, south, north = (draw(UNIT) for _ in range(4))
    sliver = draw(st.sampled_from([1e-9, 0.05]))  # degrees of the scale
    west, east = min(west, east), max(west, east) + sliver
    south, north = min(south, north), max(south, north) + 0.05
    return shapely.box(west, south, east, north)


@st.composite
def stars(draw: st.DrawFn) -> Any:
    radii = draw(st.lists(st.floats(0.02, 1), min_size=3, max_size=12))
    turns = [2 * pi * i / len(radii) for i in range(len(radii))]
    return shapely.Polygon([(r * cos(a), r * sin(a)) for r, a in zip(radii, turns, strict=True)])


SIMPLE = boxes() | stars()
COMBINED = st.builds(shapely.difference, SIMPLE, SIMPLE) | st.builds(shapely.union, SIMPLE, SIMPLE)
BOW_TIE = shapely.Polygon([(-1, -1), (1, 1), (1, -1), (-1, 1)])
OVERLAPPING = shapely.MultiPolygon([shapely.box(-1, -1, 0.5, 1), shapely.box(-0.5, -0.8, 1, 0.8)])
POLYGONS = (SIMPLE | COMBINED | st.sampled_from([BOW_TIE, OVERLAPPING])).map(
    lambda shape: shapely.MultiPolygon([part for part in shapely.get_parts(shape) if part.area > 0])
)


@settings(max_examples=80)
@given(
    st.lists(POLYGONS.filter(lambda shape: not shape.is_empty), min_size=1, max_size=6),
    CENTRES,
    SCALES,
    st.lists(st.tuples(UNIT, UNIT) | st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=8),
)
@example([shapely.MultiPolygon([BOW_TIE])], (31.2, 121.5), 0.01, [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5)])
@example([OVERLAPPING], (31.2, 121.5), 0.002, [(0.0, 0.0), (-0.45, 0.75), (0.8, 0.0), (0.8, 0.9)])
def test_owners_are_those_of_brute_force(
    polygons: list[Any], centre: tuple[float, float], scale: float, places: list[tuple[float, float]]
) -> None:
    def placed(at: Any) -> Any:
        return np.clip(np.array(at) * scale + centre[::-1], (-180, -90), (180, 90))

    ground = [shapely.transform(polygon, placed) for polygon in polygons]
    territories = Territories(
        Territory(territory_id=str(i), unit_id="u", geometry=mapping(polygon))
        for i, polygon in enumerate(ground)
    )
    vertices = shapely.get_coordinates(ground)[:8]
    for longitude, latitude in [*placed(places), *vertices]:
        point = Point(latitude=float(latitude), longitude=float(longitude))
        where = shapely.Point(longitude, latitude)
        expected = [str(i) for i, polygon in enumerate(ground) if polygon.intersects(where)]
        assert [t.territory_id for t in territories.owners(point, None, AT)] == expected


@settings(max_examples=40)
@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(-70, 70), st.booleans())
def test_the_distance_to_an_edge_is_that_to_the_nearest_of_many_points_on_it(
    north: float, east: float, latitude: float, holed: bool
) -> None:
    outline = shapely.box(10.0, latitude, 10.2, latitude + 0.1)
    hole = shapely.box(10.08, latitude + 0.04, 10.12, latitude + 0.06)
    ground = shapely.difference(outline, hole) if holed else outline
    territories = Territories([Territory(territory_id="t", unit_id="u", geometry=mapping(ground))])
    point = Point(latitude=latitude + 0.05 + north / 2, longitude=10.1 + east / 2)
    border = shapely.get_coordinates(shapely.segmentize(ground.boundary, 0.0005))
    slow = min(distance_m(point, Point(latitude=y, longitude=x)) for x, y in border)
    assert territories.distance_to_edge_m(point, "t") == pytest.approx(slow, rel=0.01, abs=30)

"""Points to H3 cells and metres."""

from __future__ import annotations

import math
from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from domain.places import Point

Floats = NDArray[np.float64]

RESOLUTIONS = (6, 7, 8, 9, 10)
EARTH_RADIUS_M = 6_371_008.8
METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M  # of latitude
NEIGHBOURHOOD = 8  # the resolution of `neighbourhood`
FIRST_RING_M, FURTHER_RING_M = 400.0, 550.0  # what its first ring holds for certain, and each one after it
R90_IN_SIGMAS = math.sqrt(2 * math.log(10))  # the radius that holds 90 % of a round normal distribution


@lru_cache(maxsize=1 << 12)  # one place is asked for by all that is worked out and told of a ticket
def cells(point: Point) -> tuple[int, ...]:
    """The H3 cells that contain the point, one for each of RESOLUTIONS."""
    finest = h3.latlng_to_cell(point.latitude, point.longitude, RESOLUTIONS[-1])
    # the parent, not the cell of the point: keys must nest
    return (*(h3.cell_to_parent(finest, resolution) for resolution in RESOLUTIONS[:-1]), finest)


@lru_cache(maxsize=1 << 15)  # troubles keep coming from the same cells
def ring(cell: int) -> tuple[int, ...]:
    """The cell and its neighbours, the cell first, in a fixed order."""
    return (cell, *sorted(c for c in h3.grid_disk(cell, 1) if c != cell))


def neighbourhood(point: Point, within_m: float) -> list[int]:
    """Cells of NEIGHBOURHOOD that hold everything within so many metres of the point; they hold more than that."""
    cell = cells(point)[RESOLUTIONS.index(NEIGHBOURHOOD)]
    rings = 1 + math.ceil(max(0.0, within_m - FIRST_RING_M) / FURTHER_RING_M)
    return sorted(h3.grid_disk(cell, rings))


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine)."""
    if a is b:  # as often as not: ways to believe in one place
        return 0.0
    lat_a, lat_b = math.radians(a.latitude), math.radians(b.latitude)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.longitude - a.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def metres_from(latitude: float, longitude: float, points: Floats) -> Floats:
    """Metres from a place to each of `points` (latitude, longitude), shape (n, 2) -> (n,); NaN becomes infinite.

    Equirectangular around the place: true to a thousandth within some kilometres.
    """
    north = (points[:, 0] - latitude) * METRES_PER_DEGREE
    east = (points[:, 1] - longitude) * (METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    metres = np.sqrt(
        north * north + east * east
    )  # hypot takes three times as long, to be true beyond the earth
    metres[np.isnan(metres)] = np.inf
    return metres

"""How far a point is from a border: rings of corners in degrees, in compiled loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from features.compiled import compiled
from features.place import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Border(NamedTuple):
    """Corners (longitude, latitude), shape (corners, 2), ring by ring; `ring`, shape (corners,): which."""

    corners: Floats
    ring: Ints


def border_of(area: shapely.Geometry) -> Border:
    """All rings of a polygon or of several."""
    corners, ring = shapely.get_coordinates(shapely.get_parts(shapely.boundary(area)), return_index=True)
    return Border(corners, ring.astype(np.int64))


@compiled
def metres_to(corners: Floats, ring: Ints, latitude: float, longitude: float) -> float:
    """From a point to the nearest point of a Border, of those corners and rings; NaN where there is none.

    Equirectangular around the point: true to a thousandth within some kilometres.
    """
    eastward = METRES_PER_DEGREE * math.cos(math.radians(latitude))
    nearest = np.inf
    for i in range(1, len(ring)):
        if ring[i] != ring[i - 1]:
            continue
        x = (corners[i - 1, 0] - longitude) * eastward
        y = (corners[i - 1, 1] - latitude) * METRES_PER_DEGREE
        along_x = (corners[i, 0] - corners[i - 1, 0]) * eastward
        along_y = (corners[i, 1] - corners[i - 1, 1]) * METRES_PER_DEGREE
        squared = along_x * along_x + along_y * along_y
        share = 0.0
        if squared > 0.0:
            share = min(max(-(x * along_x + y * along_y) / squared, 0.0), 1.0)
        x, y = x + share * along_x, y + share * along_y
        nearest = min(nearest, x * x + y * y)
    return math.sqrt(nearest) if nearest < np.inf else np.nan

"""Who owns the ground at a point.

Of the territories in whose box the point lies each is tested at the point: on 300 polygons 5 µs, a query of a tree of
polygons 30.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from domain.places import Point, Territory
from features.borders import Border, border_of, metres_to
from features.compiled import compiled
from features.text import normalise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


class Territories:
    """Effective-dated polygons, looked up by point; a point on a border belongs to both sides.

    Polygons are planar in degrees, as in GeoJSON: what crosses the antimeridian must be cut there.
    """

    def __init__(self, territories: Iterable[Territory] = ()) -> None:
        self._territories = sorted(territories, key=lambda t: t.territory_id)
        self._rows = {t.territory_id: row for row, t in enumerate(self._territories)}
        self._shapes: Shapes = np.array([shape(dict(t.geometry)) for t in self._territories], dtype=object)
        self._boxes: Floats = shapely.bounds(self._shapes).reshape(-1, 4)
        _index(self._shapes)
        self._kinds = [frozenset(map(normalise, t.kinds)) for t in self._territories]
        self._borders: dict[str, Border] = {}  # of those that were asked for
        self.version = _digest(self._territories)

    def __len__(self) -> int:
        return len(self._territories)

    @property
    def unit_ids(self) -> list[str]:
        """Ids of the units that own any ground."""
        return sorted({t.unit_id for t in self._territories})

    def owners(self, point: Point | None, kind: str | None, at: datetime) -> list[Territory]:
        """Territories that cover the point at that time and take that kind of trouble, by id.

        A territory without kinds takes any; where `kind` is None every kind matches.
        """
        if point is None or not self._territories:
            return []
        wanted = normalise(kind or "")
        return [self._territories[row] for row in self._covering(point) if self._holds(row, wanted, at)]

    def taking(self, kind: str | None, found: Iterable[Territory]) -> list[Territory]:
        """Those of its territories that take that kind of trouble, as `owners` tells them."""
        wanted = normalise(kind or "")
        return [one for one in found if self._takes(self._rows[one.territory_id], wanted)]

    def owners_of_places(
        self, points: Iterable[Point], kind: str | None, at: datetime
    ) -> list[list[Territory]]:
        """As `owners`, for each of the points."""
        return [self.owners(point, kind, at) for point in points]

    def inside(self, unit_id: str, at: datetime) -> Point | None:
        """A point on ground that the unit owns at that time; None where it owns none."""
        for row, territory in enumerate(self._territories):
            if territory.unit_id == unit_id and territory.validity.holds(at):
                found = shapely.point_on_surface(self._shapes[row])
                return None if found.is_empty else Point(latitude=found.y, longitude=found.x)
        return None

    def distance_to_edge_m(self, point: Point, territory_id: str) -> float:
        """Metres from a point, inside or outside, to the territory's nearest border (or hole).

        True to a thousandth within some kilometres. KeyError where there is no such territory.
        """
        border = self._borders.get(territory_id)
        if border is None:
            border = self._borders[territory_id] = border_of(self._shapes[self._rows[territory_id]])
        return metres_to(*border, point.latitude, point.longitude)

    def _covering(self, point: Point) -> list[int]:
        rows = _boxed(self._boxes, point.longitude, point.latitude)
        covering = shapely.intersects_xy(self._shapes[rows], point.longitude, point.latitude)
        return [row for row, covers in zip(rows.tolist(), covering.tolist(), strict=True) if covers]

    def _holds(self, row: int, kind: str, at: datetime) -> bool:
        return self._takes(row, kind) and self._territories[row].validity.holds(at)

    def _takes(self, row: int, kind: str) -> bool:
        kinds = self._kinds[row]
        return not kind or not kinds or kind in kinds


def _index(shapes: Shapes) -> None:
    """Prepare for tests at points; not invalid shapes, for which a prepared one answers differently.

    GEOS indexes a prepared shape when it is first asked, which two threads must not do at once: it is done here.
    """
    shapes = shapes[shapely.is_valid(shapes)]
    shapely.prepare(shapes)
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    shapely.intersects_xy(shapes, (west + east) / 2, (south + north) / 2)


@compiled
def _boxed(boxes: Floats, x: float, y: float) -> Ints:
    """The boxes (west, south, east, north), shape (boxes, 4), that hold the point, ascending; NaN holds none."""
    found, count = np.empty(len(boxes), np.int64), 0
    for i in range(len(boxes)):
        if boxes[i, 0] <= x <= boxes[i, 2] and boxes[i, 1] <= y <= boxes[i, 3]:
            found[count] = i
            count += 1
    return found[:count]


def _digest(territories: list[Territory]) -> str:
    if not territories:
        return ""
    digest = hashlib.sha256()
    for t in territories:
        validity = (str(t.validity.valid_from), str(t.validity.valid_to))
        row = (t.territory_id, t.unit_id, sorted(t.kinds), validity, t.geometry)
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return digest.hexdigest()

"""Who owns the ground at a point.

A point's H3 cell answers for it: which territories hold all of the cell, and which have a border in it. Only the latter
are tested at the point itself. On 300 polygons that takes 2 µs in the median, a query of the tree of polygons 11 µs. To
find what a cell holds takes as long as five queries: that is done where points have kept falling.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import compress
from threading import Lock

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from domain.places import Point, Territory
from features.borders import Border, border_of, metres_to
from features.place import METRES_PER_DEGREE
from features.text import normalise

MAX_CELLS = 32_768  # some 10 MB; then they are learnt anew
QUERIES_FIRST = 4  # before a cell is learnt
CELLS_PER_TERRITORY = 200
RESOLUTION_BOUNDS = (6, 12)
# H3's borders are arcs, in degrees their straight twins lie beside them: a cell is taken to be wider than it is
WIDENED = 1.1
# beyond, a cell may lie around a pole or on both sides of the antimeridian, and is no polygon in degrees
LAST_LATITUDE, LAST_LONGITUDE = 80.0, 179.0

Shapes = NDArray[np.object_]
Holding = tuple[tuple[int, ...], tuple[int, ...], Shapes]


class Territories:
    """Effective-dated polygons, looked up by point; a point on a border belongs to both sides.

    Polygons are planar in degrees, as in GeoJSON: what crosses the antimeridian must be cut there.
    """

    def __init__(self, territories: Iterable[Territory] = ()) -> None:
        self._territories = sorted(territories, key=lambda t: t.territory_id)
        self._rows = {t.territory_id: row for row, t in enumerate(self._territories)}
        self._shapes: Shapes = np.array([shape(dict(t.geometry)) for t in self._territories], dtype=object)
        self._tree = shapely.STRtree(self._shapes)
        self._kinds = [frozenset(map(normalise, t.kinds)) for t in self._territories]
        self._borders: dict[str, Border] = {}  # of those that were asked for
        self._resolution = _resolution(self._shapes)
        self._lock = Lock()
        self._cells: dict[int, int | Holding] = {}  # how many points fell into a cell, then what it holds
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
        return metres_to(border, point.latitude, point.longitude)

    def _covering(self, point: Point) -> Sequence[int]:
        latitude, longitude = point.latitude, point.longitude
        if abs(latitude) > LAST_LATITUDE or abs(longitude) > LAST_LONGITUDE:
            return self._queried(latitude, longitude)
        cell = h3.latlng_to_cell(latitude, longitude, self._resolution)
        held = self._cells.get(cell, 0)
        if isinstance(held, int):
            if len(self._cells) >= MAX_CELLS:
                self._cells.clear()
            self._cells[cell] = held + 1 if held < QUERIES_FIRST else self._held_by(cell)
            return self._queried(latitude, longitude)
        inside, crossed, shapes = held
        if not crossed:
            return inside
        hits = shapely.intersects_xy(shapes, longitude, latitude)
        return sorted((*inside, *compress(crossed, hits.tolist())))

    def _queried(self, latitude: float, longitude: float) -> list[int]:
        hits = self._tree.query(shapely.Point(longitude, latitude), predicate="intersects")
        return sorted(hits.tolist())

    def _held_by(self, cell: int) -> Holding:
        """The rows that hold all of the cell, those that must be tested in it, and the latter's shapes."""
        ring = np.array(h3.cell_to_boundary(cell))[:, ::-1]
        middle = ring.mean(axis=0)
        widened = shapely.Polygon(middle + WIDENED * (ring - middle))
        near = np.sort(self._tree.query(widened))
        # GEOS indexes a prepared shape when it is first asked: two threads must not do that at once
        with self._lock:
            near = near[shapely.intersects(self._shapes[near], widened)]
            whole = shapely.covers(self._shapes[near], widened)
            crossed = self._shapes[near[~whole]]
            _index(crossed)
        return tuple(near[whole].tolist()), tuple(near[~whole].tolist()), crossed

    def _holds(self, row: int, kind: str, at: datetime) -> bool:
        return self._takes(row, kind) and self._territories[row].validity.holds(at)

    def _takes(self, row: int, kind: str) -> bool:
        kinds = self._kinds[row]
        return not kind or not kinds or kind in kinds


def _index(shapes: Shapes) -> None:
    """Prepare for tests at points; not invalid shapes, for which a prepared one answers differently."""
    shapes = shapes[shapely.is_valid(shapes)]
    shapely.prepare(shapes)
    west, south, east, north = shapely.bounds(shapes).T
    shapely.intersects_xy(shapes, (west + east) / 2, (south + north) / 2)


def _resolution(shapes: Shapes) -> int:
    """The coarsest that cuts the median shape into CELLS_PER_TERRITORY cells."""
    coarsest, finest = RESOLUTION_BOUNDS
    if not len(shapes):
        return finest
    _, south, _, north = shapely.bounds(shapes).T
    areas = shapely.area(shapes) * METRES_PER_DEGREE**2 * np.cos(np.radians((south + north) / 2))
    wanted = np.median(areas) / CELLS_PER_TERRITORY
    levels = range(coarsest, finest)
    return next((level for level in levels if h3.average_hexagon_area(level, "m^2") <= wanted), finest)


def _digest(territories: list[Territory]) -> str:
    if not territories:
        return ""
    digest = hashlib.sha256()
    for t in territories:
        validity = (str(t.validity.valid_from), str(t.validity.valid_to))
        row = (t.territory_id, t.unit_id, sorted(t.kinds), validity, t.geometry)
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return digest.hexdigest()

"""Known points by bands of latitude: what is nearest to a place."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.places import Point
from features.place import EARTH_RADIUS_M

BAND_DEG = 0.002  # some 220 m
CLOSE_BY = 1 / 8  # of the distance asked for: looked at first, for in a city that holds enough
_METRES = math.radians(1) * EARTH_RADIUS_M


def encode_grid(points: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """The sections of a Grid over points of shape (n, 2); rows without a point (NaN) are left out."""
    rows = np.flatnonzero(~np.isnan(points[:, 0])).astype(np.int32)
    keys = _keys(_band(points[rows, 0]), points[rows, 1])
    order = np.lexsort((rows, keys))
    return {"grid.keys": keys[order], "grid.rows": rows[order]}


def _band(latitude: Any) -> Any:
    return np.floor((latitude + 90) / BAND_DEG).astype(np.int64)


def _keys(band: Any, longitude: Any) -> NDArray[np.int64]:
    # micro-degrees of longitude inside a band: a box is one run of keys in each band
    keys: NDArray[np.int64] = band * 1_000_000_000 + np.floor((longitude + 180) * 1e6).astype(np.int64)
    return keys


class Grid:
    """Points over the sections that `encode_grid` made."""

    def __init__(self, sections: Any, points: NDArray[np.float64]) -> None:
        self._keys: NDArray[np.int64] = sections["grid.keys"]
        self._rows: NDArray[np.int32] = sections["grid.rows"]
        self._points = points

    def nearest(self, point: Point, within_m: float, limit: int) -> list[tuple[int, float]]:
        """Rows within so many metres with their distance, nearest first."""
        rows, metres = self._within(point, CLOSE_BY * within_m)
        if len(rows) < limit:
            rows, metres = self._within(point, within_m)
        best = np.lexsort((rows, metres))[:limit]
        return list(zip(rows[best].tolist(), metres[best].tolist(), strict=True))

    def _within(self, point: Point, within_m: float) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        rows = self._box(point, within_m)
        metres = _metres(point, self._points[rows])
        inside = metres <= within_m
        return rows[inside], metres[inside]

    def _box(self, point: Point, within_m: float) -> NDArray[np.int32]:
        north = within_m / _METRES + 1e-6
        furthest = min(abs(point.latitude) + north, 90.0)
        narrow = math.cos(math.radians(furthest))
        east = 180.0 if narrow * 180 <= north else min(180.0, 1.01 * north / narrow + 1e-6)
        ends = np.clip([point.latitude - north, point.latitude + north], -90, 90)
        low, high = _band(ends)
        bands = np.arange(low, high + 1)
        found = [
            self._run(bands, point.longitude + turn - east, point.longitude + turn + east)
            for turn in (0, -360, 360)
        ]
        return np.concatenate(found)

    def _run(self, bands: NDArray[np.int64], west: float, east: float) -> NDArray[np.int32]:
        if east < -180 or west > 180:
            return self._rows[:0]
        first = self._keys.searchsorted(_keys(bands, max(west, -180.0)))
        last = self._keys.searchsorted(_keys(bands, min(east, 180.0)), "right")
        runs = [self._rows[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True) if a < b]
        return np.concatenate(runs) if runs else self._rows[:0]


def _metres(point: Point, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle metres (haversine), shape (n, 2) -> (n,)."""
    lat, lon = np.radians(points[:, 0]), np.radians(points[:, 1])
    here = math.radians(point.latitude)
    chord = np.sin((lat - here) / 2) ** 2
    chord += math.cos(here) * np.cos(lat) * np.sin((lon - math.radians(point.longitude)) / 2) ** 2
    metres: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(chord)))
    return metres

"""Which town an address lies in, by the places where it may be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.places import Place
from features.place import EARTH_RADIUS_M

Floats = NDArray[np.float64]

RINGS = (0.1, 0.25, 0.42, 0.65, 1.05)  # fifths of the errors, in shares of the 90 % radius
ANGLES = 8
CAP_M = 1300.0  # the probability of a place is of lying within 1 km


class Towns:
    """Town polygons."""

    def __init__(self, path: Path) -> None:
        found = json.loads(path.read_text(encoding="utf-8"))["features"]
        self.names: list[str] = [feature["properties"]["name"] for feature in found]
        self._shapes = [shapely.geometry.shape(feature["geometry"]) for feature in found]
        self._tree = shapely.STRtree(self._shapes)
        angle = np.arange(ANGLES) * (2 * np.pi / ANGLES)
        rings = np.repeat(RINGS, ANGLES)
        turned = np.tile(angle, len(RINGS)) + np.repeat(np.arange(len(RINGS)), ANGLES) * 0.4
        self._around = np.column_stack((np.cos(turned), np.sin(turned))) * rings[:, None]

    def at(self, longitude: Floats, latitude: Floats) -> NDArray[np.int64]:
        """The town of each point (-1: none)."""
        town = np.full(len(longitude), -1, np.int64)
        points, towns = self._tree.query(shapely.points(longitude, latitude), predicate="intersects")
        town[points[::-1]] = towns[::-1]  # the first one where polygons overlap
        return town

    def shares(self, places: Sequence[Place]) -> list[tuple[int, float]]:
        """Towns (indices of `names`) with their probabilities by places and radii, most probable first."""
        degree = np.radians(1) * EARTH_RADIUS_M
        longitude, latitude, weight = [], [], []
        for place in places:
            east, north = self._around.T * (min(place.radius_m, CAP_M) / degree)
            latitude.append(place.point.latitude + north)
            longitude.append(place.point.longitude + east / np.cos(np.radians(place.point.latitude)))
            weight.append(np.full(len(east), place.probability / len(east)))
        if not places:
            return []
        town = self.at(np.concatenate(longitude), np.concatenate(latitude))
        inside = town >= 0
        votes = np.bincount(town[inside], np.concatenate(weight)[inside], len(self.names))
        best = [int(i) for i in np.argsort(-votes, kind="stable") if votes[i] > 0]
        return [(i, float(votes[i])) for i in best]

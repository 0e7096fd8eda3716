"""Who owns the ground at a point."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

import numpy as np
import shapely
from shapely.geometry import shape

from domain.places import Point, Territory
from features.text import normalise


class Territories:
    """Effective-dated polygons, looked up by point; a point on a border belongs to both sides."""

    def __init__(self, territories: Iterable[Territory] = ()) -> None:
        self._territories = sorted(territories, key=lambda t: t.territory_id)
        self._tree = shapely.STRtree([shape(dict(t.geometry)) for t in self._territories])
        self._kinds = [frozenset(map(normalise, t.kinds)) for t in self._territories]
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
        hits = self._tree.query(shapely.Point(point.longitude, point.latitude), predicate="intersects")
        wanted = normalise(kind or "")
        return [self._territories[i] for i in np.sort(hits) if self._holds(int(i), wanted, at)]

    def _holds(self, index: int, kind: str, at: datetime) -> bool:
        kinds = self._kinds[index]
        return self._territories[index].validity.holds(at) and (not kind or not kinds or kind in kinds)


def _digest(territories: list[Territory]) -> str:
    if not territories:
        return ""
    digest = hashlib.sha256()
    for t in territories:
        validity = (str(t.validity.valid_from), str(t.validity.valid_to))
        row = (t.territory_id, t.unit_id, sorted(t.kinds), validity, t.geometry)
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return digest.hexdigest()

"""What way house numbers grow, by the roads near by: cities count from a river, a centre, a gate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.kriging import ANY_WAY, Numbering, Slopes
from models.numbering import Known, pieces

Floats = NDArray[np.float64]

LEAST_GAP = 50.0  # numbers: nearer ones tell more of noise than of the way
STEEPEST = 6.0  # times the city's metres a number: more is a mistake
LOOKED_AT = 60
NEIGHBOURS, FAR_M = 60, 4000.0
ENOUGH = 8
SPREAD = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadSlopes:
    """Slopes of pieces of roads, shape (n, 2), where they are, shape (n, 2), and the roads' ids, shape (n,)."""

    slopes: Floats
    at: Floats
    road: NDArray[np.int64]

    def near(self, at: Floats, without: int) -> Slopes:
        """The slopes of the roads nearest to a place; `without`: the road that is asked about."""
        away = np.hypot(self.at[:, 0] - at[0], self.at[:, 1] - at[1])
        away[self.road == without] = np.inf
        nearest = np.argsort(away, kind="stable")[:NEIGHBOURS]
        nearest = nearest[np.isfinite(away[nearest])]
        if len(nearest) < ENOUGH:
            return ANY_WAY
        weights = np.exp(-(away[nearest] - away[nearest[0]]) / FAR_M) + 1e-3
        return Slopes(metres=self.slopes[nearest], weights=weights / weights.sum(), spread=SPREAD)


def learn_slopes(roads: Iterable[tuple[int, Known]], custom: Numbering) -> RoadSlopes:
    """The slopes of roads (id, known numbers), by the median of their pairs of numbers."""
    slopes, at, road = [], [], []
    for road_id, known in roads:
        for slope, middle in _slopes(known, custom):
            slopes.append(slope)
            at.append(middle)
            road.append(road_id)
    return RoadSlopes(
        slopes=np.array(slopes).reshape(-1, 2),
        at=np.array(at).reshape(-1, 2),
        road=np.array(road, np.int64),
    )


def _slopes(known: Known, custom: Numbering) -> Iterable[tuple[Floats, Floats]]:
    """The slope and the middle of each piece of a road where they can be told."""
    if len(known.low) < 2 or np.ptp(known.low) < LEAST_GAP:
        return
    known = known.take(np.argsort(known.low, kind="stable")[:: max(1, len(known.low) // LOOKED_AT)])
    number = (known.low + known.high) / 2
    label = pieces(number, known.xy, custom)
    for piece in np.unique(label):
        own = np.flatnonzero(label == piece)
        first, second = np.triu_indices(len(own), 1)
        a, b = own[first], own[second]
        gap = number[b] - number[a]
        far = (gap >= LEAST_GAP) & (known.ids[a] != known.ids[b])
        if far.any():
            slope = np.median((known.xy[b] - known.xy[a])[far] / gap[far, None], axis=0)
            if np.hypot(*slope) <= STEEPEST * custom.metres:
                yield slope, np.median(known.xy[own], axis=0)

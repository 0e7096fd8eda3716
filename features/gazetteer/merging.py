"""Records of one address from several sources -> one row, or several where they lie far apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.strings import Hashes

SAME_PLACE_DEG = 0.002  # points of one address closer than this, in either direction, are one place


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`row_of`: the row of each record (-1: none). For each row: its first record, its point (NaN: unknown)."""

    row_of: NDArray[np.int32]
    first: NDArray[np.int64]
    points: NDArray[np.float64]


def merge(keys: Hashes, districts: NDArray[np.int32], points: NDArray[np.float64]) -> Rows:
    """Rows of records that stand in canonical order; rows come in the order of their first records.

    Records of one key are one place unless they state different districts or points far apart.
    """
    order = np.argsort(keys, kind="stable")
    order = order[keys[order] != 0]
    sorted_keys = keys[order]
    starts = np.flatnonzero(np.diff(sorted_keys, prepend=~sorted_keys[:1]))
    ends = np.append(starts[1:], len(order))
    leader = np.full(len(keys), -1, np.int64)
    alone = ends - starts == 1
    leader[order[starts[alone]]] = order[starts[alone]]
    middle = points.copy()
    for start, end in zip(starts[~alone].tolist(), ends[~alone].tolist(), strict=True):
        members = order[start:end]
        for cluster in _clusters(members.tolist(), districts[members].tolist(), points[members].tolist()):
            leader[cluster] = cluster[0]
            middle[cluster[0]] = _median(points[cluster])
    first = np.flatnonzero(leader == np.arange(len(leader)))
    row_of = np.full(len(keys), -1, np.int32)
    row_of[leader >= 0] = first.searchsorted(leader[leader >= 0])
    return Rows(row_of=row_of, first=first, points=middle[first])


def _clusters(members: list[int], districts: list[int], points: list[list[float]]) -> list[list[int]]:
    """Members of one place each, a record without point or district going to the first that it does not contradict."""
    found: list[tuple[list[int], int, list[float] | None]] = []
    # those that say most make the clusters, so that what comes first in the order does not matter
    said = sorted(
        range(len(members)), key=lambda i: (points[i][0] != points[i][0], districts[i] < 0, points[i], i)
    )
    for i in said:
        point = None if points[i][0] != points[i][0] else points[i]
        for place, (cluster, district, centre) in enumerate(found):
            if (districts[i] < 0 or district < 0 or districts[i] == district) and near(point, centre):
                cluster.append(members[i])
                found[place] = (cluster, max(district, districts[i]), centre or point)
                break
        else:
            found.append(([members[i]], districts[i], point))
    return [sorted(cluster) for cluster, _, _ in found]


def near(a: Sequence[float] | None, b: Sequence[float] | None) -> bool:
    """Whether two points of one address are one place; an unknown one contradicts none."""
    if a is None or b is None:
        return True
    return abs(a[0] - b[0]) < SAME_PLACE_DEG and abs(a[1] - b[1]) < SAME_PLACE_DEG


def _median(points: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.sort(points[~np.isnan(points[:, 0])], axis=0)
    middle: NDArray[np.float64] = known[(len(known) - 1) // 2] if len(known) else points[0]
    return middle

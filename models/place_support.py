"""How many known points bear a place out: one witness may be wrong, two that agree seldom are.

Of addresses placed by one known number of their road, several in a hundred lie elsewhere, for a point of an address
book is sometimes simply wrong; of those placed by four or more that agree, hardly any do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.addresses.parts import AddressParts
from models.kriging import Numbering
from models.numbering import PIECE_SLACK, Floats
from models.place_evidence import LISTED, NOBODY, SAME_NAME, Surroundings

BESIDE_M = 800.0  # a known point bears out what lies within this distance …
REACH_M = 1500.0  # … and its number is no farther along the road than this
ELSEWHERE_M = 1000.0  # beyond this and what its number explains, it contradicts
ONE_PLACE_M = 30.0  # points as near as this are one witness
UNNUMBERED = 5000.0  # numbers between an address and one whose number is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Known points along the roads of an address that bear a place out, and that contradict it."""

    beside: int = 0
    elsewhere: int = 0


def support(
    around: Surroundings,
    custom: Numbering,
    parts: AddressParts,
    at: Floats,
    without: frozenset[int] = NOBODY,
) -> Support:
    """What the known numbers of its roads say of a place; `at`: in metres, shape (2,)."""
    points, gaps = [np.empty((0, 2))], [np.empty(0)]
    for name, number in list(dict.fromkeys((road.name, road.main) for road in parts.roads))[:LISTED]:
        match = next(iter(around.roads_named(name, 1, without)), None)
        if match is None or match.likelihood < SAME_NAME:
            continue
        known = around.entries(match.name_id, without)
        gap = np.full(len(known.low), UNNUMBERED)
        if number is not None:
            away = np.maximum(np.maximum(known.low - number.high, number.low - known.high), 0.0)
            gap = np.where(known.low > 0, away, gap)
        points.append(known.xy)
        gaps.append(gap * custom.metres)
    xy, gap = np.concatenate(points), np.concatenate(gaps)
    if not len(xy):
        return Support()
    order = np.argsort(gap, kind="stable")  # of one witness, the nearest number counts
    _, first = np.unique(np.round(xy[order] / ONE_PLACE_M), axis=0, return_index=True)
    xy, gap = xy[order][first], gap[order][first]
    away = np.hypot(xy[:, 0] - at[0], xy[:, 1] - at[1])
    return Support(
        beside=int(((away < BESIDE_M) & (gap < REACH_M)).sum()),
        elsewhere=int((away > ELSEWHERE_M + PIECE_SLACK * gap).sum()),
    )

"""A spot: where an address may be by one of its words, with what led there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.places import Precision
from models.kriging import Numbering
from models.numbering import RoadSpot
from models.place_votes import Heap, median

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where the address may be by one witness: metres east and north, standard deviation, and what led there."""

    x: float
    y: float
    scale_m: float
    precision: Precision
    witness: int
    likelihood: float = 1.0  # of the name
    share: float = 1.0  # among the spots of the same name
    gap_m: float = 0.0
    count: int = 1
    spread_m: float = 0.0
    between: bool = False
    next_gap_m: float = 0.0  # to the second nearest known number
    off_m: float = 0.0  # from the two nearest known numbers, at most
    voted: bool = False  # by names that only share characters
    agreeing: int = 0  # other witnesses that say the same
    row: int = -1


def on_road(spot: RoadSpot, custom: Numbering, witness: int) -> Spot:
    """A spot by the numbers of a road."""
    precision = Precision.NEAREST
    if spot.inside:
        precision = Precision.RANGE
    elif spot.between:
        precision = Precision.INTERPOLATED
    return Spot(
        x=spot.x,
        y=spot.y,
        scale_m=spot.scale_m,
        precision=precision,
        witness=witness,
        share=spot.share,
        gap_m=spot.gap * custom.metres,
        count=spot.count,
        spread_m=spot.spread_m,
        between=spot.between,
        next_gap_m=spot.next_gap * custom.metres,
        off_m=spot.off_m,
        row=spot.nearest,
    )


def voted(heap: Heap, witness: int) -> Spot:
    """A spot by names that only share characters."""
    return Spot(
        x=heap.x,
        y=heap.y,
        scale_m=max(heap.spread_m, 600.0),
        precision=Precision.NAME,
        witness=witness,
        likelihood=heap.best,
        share=heap.share,
        count=heap.voters,
        spread_m=heap.mean,
        voted=True,
    )


def clusters(
    xy: Floats,
    joined_m: float,
    precision: Precision,
    witness: int,
    *,
    least: float,
    rows: NDArray[np.int64] | None = None,
) -> list[Spot]:
    """A spot for each group of points that are near one another, the largest first.

    `row` is a point's place in xy, or what `rows` has there.
    """
    left = np.arange(len(xy))
    found: list[Spot] = []
    while len(left) and len(found) < 4:
        there = xy[left]
        seed = there[np.abs(there - median(there)).sum(axis=1).argmin()]
        near = np.hypot(there[:, 0] - seed[0], there[:, 1] - seed[1]) <= joined_m
        own, members = left[near], there[near]
        centre = median(members)
        spread = np.hypot(members[:, 0] - centre[0], members[:, 1] - centre[1])
        inmost = own[spread.argmin()]
        found.append(
            Spot(
                x=float(centre[0]),
                y=float(centre[1]),
                scale_m=max(least, float(spread.sum()) / len(own)),
                precision=precision,
                witness=witness,
                share=len(own) / len(xy),
                count=len(own),
                spread_m=float(spread.max()),
                row=int(inmost if rows is None else rows[inmost]),
            )
        )
        left = left[~near]
    return sorted(found, key=lambda spot: -spot.share)

"""Where a number lies along a road whose other numbers are known, and the custom of a city's numbers, learnt."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from models.kriging import ANY_WAY, Numbering, Slopes, krige

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEIGHBOURS = 12
PIECE_M, PIECE_SLACK = (
    1500.0,
    1.4,
)  # two numbers of one road are no farther apart than this plus their gap, stretched
PIECE_OFFSET = 60.0  # numbers
LOOKED_AT = 48
CLEAR_WAY = 0.1  # metres a metre of road: less is noise
WAY_M = 800.0  # points that slopes lead to are one place within about this distance
SAME_WAY_M, LEAST_WAY = 50.0, 0.15
ALONE = 2000.0  # numbers to the second known one where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Known numbers of one road: ends (n,), whether odd (n,), points in metres (n, 2), what identifies them (n,)."""

    low: Floats
    high: Floats
    odd: Bools
    xy: Floats
    ids: Ints

    def take(self, index: Ints | Bools) -> Known:
        """Some of them."""
        return Known(
            low=self.low[index],
            high=self.high[index],
            odd=self.odd[index],
            xy=self.xy[index],
            ids=self.ids[index],
        )


SlopesAt = Callable[[Floats], Slopes]


def no_slopes(_at: Floats) -> Slopes:
    """Nothing is known of the roads near by."""
    return ANY_WAY


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadSpot:
    """Where the number may be on one piece of the road. `scale_m`: standard deviation of a point, noise included.

    `share`: of the road's votes, near numbers weighing most, that this piece has; `gap`: to its nearest known number;
    `between`: known numbers stand on both sides; `inside`: of a known range; `nearest`: id of the nearest known one.
    `next_gap` and `off_m`: gap to the second nearest, and how far the spot lies from the two nearest, at most; a road
    whose numbers are not in order shows there.
    """

    x: float
    y: float
    scale_m: float
    share: float
    gap: float
    count: int
    spread_m: float
    between: bool
    inside: bool
    nearest: int
    next_gap: float
    off_m: float


def place_number(
    low: int, high: int, odd: bool, known: Known, custom: Numbering, slopes: SlopesAt = no_slopes
) -> list[RoadSpot]:
    """Where a number (or a range of numbers) may lie, the most voted piece first; empty where nothing is known.

    A road of one name in two towns, or a point that is far from its neighbours, makes a piece of its own. `slopes`:
    what way numbers may grow at a place. A piece that may go either way gives two spots.
    """
    gap = np.maximum(np.maximum(known.low - high, low - known.high), 0.0)
    if not len(gap):
        return []
    near = np.argsort(gap + 20.0 * (known.odd != odd), kind="stable")[:LOOKED_AT]
    known, gap = known.take(near), gap[near]
    label = pieces((known.low + known.high) / 2, known.xy, custom)
    votes = 1.0 / (gap + PIECE_OFFSET)
    totals = np.bincount(label, votes)
    total = float(votes.sum())
    found: list[RoadSpot] = []
    for piece in np.argsort(-totals, kind="stable")[:3].tolist():
        if totals[piece] <= 0:
            break
        members = np.flatnonzero(label == piece)[:NEIGHBOURS]
        own = known.take(members)
        found += _spots((low + high) / 2, odd, own, gap[members], totals[piece] / total, custom, slopes)
    return found


def _spots(
    number: float,
    odd: bool,
    known: Known,
    gap: Floats,
    share: float,
    custom: Numbering,
    slopes: SlopesAt,
) -> list[RoadSpot]:
    middle = (known.low + known.high) / 2
    centre = known.xy.mean(axis=0)
    estimate = krige(number, odd, middle, known.odd, known.xy, custom, slopes(centre))
    spread = float(np.hypot(known.xy[:, 0] - centre[0], known.xy[:, 1] - centre[1]).mean())
    found = []
    for x, y, scale, weight in _ways(estimate.points, estimate.weights, estimate.scale_m):
        off = np.hypot(known.xy[:2, 0] - x, known.xy[:2, 1] - y)
        spot = RoadSpot(
            x=x,
            y=y,
            scale_m=scale,
            share=float(share) * weight,
            gap=float(gap[0]),
            count=len(gap),
            spread_m=spread,
            between=bool(middle.min() <= number <= middle.max()),
            inside=bool(((gap == 0) & (known.high > known.low) & ~_across(known, odd)).any()),
            nearest=int(known.ids[0]),
            next_gap=float(gap[:2].max()) if len(gap) > 1 else ALONE,
            off_m=float(off.max()),
        )
        found.append(spot)
    return found


def _across(known: Known, odd: bool) -> Bools:
    """Whether a range stands on the other side of the road, as both of its ends do: 3-31 does not hold number 4."""
    found: Bools = (known.low % 2 == known.high % 2) & (known.odd != odd)
    return found


def _ways(points: Floats, weights: Floats, scale: float) -> list[tuple[float, float, float, float]]:
    """x, y, standard deviation and weight of the heaviest heap of the points, and of a second one that matters."""
    found = []
    left = weights
    if np.ptp(points, axis=0).max() < SAME_WAY_M:
        x, y = weights @ points
        return [(float(x), float(y), scale, 1.0)]
    apart = np.hypot(points[:, None, 0] - points[None, :, 0], points[:, None, 1] - points[None, :, 1])
    pull = np.exp(-0.5 * (apart / WAY_M) ** 2)
    for _ in range(2):
        heights = pull @ left
        top = int(heights.argmax())
        if heights[top] < LEAST_WAY:
            break
        own = left * pull[top]
        own = own / own.sum()
        x, y = own @ points
        beside = float(own @ ((points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2)) / 2.0
        found.append((float(x), float(y), float(np.sqrt(scale**2 + beside)), float(heights[top])))
        left = left * (apart[top] > 2.0 * WAY_M)
    total = sum(weight for *_, weight in found)
    return [(x, y, wide, weight / total) for x, y, wide, weight in found]


def pieces(numbers: Floats, xy: Floats, custom: Numbering) -> Ints:
    """A label for each number: equal where a chain of numbers, each near enough for its gap, joins them."""
    return _chained(numbers, xy, PIECE_SLACK * custom.metres)


@compiled
def _chained(numbers: Floats, xy: Floats, slack: float) -> Ints:
    """As `pieces`: each label is the lowest index that it joins."""
    count = len(numbers)
    label, waiting = np.full(count, -1, np.int64), np.empty(count, np.int64)
    for first in range(count):
        if label[first] >= 0:
            continue
        label[first], waiting[0], ahead = first, first, 1
        while ahead:
            ahead -= 1
            own = waiting[ahead]
            for other in range(first + 1, count):
                if label[other] < 0:
                    apart = math.hypot(xy[own, 0] - xy[other, 0], xy[own, 1] - xy[other, 1])
                    if apart <= PIECE_M + slack * abs(numbers[own] - numbers[other]):
                        label[other], waiting[ahead] = first, other
                        ahead += 1
    return label


def learn_numbering(roads: Iterable[Known]) -> Numbering:
    """The custom of a city, from its roads; the default where they don't tell."""
    kept = [known for known in roads if len(known.low) > 1]
    gaps, apart = _pairs(kept)
    default = Numbering()
    far = (gaps >= 30) & (apart < 30.0 * gaps)
    metres = (
        float(np.clip(np.median(apart[far] / gaps[far]), 0.2, 20.0)) if far.sum() >= 30 else default.metres
    )
    close = gaps * metres < 60
    noise = (
        float(np.clip(np.median(apart[close]) / 1.665, 8.0, 300.0)) if close.sum() >= 30 else default.noise_m
    )
    custom = Numbering(metres=metres, noise_m=noise)
    for _ in range(2):
        custom = replace(custom, left_m=custom.left_m + _left(kept, custom))
    return custom


def _pairs(roads: list[Known]) -> tuple[Floats, Floats]:
    """Gap and metres of each number and the next ones of its road."""
    gaps, apart = [np.empty(0)], [np.empty(0)]
    for known in roads:
        order = np.argsort(known.low, kind="stable")[:200]
        for ahead in (1, 2):
            a, b = known.take(order[:-ahead]), known.take(order[ahead:])
            other = a.ids != b.ids  # one entry may list several numbers
            gaps.append((b.low - a.low)[other])
            apart.append(np.hypot(*(b.xy - a.xy)[other].T))
    return np.concatenate(gaps), np.concatenate(apart)


def _left(roads: list[Known], custom: Numbering, most: int = 400) -> float:
    """How much farther to the left odd numbers lie than is known, in metres."""
    found: list[float] = []
    for known in roads:
        if len(found) >= most:
            break
        if len(known.low) < 4 or not (known.odd.any() and not known.odd.all()):
            continue
        for own in range(min(len(known.low), 12)):
            others = known.ids != known.ids[own]
            if others.sum() < 3:
                continue
            near = known.take(others).take(
                np.argsort(np.abs(known.low[others] - known.low[own]))[:NEIGHBOURS]
            )
            number = float(known.low[own])
            odd = bool(known.odd[own])
            estimate = krige(number, odd, near.low, near.odd, near.xy, custom)
            way = estimate.way
            length = float(np.hypot(*way))
            if estimate.scale_m > 4 * custom.noise_m or length < CLEAR_WAY:
                continue
            miss = known.xy[own] - estimate.mean
            found.append(float((miss[1] * way[0] - miss[0] * way[1]) / length * (1 if odd else -1)))
    return float(np.clip(np.median(found), -60.0, 60.0)) if len(found) >= 60 else 0.0

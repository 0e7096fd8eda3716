"""Where a number lies along a road whose other numbers are known.

The position along a road is a Gaussian process of the number, one for each axis: a trend, a bend that forgets after
some hundred metres, and noise of Student's t (points that are simply wrong must not drag the others along). Two sides
of a road are told apart by parity: odd numbers lie to the left or to the right of the way the numbers grow, by the
city's custom, which is learnt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BEND_M, BEND_LENGTH_M = (
    600.0,
    1500.0,
)  # how far a road leaves its trend, and after how much road it forgets it
START_M = 6000.0
STUDENT = 3.0  # degrees of freedom of the noise
ROUNDS = 3
NEIGHBOURS = 12
PIECE_M, PIECE_SLACK = (
    1500.0,
    1.4,
)  # two numbers of one road are no farther apart than this plus their gap, stretched
PIECE_OFFSET = 60.0  # numbers
LOOKED_AT = 48
ALONE = 2000.0  # numbers to the second known one where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """A city's custom: metres of road a number (both sides counted), the noise of a point along each axis in metres,
    and how far odd numbers lie to the left of the road's middle line (negative: to the right).
    """

    metres: float = 2.0
    noise_m: float = 100.0
    left_m: float = 0.0


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


def place_number(low: int, high: int, odd: bool, known: Known, custom: Numbering) -> list[RoadSpot]:
    """Where a number (or a range of numbers) may lie, the most voted piece first; empty where nothing is known.

    A road of one name in two towns, or a point that is far from its neighbours, makes a piece of its own.
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
    found = []
    for piece in np.argsort(-totals, kind="stable")[:3].tolist():
        if totals[piece] <= 0:
            break
        members = np.flatnonzero(label == piece)[:NEIGHBOURS]
        found.append(
            _spot((low + high) / 2, odd, known.take(members), gap[members], totals[piece] / total, custom)
        )
    return found


def _spot(number: float, odd: bool, known: Known, gap: Floats, share: float, custom: Numbering) -> RoadSpot:
    middle = (known.low + known.high) / 2
    x, y, scale = krige(number, odd, middle, known.odd, known.xy, custom)
    centre = known.xy.mean(axis=0)
    off = np.hypot(known.xy[:2, 0] - x, known.xy[:2, 1] - y)
    return RoadSpot(
        x=x,
        y=y,
        scale_m=scale,
        share=float(share),
        gap=float(gap[0]),
        count=len(gap),
        spread_m=float(np.hypot(known.xy[:, 0] - centre[0], known.xy[:, 1] - centre[1]).mean()),
        between=bool(middle.min() <= number <= middle.max()),
        inside=bool(((gap == 0) & (known.high > known.low)).any()),
        nearest=int(known.ids[0]),
        next_gap=float(gap[:2].max()) if len(gap) > 1 else ALONE,
        off_m=float(off.max()),
    )


def pieces(numbers: Floats, xy: Floats, custom: Numbering) -> Ints:
    """A label for each number: equal where a chain of numbers, each near enough for its gap, joins them."""
    apart = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1])
    slack = PIECE_SLACK * custom.metres * np.abs(numbers[:, None] - numbers[None, :])
    joined = apart <= PIECE_M + slack
    label = np.arange(len(numbers))
    if joined.all():
        return np.zeros(len(numbers), np.int64)
    while True:
        lowest = np.where(joined, label[None, :], len(numbers)).min(axis=1)
        if (lowest == label).all():
            return label
        label = lowest


def krige(
    number: float, odd: bool, numbers: Floats, odds: Bools, xy: Floats, custom: Numbering
) -> tuple[float, float, float]:
    """(x, y, standard deviation of a point there) of a number, from those of one piece; any order, at least one."""
    count = len(numbers)
    step = 110.0 / custom.metres
    middle = float(numbers.mean())
    side = np.where(odds, 1.0, -1.0)
    own = 1.0 if odd else -1.0
    # the middle line is asked for on both sides of every number: that is its direction there
    asked = np.concatenate(([number], numbers - step, numbers + step, (number - step, number + step)))
    asked_side = np.zeros(len(asked))
    asked_side[0] = own
    covariance = _covariance(numbers, side, numbers, side, middle, custom)
    across = _covariance(asked, asked_side, numbers, side, middle, custom)
    own_variance = float(
        _covariance(asked[:1], asked_side[:1], asked[:1], asked_side[:1], middle, custom)[0, 0]
    )
    centre = xy.mean(axis=0)
    offset = np.zeros_like(xy)
    weight = np.ones(count)
    noise = custom.noise_m**2
    diagonal = np.diag_indices(count)
    for turn in range(ROUNDS):
        noisy = covariance.copy()
        noisy[diagonal] += noise / weight
        inverse = np.linalg.inv(noisy)
        fitted = inverse @ (xy - centre - offset)
        line = across @ fitted
        way = np.vstack((line[1 + count : 1 + 2 * count] - line[1 : 1 + count], line[-1:] - line[-2:-1]))
        way /= 2 * step * custom.metres
        way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1.0)[:, None]
        left = np.column_stack((-way[:, 1], way[:, 0])) * custom.left_m
        if turn == ROUNDS - 1:
            break
        offset = left[:-1] * side[:, None]
        if count >= 3:
            spread = 1.0 / inverse[diagonal]
            missed = fitted * spread[:, None]  # by what the others say
            # against the noise of an ordinary point: a point once doubted must not be believed for its doubt
            surprise = (missed * missed).sum(axis=1) / (spread - noise / weight + noise)
            weight = (STUDENT + 2.0) / (STUDENT + surprise)
    variance = max(own_variance - float(across[0] @ inverse @ across[0]), 0.0) + noise
    x, y = line[0] + left[-1] * own + centre
    return float(x), float(y), float(np.sqrt(variance))


def _covariance(
    a: Floats, side_a: Floats, b: Floats, side_b: Floats, middle: float, custom: Numbering
) -> Floats:
    """Trend, Matérn 3/2 bend, start and side; shape (len(a), len(b)), in square metres."""
    trend = 0.7 * custom.metres
    gap = np.abs(a[:, None] - b[None, :]) * (custom.metres * np.sqrt(3.0) / BEND_LENGTH_M)
    bend: Floats = (1.0 + gap) * np.exp(-gap)
    bend *= BEND_M**2
    bend += ((a - middle) * trend**2)[:, None] * (b - middle)[None, :]
    bend += ((0.4 * custom.noise_m) ** 2 * side_a)[:, None] * side_b[None, :]
    bend += START_M**2
    return bend


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
    step = 110.0 / custom.metres
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
            guess = krige(number, odd, near.low, near.odd, near.xy, custom)
            ahead = krige(number + step, odd, near.low, near.odd, near.xy, custom)
            behind = krige(number - step, odd, near.low, near.odd, near.xy, custom)
            way = np.array([ahead[0] - behind[0], ahead[1] - behind[1]])
            if guess[2] > 4 * custom.noise_m or np.hypot(*way) < 20.0:
                continue
            way /= np.hypot(*way)
            miss = known.xy[own] - guess[:2]
            found.append(float((miss[1] * way[0] - miss[0] * way[1]) * (1 if odd else -1)))
    return float(np.clip(np.median(found), -60.0, 60.0)) if len(found) >= 60 else 0.0

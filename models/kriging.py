"""Where a number lies along one piece of a road, by its other numbers.

The position along a road is a Gaussian process of the number, one for each axis: a trend, a bend that forgets after
some hundred metres, and noise of Student's t (points that are simply wrong must not drag the others along). Two sides
of a road are told apart by parity: odd numbers lie to the left or to the right of the way the numbers grow, by the
city's custom, which is learnt. Which way they grow is a mixture of what the roads near by do: it counts where the
road's own numbers are too few or too near each other to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BEND_M, BEND_LENGTH_M = (
    600.0,
    1500.0,
)  # how far a road leaves its trend, and after how much road it forgets it
START_M = 6000.0
STUDENT = 3.0  # degrees of freedom of the noise
ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """A city's custom: metres of road a number (both sides counted), the noise of a point along each axis in metres,
    and how far odd numbers lie to the left of the road's middle line (negative: to the right).
    """

    metres: float = 2.0
    noise_m: float = 100.0
    left_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slopes:
    """What way numbers may grow: metres east and north a number, shape (n, 2), with weights that sum to 1.

    `spread`: standard deviation around each, in shares of the city's metres a number.
    """

    metres: Floats = field(default_factory=lambda: np.zeros((1, 2)))
    weights: Floats = field(default_factory=lambda: np.ones(1))
    spread: float = 0.7


ANY_WAY = Slopes()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Where a number may lie: points (n, 2), one for each slope, with weights that sum to 1.

    `scale_m`: standard deviation around each of a point there, noise included; `way`: of the road there, shape (2,),
    of length 1 where it is clear.
    """

    points: Floats
    weights: Floats
    scale_m: float
    way: Floats

    @property
    def mean(self) -> Floats:
        """Shape (2,)."""
        middle: Floats = self.weights @ self.points
        return middle


def krige(
    number: float,
    odd: bool,
    numbers: Floats,
    odds: Bools,
    xy: Floats,
    custom: Numbering,
    slopes: Slopes = ANY_WAY,
) -> Estimate:
    """The estimate of a number from those of one piece; any order, at least one."""
    count = len(numbers)
    step = 110.0 / custom.metres
    middle = float(numbers.mean())
    side = np.where(odds, 1.0, -1.0)
    own = 1.0 if odd else -1.0
    # the middle line is asked for on both sides of every number: that is its direction there
    asked = np.concatenate(([number], numbers - step, numbers + step, (number - step, number + step)))
    asked_side = np.zeros(len(asked))
    asked_side[0] = own
    trend = slopes.spread * custom.metres
    every, every_side = np.concatenate((asked, numbers)), np.concatenate((asked_side, side))
    among = _covariance(every, every_side, numbers, side, middle, custom, trend)
    across, covariance = among[: len(asked)], among[len(asked) :]
    own_variance = float(
        _covariance(asked[:1], asked_side[:1], asked[:1], asked_side[:1], middle, custom, trend)[0, 0]
    )
    along, ahead = numbers - middle, asked - middle
    centre = xy.mean(axis=0)
    squares = (slopes.metres**2).sum(axis=1)
    offset = np.zeros_like(xy)
    weight = np.ones(count)
    noise = custom.noise_m**2
    way, left = np.empty((count + 1, 2)), np.empty((count + 1, 2))
    for turn in range(ROUNDS):
        noisy = covariance.copy()
        noisy.ravel()[:: count + 1] += noise / weight
        inverse = np.linalg.inv(noisy)
        seen = xy - centre - offset
        pull = along @ inverse
        likely = _posterior(slopes, squares, pull @ seen, float(pull @ along))
        slope = likely @ slopes.metres
        fitted = inverse @ (seen - along[:, None] * slope)
        line = across @ fitted + ahead[:, None] * slope
        np.subtract(line[1 + count : 1 + 2 * count], line[1 : 1 + count], out=way[:-1])
        np.subtract(line[-1], line[-2], out=way[-1])
        way /= 2 * step * custom.metres
        way /= np.maximum(np.hypot(way[:, 0], way[:, 1]), 1.0)[:, None]
        np.multiply(way[:, 1], -custom.left_m, out=left[:, 0])
        np.multiply(way[:, 0], custom.left_m, out=left[:, 1])
        if turn == ROUNDS - 1:
            break
        offset = left[:-1] * side[:, None]
        if count >= 3:
            spread = 1.0 / inverse.diagonal()
            missed = fitted * spread[:, None]  # by what the others say
            # against the noise of an ordinary point: a point once doubted must not be believed for its doubt
            surprise = (missed * missed).sum(axis=1) / (spread - noise / weight + noise)
            weight = (STUDENT + 2.0) / (STUDENT + surprise)
    gain = across[0] @ inverse
    variance = max(own_variance - float(gain @ across[0]), 0.0) + noise
    points = gain @ seen + (ahead[0] - gain @ along) * slopes.metres + left[-1] * own + centre
    return Estimate(points=points, weights=likely, scale_m=float(np.sqrt(variance)), way=way[-1])


def _posterior(slopes: Slopes, squares: Floats, toward: Floats, stiffness: float) -> Floats:
    """Weights of the slopes, whose `squares` are of their lengths, given the numbers.

    Gaussian likelihoods but for what all of them share.
    """
    odds = slopes.metres @ toward - 0.5 * stiffness * squares
    likely: Floats = slopes.weights * np.exp(odds - odds.max())
    likely /= likely.sum()
    return likely


def _covariance(
    a: Floats, side_a: Floats, b: Floats, side_b: Floats, middle: float, custom: Numbering, trend: float
) -> Floats:
    """Trend, Matérn 3/2 bend, start and side; shape (len(a), len(b)), in square metres."""
    gap = np.abs(a[:, None] - b[None, :]) * (custom.metres * np.sqrt(3.0) / BEND_LENGTH_M)
    bend: Floats = (1.0 + gap) * np.exp(-gap)
    bend *= BEND_M**2
    bend += ((a - middle) * trend**2)[:, None] * (b - middle)[None, :]
    bend += ((0.4 * custom.noise_m) ** 2 * side_a)[:, None] * side_b[None, :]
    bend += START_M**2
    return bend

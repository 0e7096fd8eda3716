"""When troubles come: months, weekdays, hours and storms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulation.ground import HALF_AXES, Metres
from simulation.troubles import SEASONS, Trouble

LOCAL = ZoneInfo("Asia/Shanghai")
UTC_OFFSET_H = 8  # all year since 1992
WEEKDAYS = (1.12, 1.05, 1.0, 1.0, 1.05, 0.85, 0.78)
STORM_MONTHS = (6, 7, 8, 9)
STORM_REACH_M = 9_000.0
HOURS: dict[str, tuple[int, ...]] = {
    "day": (2, 1, 1, 1, 1, 2, 5, 9, 13, 15, 14, 11, 9, 10, 11, 11, 11, 12, 12, 11, 9, 7, 5, 3),
    "evening": (3, 2, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 6, 11, 17, 20, 18, 14, 9, 5),
}
"""Calls in each hour of the day, as weights; lamps are missed in the evening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A storm over part of the city."""

    begins: datetime
    hours: float
    eye: tuple[float, float]

    def pull(self, spots: Metres) -> NDArray[np.float64]:
        """How hard it hits each spot, 0 to 1."""
        gap = np.hypot(*(spots - np.array(self.eye)).T)
        force: NDArray[np.float64] = np.exp(-((gap / STORM_REACH_M) ** 2))
        return force


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What to expect of a day: the rate of each trouble, and what a storm adds to it."""

    date: date
    usual: NDArray[np.float64]
    stormy: NDArray[np.float64]
    storm: Storm | None

    @property
    def midnight(self) -> datetime:
        """The day's beginning, local time."""
        return midnight(self.date)


def midnight(on: date) -> datetime:
    """The beginning of a local day."""
    return datetime.combine(on, time(), LOCAL)


def forecast(seed: int, on: date, troubles: tuple[Trouble, ...], storm: Storm | None = None) -> Day:
    """The day's rates; a `storm` given replaces the day's own weather."""
    storm = storm or natural_storm(seed, on)
    weekday = WEEKDAYS[on.weekday()]
    usual = np.array([t.weight * SEASONS[t.season][on.month - 1] * weekday for t in troubles])
    gain = np.array([t.weight * (t.storm - 1.0) for t in troubles])
    return Day(date=on, usual=usual, stormy=gain * (storm.hours / 12 if storm else 0.0), storm=storm)


def natural_storm(seed: int, on: date) -> Storm | None:
    """The storm of that day, if there is one: about a dozen each summer, a few in the rest of the year."""
    rng = np.random.default_rng((seed, on.toordinal(), 7))
    if rng.random() > (0.1 if on.month in STORM_MONTHS else 0.012):
        return None
    begins = midnight(on) + timedelta(hours=float(rng.uniform(2, 15)))
    east, north = rng.normal(0, 0.35, 2) * HALF_AXES
    return Storm(begins=begins, hours=float(rng.uniform(4, 9)), eye=(float(east), float(north)))

"""What happens on a day: which trouble, when, where, who calls, whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.ground import Indices
from simulation.ownership import logged_owners, rightful_owners
from simulation.scene import Happenings, Scene, Seconds
from simulation.seasons import HOURS, Day

REPEATS = 0.12
"""Share of cases that are one more call about another case of the day."""
HASTY = 0.12
"""Share of cases that are told or taken down in a hurry."""
HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S
MAX_LAG_S = 6 * DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What happened, whose it is (`owner`), and what the desk settled on (`logged`) by when (`known`)."""

    happened: Happenings
    owner: Indices
    logged: Indices
    known: Seconds


def draw_cases(scene: Scene, day: Day, usual: int, stormy: int, rng: np.random.Generator) -> Cases:
    """A day's cases: `usual` ones over its hours and the city, `stormy` ones in its storm's hours and reach."""
    trouble, received, blown = _events(scene, day, usual, stormy, rng)
    trouble, caller, premise = _scenes_of(scene, day, trouble, blown, rng)
    streets, outside = scene.streets, _outside(scene)[trouble]
    happened = Happenings(
        trouble=trouble,
        caller=caller,
        premise=premise,
        spot=np.where(outside[:, None], streets.frontage[premise], streets.spot[premise]),
        received=received,
        hasty=rng.random(len(trouble)) < HASTY,
    )
    lag = np.clip(HOUR_S * rng.lognormal(1.7, 1.0, len(received)), HOUR_S / 2, MAX_LAG_S)
    return Cases(
        happened=happened,
        owner=rightful_owners(scene, happened, scene.ground.block_at(happened.spot)),
        logged=logged_owners(scene, happened, rng),
        known=np.floor(received + lag),
    )


def _events(
    scene: Scene, day: Day, usual: int, stormy: int, rng: np.random.Generator
) -> tuple[Indices, Seconds, NDArray[np.bool_]]:
    """Trouble, moment and whether the storm did it, in order of time."""
    trouble = np.concatenate([_pick(day.usual, usual, rng), _pick(day.stormy, stormy, rng)])
    moment = _hours(scene, trouble, rng) * HOUR_S
    blown = np.arange(usual + stormy) >= usual
    if day.storm is not None:
        since_midnight = day.storm.begins.timestamp() - day.midnight.timestamp()
        passing = since_midnight + rng.uniform(0, day.storm.hours * HOUR_S, len(moment))
        moment = np.where(blown, np.minimum(passing, DAY_S - 1), moment)
    order = np.argsort(moment, kind="stable")
    return trouble[order], np.floor(day.midnight.timestamp() + moment[order]), blown[order]


def _scenes_of(
    scene: Scene, day: Day, trouble: Indices, blown: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Indices, Indices, Indices]:
    """Trouble, caller and premise; some cases become a neighbour's call about an earlier one."""
    residents, outside = scene.residents, _outside(scene)
    caller = _callers(scene, day, trouble, blown, rng)
    nearby = rng.integers(0, residents.near.shape[1], (2, len(trouble)))
    premise = residents.door[np.where(outside[trouble], residents.near[caller, nearby[0]], caller)]
    again = rng.random(len(trouble)) < REPEATS
    again[:1] = False
    first = np.flatnonzero(~again)
    before = np.searchsorted(first, np.arange(len(trouble)))
    earlier = np.where(
        again, first[(rng.random(len(trouble)) * before).astype(np.intp)], np.arange(len(trouble))
    )
    trouble = trouble[earlier]
    # Whoever calls about an estate's common parts lives there; other troubles are seen by the neighbours too.
    neighbour = again & ~_in_estates(scene)[trouble]
    caller = np.where(neighbour, residents.near[caller[earlier], nearby[1]], caller[earlier])
    home = again & neighbour & ~outside[trouble]
    return trouble, caller, np.where(home, residents.door[caller], premise[earlier])


def _callers(
    scene: Scene, day: Day, trouble: Indices, blown: NDArray[np.bool_], rng: np.random.Generator
) -> Indices:
    """Anyone for most troubles, residents of estates for theirs, people near the storm for the storm's."""
    residents = scene.residents
    calls, estates = residents.calls, _in_estates(scene)[trouble]
    pull = day.storm.pull(scene.streets.spot[residents.door]) if day.storm is not None else 1.0
    caller = np.empty(len(trouble), np.intp)
    for weights, stormy in ((calls, False), (calls * pull, True)):
        anyone, inside = (blown == stormy) & ~estates, (blown == stormy) & estates
        caller[anyone] = _pick(weights, int(anyone.sum()), rng)
        within = _pick(weights[residents.in_estate], int(inside.sum()), rng)
        caller[inside] = residents.in_estate[within]
    return caller


def _hours(scene: Scene, trouble: Indices, rng: np.random.Generator) -> NDArray[np.float64]:
    """The hour of day of each call, with its fraction."""
    day = _pick(np.array(HOURS["day"], float), len(trouble), rng)
    evening = _pick(np.array(HOURS["evening"], float), len(trouble), rng)
    dark = np.array([t.kind == "streetlights" or t.category == "路灯不亮" for t in scene.troubles])[trouble]
    return np.where(dark, evening, day) + rng.random(len(trouble))


def _outside(scene: Scene) -> NDArray[np.bool_]:
    return np.array([t.at == "road" for t in scene.troubles])


def _in_estates(scene: Scene) -> NDArray[np.bool_]:
    return np.array([t.at == "estate" for t in scene.troubles])


def _pick(weights: NDArray[np.float64], count: int, rng: np.random.Generator) -> Indices:
    """`count` indices drawn by weight, with replacement."""
    if count == 0:
        return np.zeros(0, np.intp)
    bounds = np.cumsum(weights)
    picked: Indices = np.searchsorted(bounds, rng.random(count) * bounds[-1], side="right")
    return picked

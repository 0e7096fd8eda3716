"""The city is founded: ground, streets, residents, offices and what becomes of them over the period."""

from __future__ import annotations

import random
from datetime import datetime

import numpy as np

from simulation.ground import lay_ground
from simulation.offices import found_offices
from simulation.reorganisation import Change, merge, move_border, rename, split
from simulation.residents import settle
from simulation.scene import Scene, appoint_managers
from simulation.seasons import midnight
from simulation.streets import lay_streets
from simulation.troubles import read_troubles

REORGANISATIONS: tuple[tuple[float, Change, str], ...] = (
    (0.25, rename, "water"),
    (0.42, split, "power"),
    (0.58, merge, "drainage"),
    (0.70, move_border, "sanitation"),
    (0.86, split, "roads"),
)
"""When (share of the period), what and to which kind of units."""


def found_scene(
    seed: int, accounts: int, starts: datetime, ends: datetime, offices_with_ground: int | None = None
) -> Scene:
    """The city with `accounts` customers, and all that will have happened to its offices by `ends`.

    `offices_with_ground`: at the beginning (None: as SERVICES has it).
    """
    rng, rand = np.random.default_rng((seed, 0)), random.Random(seed)
    troubles = read_troubles()
    ground = lay_ground(rng, rand)
    streets = lay_streets(ground, accounts, rng, rand)
    residents = settle(ground, streets, accounts, rng, rand)
    offices = found_offices(ground, troubles, rng, offices_with_ground)
    homes = streets.spot[: len(streets.estates)]  # the gates come first
    estates = appoint_managers(offices, ground, homes, starts.timestamp(), ends.timestamp(), rng)
    for share, change, kind in REORGANISATIONS:
        moment = midnight((starts + share * (ends - starts)).date())
        offices = change(offices, kind, moment, ground)
    return Scene(
        seed=seed,
        ground=ground,
        streets=streets,
        residents=residents,
        offices=offices,
        estates=estates,
        troubles=troubles,
    )

"""Compile what routing runs compiled, by routing: `python -m cli.warming`, once after an installation.

Without it the first tickets wait for that, and so does every process of the first training.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

from dataclasses import replace
from itertools import islice

from features.history import History
from features.territories import Territories
from models.ranker import RankerSettings
from models.softmax import SoftmaxSettings
from router.atlas_building import build_atlas
from router.route import facts_alone, learn, route
from router.world import World
from simulation.city import build_city
from training.fitting import Settings, Surroundings, fit

ACCOUNTS, DISPATCHES, TICKETS = 60, 300, 20


def warm() -> None:
    """Teach and route in a small simulated city."""
    city = build_city(1, accounts=ACCOUNTS, dispatches=DISPATCHES)
    log = [replace(dispatch, sequence=i + 1) for i, dispatch in enumerate(city.dispatches)]
    atlas = build_atlas(city.accounts, city.addresses, log)
    around = Surroundings(
        atlas=atlas,
        territories=Territories(city.territories),
        units={unit.unit_id: unit for unit in city.units},
    )
    quick = Settings(
        text_blocks=2,
        ranker=RankerSettings(trees=2, minimum_rows=5, threads=1),
        text=SoftmaxSettings(epochs=1),
    )
    bundle = fit(log, "", around, quick, issued_at=city.ends).bundle
    world = World(
        history=History(bundle.schema),
        units=around.units,
        territories=around.territories,
        atlas=atlas,
        bundle=bundle,
    )
    for dispatch in log:
        learn(dispatch, world)
    for ticket, _ in islice(city.stream(1), TICKETS):
        route(ticket, world)
    first, *others = (facts_alone(dispatch.ticket, atlas, bundle.schema) for dispatch in log[:3])
    world.history.likeness(first, others)


if __name__ == "__main__":
    warm()

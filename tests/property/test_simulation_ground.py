"""Whatever the seed: offices tile the ground, before and after any sequence of reorganisations."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from simulation.ground import lay_ground
from simulation.offices import found_offices, territories
from simulation.reorganisation import Change, merge, move_border, rename, split
from simulation.troubles import KINDS, read_troubles

START = datetime(2025, 1, 1, tzinfo=UTC)
CHANGES: tuple[Change, ...] = (split, merge, rename, move_border)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**31),
    changes=st.lists(st.tuples(st.sampled_from(CHANGES), st.sampled_from(KINDS)), max_size=4),
)
def test_every_block_has_one_open_owner_of_each_kind(seed: int, changes: list[tuple[Change, str]]) -> None:
    rng = np.random.default_rng(seed)
    ground = lay_ground(rng, random.Random(seed))
    offices = found_offices(ground, read_troubles(), rng)
    days = [START + timedelta(days=number) for number in range(1, len(changes) + 1)]
    for day, (change, kind) in zip(days, changes, strict=True):
        offices = change(offices, kind, day, ground)
    units = {unit.unit_id: unit for unit in offices.units}
    drawn = territories(offices, ground)
    for at in (START, *days):
        for kind in KINDS:
            held = [t for t in drawn if t.territory_id.startswith(f"{kind}-") and t.validity.holds(at)]
            polygons = [shape(dict(territory.geometry)) for territory in held]
            assert all(units[territory.unit_id].is_open(at) for territory in held)
            assert all(polygon.is_valid for polygon in polygons)
            assert sum(polygon.area for polygon in polygons) == pytest.approx(ground.outline.area, rel=1e-6)
            assert shapely.coverage_is_valid(polygons)

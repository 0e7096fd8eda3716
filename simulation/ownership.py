"""Whose a case is by right, and what the desk makes of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from simulation.ground import Indices, Metres
from simulation.offices import ARTERIALS, KEY_CUSTOMERS
from simulation.scene import NO_MANAGER, Scene, Seconds
from simulation.seasons import UTC_OFFSET_H
from simulation.troubles import KINDS

PLAIN_MISTAKES, SHARED_MISTAKES, NIGHT_MISTAKES = 0.002, 0.045, 0.08
"""Chance of a wrong unit: plain cases, categories that two kinds of unit share, and any case taken at night."""
NIGHT = (23, 7)
BORDER_BLUR_M = 30.0
FAR_M = 2_500.0


def rightful_owners(
    scene: Scene, trouble: Indices, caller: Indices, premise: Indices, block: Indices, at: Seconds
) -> Indices:
    """Unit indices. Ground decides, but managed estates, arterial roads and key customers have owners of their own."""
    kind = _kind_of(scene)[trouble]
    owner = _ground_owners(scene, kind, block, at)
    outside = np.array([t.at == "road" for t in scene.troubles])[trouble]
    estate = scene.streets.estate[premise]
    manager = np.where(estate >= 0, scene.estates.managers(estate, at), NO_MANAGER)
    arterial = outside & scene.streets.arterial[premise]
    owner = np.where((kind == KINDS.index("property")) & (manager != NO_MANAGER), manager, owner)
    owner = np.where((kind == KINDS.index("roads")) & arterial, scene.offices.index(ARTERIALS.unit_id), owner)
    key = ~outside & scene.residents.key[caller]
    return np.where((kind == KINDS.index("power")) & key, scene.offices.index(KEY_CUSTOMERS.unit_id), owner)


def logged_owners(
    scene: Scene,
    trouble: Indices,
    caller: Indices,
    premise: Indices,
    spot: Metres,
    at: Seconds,
    rng: np.random.Generator,
) -> Indices:
    """What ends in the log: the desk's map is blurred at borders, and now and then the desk is plainly wrong."""
    block = scene.ground.block_at(spot + rng.normal(0, BORDER_BLUR_M, spot.shape))
    settled = rightful_owners(scene, trouble, caller, premise, block, at)
    wrong = rng.random(len(at)) < _carelessness(scene, trouble, at)
    return np.where(wrong, _mistaken_owners(scene, trouble, spot, at, rng), settled)


def _carelessness(scene: Scene, trouble: Indices, at: Seconds) -> NDArray[np.float64]:
    """The chance of a mistake in each case."""
    kinds = {(t.category, t.kind) for t in scene.troubles}
    times = Counter(category for category, _ in kinds)
    shared = np.array([times[t.category] > 1 for t in scene.troubles])[trouble]
    hour = (at // 3600 + UTC_OFFSET_H) % 24
    chance = np.where(shared, SHARED_MISTAKES, PLAIN_MISTAKES)
    return np.where((hour >= NIGHT[0]) | (hour < NIGHT[1]), NIGHT_MISTAKES, chance)


def _mistaken_owners(
    scene: Scene, trouble: Indices, spot: Metres, at: Seconds, rng: np.random.Generator
) -> Indices:
    """Half the mistakes take a unit of another kind, half one that is responsible some kilometres away."""
    kind = _kind_of(scene)[trouble]
    other = (kind + rng.integers(1, len(KINDS), len(kind))) % len(KINDS)
    afar = scene.ground.block_at(spot + rng.normal(0, FAR_M, spot.shape))
    elsewhere = _ground_owners(scene, kind, afar, at)
    another = _ground_owners(scene, other, scene.ground.block_at(spot), at)
    return np.where(rng.random(len(kind)) < 0.5, another, elsewhere)


def _kind_of(scene: Scene) -> NDArray[np.intp]:
    return np.array([KINDS.index(t.kind) for t in scene.troubles])


def _ground_owners(scene: Scene, kind: Indices, block: Indices, at: Seconds) -> Indices:
    owner = np.empty(len(kind), np.intp)
    for index, name in enumerate(KINDS):
        there = kind == index
        owner[there] = scene.offices.owners(name, block[there], at[there])
    return owner

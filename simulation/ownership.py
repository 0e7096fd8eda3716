"""Whose a case is by right, and what the desk makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulation.ground import Indices
from simulation.offices import ARTERIALS, KEY_CUSTOMERS
from simulation.scene import NO_MANAGER, Happenings, Scene, Seconds
from simulation.seasons import UTC_OFFSET_H
from simulation.troubles import KINDS

PLAIN_MISTAKES, SHARED_MISTAKES, NIGHT_MISTAKES, HASTY_MISTAKES = 0.001, 0.006, 0.012, 0.2
"""Chance of a wrong unit: plain cases, categories of two kinds of unit, cases taken at night, or in a hurry."""
NIGHT = (23, 7)
BORDER_BLUR_M = 15.0
FAR_M = 2_500.0


def rightful_owners(scene: Scene, happened: Happenings, block: Indices) -> Indices:
    """Unit indices. Ground decides, but managed estates, arterial roads and key customers have owners of their own."""
    kind = _kind_of(scene)[happened.trouble]
    owner = _ground_owners(scene, kind, block, happened.received)
    outside = np.array([t.at == "road" for t in scene.troubles])[happened.trouble]
    estate = scene.streets.estate[happened.premise]
    manager = np.where(estate >= 0, scene.estates.managers(estate, happened.received), NO_MANAGER)
    arterial = outside & scene.streets.arterial[happened.premise]
    key = ~outside & scene.residents.key[happened.caller]
    owner = np.where((kind == KINDS.index("property")) & (manager != NO_MANAGER), manager, owner)
    owner = np.where((kind == KINDS.index("roads")) & arterial, scene.offices.index(ARTERIALS.unit_id), owner)
    return np.where((kind == KINDS.index("power")) & key, scene.offices.index(KEY_CUSTOMERS.unit_id), owner)


def logged_owners(scene: Scene, happened: Happenings, rng: np.random.Generator) -> Indices:
    """What ends in the log: the desk's map is blurred at borders, and now and then the desk is plainly wrong."""
    blur = rng.normal(0, BORDER_BLUR_M, happened.spot.shape)
    settled = rightful_owners(scene, happened, scene.ground.block_at(happened.spot + blur))
    wrong = rng.random(len(happened)) < _mistake_chance(scene, happened)
    return np.where(wrong, _mistaken_owners(scene, happened, rng), settled)


def _mistake_chance(scene: Scene, happened: Happenings) -> NDArray[np.float64]:
    shared = (_sister_kinds(scene) != _kind_of(scene))[happened.trouble]
    hour = (happened.received // 3600 + UTC_OFFSET_H) % 24
    night = (hour >= NIGHT[0]) | (hour < NIGHT[1])
    chance = np.where(shared, SHARED_MISTAKES, PLAIN_MISTAKES)
    return np.where(happened.hasty, HASTY_MISTAKES, np.where(night, NIGHT_MISTAKES, chance))


def _mistaken_owners(scene: Scene, happened: Happenings, rng: np.random.Generator) -> Indices:
    """Some mistakes take the unit of a kind that shares the category, others one responsible some kilometres away."""
    afar = scene.ground.block_at(happened.spot + rng.normal(0, FAR_M, happened.spot.shape))
    sister = _sister_kinds(scene)[happened.trouble]
    another = _ground_owners(scene, sister, scene.ground.block_at(happened.spot), happened.received)
    elsewhere = _ground_owners(scene, _kind_of(scene)[happened.trouble], afar, happened.received)
    return np.where(rng.random(len(happened)) < 0.5, another, elsewhere)


def _sister_kinds(scene: Scene) -> Indices:
    """For each trouble another kind whose units know its category; its own kind where there is none."""
    known = {(t.category, t.kind) for t in scene.troubles}
    return np.array(
        [
            next((i for i, kind in enumerate(KINDS) if kind != t.kind and (t.category, kind) in known), own)
            for t, own in zip(scene.troubles, _kind_of(scene), strict=True)
        ]
    )


def _kind_of(scene: Scene) -> NDArray[np.intp]:
    return np.array([KINDS.index(t.kind) for t in scene.troubles])


def _ground_owners(scene: Scene, kind: Indices, block: Indices, at: Seconds) -> Indices:
    owner = np.empty(len(kind), np.intp)
    for index, name in enumerate(KINDS):
        there = kind == index
        owner[there] = scene.offices.owners(name, block[there], at[there])
    return owner

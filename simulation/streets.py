"""Roads, estates along them, and premises: the numbered doors where people live and work."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.ground import HALF_AXES, Ground, Indices, Metres
from simulation.naming import Name, estate_names, road_names

METRES_PER_NUMBER = 7.0
ROADS, ARTERIALS = 360, 36


class Door(IntEnum):
    """What a premise is: a street number, a building of an estate, or an estate's gate."""

    STREET = 0
    BUILDING = 1
    GATE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A road as a line of metres; house numbers grow along it."""

    name: Name
    line: Metres
    arterial: bool

    def length(self) -> float:
        """Metres."""
        return float(np.hypot(*np.diff(self.line, axis=0).T).sum())

    def at(self, distance: NDArray[np.float64]) -> Metres:
        """The spot on the road at each distance from its beginning."""
        along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.line, axis=0).T))])
        return np.column_stack([np.interp(distance, along, axis) for axis in self.line.T])


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """Premises as columns: row i of every array is premise i. `number` is the lane's for buildings and gates."""

    roads: tuple[Road, ...]
    estates: tuple[Name, ...]
    road: Indices
    number: Indices
    building: Indices
    door: NDArray[np.int8]
    estate: Indices
    spot: Metres
    frontage: Metres
    block: Indices
    frontage_block: Indices
    arterial: NDArray[np.bool_]


def lay_streets(ground: Ground, premises: int, rng: np.random.Generator, rand: random.Random) -> Streets:
    """`premises` doors: a fifteenth are estate gates, about half are buildings behind them, the rest street numbers."""
    roads = _draw_roads(rng, rand)
    estates = max(premises // 28, 8)
    columns = _number_doors(ground, roads, estates, premises, rng)
    return Streets(
        roads=roads,
        estates=tuple(estate_names(rand, estates)),
        block=ground.block_at(columns["spot"]),
        frontage_block=ground.block_at(columns["frontage"]),
        arterial=np.array([road.arterial for road in roads])[columns["road"]],
        **columns,
    )


def _draw_roads(rng: np.random.Generator, rand: random.Random) -> tuple[Road, ...]:
    """Arterials cross the city, the others are short; all run roughly along one of two directions."""
    drawn = []
    for index, name in enumerate(road_names(rand, ROADS)):
        arterial = index < ARTERIALS
        length = rng.uniform(6_000, 14_000) if arterial else rng.uniform(900, 4_200)
        heading = rng.choice([0.2, 0.2 + np.pi / 2]) + rng.normal(0, 0.12)
        bends = heading + np.cumsum(rng.normal(0, 0.07, 8))
        steps = np.column_stack([np.cos(bends), np.sin(bends)]) * length / 8
        middle = np.clip(rng.normal(0, 0.42, 2), -0.92, 0.92) * HALF_AXES
        line = np.vstack([[0.0, 0.0], np.cumsum(steps, axis=0)])
        drawn.append(Road(name=name, line=line - line.mean(axis=0) + middle, arterial=arterial))
    return tuple(drawn)


def _number_doors(
    ground: Ground, roads: tuple[Road, ...], estates: int, premises: int, rng: np.random.Generator
) -> dict[str, Any]:
    """The columns that `Streets` is made of: gates first, then street numbers, then buildings behind the gates."""
    buildings = premises // 2
    fronts = premises - buildings
    road, number, front = _frontages(ground, roads, fronts, rng)
    aside = rng.normal(0, 1, (fronts, 2))
    aside /= np.hypot(*aside.T)[:, None]
    entrance = front + aside * rng.uniform(8, 30, (fronts, 1))
    behind = np.arange(buildings) % estates
    middle = front[behind] + aside[behind] * rng.uniform(70, 190, (estates, 1))[behind]
    parent = np.concatenate([np.arange(fronts), behind])
    return {
        "road": road[parent],
        "number": number[parent],
        "building": np.concatenate([np.zeros(fronts, np.intp), np.arange(buildings) // estates + 1]),
        "door": np.repeat(
            np.array([Door.GATE, Door.STREET, Door.BUILDING], np.int8), [estates, fronts - estates, buildings]
        ),
        "estate": np.where(parent < estates, parent, -1),
        "spot": np.vstack([entrance, middle + rng.normal(0, 55, (buildings, 2))]),
        "frontage": front[parent],
    }


def _frontages(
    ground: Ground, roads: tuple[Road, ...], count: int, rng: np.random.Generator
) -> tuple[Indices, Indices, Metres]:
    """`count` distinct house numbers well inside the city: road, number and the spot on the road."""
    lengths = np.array([road.length() for road in roads])
    draws = 3 * count
    road = rng.choice(len(roads), draws, p=lengths / lengths.sum())
    number = (rng.uniform(0.0, 1.0, draws) * lengths[road] / METRES_PER_NUMBER).astype(np.intp) + 1
    distinct = np.unique(np.column_stack([road, number]), axis=0)
    road, number = distinct.T
    front = np.empty((len(road), 2))
    for index in range(len(roads)):
        front[road == index] = roads[index].at(number[road == index] * METRES_PER_NUMBER)
    inside = np.flatnonzero(ground.contains(front, margin=500.0))
    chosen = rng.permutation(inside)[:count]
    if len(chosen) < count:
        raise ValueError(f"the roads have room for {len(inside)} house numbers, not for {count}")
    return road[chosen], number[chosen], front[chosen]

"""Units and the ground each owns, kind by kind, as it changes over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, chain, count

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping

from domain.places import Territory
from domain.time import Validity
from domain.units import Unit
from simulation.ground import Ground, Indices, group_blocks, spread_seeds
from simulation.naming import NAMES
from simulation.troubles import KINDS, Trouble, categories_of

SERVICES: Mapping[str, tuple[int, str]] = {
    "power": (11, "供电服务站"),
    "water": (7, "供水管理所"),
    "gas": (5, "燃气服务站"),
    "roads": (6, "道路养护所"),
    "drainage": (7, "排水管理所"),
    "sanitation": (8, "环卫作业所"),
    "streetlights": (4, "路灯管理所"),
    "property": (4, "房管办事处"),
}
"""How many offices of each kind share the city's ground, and what they are called."""

KEY_CUSTOMERS = Unit(unit_id="power-key", name="大客户用电服务中心")
ARTERIALS = Unit(unit_id="roads-city", name="市政干道养护中心")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Which unit (by index) owns each block from a moment on."""

    since: datetime | None
    owner: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """All units there ever were, and each kind's partitions of the ground in time order."""

    units: tuple[Unit, ...]
    partitions: Mapping[str, tuple[Partition, ...]]

    def index(self, unit_id: str) -> int:
        """Where a unit stands in `units`."""
        return next(i for i, unit in enumerate(self.units) if unit.unit_id == unit_id)

    def owners(self, kind: str, blocks: Indices, at: NDArray[np.float64]) -> Indices:
        """The unit that owns that kind of trouble in each block at each moment (POSIX seconds)."""
        changes = [part.since.timestamp() for part in self.partitions[kind] if part.since is not None]
        table = np.stack([part.owner for part in self.partitions[kind]])
        found: Indices = table[np.searchsorted(changes, at, side="right"), blocks]
        return found

    def ground_of(self, kind: str, at: datetime) -> Indices:
        """The partition that holds at a moment: unit index per block."""
        holding = [part for part in self.partitions[kind] if part.since is None or part.since <= at]
        return holding[-1].owner


def found_offices(
    ground: Ground, troubles: tuple[Trouble, ...], rng: np.random.Generator, offices: int | None = None
) -> Offices:
    """The units at the beginning: each kind cuts the ground in its own way; some units own no ground.

    `offices` of them own ground, divided among the kinds in proportion to SERVICES (None: exactly those).
    """
    units: list[Unit] = []
    partitions: dict[str, tuple[Partition, ...]] = {}
    shares = _shares(offices)
    for kind in KINDS:
        number, service = shares[kind], SERVICES[kind][1]
        takes = categories_of(kind, troubles)
        seeds = spread_seeds(ground.sites, number, rng)
        owner = group_blocks(ground.sites, seeds, rng) + len(units)
        partitions[kind] = (Partition(since=None, owner=owner),)
        units += [
            Unit(unit_id=f"{kind}-{number:02d}", name=f"{stem}{service}", kinds=takes)
            for number, stem in enumerate(_stems(ground, seeds), 1)
        ]
    units += [
        replace(KEY_CUSTOMERS, kinds=categories_of("power", troubles)),
        replace(ARTERIALS, kinds=categories_of("roads", troubles)),
    ]
    units += [
        Unit(unit_id=f"property-m{number}", name=name, kinds=categories_of("property", troubles))
        for number, name in enumerate(NAMES["managers"], 1)
    ]
    return Offices(units=tuple(units), partitions=partitions)


def _shares(offices: int | None) -> dict[str, int]:
    """How many offices each kind gets: at least two, and `offices` together where that allows it."""
    usual = {kind: number for kind, (number, _) in SERVICES.items()}
    if offices is None:
        return usual
    whole = sum(usual.values())
    bounds = [round(offices * part / whole) for part in accumulate(usual.values(), initial=0)]
    return {kind: max(2, bounds[i + 1] - bounds[i]) for i, kind in enumerate(usual)}


def territories(offices: Offices, ground: Ground) -> tuple[Territory, ...]:
    """One effective-dated territory for each stretch of time in which a unit's ground stays the same."""
    return tuple(
        territory
        for kind in KINDS
        for territory in _kind_territories(offices.units, offices.partitions[kind], ground)
    )


def _kind_territories(
    units: tuple[Unit, ...], parts: tuple[Partition, ...], ground: Ground
) -> list[Territory]:
    found = []
    for index in np.unique([part.owner for part in parts]):
        held = [part.owner == index for part in parts]
        starts = [i for i in range(len(parts)) if i == 0 or not np.array_equal(held[i], held[i - 1])]
        for number, (first, after) in enumerate(zip(starts, [*starts[1:], len(parts)], strict=True), 1):
            if not held[first].any():
                continue
            polygon = shapely.coverage_union_all(ground.blocks[held[first]])
            until = parts[after].since if after < len(parts) else None
            found.append(
                Territory(
                    territory_id=f"{units[index].unit_id}@{number}",
                    unit_id=units[index].unit_id,
                    geometry=mapping(polygon),
                    kinds=units[index].kinds,
                    validity=Validity(valid_from=parts[first].since, valid_to=until),
                )
            )
    return found


def _stems(ground: Ground, seeds: NDArray[np.float64]) -> list[str]:
    """A name for each seat: its town's, with a direction where two seats share a town."""
    stems: list[str] = []
    for block in ground.block_at(seeds):
        town = ground.towns[ground.block_town[block]].name.zh.removesuffix("街道").removesuffix("镇")
        sides = (town, f"{town}东", f"{town}西", f"{town}南", f"{town}北")
        numbered = (f"{town}第{number}" for number in count(2))
        stems.append(next(stem for stem in chain(sides, numbered) if stem not in stems))
    return stems

"""Everything that stands while cases come and go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.ground import Ground, Indices, Metres, group_blocks, spread_seeds
from simulation.naming import NAMES
from simulation.offices import Offices
from simulation.residents import Residents
from simulation.streets import Streets
from simulation.troubles import Trouble

Seconds = NDArray[np.float64]
"""POSIX seconds."""

MANAGED = 0.7
LOCAL_COMPANY = 0.6
CHANGING_HANDS = 0.04
NO_MANAGER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estates:
    """Which unit manages each estate before and after `changed` (infinite for most); or NO_MANAGER."""

    manager: Indices
    next_manager: Indices
    changed: Seconds

    def managers(self, estate: Indices, at: Seconds) -> Indices:
        """The managing unit's index for each (estate, moment)."""
        return np.where(at < self.changed[estate], self.manager[estate], self.next_manager[estate])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The city as the cases need it. `rate`: cases per unit of a day's weight."""

    seed: int
    ground: Ground
    streets: Streets
    residents: Residents
    offices: Offices
    estates: Estates
    troubles: tuple[Trouble, ...]
    rate: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Happenings:
    """What happened, as columns in order of `received`. `hasty`: taken down in a hurry, so much is missing or wrong."""

    trouble: Indices
    caller: Indices
    premise: Indices
    spot: Metres
    received: Seconds
    hasty: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.trouble)


def appoint_managers(
    offices: Offices,
    ground: Ground,
    homes: Metres,
    begins: float,
    ends: float,
    rng: np.random.Generator,
) -> Estates:
    """Most estates have a property company, often the one strong in that area; a few change hands in mid-period."""
    first, companies, estates = offices.index("property-m1"), len(NAMES["managers"]), len(homes)
    local = group_blocks(homes, spread_seeds(ground.sites, companies, rng), rng)
    manager, heir = rng.integers(0, companies, (2, estates)) + first
    manager = np.where(rng.random(estates) < LOCAL_COMPANY, local + first, manager)
    manager = np.where(rng.random(estates) < MANAGED, manager, NO_MANAGER)
    changing = rng.random(estates) < CHANGING_HANDS
    moment = begins + (ends - begins) * rng.uniform(0.2, 0.8, estates)
    return Estates(manager=manager, next_manager=heir, changed=np.where(changing, moment, np.inf))

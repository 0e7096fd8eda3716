"""What happens to offices: one is split, two are merged, one is renamed, a border moves, an estate changes hands.

Every function answers new `Offices`; a closed unit names its successors, so tickets can follow them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np

from domain.time import Validity
from domain.units import Unit
from simulation.ground import Ground, Indices
from simulation.offices import SERVICES, Offices, Partition

Change = Callable[[Offices, str, datetime, Ground], Offices]


def rename(offices: Offices, kind: str, at: datetime, ground: Ground) -> Offices:  # noqa: ARG001 (a Change)
    """The kind's middling unit gets a new name and number; its ground stays."""
    owner = offices.ground_of(kind, at)
    old = _by_size(owner)[len(np.unique(owner)) // 2]
    stem, service = _words(offices.units[old].name, kind)
    heir = _next_unit(offices, kind, f"{stem}{service[:2]}服务中心", at)
    return _reorganised(offices, kind, at, closing=[old], heirs=[heir], heir_of=np.where(owner == old, 0, -1))


def split(offices: Offices, kind: str, at: datetime, ground: Ground) -> Offices:
    """The kind's largest unit becomes two, cut across its longer side."""
    owner = offices.ground_of(kind, at)
    old = _by_size(owner)[-1]
    held = ground.sites[owner == old]
    axis = int(np.ptp(held, axis=0).argmax())
    far = ground.sites[:, axis] > np.median(held[:, axis])
    sides = (("西", "东"), ("南", "北"))[axis]
    stem, service = _words(offices.units[old].name, kind)
    first = _next_unit(offices, kind, f"{stem}{sides[0]}{service}", at)
    second = _next_unit(offices, kind, f"{stem}{sides[1]}{service}", at, skip=1)
    heir_of = np.where(owner == old, far.astype(np.intp), -1)
    return _reorganised(offices, kind, at, closing=[old], heirs=[first, second], heir_of=heir_of)


def merge(offices: Offices, kind: str, at: datetime, ground: Ground) -> Offices:
    """The kind's smallest unit and its nearest neighbour become one."""
    owner = offices.ground_of(kind, at)
    small = _by_size(owner)[0]
    other = _nearest(owner, small, ground)
    stem, service = _words(offices.units[small].name, kind)
    heir = _next_unit(offices, kind, f"{stem}联合{service}", at)
    heir_of = np.where(np.isin(owner, [small, other]), 0, -1)
    return _reorganised(offices, kind, at, closing=[small, other], heirs=[heir], heir_of=heir_of)


def move_border(offices: Offices, kind: str, at: datetime, ground: Ground) -> Offices:
    """The kind's largest unit gives the quarter of its blocks nearest to a neighbour to that neighbour."""
    owner = offices.ground_of(kind, at)
    large = _by_size(owner)[-1]
    other = _nearest(owner, large, ground)
    distance = np.hypot(*(ground.sites - ground.sites[owner == other].mean(axis=0)).T)
    near = (owner == large) & (distance < np.quantile(distance[owner == large], 0.25))
    return _with_partition(offices, kind, Partition(since=at, owner=np.where(near, other, owner)))


def _reorganised(
    offices: Offices, kind: str, at: datetime, closing: list[int], heirs: list[Unit], heir_of: Indices
) -> Offices:
    """Close units, open their heirs and give them the ground: block i goes to heir `heir_of[i]`, -1 stays."""
    units = list(offices.units)
    for index in closing:
        validity = replace(units[index].validity, valid_to=at)
        successors = tuple(heir.unit_id for heir in heirs)
        units[index] = replace(units[index], validity=validity, successors=successors)
    owner = np.where(heir_of < 0, offices.ground_of(kind, at), len(units) + heir_of)
    grown = replace(offices, units=(*units, *heirs))
    return _with_partition(grown, kind, Partition(since=at, owner=owner))


def _with_partition(offices: Offices, kind: str, part: Partition) -> Offices:
    return replace(offices, partitions={**offices.partitions, kind: (*offices.partitions[kind], part)})


def _next_unit(offices: Offices, kind: str, name: str, at: datetime, skip: int = 0) -> Unit:
    of_kind = [u for u in offices.units if u.unit_id.startswith(f"{kind}-") and u.unit_id[-2:].isdecimal()]
    number = len(of_kind) + 1 + skip
    return Unit(
        unit_id=f"{kind}-{number:02d}", name=name, kinds=of_kind[0].kinds, validity=Validity(valid_from=at)
    )


def _words(name: str, kind: str) -> tuple[str, str]:
    """A unit's name as its place and its service."""
    service = SERVICES[kind][1]
    return name.removesuffix(service), service


def _by_size(owner: Indices) -> list[int]:
    """The owners, smallest ground first; equals by index."""
    owners, blocks = np.unique(owner, return_counts=True)
    return [int(index) for index in owners[np.argsort(blocks, kind="stable")]]


def _nearest(owner: Indices, index: int, ground: Ground) -> int:
    """The owner whose ground's middle lies nearest to that of owner `index`."""
    middle = ground.sites[owner == index].mean(axis=0)
    others = [int(other) for other in np.unique(owner) if other != index]
    gaps = [float(np.hypot(*(ground.sites[owner == other].mean(axis=0) - middle))) for other in others]
    return others[int(np.argmin(gaps))]

"""What a gazetteer answers with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.places import Point
from features.addresses.parts import NumberKind

NUMBER_KINDS = tuple(NumberKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A known address. `point` is None where nobody knows it; `accounts` are the numbers of accounts there."""

    row: int
    address: str
    point: Point | None
    district: str | None = None
    name: str | None = None
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NameMatch:
    """A known name (of a road, an estate …) like the one asked for; likelihood in 0 to 1, 1 for the same name."""

    name_id: int
    name: str
    likelihood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A known address that may be the one asked for. `exact`: in all that both of them say."""

    entry: Entry
    likelihood: float
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEntries:
    """The known addresses along one road, by number; arrays of shape (n,).

    `kind` indexes NUMBER_KINDS; `low` and `high` are the main number's ends (0: none); `points`: (latitude, longitude)
    in degrees, shape (n, 2), NaN where unknown; `rows` are the entries' rows; `area` is an id of the entry's narrowest
    named area (-1: none), for roads of one name in several towns.
    """

    kind: NDArray[np.uint8]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    points: NDArray[np.float64]
    rows: NDArray[np.int64]
    area: NDArray[np.int32]

"""The radius that holds 90 % of the truths around a guess: by its precision, then by how probable it is.

Guesses of one precision err alike, those of different precision do not: a known building errs by nothing, a number
between two others by some doors. A radius set on both together holds too many of the one and too few of the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.places import Precision
from models.place_spots import Spot

Floats = NDArray[np.float64]
Group = tuple[float, float]  # least probability, radius / standard deviation

LEVEL = 0.9
SIZE, MOST = 120, 8  # guesses in a group at least; groups of one kind
ENOUGH = 20  # guesses for a group of all the rest
LEAST_M = 5.0
UNFITTED = 4.0
OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Radii:
    """Groups of each kind of guess, by descending probability; a cautious default where nothing was learnt."""

    groups: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)

    @classmethod
    def fit(cls, guesses: Sequence[Spot], probability: Floats, error_m: Floats) -> Radii:
        """By guesses of other addresses, each with its probability and how far it was off; conformal in each group.

        Kinds with too few guesses are taken together, or all kinds where those are few, too.
        """
        kinds = np.array([_kind(guess) for guess in guesses])
        ratio = error_m / np.array([guess.scale_m for guess in guesses])
        names, counts = np.unique(kinds, return_counts=True)
        many = names[counts >= SIZE].tolist()
        chosen = {name: kinds == name for name in many}
        few = ~np.isin(kinds, many)
        # a known place says nothing of how far others are off
        chosen[OTHERS] = few if few.sum() >= SIZE else kinds != Precision.EXACT
        return cls(
            groups={
                name: _groups(probability[own], ratio[own])
                for name, own in chosen.items()
                if own.sum() >= ENOUGH
            }
        )

    def radius_m(self, guess: Spot, probability: float) -> float:
        """Metres."""
        groups = self.groups.get(_kind(guess)) or self.groups.get(OTHERS) or ((0.0, UNFITTED),)
        factor = next((factor for least, factor in groups if probability >= least), groups[-1][1])
        return max(LEAST_M, guess.scale_m * factor)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {kind: [list(group) for group in groups] for kind, groups in self.groups.items()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Radii:
        """What `to_dict` gave."""
        return cls(
            groups={
                kind: tuple((float(least), float(factor)) for least, factor in groups)
                for kind, groups in stored.items()
            }
        )


def _kind(guess: Spot) -> str:
    if guess.precision is Precision.EXACT and guess.spread_m > 0:
        return "disputed"  # one address at several points
    return f"{guess.precision}{' voted' if guess.voted else ''}"


def _groups(probability: Floats, ratio: Floats) -> tuple[Group, ...]:
    """About SIZE guesses or more each, with the conformal quantile of their ratios."""
    order = np.argsort(-probability, kind="stable")
    parts = np.array_split(order, max(1, min(MOST, len(order) // SIZE)))
    least = np.unique([probability[part].min() for part in parts])
    group_of = np.searchsorted(least, probability, "right")  # equals stay together
    found = []
    for group, bound in reversed(list(enumerate(least.tolist(), 1))):
        own = np.sort(ratio[group_of == group])
        rank = min(math.ceil(LEVEL * (len(own) + 1)), len(own)) - 1
        found.append((bound, float(own[rank])))
    return tuple(found)

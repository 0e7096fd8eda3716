"""Strata of the certificate: a few groups of tickets, fixed before any label of the certificate's slice is looked at.

A partition: each ticket is in the first group that applies (safety-critical kinds, then a large unit of its own, then
how its place is known), so that each automatic dispatch stands under exactly one certificate. Everything here is a
function of what is known of a ticket before its outcome is: kind, source of the place, first candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.places import LocationSource
from features.text import normalise

POOLED = "pooled"
ACCOUNT, PLACE, TEXT = "account-known", "place-known", "text-only"
SMALLEST = 1_000

_KNOWN_BY = {
    LocationSource.ACCOUNT: ACCOUNT,
    LocationSource.ADDRESS: PLACE,
    LocationSource.COORDINATES: PLACE,
    # where a caller lives, or what a text mentions, need not be where the trouble is
    LocationSource.CALLER: TEXT,
    LocationSource.TEXT: TEXT,
    LocationSource.NONE: TEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the operator allows: at most `alpha` misrouted, with `confidence` for all statements together.

    `kinds`: stricter budgets of safety-critical kinds, as {"gas": 0.002}; kinds of one budget share one group.
    `by_place`, `by_unit`: whether the rest is divided by how the place is known, and large units are held to the budget
    each by itself. Raises ValueError where a kind's budget is laxer than the whole.
    """

    alpha: float = 0.01
    confidence: float = 0.95
    kinds: Mapping[str, float] = field(default_factory=dict)
    by_place: bool = False
    by_unit: bool = False

    def __post_init__(self) -> None:
        lax = {kind: alpha for kind, alpha in self.kinds.items() if not 0.0 < alpha <= self.alpha}
        if lax:
            raise ValueError(f"budgets of kinds must be above 0 and at most {self.alpha:g}: {lax}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the group of a ticket hangs on. `kinds`: its category and signals; `unit`: its first candidate."""

    kinds: frozenset[str] = frozenset()
    source: LocationSource = LocationSource.NONE
    unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """The partition. `kinds`: safety-critical kind to its budget; `units`: those with a group of their own.

    `places`: how a place is known to the name of its group; empty: everything else is one pooled group.
    """

    alpha: float
    kinds: Mapping[str, float] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def group(self, traits: Traits) -> str:
        """The name of the first group that applies."""
        strict = [self.kinds[kind] for kind in map(normalise, traits.kinds) if kind in self.kinds]
        if strict:
            return _safety(min(strict))
        if traits.unit in self.units:
            return f"unit:{traits.unit}"
        return self.places.get(_KNOWN_BY[traits.source], POOLED)

    @property
    def alphas(self) -> dict[str, float]:
        """The budget of each group, in the order in which groups apply."""
        strict = {_safety(alpha): alpha for alpha in sorted({*self.kinds.values()})}
        own = {f"unit:{unit}": self.alpha for unit in self.units}
        return strict | own | dict.fromkeys(self.places.values() or [POOLED], self.alpha)

    def rides(self, unit: str) -> bool:
        """Whether the unit has no certificate of its own: it may be worse than the budget, its group may not."""
        return unit not in self.units

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Strata:
        """The inverse of `to_dict`."""
        return cls(**{**stored, "units": tuple(stored["units"])})


def divide(budget: Budget, calibration: Sequence[Traits]) -> Strata:
    """Groups for the tickets of the certificate's slice: by their number alone, never by their outcomes."""
    kinds = {normalise(kind): alpha for kind, alpha in budget.kinds.items()}
    strata = Strata(alpha=budget.alpha, kinds=kinds)
    rest = [one for one in calibration if strata.group(one) == POOLED]
    units = tuple(sorted(_large(one.unit for one in rest))) if budget.by_unit else ()
    left = [_KNOWN_BY[one.source] for one in rest if one.unit not in units]
    places = _places(Counter(left)) if budget.by_place else {}
    return Strata(alpha=budget.alpha, kinds=kinds, units=units, places=places)


def _large(units: Iterable[str | None]) -> list[str]:
    return [unit for unit, rows in Counter(units).items() if unit is not None and rows >= SMALLEST]


def _places(rows: Counter[str]) -> dict[str, str]:
    """Each way of knowing a place to its group; those with few tickets join the largest."""
    ways = (ACCOUNT, PLACE, TEXT)
    largest = max(ways, key=lambda way: rows[way])
    return {way: way if rows[way] >= SMALLEST else largest for way in ways}


def _safety(alpha: float) -> str:
    return f"safety:{alpha:g}"

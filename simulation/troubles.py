"""What goes wrong: categories, the kind of unit that owns each, and the words people have for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from simulation.stock import read_stock

KINDS = ("power", "water", "gas", "roads", "drainage", "sanitation", "streetlights", "property")

Setting = Literal["home", "estate", "road"]
"""At the caller's own door, in the common parts of an estate, or in the street."""

SEASONS: dict[str, tuple[float, ...]] = {
    "even": (1.0,) * 12,
    "summer": (0.9, 0.8, 0.7, 0.7, 0.9, 1.4, 2.2, 2.1, 1.3, 0.8, 0.7, 0.9),
    "winter": (2.0, 1.8, 1.2, 0.9, 0.7, 0.6, 0.6, 0.6, 0.7, 0.9, 1.2, 1.8),
    "rain": (0.7, 0.8, 1.0, 1.1, 1.3, 1.8, 1.6, 1.6, 1.4, 0.8, 0.7, 0.6),
    "spring": (1.1, 1.4, 1.6, 1.4, 1.1, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.9),
    "autumn": (0.7, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.7, 2.2, 1.4),
}
"""Month by month, January first: how many times its yearly mean a trouble comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that goes wrong. `storm`: how many times as often it comes while a storm blows."""

    category: str
    kind: str
    at: Setting
    weight: float
    zh: tuple[str, ...]
    en: tuple[str, ...]
    season: str = "even"
    storm: float = 1.0


def read_troubles() -> tuple[Trouble, ...]:
    """All troubles of the stock."""
    return tuple(_trouble(row) for row in read_stock("troubles")["trouble"])


def categories_of(kind: str, troubles: tuple[Trouble, ...]) -> frozenset[str]:
    """The kind and every category whose troubles its units take: some belong to two kinds."""
    return frozenset({kind, *(trouble.category for trouble in troubles if trouble.kind == kind)})


def _trouble(row: dict[str, Any]) -> Trouble:
    return Trouble(**{**row, "zh": tuple(row["zh"]), "en": tuple(row["en"])})

"""Strict budgets by the keys of the kinds that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.dispatches import Dispatch
from domain.rules import Rule
from domain.units import Unit
from router.kinds import categories_named, categories_of, kind_of


def strict_kinds(
    named: Mapping[str, float], dispatches: Iterable[Dispatch], units: Iterable[Unit], rules: Iterable[Rule]
) -> dict[str, float]:
    """The budgets by key, the smaller where two names are of one kind. Raises InvalidInput where a name is of none."""
    if not named:
        return {}
    categories = categories_named(units, rules) | set(categories_of(dispatches))
    found: dict[str, float] = {}
    for name, alpha in named.items():
        key = kind_of(name, categories, field="strict")
        found[key] = min(alpha, found.get(key, alpha))
    return found

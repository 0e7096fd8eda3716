"""Which few kinds of evidence the many features are of: what a person can weigh."""

from __future__ import annotations

import re
from collections.abc import Iterable

from features.resemblance import KERNELS

GROUPS = (
    "address",
    "account",
    "street",
    "area",
    "kind",
    "attribute",
    "similar",
    "nearby",
    "words",
    "name",
    "territory",
    "unit",
    "other",
)
# of features that are of no key and no kernel, by the beginning of their name without "ahead_"
_BEGINNINGS = {
    "text": "words",
    "word": "words",
    "family": "words",
    "name": "name",
    "territory": "territory",
    "place": "area",
    "unit": "unit",
}
_NAME = re.compile(r"(?:ahead_)?(?P<what>\w+)(?:\[(?P<of>.+)\])?")
_CELL = re.compile(r"h3_\d+")


def group_of(feature: str) -> str:
    """The one of GROUPS that a feature belongs to, by its name in the table."""
    match = _NAME.fullmatch(feature)
    if match is None:
        return "other"
    what, of = match["what"], match["of"]
    if of is None:
        return next((group for start, group in _BEGINNINGS.items() if what.startswith(start)), "other")
    if of in KERNELS:
        return "nearby" if of.startswith("place") else "similar"
    return _of_key(of.split("*"))


def _of_key(parts: list[str]) -> str:
    """By the narrowest part: a kind of trouble at an address is of the address."""
    place = parts[-1]
    if place in ("address", "account", "street"):
        return place
    if _CELL.fullmatch(place):
        return "area"
    return "kind" if place == "category" else "attribute"


def by_group(contributions: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Sums of the features of each group, in the order of GROUPS; groups without features are left out."""
    sums: dict[str, float] = {}
    for feature, value in contributions:
        group = group_of(feature)
        sums[group] = sums.get(group, 0.0) + value
    return {group: sums[group] for group in GROUPS if group in sums}

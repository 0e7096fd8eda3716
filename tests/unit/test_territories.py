"""Who owns the ground, by place, kind and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from domain.places import Point
from domain.time import Validity
from features.territories import Territories
from tests.estimators import at
from tests.serving import IN_NORTH, IN_SOUTH, square

ANY = square("t-any", "north", 31.2)
WATER = replace(square("t-water", "water", 31.2), kinds=frozenset({"Water Leak"}))
ENDED = replace(square("t-ended", "old", 31.2), validity=Validity(valid_to=at(0)))
ALL = Territories([WATER, ANY, ENDED, square("t-south", "south", 31.1)])
BORDER = Point(latitude=31.2, longitude=121.45)
OUTSIDE = Point(latitude=31.5, longitude=121.45)


@pytest.mark.parametrize(
    ("point", "kind", "when", "owners"),
    [
        (IN_NORTH, "water leak", at(1), ["north", "water"]),
        (IN_NORTH, "pothole", at(1), ["north"]),
        (IN_NORTH, None, at(1), ["north", "water"]),
        (IN_NORTH, "", at(1), ["north", "water"]),
        (IN_NORTH, "pothole", at(-1), ["north", "old"]),
        (IN_NORTH, "pothole", at(0), ["north"]),
        (IN_SOUTH, "pothole", at(1), ["south"]),
        (BORDER, "pothole", at(1), ["north", "south"]),
        (OUTSIDE, "pothole", at(1), []),
        (None, "pothole", at(1), []),
    ],
)
def test_owners(point: Point | None, kind: str | None, when: datetime, owners: list[str]) -> None:
    assert sorted(t.unit_id for t in ALL.owners(point, kind, when)) == owners


def test_the_version_tells_the_ground_not_its_order() -> None:
    assert Territories([ANY, WATER]).version == Territories([WATER, ANY]).version
    moved = square("t-any", "north", 31.3)
    others = [ENDED, replace(ANY, kinds=frozenset({"gas"})), replace(ANY, unit_id="south"), moved]
    versions = {Territories([one]).version for one in (ANY, *others)}
    assert len(versions) == len(others) + 1


def test_no_ground_has_no_owner() -> None:
    nothing = Territories()
    assert (len(nothing), nothing.version, nothing.unit_ids) == (0, "", [])
    assert nothing.owners(IN_NORTH, None, at(0)) == []

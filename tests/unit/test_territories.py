"""Who owns the ground, by place, kind and time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from shapely import box
from shapely.geometry import mapping

from domain.places import Point, Territory
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


def test_owners_of_several_places() -> None:
    places = [IN_NORTH, OUTSIDE, IN_SOUTH]
    owners = ALL.owners_of_places(places, "pothole", at(1))
    assert [[t.unit_id for t in found] for found in owners] == [["north"], [], ["south"]]


TOWN = box(121.0, 31.0, 121.2, 31.2)
PARK = box(121.05, 31.05, 121.1, 31.1)
KEPT_OUT = Territories(
    Territory(territory_id=unit, unit_id=unit, geometry=mapping(ground))
    for unit, ground in {
        "town": TOWN - PARK,
        "park": PARK,
        "region": TOWN,
        "sliver": box(121, 31, 121.2, 31),
    }.items()
)


@pytest.mark.parametrize(
    ("longitude", "latitude", "owners"),
    [
        (121.15, 31.15, ["region", "town"]),
        (121.07, 31.07, ["park", "region"]),
        (121.05, 31.07, ["park", "region", "town"]),  # on the enclave's border
        (121.05, 31.05, ["park", "region", "town"]),  # at its corner
        (121.1, 31.0, ["region", "sliver", "town"]),
        (121.1, 30.9999999, []),
    ],
)
def test_an_enclave_is_not_its_surroundings(longitude: float, latitude: float, owners: list[str]) -> None:
    point = Point(latitude=latitude, longitude=longitude)
    assert [t.unit_id for t in KEPT_OUT.owners(point, None, at(0))] == owners


def test_the_way_to_the_edge() -> None:
    middle = Point(
        latitude=31.25, longitude=121.45
    )  # 0.05 degrees from every border; those of longitude are shorter
    assert ALL.distance_to_edge_m(middle, "t-any") == pytest.approx(4753, abs=2)
    assert ALL.distance_to_edge_m(BORDER, "t-any") == 0
    assert ALL.distance_to_edge_m(OUTSIDE, "t-any") == pytest.approx(22239, abs=2)
    with pytest.raises(KeyError):
        ALL.distance_to_edge_m(middle, "nobody")

"""Who owns the ground at every place where a ticket may be."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from domain.places import Location, LocationSource, Place, Point, Precision
from features.table import NOWHERE
from features.territories import Territories
from router.ground import believed, contested, grounds
from tests.estimators import START
from tests.serving import IN_NORTH, IN_SOUTH, square

NORTH, SOUTH = square("n", "north", 31.2), square("s", "south", 31.1)
ABROAD = Point(latitude=40.0, longitude=121.45)


def located(*places: tuple[Point, float]) -> Location:
    found = tuple(
        Place(point=point, probability=share, radius_m=50.0, precision=Precision.EXACT)
        for point, share in places
    )
    return Location(
        source=LocationSource.ADDRESS if found else LocationSource.NONE,
        point=found[0].point if found else None,
        places=found,
    )


@pytest.mark.parametrize(
    ("places", "owners", "disputed"),
    [
        ((), [[]], False),
        (((IN_NORTH, 0.9),), [["north"]], False),
        (((ABROAD, 0.9),), [[]], False),
        (((IN_NORTH, 0.6), (IN_SOUTH, 0.3)), [["north"], ["south"]], True),
        # too unlikely to be left to a person, or too near to be another place
        (((IN_NORTH, 0.9), (IN_SOUTH, 0.04)), [["north"]], False),
        (((IN_NORTH, 0.6), (replace(IN_NORTH, latitude=31.253), 0.3)), [["north"]], False),
        (((IN_NORTH, 0.6), (replace(IN_NORTH, latitude=31.27), 0.3)), [["north"], ["north"]], False),
        # somewhere that nobody owns may be anybody's
        (((IN_NORTH, 0.6), (ABROAD, 0.3)), [["north"], []], True),
        (((ABROAD, 0.6), (replace(ABROAD, latitude=41.0), 0.3)), [[], []], True),
    ],
)
def test_owners_of_every_plausible_place(
    places: tuple[tuple[Point, float], ...], owners: list[list[str]], disputed: bool
) -> None:
    owned = grounds(located(*places), Territories([NORTH, SOUTH]), None, START)
    assert [[t.unit_id for t in ground] for ground in owned] == owners
    assert contested(owned) is disputed


def test_overlapping_ground_is_one_owner_only_where_all_of_it_is_the_same() -> None:
    both = replace(NORTH, territory_id="n2", unit_id="gas")
    here, there = (IN_NORTH, 0.6), (replace(IN_NORTH, latitude=31.27), 0.3)
    assert not contested(grounds(located(here, there), Territories([NORTH, both]), None, START))
    assert contested(grounds(located(here, (IN_SOUTH, 0.3)), Territories([NORTH, both, SOUTH]), None, START))


def test_each_owner_is_as_likely_as_its_places() -> None:
    lamps = replace(NORTH, territory_id="n2", unit_id="lamps")
    ground = Territories([NORTH, lamps, SOUTH])
    north_again = replace(IN_NORTH, latitude=31.27)
    location = located((IN_NORTH, 0.5), (IN_SOUTH, 0.25), (north_again, 0.125), (ABROAD, 0.0625))
    owned = grounds(location, ground, None, START)
    assert believed(location, owned, ground).owners == {"north": 0.625, "lamps": 0.625, "south": 0.25}


def test_the_spot_is_the_likeliest_place() -> None:
    ground = Territories([NORTH, SOUTH])
    location = located((IN_NORTH, 0.6), (IN_SOUTH, 0.3))
    spot = believed(location, grounds(location, ground, None, START), ground).spot
    assert (spot.radius_m, spot.probability) == (50.0, 0.6)
    assert spot.edge_m == ground.distance_to_edge_m(IN_NORTH, "n")


def test_nobody_s_ground_has_no_edge_and_no_place_has_no_spot() -> None:
    ground = Territories([NORTH, SOUTH])
    abroad, nowhere = located((ABROAD, 0.9)), located()
    found = believed(abroad, grounds(abroad, ground, None, START), ground)
    assert (found.owners, found.spot.radius_m, math.isnan(found.spot.edge_m)) == ({}, 50.0, True)
    assert believed(nowhere, grounds(nowhere, ground, None, START), ground).spot is NOWHERE

"""The same trouble given with only an account, only an address or only coordinates reaches the same unit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.decisions import Decision
from domain.places import Account, LocationSource
from domain.tickets import Ticket
from models.bundle import digest_of
from router.route import learn, route
from router.world import World
from simulation.city import City
from tests.estimators import log_of, surroundings_of, world_of
from training.fitting import Fitted

TROUBLES = (
    ("停电", "突然没电了，请尽快派人来看一下"),
    ("停水", "水龙头没水"),
    (None, "路灯不亮，晚上黑漆漆的"),
    ("下水道堵塞", "下水道堵了往外冒"),
)
SOURCES = [LocationSource.ACCOUNT, LocationSource.ADDRESS, LocationSource.COORDINATES]
LIKELY = 0.8


@pytest.fixture(scope="module")
def world(city: City, fitted: Fitted) -> World:
    """The city's present, with all of its past and the model learnt from it."""
    bundle = replace(fitted.bundle, digest=digest_of(fitted.bundle))
    world = world_of(surroundings_of(city), bundle)
    for dispatch in log_of(city):
        learn(dispatch, world)
    return world


def mapped(city: City, world: World) -> list[Account]:
    """Accounts that have a point, at addresses that the book knows."""
    known = (a for a in city.accounts if a.point and world.atlas.gazetteer.point(a.address))
    return list(known)[:60]


def three_ways(account: Account, trouble: tuple[str | None, str], city: City, world: World) -> list[Decision]:
    """The decisions of a trouble at the account's place: told by account, by address, by coordinates."""
    told = Ticket(ticket_id="t", received_at=city.ends, category=trouble[0], text=trouble[1])
    ways = (
        replace(told, account=account.account_id),
        replace(told, address=account.address),
        replace(told, point=account.point),
    )
    return [route(ticket, world) for ticket in ways]


def test_the_place_and_its_owners_are_the_same(city: City, world: World) -> None:
    for account in mapped(city, world):
        found = three_ways(account, TROUBLES[0], city, world)
        assert [decision.location.source for decision in found] == SOURCES
        assert {decision.location.point for decision in found} == {account.point}


def test_the_unit_is_the_same(city: City, world: World) -> None:
    found = [
        three_ways(account, trouble, city, world) for account in mapped(city, world) for trouble in TROUBLES
    ]
    likely = [ways for ways in found if max(decision.probability or 0 for decision in ways) >= LIKELY]
    assert len(found) / 3 < len(likely) < len(found)
    assert all(len({decision.unit_id for decision in ways}) == 1 for ways in found)


def test_without_a_model_the_proposal_is_the_same_where_one_unit_owns_the_ground(
    city: City, world: World
) -> None:
    bare = replace(world, bundle=None)
    agreed = 0
    for account in mapped(city, world):
        found = three_ways(account, ("水质", "水是黄的"), city, bare)
        owners = world.territories.owners(account.point, "水质", city.ends)
        assert len({tuple(decision.location.witnesses[0].point for decision in found)}) == 1
        if len({owner.unit_id for owner in owners}) == 1:
            assert {decision.unit_id for decision in found} == {owners[0].unit_id}
            agreed += 1
    assert agreed >= 30

"""The way of a ticket, whole: pure, without failure on anything written, useful without a model."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decisions import Policy, Reason, Verdict
from domain.places import Point
from domain.tickets import Ticket
from domain.units import Unit
from features.gazetteer import Gazetteer
from features.history import History
from features.territories import Territories
from router.atlas import Atlas
from router.route import learn, route
from router.rules import RuleBook
from router.world import World
from simulation.city import City
from tests.estimators import a_dispatch, a_ticket, log_of, place, surroundings_of, world_of
from tests.serving import ACCOUNTS, IN_NORTH, IN_SOUTH, NOW, RULES, UNITS, square
from training.fitting import Fitted


@pytest.fixture(scope="module")
def taught(city: City, fitted: Fitted) -> World:
    """The city's world with its model, after the first 300 outcomes."""
    world = world_of(surroundings_of(city), fitted.bundle)
    for dispatch in log_of(city)[:300]:
        learn(dispatch, world)
    return world


def office() -> World:
    """A small office without model or history; `old` has closed, and the north took over."""
    ground = [square("t-north", "north", 31.2), square("t-south", "south", 31.1)]
    return World(
        history=History(),
        units={unit.unit_id: unit for unit in UNITS},
        territories=Territories([*ground, square("t-old", "old", 31.3)]),
        atlas=Atlas(Gazetteer(ACCOUNTS)),
        rules=RuleBook(RULES),
    )


def test_the_same_ticket_and_world_give_the_same_decision_and_change_nothing(
    taught: World, city: City
) -> None:
    before = copy.deepcopy(taught.history.__dict__)
    tickets = [dispatch.ticket for dispatch in city.dispatches[300:340]]
    first = [route(ticket, taught) for ticket in tickets]
    assert [route(ticket, taught) for ticket in reversed(tickets)] == first[::-1]
    after = taught.history.__dict__
    assert set(before) == set(after)
    assert (before["unit_ids"], before["sequence"]) == (after["unit_ids"], after["sequence"])
    assert before["overall"].by_unit == after["overall"].by_unit
    for old, new in zip(before["_tallies"], after["_tallies"], strict=True):
        assert {key: tally.by_unit for key, tally in old.items()} == {k: t.by_unit for k, t in new.items()}


def test_a_decision_names_what_it_stands_on(taught: World, city: City, fitted: Fitted) -> None:
    decision = route(city.dispatches[300].ticket, taught)
    assert decision.history_sequence == 300
    assert decision.bundle_digest == fitted.bundle.digest
    assert decision.territory_version == taught.territories.version
    assert decision.probability == decision.ranking.confidence


def test_the_next_ticket_feels_an_outcome() -> None:
    world = office()
    nowhere = a_ticket(1, "pothole")
    assert route(nowhere, world).verdict is Verdict.HOLD
    learn(a_dispatch(nowhere, "south", sequence=1), world)
    decision = route(a_ticket(2, "pothole"), world)
    assert (decision.unit_id, decision.history_sequence) == ("south", 1)


@pytest.mark.parametrize(
    ("ticket", "verdict", "unit_id", "reasons"),
    [
        ({"text": "Gas leak"}, "dispatch", "gas", "rule"),
        ({"text": "it was in the newspaper", "point": IN_SOUTH}, "review", "south", "rule_never_automatic"),
        ({"point": IN_NORTH}, "review", "north", "no_model territory"),
        ({"account": "310042"}, "review", "north", "no_model territory"),
        ({"address": "1 north road"}, "review", "north", "no_model territory"),
        ({"point": Point(latitude=31.35, longitude=121.45)}, "review", "north", "no_model territory"),
        ({"point": Point(latitude=0, longitude=0)}, "hold", None, "no_candidate place_unknown"),
        ({}, "hold", None, "no_candidate place_unknown"),
        ({"account": "310042", "point": IN_SOUTH}, "review", "north", "no_model territory place_conflict"),
    ],
)
def test_without_a_model_a_rule_the_ground_or_a_person_decides(
    ticket: dict[str, object], verdict: str, unit_id: str | None, reasons: str
) -> None:
    asked = replace(a_ticket(1, hours=0), received_at=NOW + timedelta(hours=1), **ticket)  # type: ignore[arg-type]
    decision = route(asked, office())
    assert (decision.verdict.value, decision.unit_id) == (verdict, unit_id)
    assert decision.reasons == tuple(Reason(reason) for reason in reasons.split())
    assert decision.probability is None


def test_a_unit_that_has_only_ground_is_a_candidate_on_its_first_day(taught: World) -> None:
    fresh = Unit(unit_id="fresh", name="Fresh")
    ground = square("t-fresh", "fresh", 31.1)
    world = replace(
        taught,
        units={**taught.units, "fresh": fresh},
        territories=Territories([ground]),
        history=taught.history,
    )
    decision = route(a_ticket(1, "路灯不亮", point=IN_SOUTH), world)
    found = {candidate.unit_id: candidate for candidate in decision.ranking.candidates}
    assert found["fresh"].probability is not None


@pytest.fixture
def certain(taught: World) -> World:
    """The taught world, certified for every ticket."""
    assert taught.bundle is not None
    certificate = replace(taught.bundle.certificate, threshold=0.0)
    return replace(taught, bundle=replace(taught.bundle, certificate=certificate))


def test_automation_is_the_operators_to_allow(certain: World, city: City) -> None:
    ticket = city.dispatches[300].ticket
    assert route(ticket, certain).reasons == (Reason.CERTIFIED,)
    off = replace(certain, policy=Policy(automation=False))
    assert route(ticket, off).reasons == (Reason.AUTOMATION_OFF,)


def test_fewer_candidates_can_be_asked_for(certain: World, city: City) -> None:
    ticket = city.dispatches[300].ticket
    few = route(ticket, replace(certain, policy=Policy(max_candidates=5)))
    assert len(few.ranking.candidates) <= 5 < len(route(ticket, certain).ranking.candidates)


ANYTHING = st.text(st.characters(), max_size=200)


@settings(max_examples=60, deadline=None)
@given(
    text=ANYTHING,
    repeated=st.sampled_from([1, 60]),
    category=st.none() | ANYTHING,
    address=st.none() | ANYTHING,
    account=st.none() | ANYTHING,
    district=ANYTHING,
    point=st.none() | st.builds(Point, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)),
    received_at=st.datetimes(
        datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=14)))
    ),
)
def test_whatever_is_written_there_is_a_decision(
    taught: World,
    text: str,
    repeated: int,
    category: str | None,
    address: str | None,
    account: str | None,
    district: str,
    point: Point | None,
    received_at: datetime,
) -> None:
    ticket = Ticket(
        ticket_id="t",
        received_at=received_at,
        text=text * repeated,
        category=category,
        address=address,
        account=account,
        point=point,
        attributes={"district": district},
    )
    for world in (taught, office()):
        decision = route(ticket, world)
        assert decision.reasons
        assert (decision.unit_id is None) == (decision.verdict is Verdict.HOLD)


@pytest.mark.parametrize(
    "text", ["停电" * 5_000, "a" * 10_000, "lamp " * 2_000, "\n" * 10_000, "\ud800" * 10_000, "٣" * 10_000]
)
def test_ten_thousand_characters_are_routed(taught: World, text: str) -> None:
    decision = route(a_ticket(1, text, point=place(0)), taught)
    assert decision.verdict in (Verdict.DISPATCH, Verdict.REVIEW)

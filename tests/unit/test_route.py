"""The way of a ticket, whole: pure, without failure on anything written, useful without a model."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.decisions import Policy, Reason, Verdict
from domain.places import Point
from domain.safety import Priority
from domain.tickets import Ticket
from domain.units import Unit
from features.gazetteer import Gazetteer
from features.history import History
from features.tallies import TallyTable
from features.territories import Territories
from models.audits import is_audited
from models.guarantee import Guarantee
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
    assert counted(before["_tallies"]) == counted(after["_tallies"])


def counted(table: TallyTable) -> tuple[Any, ...]:
    """All that a table holds."""
    entries = table._entries
    return table._index, len(entries), [column.tobytes() for column in (*entries.columns, table._totals)]


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
    guarantee = Guarantee.pooled(replace(taught.bundle.certificate, threshold=0.0))
    return replace(taught, bundle=replace(taught.bundle, guarantee=guarantee))


def test_automation_is_the_operators_to_allow(certain: World, city: City) -> None:
    ticket = city.dispatches[300].ticket
    assert route(ticket, certain).reasons == (Reason.CERTIFIED,)
    off = replace(certain, policy=Policy(automation=False))
    assert route(ticket, off).reasons == (Reason.AUTOMATION_OFF,)


def test_fewer_candidates_can_be_asked_for(certain: World, city: City) -> None:
    ticket = city.dispatches[300].ticket
    few = route(ticket, replace(certain, policy=Policy(max_candidates=5)))
    assert len(few.ranking.candidates) <= 5 < len(route(ticket, certain).ranking.candidates)


@pytest.mark.parametrize(
    ("text", "category", "kinds", "priority"),
    [
        ("Street lamp dark", "lamp", [], Priority.NORMAL),
        ("楼道里有煤气味", None, ["gas_leak"], Priority.URGENT),
        ("Smell of gas, and somebody is trapped", None, ["gas_leak", "trapped"], Priority.URGENT),
        ("Please come", "Gas leak", ["gas_leak"], Priority.URGENT),
        ("No smell of gas", None, [], Priority.NORMAL),
    ],
)
def test_dangers_are_named_and_come_first(
    text: str, category: str | None, kinds: list[str], priority: Priority
) -> None:
    decision = route(a_ticket(1, text, category=category), office())
    assert [signal.kind for signal in decision.signals] == kinds
    assert decision.priority is priority
    assert all(signal.words for signal in decision.signals)


def drawn(world: World, share: float, salt: str = "salt") -> World:
    """The world with that share reviewed blind."""
    assert world.bundle is not None
    terms = replace(world.bundle.guarantee.terms, audited=share)
    bundle = replace(world.bundle, guarantee=replace(world.bundle.guarantee, terms=terms))
    return replace(world, bundle=bundle, audit_salt=salt)


def test_a_share_of_all_tickets_is_reviewed_blind(certain: World, city: City) -> None:
    tickets = [replace(city.dispatches[300].ticket, ticket_id=f"t{number}") for number in range(60)]
    found = [route(ticket, drawn(certain, 0.3)) for ticket in tickets]
    blind = [decision.blind for decision in found]
    assert blind == [is_audited(ticket.ticket_id, "salt", 0.3) for ticket in tickets]
    assert 5 < sum(blind) < 40
    for decision in found:
        assert decision.reasons == ((Reason.AUDITED,) if decision.blind else (Reason.CERTIFIED,))
        assert decision.unit_id == found[0].unit_id
    unsure = replace(certain, policy=Policy(automation=False))
    assert [route(ticket, drawn(unsure, 0.3)).blind for ticket in tickets] == blind


def test_nobody_in_danger_waits_for_statistics_and_a_trial_draws_none(certain: World, city: City) -> None:
    ticket = city.dispatches[300].ticket
    assert route(ticket, drawn(certain, 1.0)).blind
    assert not route(replace(ticket, text=f"{ticket.text} 有人触电"), drawn(certain, 1.0)).blind
    assert not route(ticket, drawn(certain, 1.0, salt="")).blind
    assert not route(ticket, drawn(certain, 0.0)).blind
    nothing = Guarantee.pooled(replace(certain.bundle.certificate, threshold=None))  # type: ignore[union-attr]
    uncertified = replace(certain, bundle=replace(certain.bundle, guarantee=nothing))  # type: ignore[type-var]
    assert not route(ticket, drawn(uncertified, 1.0)).blind


ANYTHING = st.text(st.characters(), max_size=200)


@settings(max_examples=60)
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

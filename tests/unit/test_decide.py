"""Verdicts and their reasons: each situation, and every reason there is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from domain.automation import Cause, Scope, Suspension
from domain.decisions import Certificate, Policy, RankedCandidate, Ranking, Reason, Verdict
from domain.places import UNKNOWN_LOCATION, Location, LocationSource, Territory
from domain.rules import Rule
from domain.time import Validity
from domain.units import Unit
from router.decide import Outcome, decide, may_automate
from router.suspensions import Suspensions
from router.warrant import Warrant
from tests.estimators import START, place
from tests.evaluations import certificate
from tests.serving import square

PLACED = Location(source=LocationSource.COORDINATES, point=place(0))
CERTIFIED = replace(certificate(threshold=0.9), expires_at=START + timedelta(days=1))
CLOSED = Validity(valid_to=START)
UNITS = {
    "north": Unit(unit_id="north", name="North"),
    "south": Unit(unit_id="south", name="South"),
    "old": Unit(unit_id="old", name="Old", validity=CLOSED),
    "merged": Unit(unit_id="merged", name="Merged", validity=CLOSED, successors=("south",)),
    "followed": Unit(unit_id="followed", name="Followed", validity=CLOSED, successors=("north",)),
    "split": Unit(unit_id="split", name="Split", validity=CLOSED, successors=("south", "north")),
    "away": Unit(unit_id="away", name="Away", validity=CLOSED, successors=("west", "south")),
    "west": Unit(unit_id="west", name="West"),
}
TO_SOUTH = Rule(rule_id="to-south", unit_id="south")
TO_NORTH = Rule(rule_id="to-north", unit_id="north")
TO_OLD = Rule(rule_id="to-old", unit_id="old")
NEVER = Rule(rule_id="never", never_automatic=True)
OFF = Policy(automation=False)
NORTHERN, SOUTHERN = square("n", "north", 31.2), square("s", "south", 31.1)
OLD_GROUND = square("o", "old", 31.1)


def ranked(confidence: float | None = 0.95) -> Ranking:
    """North first, with that confidence."""
    units = ("north", "south")
    found = [RankedCandidate(unit_id=unit, probability=confidence, score=0.0) for unit in units]
    return Ranking(candidates=tuple(found), confidence=confidence)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What `decide` is asked; by default everything speaks for automatic dispatch to the north."""

    ranking: Ranking = field(default_factory=ranked)
    location: Location = PLACED
    contested: bool = False
    precedent: str | None = None
    rules: tuple[Rule, ...] = ()
    territories: tuple[Territory, ...] = ()
    certificate: Certificate | None = CERTIFIED
    policy: Policy = field(default_factory=Policy)
    suspensions: tuple[Suspension, ...] = ()
    sampled: bool = False

    def outcome(self) -> Outcome:
        """What is decided at START."""
        return decide(
            at=START,
            location=self.location,
            ranking=self.ranking,
            rules=self.rules,
            territories=self.territories,
            contested=self.contested,
            precedent=self.precedent,
            units=UNITS,
            warrant=Warrant(
                now=START,
                kinds=frozenset({"lamp"}),
                group="pooled",
                certificate=self.certificate,
                suspensions=Suspensions(self.suspensions),
                sampled=self.sampled,
            ),
            policy=self.policy,
        )


def suspended(scope: Scope, key: str = "", cause: Cause = Cause.PERSON, number: int = 1) -> Suspension:
    """A suspension with that id."""
    return Suspension(scope=scope, key=key, cause=cause, at=START, suspension_id=number)


ALL, LAMPS = suspended(Scope.ALL), suspended(Scope.KIND, "lamp")
NORTH_BACK = suspended(Scope.UNIT, "north", Cause.RETURNS, 2)
POOLED_WRONG = suspended(Scope.GROUP, "pooled", Cause.AUDITS, 3)
ELSEWHERE = (
    suspended(Scope.UNIT, "south"),
    suspended(Scope.KIND, "pipe"),
    suspended(Scope.GROUP, "safety:0.002", Cause.AUDITS),
)
UNSURE, SILENT, NO_MODEL = ranked(0.8999), Ranking(), ranked(None)
EXPIRED = replace(CERTIFIED, expires_at=START)
EMPTY = replace(CERTIFIED, threshold=None)
HIGH = replace(TO_SOUTH, priority=5)

CASES: list[tuple[str, Situation, Verdict, str | None, str]] = [
    ("sure", Situation(), Verdict.DISPATCH, "north", "certified"),
    ("at the threshold", Situation(ranking=ranked(0.9)), Verdict.DISPATCH, "north", "certified"),
    (
        "corrected before",
        Situation(precedent="south"),
        Verdict.REVIEW,
        "south",
        "corrected_before",
    ),
    ("corrected to the same", Situation(precedent="north"), Verdict.DISPATCH, "north", "certified"),
    (
        "corrected to nobody's forerunner",
        Situation(precedent="old"),
        Verdict.REVIEW,
        "north",
        "corrected_before",
    ),
    ("to one that was merged", Situation(precedent="merged"), Verdict.REVIEW, "south", "corrected_before"),
    ("to the same, renamed", Situation(precedent="followed"), Verdict.DISPATCH, "north", "certified"),
    ("to one that was split", Situation(precedent="split"), Verdict.DISPATCH, "north", "certified"),
    ("split, the likelier heir", Situation(precedent="away"), Verdict.REVIEW, "south", "corrected_before"),
    (
        "corrected before, in a place that may be another",
        Situation(precedent="south", contested=True, policy=OFF),
        Verdict.REVIEW,
        "south",
        "corrected_before place_conflict automation_off",
    ),
    (
        "corrected before, and a rule",
        Situation(precedent="south", rules=(TO_NORTH,)),
        Verdict.DISPATCH,
        "north",
        "rule",
    ),
    ("below it", Situation(ranking=UNSURE), Verdict.REVIEW, "north", "below_threshold"),
    ("nothing certified", Situation(certificate=EMPTY), Verdict.REVIEW, "north", "not_certified"),
    ("expired", Situation(certificate=EXPIRED), Verdict.REVIEW, "north", "certificate_expired"),
    (
        "expired and unsure",
        Situation(certificate=EXPIRED, ranking=UNSURE),
        Verdict.REVIEW,
        "north",
        "below_threshold certificate_expired",
    ),
    ("disputed place", Situation(contested=True), Verdict.REVIEW, "north", "place_conflict"),
    ("unknown place", Situation(location=UNKNOWN_LOCATION), Verdict.DISPATCH, "north", "certified"),
    ("automation off", Situation(policy=OFF), Verdict.REVIEW, "north", "automation_off"),
    ("no candidate", Situation(ranking=SILENT), Verdict.HOLD, None, "no_candidate"),
    (
        "nobody anywhere",
        Situation(ranking=SILENT, location=UNKNOWN_LOCATION),
        Verdict.HOLD,
        None,
        "no_candidate place_unknown",
    ),
    (
        "the owner has closed",
        Situation(ranking=SILENT, territories=(OLD_GROUND,)),
        Verdict.HOLD,
        None,
        "no_candidate unit_closed",
    ),
    (
        "no model",
        Situation(ranking=NO_MODEL, certificate=None),
        Verdict.REVIEW,
        "north",
        "no_model",
    ),
    (
        "no model, one owner",
        Situation(ranking=NO_MODEL, certificate=None, territories=(NORTHERN,)),
        Verdict.REVIEW,
        "north",
        "no_model territory",
    ),
    (
        "no model, two owners",
        Situation(ranking=NO_MODEL, certificate=None, territories=(NORTHERN, SOUTHERN)),
        Verdict.REVIEW,
        "north",
        "no_model territories_overlap",
    ),
    (
        "no model, disputed, off",
        Situation(ranking=NO_MODEL, certificate=None, contested=True, policy=OFF),
        Verdict.REVIEW,
        "north",
        "no_model place_conflict automation_off",
    ),
    ("drawn for an audit", Situation(sampled=True), Verdict.REVIEW, "north", "audited"),
    (
        "drawn, and unsure anyway",
        Situation(sampled=True, ranking=UNSURE),
        Verdict.REVIEW,
        "north",
        "below_threshold",
    ),
    (
        "drawn, and stopped anyway",
        Situation(sampled=True, suspensions=(ALL,)),
        Verdict.REVIEW,
        "north",
        "suspended_by_person",
    ),
    ("drawn, but by a rule", Situation(sampled=True, rules=(TO_SOUTH,)), Verdict.DISPATCH, "south", "rule"),
    ("drawn, nowhere to go", Situation(sampled=True, ranking=SILENT), Verdict.HOLD, None, "no_candidate"),
    ("all stopped", Situation(suspensions=(ALL,)), Verdict.REVIEW, "north", "suspended_by_person"),
    ("a kind stopped", Situation(suspensions=(LAMPS,)), Verdict.REVIEW, "north", "suspended_by_person"),
    (
        "a unit's came back",
        Situation(suspensions=(NORTH_BACK,)),
        Verdict.REVIEW,
        "north",
        "suspended_by_returns",
    ),
    (
        "a group's audits were wrong",
        Situation(suspensions=(POOLED_WRONG,)),
        Verdict.REVIEW,
        "north",
        "suspended_by_audits",
    ),
    (
        "unsure and stopped thrice",
        Situation(suspensions=(ALL, NORTH_BACK, POOLED_WRONG), ranking=UNSURE),
        Verdict.REVIEW,
        "north",
        "below_threshold suspended_by_person suspended_by_returns suspended_by_audits",
    ),
    ("others stopped", Situation(suspensions=ELSEWHERE), Verdict.DISPATCH, "north", "certified"),
    (
        "rule, stopped by a person",
        Situation(rules=(TO_SOUTH,), suspensions=(ALL,)),
        Verdict.REVIEW,
        "south",
        "suspended_by_person",
    ),
    (
        "rule, the monitor judges certificates only",
        Situation(rules=(TO_NORTH,), suspensions=(NORTH_BACK, POOLED_WRONG)),
        Verdict.DISPATCH,
        "north",
        "rule",
    ),
    ("rule", Situation(rules=(TO_SOUTH,)), Verdict.DISPATCH, "south", "rule"),
    ("rule, no candidate", Situation(rules=(TO_SOUTH,), ranking=SILENT), Verdict.DISPATCH, "south", "rule"),
    ("rule, no model", Situation(rules=(TO_SOUTH,), certificate=None), Verdict.DISPATCH, "south", "rule"),
    ("rule, off", Situation(rules=(TO_SOUTH,), policy=OFF), Verdict.REVIEW, "south", "automation_off"),
    ("never", Situation(rules=(NEVER,)), Verdict.REVIEW, "north", "rule_never_automatic"),
    (
        "never, no candidate",
        Situation(rules=(NEVER,), ranking=SILENT),
        Verdict.HOLD,
        None,
        "rule_never_automatic",
    ),
    (
        "never, whatever the priority",
        Situation(rules=(HIGH, NEVER)),
        Verdict.REVIEW,
        "south",
        "rule_never_automatic",
    ),
    ("the higher priority", Situation(rules=(HIGH, TO_NORTH)), Verdict.DISPATCH, "south", "rule"),
    ("rules agree", Situation(rules=(TO_SOUTH, TO_SOUTH)), Verdict.DISPATCH, "south", "rule"),
    ("rules disagree", Situation(rules=(TO_NORTH, TO_SOUTH)), Verdict.REVIEW, "north", "rules_disagree"),
    ("closed", Situation(rules=(TO_OLD,)), Verdict.REVIEW, "north", "rule_unit_closed"),
    (
        "closed, no candidate",
        Situation(rules=(TO_OLD,), ranking=SILENT),
        Verdict.HOLD,
        None,
        "rule_unit_closed",
    ),
]


@pytest.mark.parametrize(
    ("situation", "verdict", "unit_id", "reasons"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_what_is_decided_and_why(
    situation: Situation, verdict: Verdict, unit_id: str | None, reasons: str
) -> None:
    outcome = situation.outcome()
    assert (outcome.verdict, outcome.unit_id) == (verdict, unit_id)
    assert outcome.reasons == tuple(Reason(name) for name in reasons.split())


def test_a_decision_names_the_suspensions_that_it_met() -> None:
    met = Situation(suspensions=(NORTH_BACK, ALL, *ELSEWHERE)).outcome()
    assert met.suspension_ids == (1, 2)
    assert Situation(suspensions=ELSEWHERE).outcome().suspension_ids == ()
    assert Situation(rules=(TO_NORTH,), suspensions=(NORTH_BACK, ALL)).outcome().suspension_ids == (1,)


@pytest.mark.parametrize(
    ("situation", "blind"),
    [
        (Situation(sampled=True), True),
        (Situation(sampled=True, ranking=UNSURE), True),
        (Situation(ranking=UNSURE), False),
        (Situation(sampled=True, rules=(NEVER,)), False),
        (Situation(sampled=True, ranking=SILENT), False),
    ],
)
def test_what_is_drawn_is_reviewed_blind_whether_it_would_have_gone_out_or_not(
    situation: Situation, blind: bool
) -> None:
    assert situation.outcome().blind is blind


def test_every_reason_can_come_up() -> None:
    later = {Reason.REFUSED, Reason.PING_PONG, Reason.TRANSFERS_CAPPED, Reason.REROUTED}  # looked at again
    assert {reason for case in CASES for reason in case[1].outcome().reasons} == set(Reason) - later


@pytest.mark.parametrize(
    ("contested", "rules", "may"),
    [(False, (), True), (True, (), False), (False, (NEVER,), False), (False, (TO_SOUTH,), False)],
)
def test_the_certificate_speaks_for_no_ticket_that_is_not_dispatched_under_it(
    contested: bool, rules: tuple[Rule, ...], may: bool
) -> None:
    assert may_automate(rules, contested=contested) is may
    outcome = Situation(contested=contested, rules=rules).outcome()
    assert (Reason.CERTIFIED in outcome.reasons) is may

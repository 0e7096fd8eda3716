"""The audit of past dispatches: what was planted is found, and how much there is of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import numpy as np
import pytest
from scipy.stats import binom

from domain.dispatches import Dispatch, LabelSource
from domain.places import Location, LocationSource
from domain.units import Unit
from features.schema import HistorySchema
from models.softmax import SoftmaxSettings
from simulation.city import City
from tests.estimators import TROUBLES, a_dispatch, a_ticket, easy_log, facts_of, place, surroundings_of
from training.confident_learning import Opinions, contradictions, cross_validated
from training.label_audit import LabelAudit, audit
from training.label_noise import _interval, _one_of_two
from training.label_signs import Lineage, last_words, sent_back, to_and_fro
from training.near_duplicates import Pair, disjoint, near_duplicates
from training.replay import Case, prepare

SCHEMA = HistorySchema(attributes=("district", "source"), district="district")
TICKETS, FLIPPED = 2_000, 0.05


def case(number: int, text: str, unit_id: str, **fields: object) -> Case:
    """A case at its ticket's own point, outcome known half an hour later."""
    dispatch = a_dispatch(a_ticket(number, text, **fields), unit_id, sequence=number)  # type: ignore[arg-type]
    facts = facts_of(dispatch.ticket)
    location = Location(source=LocationSource.COORDINATES, point=dispatch.ticket.point)
    return Case(dispatch=dispatch, location=location, facts=facts, learnt=facts)


@dataclass(frozen=True)
class Planted:
    """A city's tickets, of which some were given to units drawn at random."""

    cases: list[Case]
    truth: dict[str, str]
    wrong: set[str]
    found: LabelAudit


@pytest.fixture(scope="module")
def planted(city: City) -> Planted:
    random = np.random.default_rng(0)
    stream = list(islice(city.stream(1), TICKETS))
    units = [unit for _, unit in stream]
    log, wrong = [], set()
    for number, (ticket, unit) in enumerate(stream):
        recorded = unit
        if random.random() < FLIPPED:
            wrong.add(ticket.ticket_id)
            while recorded == unit:
                recorded = units[random.integers(len(units))]
        log.append(a_dispatch(ticket, recorded, sequence=number + 1))
    around = surroundings_of(city)
    cases = prepare(log, around.atlas, SCHEMA)
    truth = {ticket.ticket_id: unit for ticket, unit in stream}
    found = audit(cases, around.units)
    return Planted(cases=cases, truth=truth, wrong=wrong, found=found)


def test_wrong_labels_come_first(planted: Planted) -> None:
    first = planted.found.findings[: len(planted.wrong)]
    hits = [finding for finding in first if finding.ticket_id in planted.wrong]
    assert len(hits) / len(planted.wrong) > 0.45  # at random it would be 0.05
    half = planted.found.findings[: len(planted.wrong) // 2]
    assert np.mean([finding.ticket_id in planted.wrong for finding in half]) > 0.7
    assert np.mean([finding.suggested == planted.truth[finding.ticket_id] for finding in hits]) > 0.85


def test_each_finding_speaks_of_the_record_and_says_why(planted: Planted) -> None:
    recorded = {case.dispatch.ticket.ticket_id: case.dispatch.unit_id for case in planted.cases}
    findings = planted.found.findings
    assert len({finding.ticket_id for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.recorded == recorded[finding.ticket_id] != finding.suggested
        assert finding.why
        assert all(finding.suggested in sign or finding.recorded in sign for sign in finding.why)
    suspicions = [finding.suspicion for finding in findings]
    assert suspicions == sorted(suspicions, reverse=True)


def test_the_estimated_noise_brackets_the_planted(planted: Planted) -> None:
    noise, share = planted.found.noise, len(planted.wrong) / TICKETS
    assert noise.low is not None
    assert noise.high is not None
    assert noise.low <= share <= noise.high
    rates = {estimate.method: estimate.rate for estimate in noise.estimates}
    assert rates["easiest tickets"] == pytest.approx(share, abs=0.04)
    assert rates["easiest tickets"] < rates["confident joint"]  # which counts what the model does not know


def test_an_audit_does_not_depend_on_the_order_of_its_cases() -> None:
    cases = [
        case(i, d.ticket.text, d.unit_id, point=d.ticket.point)
        for i, d in enumerate(easy_log(80, errors=0.1))
    ]
    quick = SoftmaxSettings(epochs=1)
    assert audit(cases, {}, settings=quick) == audit(cases[::-1], {}, settings=quick)


def test_of_nothing_nothing_is_found() -> None:
    found = audit([], {})
    assert (found.tickets, found.findings, found.noise.low, found.agreement) == (0, (), None, None)


def test_no_ticket_is_judged_by_a_model_that_saw_it() -> None:
    # each text occurs once: a model that had seen the ticket would know its unit by heart
    cases = [case(i, f"word{i} word{i}b", f"u{i % 2}") for i in range(60)]
    opinions = cross_validated(cases, SoftmaxSettings(epochs=20, minimum_count=1))
    assert opinions.own.max() < 0.8


def test_thresholds_and_counts_follow_the_paper() -> None:
    # unit a: own probabilities mean 0.6; unit b: mean 0.75
    probability = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 4 + [[0.1, 0.9]] * 6 + [[0.7, 0.3]] * 2)
    recorded = np.array([0] * 8 + [1] * 8)
    found = contradictions(
        Opinions(units=("a", "b"), recorded=recorded, probability=probability.astype(np.float32))
    )
    # threshold a = 0.75: the four 0.6 count for none; threshold b = 0.75: the two 0.3 of b reach neither
    assert found.likely.tolist() == [0] * 4 + [-1] * 4 + [1] * 6 + [-1] * 2
    assert found.noise()[0] == 0.0
    contradicted = probability.copy()
    contradicted[-2:] = [0.95, 0.05]
    found = contradictions(
        Opinions(units=("a", "b"), recorded=recorded, probability=contradicted.astype(np.float32))
    )
    assert found.positions.tolist() == [14, 15]
    assert found.noise()[0] == pytest.approx(0.5 * 0 + 0.5 * 2 / 8)


def test_no_more_than_near_certainty_is_asked_of_a_contradiction() -> None:
    probability = np.array([[0.999, 0.001]] * 20 + [[0.001, 0.999]] * 20 + [[0.9, 0.1]], np.float32)
    recorded = np.array([0] * 20 + [1] * 21)
    found = contradictions(Opinions(units=("a", "b"), recorded=recorded, probability=probability))
    assert found.positions.tolist() == [40]


def test_a_unit_with_few_tickets_is_not_contradicted() -> None:
    probability = np.array([[0.99, 0.01]] * 20 + [[0.99, 0.01]] * 3, np.float32)
    recorded = np.array([0] * 20 + [1] * 3)
    found = contradictions(Opinions(units=("a", "b"), recorded=recorded, probability=probability))
    assert found.positions.tolist() == []
    assert found.known.sum() == 20


LEAK, LAMP = TROUBLES["pipe"], TROUBLES["lamp"]


@pytest.mark.parametrize(
    ("text", "fields", "paired"),
    [
        (LEAK, {"point": place(20), "category": "pipe"}, True),
        (LEAK, {"point": place(40), "category": "pipe"}, False),
        (LAMP, {"point": place(0), "category": "pipe"}, False),
        (LEAK, {"point": place(0), "category": "lamp"}, False),
        (LEAK, {"point": place(0), "category": "pipe", "hours": 24 * 366}, False),
        (LEAK, {"point": place(900), "category": "pipe", "address": "High Street 12"}, True),
        (LEAK, {"point": place(900), "category": "pipe", "account": "0012"}, True),
        (LEAK, {"category": "pipe"}, False),
    ],
    ids=["near", "far", "other words", "other kind", "long ago", "same address", "same account", "no place"],
)
def test_near_duplicates(text: str, fields: dict[str, object], paired: bool) -> None:
    first = case(0, LEAK, "a", point=place(0), category="pipe", address="High Street 12", account="0012")
    assert bool(near_duplicates([first, case(1, text, "b", **fields)])) == paired


def test_pairs_that_are_counted_share_no_ticket() -> None:
    pairs = [Pair(earlier=a, later=b, similarity=1.0) for a, b in [(0, 1), (1, 2), (0, 2), (2, 3)]]
    assert [(pair.earlier, pair.later) for pair in disjoint(pairs)] == [(0, 1), (2, 3)]


def signs(cases: Sequence[Case], *units: Unit) -> list[tuple[str, str]]:
    lineage = Lineage(units)
    found = [*sent_back(cases, [], lineage), *to_and_fro(last_words(cases), lineage)]
    return [(sign.case.dispatch.ticket.ticket_id, sign.suggested) for sign in found]


def at_one_account(units: str, hours: float = 24) -> list[Case]:
    return [
        case(i, LEAK, unit, account="0012", category="pipe", hours=i * hours) for i, unit in enumerate(units)
    ]


def test_an_account_that_goes_to_and_fro() -> None:
    assert signs(at_one_account("aba")) == [("t1", "a")]
    assert signs(at_one_account("abc")) == []
    assert signs(at_one_account("aba", hours=24 * 6)) == []
    assert signs(at_one_account("aba"), Unit(unit_id="a", name="a", successors=("b",))) == []


def said_of_one_ticket(units: str, hours: float = 24) -> list[Dispatch]:
    """So many hours apart, the first one of them an hour after the ticket came."""
    one = case(0, LEAK, "a").dispatch
    return [
        replace(one, unit_id=unit, known_at=a_ticket(0, hours=1 + i * hours).received_at, sequence=i)
        for i, unit in enumerate(units)
    ]


def test_a_ticket_that_goes_to_and_fro() -> None:
    cases = [replace(case(0, LEAK, one.unit_id), dispatch=one) for one in said_of_one_ticket("aba")]
    assert signs(cases) == [("t0", "b")]
    assert signs(cases[:2]) == []
    [finding] = audit(cases, {}).findings
    assert (finding.recorded, finding.why) == ("a", ("ticket t0 went a → b → a within 3 days",))


@pytest.mark.parametrize(
    ("units", "seconds", "suggested"),
    [
        ("aba", 60, ["b"]),
        ("cabba", 60, ["b"]),  # b sent it back and had it again
        ("abc", 60, []),
        ("aba", 5, []),  # undone before anybody had it
    ],
)
def test_what_was_taken_back_tells_that_a_ticket_went_to_and_fro(
    units: str, seconds: float, suggested: list[str]
) -> None:
    *gone, last = said_of_one_ticket(units)
    retractions = [
        replace(one, source=LabelSource.RETRACTION, known_at=one.known_at + timedelta(seconds=seconds))
        for one in gone
    ]
    standing = [replace(case(0, LEAK, last.unit_id), dispatch=last)]
    found = audit(standing, {}, taken_back=list(zip(gone, retractions, strict=True)))
    assert [finding.suggested for finding in found.findings] == suggested


def test_a_successor_is_the_same_unit_and_parts_of_one_are_not() -> None:
    units = [
        Unit(unit_id="a", name="a", successors=("b", "c")),
        Unit(unit_id="d", name="d", successors=("b",)),
        Unit(unit_id="c", name="c", successors=("e",)),
        Unit(unit_id="e", name="e", successors=("c",)),  # nobody forbids a ring
    ]
    lineage = Lineage(units)
    for one, other in ("ab", "ac", "db", "ae", "ce", "xx"):
        assert lineage.same(one, other), (one, other)
        assert lineage.same(other, one), (one, other)
    for one, other in ("bc", "ad", "dc", "be", "ax"):
        assert not lineage.same(one, other), (one, other)
        assert not lineage.same(other, one), (one, other)


@pytest.mark.parametrize("errors", [0.0, 0.05, 0.2, 0.5])
def test_disagreement_of_two_gives_the_errors_of_one(errors: float) -> None:
    assert _one_of_two(2 * errors * (1 - errors)) == pytest.approx(errors, abs=1e-7)


def test_limits_hold_what_they_promise() -> None:
    low, high = _interval(5, 100)
    assert binom.sf(4, 100, low) == pytest.approx(0.025)
    assert binom.cdf(5, 100, high) == pytest.approx(0.025)
    assert _interval(0, 10)[0] == 0.0
    assert _interval(10, 10)[1] == 1.0

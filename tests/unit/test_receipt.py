"""A receipt: what carried a decision sums to its score, and says what found it, what it was like, what would turn it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from domain.decisions import Basis, Decision, Ranking, Reason, Review, Verdict
from domain.dispatches import Dispatch
from domain.places import (
    UNKNOWN_LOCATION,
    Location,
    LocationSource,
    Place,
    PlaceWitness,
    Point,
    Precision,
    Repair,
)
from domain.rules import Rule
from domain.safety import SafetySignal
from domain.tickets import Ticket
from models.bundle import Bundle
from models.guarantee import Guarantee
from router.receipt import START, Receipt, _decisive, blind_receipt, names_of, receipt
from router.receipt_lines import receipt_lines
from router.route import learn, route
from router.rules import RuleBook
from router.wording import LANGUAGES, wording
from router.world import World
from simulation.city import City
from tests.estimators import a_ticket, at, log_of, surroundings_of, world_of
from training.fitting import Fitted

FOLDED, ASKED = 400, 60
ALL_OR_NOTHING = re.compile(r"(?<![\d.])(0|0\.0|100|100\.0) ?%")


@pytest.fixture(scope="module")
def bundle(fitted: Fitted) -> Bundle:
    """Certified from nine in ten on."""
    guarantee = Guarantee.pooled(replace(fitted.bundle.certificate, threshold=0.9))
    return replace(fitted.bundle, digest="ab", guarantee=guarantee)


@pytest.fixture(scope="module")
def world(city: City, bundle: Bundle) -> World:
    """The city after its first outcomes; a rule gives some trouble to a unit that never had it."""
    around = surroundings_of(city, [Rule(rule_id="ours", unit_id="a new crew", words=("水", "water"))])
    found = replace(world_of(around, bundle), rules=RuleBook(around.rules))
    for dispatch in log_of(city)[:FOLDED]:
        learn(dispatch, found)
    return found


@pytest.fixture(scope="module")
def past(city: City) -> dict[int, Dispatch]:
    return {dispatch.sequence: dispatch for dispatch in log_of(city)[:FOLDED]}


@pytest.fixture(scope="module")
def decided(city: City, world: World) -> list[tuple[Ticket, Decision]]:
    """Tickets with and without a rule, and what was decided of them."""
    tickets = [dispatch.ticket for dispatch in city.dispatches[FOLDED : FOLDED + ASKED]]
    return [(ticket, route(ticket, world, city.ends)) for ticket in tickets]


@pytest.fixture(scope="module")
def receipts(
    decided: list[tuple[Ticket, Decision]], bundle: Bundle, past: dict[int, Dispatch]
) -> list[Receipt]:
    return [receipt(ticket, decision, bundle=bundle, past=past) for ticket, decision in decided]


def told(found: Receipt, language: str = "en") -> list[str]:
    """The receipt in words; units are called by their ids."""
    return receipt_lines(found, names_of(found, lambda _: None), wording(language))


def line(found: Receipt, beginning: str) -> str:
    """The one line that begins so."""
    (only,) = [line for line in told(found) if line.startswith(beginning)]
    return only


def test_what_carried_it_sums_to_the_score(
    decided: list[tuple[Ticket, Decision]], receipts: list[Receipt]
) -> None:
    weighed = 0
    for (_, decision), found in zip(decided, receipts, strict=True):
        own = next(one for one in decision.ranking.candidates if one.unit_id == decision.unit_id)
        if found.score is not None:
            weighed += 1
            assert sum(value for _, value in found.contributions) == pytest.approx(own.score, abs=1e-6)
            assert sum(value for _, value in found.carried) == pytest.approx(own.score, abs=1e-6)
            assert found.score == pytest.approx(own.score, abs=1e-6)
            assert [name for name, _ in found.contributions][-1] == START
    assert weighed > ASKED / 2


def test_what_is_told_of_the_score_sums_to_it(receipts: list[Receipt]) -> None:
    told_ = [line(found, "What carried it") for found in receipts if found.score is not None]
    for one in told_:
        *parts, total = [float(number) for number in re.findall(r"[-+]\d+\.\d\d", one)]
        assert sum(parts) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"phone": 0.204, START: -0.006}, "phone +0.20, start +0.00; in all +0.20."),
        ({"phone": 0.2049, "category": 0.2049, START: 0.0}, None),
        ({"phone": -1.0, "rest": 0.004, START: 0.0}, None),
        ({"phone": 1.0, "category": 1.0, "a": 0.003, START: 0.0}, None),
    ],
)
def test_rounded_contributions_add_up(terms: dict[str, float], said: str | None) -> None:
    found = receipt(a_ticket(1), a_decision())
    found = replace(found, score=sum(terms.values()), carried=tuple(terms.items()))
    told_ = line(found, "What carried it")
    *parts, total = [float(number) for number in re.findall(r"[-+]\d+\.\d\d", told_)]
    assert sum(parts) == pytest.approx(total, abs=1e-9)
    assert total == pytest.approx(sum(terms.values()), abs=0.005)
    assert said is None or told_.endswith(said)


def test_without_its_lead_in_what_is_decisive_the_rival_would_be_first(receipts: list[Receipt]) -> None:
    turned = [found.rival for found in receipts if found.rival and found.rival.decisive]
    assert len(turned) > 10
    for rival in turned:
        leads = [lead for _, lead in rival.decisive]
        assert rival.behind is not None
        assert leads == sorted(leads, reverse=True)
        assert min(leads) > 0
        assert sum(leads[:-1]) <= rival.behind < sum(leads) + 1e-9


def test_no_probability_is_all_or_nothing(receipts: list[Receipt]) -> None:
    for found in receipts:
        for language in LANGUAGES:
            said = [one for one in told(found, language) if not one.startswith(("What found", "入选依据"))]
            assert [one for one in said if ALL_OR_NOTHING.search(one)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_a_few_lines_in_the_language_asked_for(receipts: list[Receipt], language: str) -> None:
    for found in receipts:
        lines = told(found, language)
        assert 5 <= len(lines) <= 18
        assert not any("{" in one for one in lines)
        labels = [one.partition("：" if language == "zh" else ":")[0] for one in lines[1:]]
        assert all(("\u4e00" <= label[0] <= "\u9fff") == (language == "zh") for label in labels)


def test_the_nearest_past_tickets_come_with_their_units(
    decided: list[tuple[Ticket, Decision]], receipts: list[Receipt], past: dict[int, Dispatch]
) -> None:
    for (_, decision), found in zip(decided, receipts, strict=True):
        expected = [past[one.sequence].unit_id for one in decision.ranking.basis.nearest]
        assert [one.unit_id for one in found.nearest] == expected
        assert len(found.nearest) <= 3
        assert all(one.ticket_id in line(found, "Past tickets") for one in found.nearest)
    assert any(one.metres is not None for found in receipts for one in found.nearest)


def test_a_rule_that_overrules_the_ranking_says_so(
    decided: list[tuple[Ticket, Decision]], receipts: list[Receipt]
) -> None:
    overruled = [
        (decision, found)
        for (_, decision), found in zip(decided, receipts, strict=True)
        if decision.rule_ids and decision.ranking.candidates[0].unit_id != "a new crew"
    ]
    assert overruled
    for decision, found in overruled:
        assert found.rival is not None
        assert (found.rival.unit_id, found.rival.ahead) == (decision.ranking.candidates[0].unit_id, True)
        assert found.explained
        assert "would be first" in line(found, "By the ranking alone")
        assert line(found, "Rules") == "Rules that apply: ours."


def test_how_sure_it_would_have_to_be_is_told(
    decided: list[tuple[Ticket, Decision]], receipts: list[Receipt]
) -> None:
    needed = {
        found.needed
        for (_, decision), found in zip(decided, receipts, strict=True)
        if decision.reasons == (Reason.BELOW_THRESHOLD,)
    }
    assert needed == {0.9}
    assert {found.needed for found in receipts if Reason.BELOW_THRESHOLD not in found.reasons} == {None}
    unsure = next(found for found in receipts if found.needed)
    assert "From 90.0 % on it would go out by itself." in told(unsure)


@pytest.mark.parametrize(
    "fields",
    [
        {"reasons": (Reason.BELOW_THRESHOLD, Reason.SUSPENDED_BY_PERSON)},
        {"reasons": (Reason.BELOW_THRESHOLD, Reason.CERTIFICATE_EXPIRED)},
        {"reasons": (Reason.BELOW_THRESHOLD, Reason.PLACE_CONFLICT)},
        {"blind": True},
    ],
)
def test_what_is_kept_back_by_more_than_doubt_is_not_said_to_need_certainty_alone(
    decided: list[tuple[Ticket, Decision]], bundle: Bundle, fields: dict[str, Any]
) -> None:
    ticket, decision = next(one for one in decided if one[1].reasons == (Reason.BELOW_THRESHOLD,))
    assert receipt(ticket, decision, bundle=bundle).needed == 0.9
    assert receipt(ticket, replace(decision, **fields), bundle=bundle).needed is None


@pytest.mark.parametrize(
    ("own", "its", "decisive"),
    [
        ({"a": 0.5, "b": 0.2}, {"a": 0.0, "b": 0.3}, ("a",)),
        ({"a": 0.5, "b": 0.2}, {"a": 0.0, "b": 0.2}, ()),  # without its lead it would be level
        ({"a": 0.1, "b": 0.2}, {"a": 0.0, "b": 0.0}, ()),
        ({"a": 0.0, "b": 0.0}, {"a": 0.5, "b": 0.0}, ()),
    ],
)
def test_nothing_is_decisive_that_would_leave_both_level(
    own: dict[str, float], its: dict[str, float], decisive: tuple[str, ...]
) -> None:
    behind = sum(own.values()) - sum(its.values())
    assert tuple(group for group, _ in _decisive(own, its, behind)) == decisive


@pytest.mark.parametrize("digest", ["another", None])
def test_without_its_model_the_rest_is_told(
    decided: list[tuple[Ticket, Decision]], bundle: Bundle, digest: str | None
) -> None:
    ticket, decision = next(one for one in decided if not one[1].rule_ids)
    other = replace(bundle, digest=digest) if digest else None
    found = receipt(ticket, decision, bundle=other)
    assert (found.score, found.contributions, found.explained) == (None, (), False)
    assert any(one.startswith("How much each thing weighed") for one in told(found))
    assert any(one.startswith("Where") for one in told(found))


@pytest.mark.parametrize("rows", ["", "AAAA", "not base64"])
def test_rows_that_are_not_the_decisions_own_explain_nothing(
    decided: list[tuple[Ticket, Decision]], bundle: Bundle, rows: str
) -> None:
    ticket, decision = next(one for one in decided if not one[1].rule_ids)
    spoilt = replace(decision, ranking=replace(decision.ranking, basis=Basis(rows=rows)))
    assert receipt(ticket, spoilt, bundle=bundle).explained is False


def test_terms_that_do_not_add_up_are_not_told(
    decided: list[tuple[Ticket, Decision]], bundle: Bundle
) -> None:
    ticket, decision = next(one for one in decided if not one[1].rule_ids)
    first, *others = decision.ranking.candidates
    ranking = replace(decision.ranking, candidates=(replace(first, score=first.score + 0.01), *others))
    assert receipt(ticket, replace(decision, ranking=ranking), bundle=bundle).score is None


def test_a_persons_word_stands_beside_the_proposal(decided: list[tuple[Ticket, Decision]]) -> None:
    ticket, decision = decided[0]
    said = Review(ticket_id=ticket.ticket_id, unit_id="elsewhere", by="Li Wei", at=at(0))
    found = receipt(ticket, decision, review=said)
    assert "Decided by Li Wei on 2025-01-06: elsewhere." in told(found)


def test_a_blind_receipt_tells_the_place_and_nothing_of_units(
    decided: list[tuple[Ticket, Decision]],
) -> None:
    for ticket, decision in decided:
        found = blind_receipt(ticket, replace(decision, verdict=Verdict.REVIEW, blind=True))
        said = "\n".join(told(found) + told(found, "zh"))
        assert "(blind review)" in said
        units = [one.unit_id for one in decision.ranking.candidates]
        assert [unit for unit in units if unit in said] == []
        assert (found.reasons, found.evidence, found.nearest, found.rival, found.rules) == (
            (),
            (),
            (),
            None,
            (),
        )
        assert found.location == decision.location


HERE = Point(latitude=31.2, longitude=121.4)
THERE = Point(latitude=31.3, longitude=121.5)


def a_place(point: Point, probability: float, address: str | None, *sources: LocationSource) -> Place:
    return Place(
        point=point,
        probability=probability,
        radius_m=50.4,
        precision=Precision.EXACT,
        address=address,
        sources=sources,
    )


def a_decision(location: Location = UNKNOWN_LOCATION, **fields: object) -> Decision:
    decision = Decision(
        ticket_id="t1",
        verdict=Verdict.HOLD,
        reasons=(Reason.NO_CANDIDATE, Reason.PLACE_UNKNOWN),
        location=location,
        ranking=Ranking(),
    )
    return replace(decision, **fields)  # type: ignore[arg-type]


def test_where_it_is_and_what_disagrees() -> None:
    account = a_place(HERE, 0.7, "中山路1号", LocationSource.ACCOUNT)
    address = a_place(THERE, 0.25, "北京路2号", LocationSource.ADDRESS)
    location = Location(
        source=LocationSource.ACCOUNT,
        point=HERE,
        radius_m=50.4,
        address="中山路1号",
        witnesses=(
            PlaceWitness(source=LocationSource.ACCOUNT, point=HERE, text="中山路1号", places=(account,)),
            PlaceWitness(source=LocationSource.COORDINATES, point=THERE, places=(address,)),
        ),
        reasons=("account_coordinates_disagree", "phone_filled"),
        places=(account, address, replace(account, point=THERE, probability=0.01)),
        unknown=0.04,
        repairs=(Repair(field="phone", given=None, value="62550000", evidence=("account",), step=1),),
    )
    said = told(receipt(a_ticket(1, "no light"), a_decision(location)))
    assert said[2:7] == [
        "Where: 中山路1号, within 50 m (70.0 %), known by account.",
        "Or: 北京路2号 25.0 %; 31.30000, 121.50000 1.0 %.",
        "About the place: account and coordinates disagree.",
        "They say: account: 中山路1号; coordinates: 31.30000, 121.50000.",
        "Filled from other records: phone: nothing -> 62550000.",
    ]


def test_nobody_and_nowhere_are_said_plainly() -> None:
    said = told(receipt(a_ticket(1, category="lamp", address="Main St"), a_decision()), "zh")
    assert said == [
        "t1：交人工处理，没有可建议的单位。",
        "原因：此类工单没有已知单位、位置未知。",
        "位置：未知。",
        "未提供：户号、门牌号、坐标、问题描述。补充后结果可能改变。",
    ]


def test_dangers_come_first() -> None:
    danger = SafetySignal(kind="gas_leak", words=("gas",))
    said = told(receipt(a_ticket(1, "gas"), a_decision(signals=(danger,))), "zh")
    assert said[1] == "危险：燃气泄漏。"


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, "account address coordinates category"),
        ({"address": "中山路"}, "account house_number coordinates category"),
        ({"address": "中山路1号", "category": "lamp", "account": "1", "point": HERE}, ""),
    ],
)
def test_what_was_not_told_is_named(fields: dict[str, object], missing: str) -> None:
    asked = replace(a_ticket(1, "no light"), **fields)  # type: ignore[arg-type]
    assert receipt(asked, a_decision()).missing == tuple(missing.split())

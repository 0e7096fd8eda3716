"""Groups of the certificate: one for each ticket, fixed without labels, each with its own budget."""

from __future__ import annotations

import json

import numpy as np
import pytest

from domain.places import Location, LocationSource
from models.calibration import Calibrator
from models.certificate import certify
from models.strata import ACCOUNT, PLACE, POOLED, SMALLEST, TEXT, Budget, Strata, Traits, divide
from tests.estimators import START, a_dispatch, a_ticket, facts_of
from training.certifying import certify_strata, issue_strata, traits_of
from training.held_back import Ranked
from training.replay import Case

STRATA = Strata(
    alpha=0.01,
    kinds={"gas": 0.002, "触电": 0.001},
    units=("water",),
    places={ACCOUNT: ACCOUNT, PLACE: PLACE, TEXT: PLACE},
)


@pytest.mark.parametrize(
    ("traits", "group"),
    [
        (Traits(kinds=frozenset({"gas"}), unit="water"), "safety:0.002"),
        (Traits(kinds=frozenset({"GAS ", "触电"}), unit="water"), "safety:0.001"),
        (Traits(kinds=frozenset({"lamp"}), unit="water", source=LocationSource.ACCOUNT), "unit:water"),
        (Traits(unit="roads", source=LocationSource.ACCOUNT), ACCOUNT),
        (Traits(unit="roads", source=LocationSource.COORDINATES), PLACE),
        (Traits(unit=None, source=LocationSource.CALLER), PLACE),
        (Traits(), PLACE),
    ],
)
def test_the_first_group_that_applies(traits: Traits, group: str) -> None:
    assert STRATA.group(traits) == group
    assert group in STRATA.alphas


def test_every_group_has_its_budget_in_the_order_in_which_groups_apply() -> None:
    assert list(STRATA.alphas.items()) == [
        ("safety:0.001", 0.001),
        ("safety:0.002", 0.002),
        ("unit:water", 0.01),
        (ACCOUNT, 0.01),
        (PLACE, 0.01),
    ]
    assert Strata(alpha=0.05).alphas == {POOLED: 0.05}
    assert (STRATA.rides("water"), STRATA.rides("roads")) == (False, True)


def test_strata_survive_json() -> None:
    assert Strata.from_dict(json.loads(json.dumps(STRATA.to_dict()))) == STRATA


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.02])
def test_a_kinds_budget_is_never_laxer_than_the_whole(alpha: float) -> None:
    with pytest.raises(ValueError, match="gas"):
        Budget(alpha=0.01, kinds={"gas": alpha})


def some(count: int, source: LocationSource, unit: str = "roads", kind: str = "") -> list[Traits]:
    """So many equal tickets."""
    return [Traits(kinds=frozenset([kind]), source=source, unit=unit)] * count


def test_without_an_operators_wish_there_is_one_group() -> None:
    tickets = some(5_000, LocationSource.ACCOUNT) + some(5_000, LocationSource.TEXT, "water")
    assert divide(Budget(), tickets) == Strata(alpha=0.01)


def test_large_units_stand_alone_and_safety_tickets_do_not_make_them_large() -> None:
    tickets = [
        *some(SMALLEST, LocationSource.ACCOUNT, "water"),
        *some(SMALLEST - 1, LocationSource.ACCOUNT, "roads"),
        *some(9, LocationSource.ACCOUNT, "roads", kind="gas"),
    ]
    assert divide(Budget(by_unit=True, kinds={"Gas": 0.002}), tickets).units == ("water",)
    assert divide(Budget(by_unit=True), tickets).units == ("roads", "water")


def test_ways_of_knowing_a_place_with_few_tickets_join_the_largest() -> None:
    tickets = [
        *some(SMALLEST, LocationSource.ACCOUNT),
        *some(2 * SMALLEST, LocationSource.ADDRESS),
        *some(SMALLEST - 1, LocationSource.NONE),
    ]
    places = divide(Budget(by_place=True), tickets).places
    assert places == {ACCOUNT: ACCOUNT, PLACE: PLACE, TEXT: PLACE}


def ranked(count: int, wrong_every: int, kind: str, seed: int) -> list[Ranked]:
    """Tickets of one kind with falling raw scores; each `wrong_every`-th is wrong."""
    found = []
    for number, score in enumerate(np.linspace(9, 3, count).tolist()):
        ticket = a_ticket(seed * 100_000 + number, category=kind)
        dispatch = a_dispatch(ticket, "water" if (number + 1) % wrong_every else "roads")
        location = Location(source=LocationSource.ACCOUNT)
        case = Case(dispatch=dispatch, location=location, facts=facts_of(ticket), learnt=facts_of(ticket))
        found.append(
            Ranked(
                case=case,
                units=("water",),
                scores=np.array([score]),
                certifiable=True,
                kinds=frozenset([kind]),
            )
        )
    return found


CALIBRATOR = Calibrator(intercept=0.0, weights=(1.0, 0.0, 0.0))


def test_one_pooled_group_is_certified_as_if_there_were_no_groups() -> None:
    earlier, latest = ranked(500, 300, "lamp", 1), ranked(2_000, 300, "lamp", 2)
    strata, outcomes = certify_strata(earlier, latest, CALIBRATOR, Budget())
    assert strata == Strata(alpha=0.01)
    slices = [(np.array([CALIBRATOR.first(one.scores) for one in part]), part) for part in (latest, earlier)]
    given = [(scores, np.array([one.correct for one in part])) for scores, part in slices]
    pooled = certify(*given[0], *given[1], 0.01, 0.95)
    assert pooled.threshold is not None
    assert {group: one.certified for group, one in outcomes.items()} == {POOLED: pooled}
    assert outcomes[POOLED].confidence == pytest.approx(0.95)


def test_each_group_gets_a_certificate_and_the_small_one_says_what_it_lacks() -> None:
    earlier = ranked(500, 300, "lamp", 1)
    latest = ranked(2_000, 300, "lamp", 2) + ranked(400, 1_000, "Gas", 3)
    budget = Budget(kinds={"gas": 0.002})
    strata, outcomes = certify_strata(earlier, latest, CALIBRATOR, budget)
    certificates = issue_strata(outcomes, share=0.2, data_digest="ab", at=START)
    assert [*certificates] == [*strata.alphas] == ["safety:0.002", POOLED]
    gas, rest = certificates["safety:0.002"], certificates[POOLED]
    assert (gas.alpha, gas.threshold, gas.calibration_rows) == (0.002, None, 400)
    # 1,497 clean ones certify 0.2 %; a fifth of all tickets are in the slice
    assert gas.needed_rows == pytest.approx((1_497 - 400) * 5, rel=0.07)
    assert rest.threshold is not None
    assert (rest.alpha, rest.calibration_rows) == (0.01, 2_000)
    assert rest.confidence == pytest.approx(0.95)
    assert gas.expires_at == rest.expires_at > START
    assert {strata.group(traits_of(one)) for one in latest} == {*certificates}

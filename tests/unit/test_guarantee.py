"""Certificates by group: one statement over all of them, on disk and back, and the one that speaks for a ticket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.certificates import certificate_lines
from cli.main import app
from domain.decisions import Certificate, Reason, Verdict
from domain.places import UNKNOWN_LOCATION
from features.history import History
from models.bundle import load_bundle
from models.calibration import Calibrator
from models.evidence import returns_tolerated
from models.guarantee import Guarantee
from models.monitor import Terms
from models.strata import POOLED, Budget, Strata
from router.route import learn, route
from router.world import World
from tests.bundles import tiny_bundle
from tests.estimators import QUICK, START, a_dispatch, a_ticket, easy_log, facts_of
from tests.evaluations import certificate
from training.backtest import Plan, backtest
from training.certifying import Watch, guarantee
from training.fitting import Fitted, fit
from training.held_back import Ranked
from training.replay import Case

EASY = replace(QUICK, alpha=0.05, certificate_share=0.4, calibration_share=0.1)
CALIBRATOR = Calibrator(intercept=0.0, weights=(1.0, 0.0, 0.0))


def of_groups(**certificates: Certificate) -> Guarantee:
    """Lamps have a stricter budget than the rest."""
    strata = Strata(alpha=0.01, kinds={"lamp": 0.002})
    named = {"safety:0.002": certificates["lamp"], POOLED: certificates["rest"]}
    return Guarantee(
        strata=strata,
        certificates=named,
        confidence=0.95,
        terms=Terms(alphas=strata.alphas, calm={"crew\n1": 0.02}, tickets=900, audited=0.03),
    )


STRICT = replace(certificate(threshold=0.99), alpha=0.002, rows=1600, errors=0, confidence=0.975)
GROUPS = of_groups(lamp=STRICT, rest=certificate(threshold=0.9))


def test_one_group_is_its_own_statement() -> None:
    assert Guarantee.pooled(certificate()).whole == certificate()


def test_many_groups_are_counted_together_and_the_uncertified_as_tickets_only() -> None:
    whole = GROUPS.whole
    assert (whole.alpha, whole.confidence, whole.threshold) == (0.01, 0.95, 0.99)
    assert (whole.rows, whole.errors, whole.calibration_rows) == (2800, 5, 4800)
    assert whole.coverage == 2800 / 4800
    half = of_groups(lamp=certificate(threshold=None, needed_rows=70), rest=certificate(threshold=0.9)).whole
    assert (half.rows, half.calibration_rows, half.coverage) == (1200, 4800, 0.25)
    none = of_groups(lamp=certificate(threshold=None), rest=certificate(threshold=None)).whole
    assert (none.threshold, none.rows, none.coverage) == (None, 0, 0.0)


def test_it_comes_back_from_json_as_it_was() -> None:
    issued, expires = STRICT.issued_at, STRICT.expires_at
    stored = json.loads(json.dumps(GROUPS.to_dict(), sort_keys=True))
    again = Guarantee.from_dict(stored, issued, expires)
    assert again == GROUPS
    assert [*again.certificates] == [*GROUPS.certificates]
    later = GROUPS.issued(issued + timedelta(days=1), expires + timedelta(days=1))
    assert later != GROUPS
    assert later.to_dict() == GROUPS.to_dict()


@pytest.fixture(scope="module")
def strict() -> Fitted:
    """Lamps at 0.1 %, which so few tickets cannot show."""
    settings = replace(EASY, kinds={"Lamp": 0.001})
    return fit(easy_log(1_300), "ab" * 32, None, settings, issued_at=START)


def test_a_strict_kind_that_lacks_tickets_waits_for_them_and_costs_the_others_nothing(strict: Fitted) -> None:
    lamps, rest = strict.bundle.guarantee.certificates.values()
    assert [*strict.bundle.guarantee.certificates] == ["safety:0.001", POOLED]
    assert (lamps.alpha, lamps.threshold) == (0.001, None)
    # 2,995 clean ones show 0.1 % at 95 %; the slice gets two tickets of five
    assert lamps.needed_rows == pytest.approx((2_995 - lamps.calibration_rows) / 0.4, rel=0.06)
    assert (rest.alpha, rest.confidence) == (0.05, 0.95)
    assert rest.threshold is not None
    assert lamps.calibration_rows + rest.calibration_rows == 520


def test_the_group_decides_which_certificate_speaks_for_a_ticket(strict: Fitted) -> None:
    world = World(history=History(strict.bundle.schema), bundle=strict.bundle)
    for dispatch in easy_log(1_300):
        learn(dispatch, world)
    found: dict[str | None, set[tuple[str | None, tuple[Reason, ...]]]] = {}
    for dispatch in easy_log(1_360)[1_300:]:
        decision = route(dispatch.ticket, world)
        found.setdefault(dispatch.ticket.category, set()).add((decision.group, decision.reasons))
        assert (decision.verdict is Verdict.DISPATCH) == (decision.reasons == (Reason.CERTIFIED,))
    assert found["lamp"] == {("safety:0.001", (Reason.NOT_CERTIFIED,))}
    assert (POOLED, (Reason.CERTIFIED,)) in found["pipe"]


def test_a_danger_in_the_words_is_a_kind_as_well(strict: Fitted) -> None:
    kinds = {"gas_leak": 0.001}
    guarded = replace(strict.bundle.guarantee, strata=Strata(alpha=0.05, kinds=kinds))
    one, other = strict.bundle.guarantee.certificates.values()
    guarded = replace(guarded, certificates={"safety:0.001": one, POOLED: other})
    world = World(history=History(strict.bundle.schema), bundle=replace(strict.bundle, guarantee=guarded))
    learn(easy_log(1)[0], world)
    smell = a_ticket(9, "Smell of gas on the stairs", hours=9)
    assert route(smell, world).group == "safety:0.001"
    assert route(replace(smell, text="No smell of gas"), world).group == POOLED


@pytest.mark.parametrize(("days", "expired"), [(179, False), (180, True), (400, True)])
def test_a_certificate_expires_by_the_clock_of_the_decision_not_of_the_ticket(
    tmp_path: Path, days: int, expired: bool
) -> None:
    issued = replace(certificate(threshold=0.0), issued_at=START, expires_at=START + timedelta(days=180))
    bundle = load_bundle(tiny_bundle(tmp_path, issued=issued))
    world = World(history=History(bundle.schema), bundle=bundle)
    decision = route(a_ticket(1, "lamp dark"), world, START + timedelta(days=days))
    assert decision.reasons == ((Reason.CERTIFICATE_EXPIRED,) if expired else (Reason.CERTIFIED,))


def slice_of(units: Sequence[str], wrong: Sequence[int], days: float) -> list[Ranked]:
    """Sure tickets of those first candidates, evenly spread over so many days; those numbered are wrong."""
    found = []
    for number, unit in enumerate(units):
        ticket = a_ticket(number, hours=24 * days * number / (len(units) - 1))
        dispatch = a_dispatch(ticket, "elsewhere" if number in wrong else unit)
        facts = facts_of(ticket)
        case = Case(dispatch=dispatch, location=UNKNOWN_LOCATION, facts=facts, learnt=facts)
        found.append(Ranked(case=case, units=(unit,), scores=np.array([5.0]), certifiable=True))
    return found


def test_the_monitor_is_told_what_calm_times_are_like() -> None:
    latest = slice_of(["water"] * 800 + ["roads"] * 200, wrong=[5, 900, 901], days=60)
    found = guarantee(
        latest[::2],
        latest,
        CALIBRATOR,
        Budget(alpha=0.01),
        watch=Watch(audit_share=0.03, alarms=2.0),
        missing=(),
        share=0.2,
        data_digest="ab",
        at=START,
    )
    assert found.certified == (POOLED,)
    terms = found.terms
    assert (terms.tickets, terms.audited, terms.alarms) == (500, 0.03, 2.0)
    assert (terms.alphas, terms.unit_alpha) == ({POOLED: 0.01}, 0.05)
    assert terms.calm == {"roads": returns_tolerated(2, 200, 0.01), "water": returns_tolerated(1, 800, 0.01)}
    assert terms.calm_otherwise == 0.02


def test_what_is_told_of_groups_and_of_units_that_ride() -> None:
    told = dict(
        certificate_lines(of_groups(lamp=certificate(threshold=None, needed_rows=70), rest=certificate()))
    )
    assert "about 70 more confirmed tickets needed" in told["certificate safety:0.002"]
    assert "50.0% of tickets dispatched automatically (5 wrong of 1,200" in told["certificate pooled"]
    assert "until 2025-10-01" in told["certificate pooled"]
    assert "none; 1 others ride on their group's" in told["units with a certificate of their own"]
    alone = dict(certificate_lines(Guarantee.pooled(certificate(threshold=None))))
    assert [*alone] == ["certificate"]


@pytest.mark.parametrize("given", ["gas", "=0.1", "gas=much", "gas=0.5"])
def test_a_strict_budget_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["train", "--strict", given, "--home", str(tmp_path)])
    assert found.exit_code == 1
    assert "--strict" in str(found.exception)


def test_a_backtest_counts_its_groups() -> None:
    settings = replace(QUICK, alpha=0.05, kinds={"lamp": 0.049}, certificate_share=0.7, calibration_share=0.1)
    log = easy_log(1_800)
    result = backtest(
        log,
        "",
        Plan(settings=settings, baselines="none"),
        rows=len(log),
        rejected={},
        import_seconds=0.0,
    )
    figures = result.as_json()["certificate"]
    assert figures["strata"] == 2
    assert figures["alpha"] == 0.05
    assert figures["coverage"] > 0.5

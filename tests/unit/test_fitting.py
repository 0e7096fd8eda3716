"""From a history to a bundle: what is learnt from what, one seed one bundle, and too little data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from domain.decisions import Verdict
from domain.dispatches import Dispatch
from domain.rules import Rule
from domain.time import Validity
from domain.units import Unit
from features.facts import Facts
from features.history import History
from features.schema import HistorySchema
from models.bundle import digest_of
from models.text import TextModels
from router.route import route
from router.world import World
from tests.estimators import QUICK, START, a_dispatch, a_ticket, easy_log, facts_of, place
from training import fitting, prequential
from training.fitting import Fitted, Settings, Surroundings, fit
from training.pairs import Ground, Pairs, pairs
from training.replay import Case

# a large slice, so that a short history can be certified
EASY = replace(QUICK, alpha=0.05, certificate_share=0.4, calibration_share=0.1)


def fit_on(dispatches: Sequence[Dispatch], settings: Settings = EASY, **around: Any) -> Fitted:
    """Fit as of START."""
    surroundings = Surroundings(**around)
    return fit(dispatches, "ab" * 32, surroundings, settings, issued_at=START)


@pytest.fixture(scope="module")
def easy() -> Fitted:
    """Fitted on a history that is easy to tell."""
    return fit_on(easy_log(800))


def test_what_is_easy_to_tell_is_certified_on_the_latest_slice(easy: Fitted) -> None:
    certificate = easy.bundle.certificate
    assert easy.missing == ()
    assert easy.evaluation is not None
    assert easy.evaluation.accuracy > 0.98
    assert certificate.threshold is not None
    assert certificate.calibration_rows == len(easy.evaluation) == 320
    assert certificate.rows == round(certificate.coverage * 320)
    assert certificate.coverage > 0.9
    assert (certificate.alpha, certificate.confidence) == (EASY.alpha, EASY.confidence)
    assert certificate.expires_at > certificate.issued_at == START
    assert easy.evaluation.ticket_id.tolist() == [d.ticket.ticket_id for d in easy_log(800)[480:]]


def test_one_seed_gives_one_bundle_whenever_it_is_issued(easy: Fitted) -> None:
    later = fit(easy_log(800), "ab" * 32, None, EASY, issued_at=START + timedelta(days=9))
    assert digest_of(later.bundle) == digest_of(easy.bundle)
    other = fit_on(easy_log(800), replace(EASY, ranker=replace(EASY.ranker, seed=1)))
    assert digest_of(other.bundle) != digest_of(easy.bundle)


def test_the_order_of_the_log_changes_nothing(easy: Fitted) -> None:
    assert digest_of(fit_on(easy_log(800)[::-1]).bundle) == digest_of(easy.bundle)


def by_processes(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Have so many processes fit; one: this one."""
    for module in (fitting, prequential):
        monkeypatch.setattr(module, "processors", lambda: count)


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_processes_changes_nothing(
    easy: Fitted, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    by_processes(monkeypatch, count)
    fitted = fit_on(easy_log(800))
    assert digest_of(fitted.bundle) == digest_of(easy.bundle)


def test_labels_of_the_certificate_slice_teach_nothing_where_it_certifies(easy: Fitted) -> None:
    log = easy_log(800)
    wrong = [replace(d, unit_id=log[0].unit_id) if i > 790 else d for i, d in enumerate(log)]
    garbled = fit_on(wrong)
    assert garbled.bundle.certificate.threshold is not None
    assert garbled.bundle.ranker.text == easy.bundle.ranker.text
    assert garbled.bundle.calibrator == easy.bundle.calibrator
    assert garbled.bundle.certificate.errors > easy.bundle.certificate.errors


def test_tickets_that_may_never_be_automatic_are_no_part_of_what_is_certified() -> None:
    log = easy_log(800)
    never = Rule(rule_id="never", never_automatic=True, categories=frozenset({"lamp"}))
    others = sum(dispatch.ticket.category != "lamp" for dispatch in log[480:])
    certificate = fit_on(log, rules=[never]).bundle.certificate
    assert 0.9 * others < certificate.rows <= others
    assert certificate.coverage == certificate.rows / 320


@pytest.mark.parametrize(
    ("changes", "tickets", "held_back"),
    [
        ({}, 1_000, (80, 160)),
        ({}, 100_000, (2_000, 4_000)),
        ({"alpha": 0.05}, 100_000, (2_000, 4_000)),
        ({"alpha": 0.005}, 100_000, (2_000, 8_000)),
        ({}, 500_000, (10_000, 20_000)),
        ({"by_unit": True}, 100_000, (8_000, 16_000)),
        ({"kinds": {"gas": 0.002}}, 100_000, (8_000, 16_000)),
    ],
)
def test_no_more_is_kept_from_learning_than_the_certificate_needs(
    changes: dict[str, Any], tickets: int, held_back: tuple[int, int]
) -> None:
    assert replace(Settings(), **changes).held_back(tickets) == held_back


@pytest.mark.parametrize("changes", [{}, {"alpha": 0.002}, {"by_unit": True}])
@pytest.mark.parametrize("certifying", [1, 300, 4_000, 4_001, 20_000, 20_001, 150_000])
def test_the_history_for_a_slice_is_the_shortest_that_fills_it(
    changes: dict[str, Any], certifying: int
) -> None:
    settings = replace(Settings(), **changes)
    history = settings.history_for(certifying)
    assert settings.held_back(history)[1] >= certifying
    assert settings.held_back(math.floor(0.999 * history) - 4)[1] < certifying


def test_where_nothing_can_be_certified_all_tickets_teach() -> None:
    noisy = fit_on(easy_log(400, errors=0.5))
    assert noisy.bundle.certificate.threshold is None
    assert noisy.bundle.certificate.coverage == 0
    last = easy_log(400, errors=0.5)
    last[-1] = replace(last[-1], unit_id="the newest unit")
    assert "the newest unit" in fit_on(last).bundle.text.mixed.classes


def test_no_text_model_in_training_saw_the_ticket_or_what_was_known_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taught: dict[int, list[Facts]] = {}
    asked: list[tuple[Case, TextModels]] = []
    learn = TextModels.fit

    def fit_text(tickets: Sequence[Facts], *args: Any) -> TextModels:
        models = learn(tickets, *args)
        taught[id(models)] = list(tickets)
        return models

    def look(case: Case, history: History, text: TextModels, ground: Ground) -> Pairs:
        asked.append((case, text))
        return pairs(case, history, text, ground)

    by_processes(monkeypatch, 1)
    monkeypatch.setattr(TextModels, "fit", fit_text)
    monkeypatch.setattr(fitting, "pairs", look)
    log = easy_log(160, late_h=30.0)
    fit_on(log)
    known_at = {facts_of(d.ticket, HistorySchema()).received: d.known_at for d in log}
    fit_part = log[80].ticket.received_at
    for case, models in asked:
        now = case.dispatch.ticket.received_at
        seen = [facts.received for facts in taught[id(models)]]
        assert case.facts.received not in seen
        if now < fit_part:
            assert all(known_at[received] < now for received in seen)
    assert len({id(models) for _, models in asked}) == QUICK.text_blocks


def narrow(count: int, units: Sequence[str], **fields: Any) -> list[Dispatch]:
    """Tickets of two texts, dealt out to the units in turn."""
    texts = ("street lamp dark", "停电了")
    tickets = [a_ticket(n, texts[n % 2], **fields) for n in range(count)]
    return [a_dispatch(t, units[n % len(units)], sequence=n + 1) for n, t in enumerate(tickets)]


@pytest.mark.parametrize(
    ("log", "missing"),
    [
        ([], ["no history"]),
        (narrow(1, ["a"]), ["only one unit", "0 calibration tickets"]),
        (narrow(2, ["a", "b"]), ["0 calibration tickets"]),
        (narrow(7, ["a", "b"]), ["1 calibration tickets", "299 more"]),
        (narrow(320, ["a"]), ["only one unit", "calibration tickets"]),
        (narrow(320, ["a", "b"], category="X"), ["only one category in the history (x)", "calibration"]),
        (narrow(1_000, ["a", "b"], category="X"), ["only one category"]),
        (narrow(320, ["a", "b"]), ["51 calibration tickets"]),
    ],
    ids=["none", "1", "2", "7", "one unit", "one category", "one category, enough rows", "too few rows"],
)
def test_too_little_data_is_named_and_automates_nothing(log: list[Dispatch], missing: list[str]) -> None:
    fitted = fit_on(log, QUICK)
    told = "; ".join(fitted.missing)
    assert all(part in told for part in missing)
    certificate = fitted.bundle.certificate
    assert (certificate.threshold, certificate.coverage, certificate.rows) == (None, 0.0, 0)
    world = World(history=History(fitted.bundle.schema), bundle=fitted.bundle)
    for ticket in (a_ticket(9, "street lamp"), a_ticket(10), a_ticket(11, category="new", point=place(0))):
        decision = route(ticket, world)
        assert decision.verdict is (Verdict.REVIEW if log else Verdict.HOLD)
    assert (fitted.evaluation is None) == (len(log) < 3)


def test_the_tickets_that_are_said_to_be_needed_fill_the_slice() -> None:
    short = fit_on(easy_log(500))
    assert short.bundle.certificate.calibration_rows == 200
    needed = short.bundle.certificate.needed_rows
    assert needed == 250  # a hundred for the slice, which gets two of five
    assert fit_on(easy_log(500 + needed)).bundle.certificate.threshold is not None


def test_tickets_that_a_full_slice_needs_are_counted_as_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "LEAST_ENOUGH", 100)
    capped = replace(EASY, certificate_errors=1)
    certificate = fit_on(easy_log(500), capped).bundle.certificate
    assert (certificate.calibration_rows, certificate.threshold) == (100, None)
    assert certificate.needed_rows is not None
    assert capped.held_back(500 + certificate.needed_rows)[1] == 300


ODD: dict[str, Callable[[Dispatch], Dispatch]] = {
    "no text": lambda d: replace(d, ticket=replace(d.ticket, text="")),
    "no place": lambda d: replace(d, ticket=replace(d.ticket, point=None)),
    "no category": lambda d: replace(d, ticket=replace(d.ticket, category=None)),
    "no attributes": lambda d: replace(d, ticket=replace(d.ticket, attributes={})),
    "an attribute that is always empty": lambda d: replace(
        d, ticket=replace(d.ticket, attributes={"side": "", "ward": " "})
    ),
    "nothing but the time": lambda d: replace(
        d, ticket=replace(d.ticket, text="", point=None, category=None, attributes={})
    ),
    "all at once": lambda d: replace(
        d, ticket=replace(d.ticket, received_at=START), known_at=START + timedelta(hours=1)
    ),
    "known on the spot": lambda d: replace(d, known_at=d.ticket.received_at),
    "known only years later": lambda d: replace(d, known_at=d.known_at + timedelta(days=3_650)),
    "odd unit names": lambda d: replace(d, unit_id=f"  电力\n[bold]{d.unit_id}%s/../💡"),
    "one place": lambda d: replace(d, ticket=replace(d.ticket, point=place(0))),
    "before 1970": lambda d: replace(
        d,
        ticket=replace(d.ticket, received_at=d.ticket.received_at - timedelta(days=30_000)),
        known_at=d.known_at - timedelta(days=30_000),
    ),
    "long texts": lambda d: replace(d, ticket=replace(d.ticket, text=d.ticket.text * 200)),
}


@pytest.mark.parametrize("change", ODD.values(), ids=list(ODD))
def test_odd_histories_are_learnt_from(change: Callable[[Dispatch], Dispatch]) -> None:
    log = [change(dispatch) for dispatch in easy_log(120)]
    fitted = fit_on(log)
    world = World(history=History(fitted.bundle.schema), bundle=fitted.bundle)
    decision = route(log[-1].ticket, world)
    assert decision.ranking.confidence is not None
    assert np.isfinite(decision.ranking.confidence)
    assert {c.unit_id for c in decision.ranking.candidates} <= {d.unit_id for d in log}


def after(moment: datetime) -> Validity:
    return Validity(valid_from=moment)


def until(moment: datetime) -> Validity:
    return Validity(valid_to=moment)


@pytest.mark.parametrize("renamed_at", ["before", "after"])
def test_a_record_by_a_units_id_of_another_time_is_right_where_one_unit_alone_is_meant(
    easy: Fitted, renamed_at: str
) -> None:
    log, name = easy_log(800), "pipe-north"
    first, last = log[0].ticket.received_at, log[-1].ticket.received_at + timedelta(days=1)
    if renamed_at == "before":  # the history goes on with the old id
        old = Unit(unit_id=name, name="", validity=until(first), successors=("other",))
        units = {name: old, "other": Unit(unit_id="other", name="")}
    else:  # an export after the renaming tells all tickets by the new one
        old = Unit(unit_id="other", name="", validity=until(last), successors=(name,))
        units = {"other": old, name: Unit(unit_id=name, name="", validity=after(last))}
        log = [replace(d, unit_id="other") if d.unit_id == name and i < 300 else d for i, d in enumerate(log)]
    found = fit_on(log, units=units)
    assert found.evaluation is not None
    assert found.evaluation.accuracy > 0.98
    assert found.bundle.certificate.threshold is not None
    assert name not in found.evaluation.truth


def test_tickets_that_nobody_is_left_for_do_not_stop_a_training() -> None:
    log = easy_log(800)
    middle = log[440].ticket.received_at
    closed = {d.unit_id: Unit(unit_id=d.unit_id, name="", validity=Validity(valid_to=middle)) for d in log}
    fitted = fit_on(log, units=closed)
    assert fitted.bundle.certificate.threshold is None
    assert fitted.evaluation is not None
    assert fitted.evaluation.accuracy == 0

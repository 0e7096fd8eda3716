"""The monitor: what stops a group or a unit, what does not, why it says so; the audit slice and the live error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.automation import Cause, Suspension
from models.audits import is_audited, live_error
from models.evidence import LARGEST, RUNS, Errors, Returns, alternatives, returns_tolerated
from models.monitor import Audit, Dispatched, Event, Monitor, Returned, Terms, replayed
from store.codec import decode, encode

START = datetime(2025, 1, 6, tzinfo=UTC)
TERMS = Terms(alphas={"pooled": 0.01, "safety:0.002": 0.002}, calm={"calm": 0.01, "touchy": 0.2})


def at(hours: float) -> datetime:
    """So many hours after START."""
    return START + timedelta(hours=hours)


def audits(outcomes: Sequence[bool], unit: str = "calm", group: str = "pooled") -> list[Event]:
    """One audit an hour."""
    return [Audit(at=at(i), group=group, unit=unit, wrong=wrong) for i, wrong in enumerate(outcomes)]


def dispatches(count: int, *, since: float = 0.0, unit: str = "calm") -> list[Event]:
    """One dispatch an hour."""
    return [Dispatched(at=at(since + i), unit=unit) for i in range(count)]


def returns(hours: Sequence[float], known: float, unit: str = "calm") -> list[Event]:
    """The dispatches of those hours come back at one moment."""
    return [Returned(at=at(known), unit=unit, dispatched_at=at(hour)) for hour in hours]


def stopped_after(events: Sequence[Event], unit: str = "calm", group: str = "pooled") -> int | None:
    """How many events it took, in their own order."""
    monitor = Monitor()
    for number, event in enumerate(events, 1):
        monitor = monitor.after(event, TERMS)
        if monitor.stops(group, unit):
            return number
    return None


@pytest.mark.parametrize(
    ("outcomes", "least", "most"),
    [
        ([True] * 50, 2, 4),
        ([False] * 100 + [True] * 50, 102, 105),
        ([False, True] * 50, 4, 12),
        ([False] * 1_000, None, None),
        (([False] * 99 + [True]) * 10, None, None),
    ],
)
def test_audits_stop_what_is_wrong_and_nothing_else(
    outcomes: list[bool], least: int | None, most: int | None
) -> None:
    found = stopped_after(audits(outcomes))
    assert found is None if most is None or least is None else found and least <= found <= most


def test_a_stricter_group_is_stopped_while_the_units_own_bound_is_kept() -> None:
    events = audits(([False] * 24 + [True]) * 3, group="safety:0.002")
    found = replayed(events, TERMS).suspensions
    assert [(one.group, one.unit, one.cause) for one in found] == [("safety:0.002", None, Cause.AUDITS)]
    assert (found[0].errors, found[0].rows, found[0].tolerated) == (3, 75, 0.002)
    assert found[0].evidence >= found[0].threshold == TERMS.audits_threshold


def test_a_units_suspension_leaves_other_units_alone() -> None:
    terms = Terms(alphas={"pooled": 0.4}, unit_alpha=0.05)
    monitor = replayed([*audits([True] * 5, "bad"), *audits([False] * 40, "good")], terms)
    stopped = monitor.stops("pooled", "bad")
    assert stopped is not None
    assert (stopped.unit, stopped.tolerated, stopped.errors, stopped.rows) == ("bad", 0.05, 3, 3)
    assert monitor.stops("pooled", "good") is None


@pytest.mark.parametrize(
    ("before", "returned", "unit", "stops"),
    [
        (500, 6, "calm", True),
        (500, 2, "calm", False),
        (0, 6, "calm", True),
        (0, 6, "touchy", False),
        (0, 20, "touchy", True),
    ],
)
def test_returns_of_the_latest_dispatches_stop_a_unit(
    before: int, returned: int, unit: str, stops: bool
) -> None:
    events = dispatches(before + returned, unit=unit)
    events += returns(range(before, before + returned), before + returned, unit)
    found = stopped_after(events, unit)
    assert (found is not None) is stops
    if found is not None:
        suspension = replayed(events, TERMS).suspensions[0]
        assert (suspension.unit, suspension.cause) == (unit, Cause.RETURNS)
        assert suspension.errors / suspension.rows > 0.5
        assert suspension.tolerated == TERMS.calm[unit]


def test_a_heap_of_returns_meets_the_dispatches_it_answers() -> None:
    """Six at once are a usual Monday where 600 went out, and a catastrophe where six did."""
    many = [*dispatches(600), *returns(range(0, 600, 100), 601)]
    assert stopped_after(many) is None
    few = [*dispatches(600), *returns(range(594, 600), 601)]
    assert stopped_after(few) is not None


def test_dispatches_of_one_moment_do_not_hide_each_other() -> None:
    monitor = Returns()
    for _ in range(200):
        monitor = monitor.dispatched(5.0)
    assert monitor.returned(5.0).returned(5.0).returned(5.0).runs == ((5.0, 200, 3),)
    assert monitor.returned(4.0) == monitor


def test_the_state_of_returns_stays_small_and_counts_right() -> None:
    state = Returns()
    for moment in range(300):
        state = state.dispatched(float(moment))
    assert len(state.runs) < RUNS
    assert sum(rows for _, rows, _ in state.runs) == 300
    back = state.returned(0.5).returned(299.0)
    assert back.runs[0][2] == back.runs[-1][2] == 1
    for moment in range(300, 20_000):
        state = state.dispatched(float(moment))
    assert len(state.runs) <= RUNS
    assert 1_000 < sum(rows for _, rows, _ in state.runs) < 20_000


def test_a_label_of_another_certificates_group_is_left_out() -> None:
    assert replayed(audits([True] * 20, group="gone"), TERMS) == Monitor()


def test_an_operators_word_begins_anew() -> None:
    monitor = replayed(audits([True] * 9), TERMS)
    assert {(s.group, s.unit) for s in monitor.suspensions} == {("pooled", None), (None, "calm")}
    again = monitor.resumed(unit="calm")
    assert again.stops("pooled", "another") is not None
    assert again.stops("other", "calm") is None
    assert again.resumed(group="pooled") == Monitor()
    sent_back = replayed([*dispatches(6), *returns(range(6), 7)], TERMS)
    assert sent_back.stops("pooled", "calm")
    assert sent_back.resumed(unit="calm") == Monitor()


def test_events_are_told_in_the_order_in_which_they_became_known() -> None:
    events = [*dispatches(30), *returns(range(24, 30), 29), *audits([False, True] * 10)]
    expected = replayed(events, TERMS)
    assert expected.suspensions
    for seed in range(5):
        shuffled = [events[i] for i in np.random.default_rng(seed).permutation(len(events))]
        assert replayed(shuffled, TERMS) == expected


def test_the_state_survives_json() -> None:
    events = [*dispatches(50), *returns(range(44, 50), 51), *audits([False, True] * 10, "another")]
    monitor = replayed(events, TERMS)
    assert {one.cause for one in monitor.suspensions} == {Cause.AUDITS, Cause.RETURNS}
    for kind, seen in (
        (Errors, monitor.groups["pooled"]),
        (Errors, monitor.units["another"]),
        (Returns, monitor.returns["calm"]),
    ):
        assert decode(kind, encode(seen)) == seen
    for suspension in monitor.suspensions:
        assert decode(Suspension, encode(suspension)) == suspension


def test_evidence_never_overflows() -> None:
    state = Errors()
    for _ in range(500):
        state = state.after(wrong=True, tolerated=0.001)
    assert 1e90 < state.evidence <= LARGEST
    back = Returns()
    for moment in range(900):
        back = back.dispatched(float(moment)).returned(float(moment))
    assert 1e90 < back.evidence(0.001) < float("inf")


@pytest.mark.parametrize("tolerated", [0.001, 0.01, 0.05, 0.3, 0.5, 0.95])
def test_bets_are_on_worse_rates(tolerated: float) -> None:
    assert all(tolerated < rate < 1 for rate in alternatives(tolerated))


@pytest.mark.parametrize(
    ("returned", "dispatched", "pooled", "tolerated"),
    [
        (0, 0, 0.0, 0.01),
        (0, 0, 0.02, 0.04),
        (50, 900, 0.01, 0.102),
        (0, 10_000, 0.01, 0.01),
        (90, 100, 0.1, 0.5),
    ],
)
def test_what_is_borne_of_returns(returned: int, dispatched: int, pooled: float, tolerated: float) -> None:
    assert returns_tolerated(returned, dispatched, pooled) == pytest.approx(tolerated, abs=1e-4)


def test_fewer_bearable_alarms_need_more_evidence() -> None:
    strict = Terms(alphas={}, alarms=0.1)
    assert strict.audits_threshold == pytest.approx(10 * Terms(alphas={}).audits_threshold)
    assert strict.returns_threshold == pytest.approx(900_000)


def test_the_audit_slice_is_its_share_foreseen_by_nobody_and_only_grows() -> None:
    ids = [f"t{i}" for i in range(20_000)]
    two, three = ({i for i in ids if is_audited(i, "salt", share)} for share in (0.02, 0.03))
    assert 320 < len(two) < 480
    assert two < three
    assert two == {i for i in ids if is_audited(i, "salt", 0.02)}
    other = {i for i in ids if is_audited(i, "another salt", 0.02)}
    assert len(two & other) < 30
    assert not any(is_audited(i, "salt", 0.0) for i in ids)
    assert all(is_audited(i, "salt", 1.0) for i in ids)


@pytest.mark.parametrize(
    ("errors", "rows"), [(0, 1), (0, 100), (1, 1), (3, 300), (50, 100), (100, 100), (9, 9_000)]
)
def test_the_live_interval_is_where_the_mixture_stays_below_its_bound(errors: int, rows: int) -> None:
    from scipy.stats import betabinom, binom

    low, high = live_error(errors, rows)
    assert 0 <= low <= errors / rows <= high <= 1
    grid = np.linspace(0.0003, 0.9993, 1_999)
    ratio = betabinom.pmf(errors, rows, 0.5, 0.5) / np.maximum(binom.pmf(errors, rows, grid), 1e-300)
    inside = (grid > low) & (grid < high)
    assert (inside == (ratio < 20)).all()


def test_without_audits_nothing_is_known() -> None:
    assert live_error(0, 0) == (0.0, 1.0)
    assert live_error(3, 300, 0.9)[1] < live_error(3, 300, 0.99)[1]

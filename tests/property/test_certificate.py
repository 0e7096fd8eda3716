"""Certificate and evidence against slow, obvious references and exact enumerations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.guarantee import Population
from models.certificate import Scored, certify, certify_groups, tail, upper_limit
from models.evidence import PER_SIZE, Errors, Returns, alternatives

RATES = st.sampled_from([0.002, 0.01, 0.05, 0.2, 0.45])
LABELS = st.lists(st.booleans(), max_size=40)


@given(
    seed=st.integers(0, 999),
    rows=st.integers(0, 1_500),
    groups=st.integers(1, 4),
    error=st.sampled_from([0.0, 0.002, 0.02, 0.3]),
    alpha=st.sampled_from([0.01, 0.05]),
)
@settings(max_examples=60)
def test_groups_are_certified_each_on_its_own_tickets(
    seed: int, rows: int, groups: int, error: float, alpha: float
) -> None:
    random = np.random.default_rng(seed)

    def drawn() -> Scored:
        scores = np.round(random.random(rows), 2)
        scores[random.random(rows) < 0.1] = -np.inf
        names = random.integers(groups, size=rows).astype(str)
        return Scored(groups=names, scores=scores, correct=random.random(rows) >= error)

    scored, earlier = drawn(), drawn()
    alphas = {str(group): alpha / (group + 1) for group in range(groups)}
    found = certify_groups(scored, earlier, alphas, 0.95)
    spent = 0.0
    for name, (certified, own) in found.items():
        scores, correct = scored.of(name)
        if certified.threshold is None:
            assert (certified.rows, certified.errors, certified.coverage) == (0, 0, 0.0)
            continue
        spent += 1.0 - own
        taken = scores >= certified.threshold
        assert (certified.rows, certified.errors) == (taken.sum(), (~correct[taken]).sum())
        assert certified == certify(scores, correct, *earlier.of(name), alphas[name], own)
        assert upper_limit(certified.errors, certified.rows, own) <= alphas[name] + 1e-12
    assert spent <= 0.05 + 1e-9


@given(errors=st.integers(0, 50), more=st.integers(1, 5_000), confidence=st.sampled_from([0.8, 0.95, 0.999]))
def test_the_upper_limit_is_where_the_tail_is_what_is_left(errors: int, more: int, confidence: float) -> None:
    limit = upper_limit(errors, errors + more, confidence)
    assert float(tail(errors, errors + more, limit)) == pytest.approx(1.0 - confidence, rel=1e-6)


@given(
    tickets=st.lists(
        st.tuples(st.sampled_from([-math.inf, 0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=30
    ),
    alpha=st.sampled_from([0.0, 0.1, 0.3, 1.0]),
)
def test_the_oracle_tries_every_threshold(tickets: list[tuple[float, bool]], alpha: float) -> None:
    scores, correct = np.array([s for s, _ in tickets]), np.array([c for _, c in tickets])
    population = Population(scores=scores, correct=correct)
    fine = [
        coverage
        for coverage, error in (population.true(s) for s in scores[np.isfinite(scores)])
        if error <= alpha
    ]
    assert population.oracle(alpha) == pytest.approx(max(fine, default=0.0))


def slow_errors(labels: Sequence[bool], tolerated: float) -> float:
    """The sum over all beginnings of the mean likelihood ratio."""
    rates, total = alternatives(tolerated), 0.0
    for begin in range(len(labels)):
        for rate in rates:
            factors = [
                rate / tolerated if wrong else (1 - rate) / (1 - tolerated) for wrong in labels[begin:]
            ]
            total += math.prod(factors) / len(rates)
    return total


@given(labels=LABELS, tolerated=RATES)
def test_evidence_of_audits_is_the_sum_over_all_beginnings(labels: list[bool], tolerated: float) -> None:
    state = Errors()
    for wrong in labels:
        state = state.after(wrong, tolerated)
    assert (state.rows, state.errors) == (len(labels), sum(labels))
    assert state.evidence == pytest.approx(slow_errors(labels, tolerated), rel=1e-9)


def chance(labels: Sequence[bool], rate: float) -> float:
    """Of exactly these labels."""
    return math.prod(rate if wrong else 1 - rate for wrong in labels)


@pytest.mark.parametrize("tolerated", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_while_the_promise_is_kept_evidence_is_expected_below_the_number_of_labels(
    tolerated: float, share: float
) -> None:
    """Exactly, over all sequences of eight labels: what the bound on false alarms rests on."""
    expected = {"audits": 0.0, "at once": 0.0, "late": 0.0}
    for labels in itertools.product([False, True], repeat=8):
        likely = chance(labels, tolerated * share)
        audited, returned = Errors(), Returns()
        for moment, wrong in enumerate(labels):
            audited = audited.after(wrong, tolerated)
            returned = returned.dispatched(float(moment))
        expected["audits"] += likely * audited.evidence
        late = returned
        for moment, wrong in enumerate(labels):
            late = late.returned(float(moment)) if wrong and moment < 4 else late
            returned = returned.returned(float(moment)) if wrong else returned
        expected["at once"] += likely * returned.evidence(tolerated)
        expected["late"] += likely * late.evidence(tolerated)
    assert all(mean <= 8 + 1e-9 for mean in expected.values()), expected
    if share == 1.0:
        assert expected["audits"] == pytest.approx(8)


@given(labels=st.lists(st.booleans(), min_size=1, max_size=PER_SIZE), tolerated=RATES)
def test_evidence_of_returns_is_the_sum_over_the_beginnings_of_runs(
    labels: list[bool], tolerated: float
) -> None:
    state = Returns()
    for moment, _ in enumerate(labels):
        state = state.dispatched(float(moment))
    for moment, back in reversed(list(enumerate(labels))):
        state = state.returned(float(moment)) if back else state
    times = [rate / tolerated for rate in alternatives(tolerated)]
    hazard = -math.log(1 - tolerated)
    expected = sum(
        g ** sum(labels[begin:]) * math.exp(-(g - 1) * hazard * (len(labels) - begin)) / len(times)
        for begin in range(len(labels))
        for g in times
    )
    assert state.evidence(tolerated) == pytest.approx(expected, rel=1e-9)


@given(moments=st.lists(st.integers(0, 400), min_size=1, max_size=300), back=st.data())
@settings(max_examples=50)
def test_each_return_finds_the_run_of_its_dispatch(moments: list[int], back: st.DataObject) -> None:
    state = Returns()
    for moment in sorted(moments):
        state = state.dispatched(float(moment))
    begins = [since for since, _, _ in state.runs]
    assert begins == sorted(set(begins))
    for since, rows, _ in state.runs:
        following = min((other for other in begins if other > since), default=math.inf)
        assert rows == sum(since <= moment < following for moment in moments)
    chosen = back.draw(st.sampled_from(moments))
    changed = [
        i
        for i, pair in enumerate(zip(state.returned(float(chosen)).runs, state.runs, strict=True))
        if pair[0] != pair[1]
    ]
    assert changed == [max(i for i, since in enumerate(begins) if since <= chosen)]

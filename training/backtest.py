"""Everything learnt from the earlier part of a history, then measured on the later part, ticket by ticket."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from domain.decisions import Policy, Verdict
from domain.dispatches import Dispatch
from domain.errors import InvalidInput, NotEnoughData
from features.history import History
from models.bundle import Bundle, digest_of, reissued
from router.atlas import Atlas
from router.atlas_building import build_atlas
from router.route import route
from router.world import World
from training.baselines import accuracy, names, run_baseline
from training.evaluation import Evaluation, risk_coverage
from training.fitting import Report, Settings, Surroundings, fit, silent
from training.held_back import evaluate_decisions
from training.label_noise import noise_of_outcomes
from training.replay import Case, Replay, prepare
from training.results import BacktestResult, CertifiedOutcome, Delayed

SECOND_DELAY_DAYS = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a history is split and replayed. `test_from` overrules `train_share`."""

    train_share: float = 0.8
    test_from: datetime | None = None
    label_delay_days: float = 0.0
    baselines: str = "fast"
    settings: Settings = field(default_factory=Settings)


def backtest(
    dispatches: Sequence[Dispatch],
    data_digest: str,
    plan: Plan,
    *,
    rows: int,
    rejected: Mapping[str, int],
    import_seconds: float,
    report: Report = silent,
) -> BacktestResult:
    """Temporal split; the history index goes on learning through the test part, the model does not.

    `dispatches` already carry the plan's label delay in their known_at.
    """
    if len(dispatches) < 2:
        raise NotEnoughData(missing=(_too_few(dispatches, rows, rejected),))
    ordered = sorted(dispatches, key=lambda d: (d.ticket.received_at, d.sequence))
    ordered = [replace(d, sequence=i + 1) for i, d in enumerate(ordered)]
    at = _boundary(ordered, plan)
    train, test = ordered[:at], ordered[at:]
    test_from = test[0].ticket.received_at
    # what became known only after the split is not there to be trained on
    known = [d for d in train if d.known_at < test_from]
    atlas = build_atlas(dispatches=known, report=report)
    fitted = fit(
        known, data_digest, Surroundings(atlas=atlas), plan.settings, issued_at=test_from, report=report
    )
    # the whole test part is measured under the certificate, however long it is
    served = reissued(fitted.bundle, test_from, test[-1].ticket.received_at + timedelta(days=1))
    cases = prepare(ordered, atlas, served.schema)
    replayed = _replay(cases, at, served, atlas, report, "test replay")
    evaluation = replayed.evaluation
    delayed = _delayed(cases, at, served, atlas, plan, report)
    baselines, curves = _baselines(cases[:at], cases[at:], plan, report)
    return BacktestResult(
        rows=rows,
        rejected=rejected,
        train_rows=len(train),
        test_rows=len(test),
        units=len({d.unit_id for d in ordered}),
        test_from=test_from.astimezone(UTC).isoformat(),
        data_digest=data_digest,
        bundle_digest=digest_of(fitted.bundle),
        evaluation=evaluation,
        delayed=delayed,
        outcome=CertifiedOutcome(
            certificate=fitted.bundle.certificate,
            coverage=replayed.coverage,
            realised_error=replayed.realised_error,
            groups=len(fitted.bundle.guarantee.certified),
        ),
        noise=noise_of_outcomes(cases[at:], evaluation.predicted.tolist(), evaluation.confidence),
        candidates=replayed.candidates,
        baselines=baselines,
        baseline_curves=curves,
        importance=fitted.importance,
        seconds={
            "import": import_seconds,
            "features": fitted.seconds["features"],
            "fit": fitted.seconds["text"] + fitted.seconds["fit"],
            "replay": replayed.seconds,
        },
        label_delay_days=plan.label_delay_days,
        tickets_per_second=len(test) / replayed.seconds,
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _too_few(dispatches: Sequence[Dispatch], rows: int, rejected: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in rejected.items())
    return f"{len(dispatches)} of {rows} rows can be used" + (f" (set aside: {reasons})" if reasons else "")


def _boundary(ordered: Sequence[Dispatch], plan: Plan) -> int:
    """Position of the first test ticket; tickets of one moment are not torn apart."""
    if plan.test_from is not None:
        at = sum(d.ticket.received_at < plan.test_from for d in ordered)
    else:
        at = round(len(ordered) * plan.train_share)
        while 0 < at < len(ordered) and ordered[at].ticket.received_at == ordered[at - 1].ticket.received_at:
            at += 1
    if not 0 < at < len(ordered):
        raise InvalidInput(
            field="--test-from" if plan.test_from else "--train-share",
            problem=f"leaves {at} of {len(ordered)} tickets for training",
            mend="Choose a moment inside the history",
        )
    return at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replayed:
    """The test part replayed: certified coverage and its realised error, mean number of candidates, seconds."""

    evaluation: Evaluation
    coverage: float
    realised_error: float | None
    candidates: float
    seconds: float


def _replay(
    cases: Sequence[Case], at: int, bundle: Bundle, atlas: Atlas, report: Report, stage: str
) -> _Replayed:
    """The test part under `route` itself."""
    history = History(bundle.schema)
    every = Policy(told_candidates=Policy().max_candidates)
    world = World(history=history, bundle=bundle, atlas=atlas, policy=every)
    replay = Replay(cases, history)
    test = cases[at:]
    replay.upto(test[0])
    decisions = []
    started = time.perf_counter()
    for position, case in enumerate(replay.walk(test)):
        decisions.append(route(case.dispatch.ticket, world))
        if position % 100 == 0:
            report(stage, position / len(test))
    seconds = time.perf_counter() - started
    automatic = [decision.verdict is Verdict.DISPATCH for decision in decisions]
    wrong = [d.unit_id != c.dispatch.unit_id for d, c in zip(decisions, test, strict=True)]
    sent = sum(automatic)
    realised = sum(a and w for a, w in zip(automatic, wrong, strict=True)) / sent if sent else None
    return _Replayed(
        evaluation=evaluate_decisions(test, decisions),
        coverage=sent / len(test),
        realised_error=realised,
        candidates=float(np.mean([len(decision.ranking.candidates) for decision in decisions])),
        seconds=seconds,
    )


def _delayed(
    cases: Sequence[Case], at: int, bundle: Bundle, atlas: Atlas, plan: Plan, report: Report
) -> Delayed | None:
    """The same bundle, with labels arriving a week late (beyond the plan's own delay, if that is shorter)."""
    more = timedelta(days=SECOND_DELAY_DAYS - plan.label_delay_days)
    if more <= timedelta(0):
        return None
    known = [replace(case.dispatch, known_at=case.dispatch.known_at + more) for case in cases]
    if any(dispatch.ticket.phone for dispatch in known):
        # what callers told is known later as well, and may place their next tickets otherwise
        late = prepare(known, atlas, bundle.schema)
    else:
        late = [replace(case, dispatch=dispatch) for case, dispatch in zip(cases, known, strict=True)]
    replayed = _replay(late, at, bundle, atlas, report, "delayed replay")
    return Delayed(days=SECOND_DELAY_DAYS, evaluation=replayed.evaluation)


def _baselines(
    earlier: Sequence[Case], later: Sequence[Case], plan: Plan, report: Report
) -> tuple[dict[str, float | None], dict[str, object]]:
    figures: dict[str, float | None] = dict.fromkeys(names("all"))
    curves: dict[str, object] = {}
    for i, name in enumerate(names(plan.baselines)):
        report("baselines", i / len(names(plan.baselines)))
        answers = run_baseline(name, earlier, later, plan.settings.seed)
        if answers is not None:
            figures[name] = accuracy(answers, later)
            right = answers.predicted == np.array([c.dispatch.unit_id for c in later], np.str_)
            curves[name] = risk_coverage(answers.confidence, right)
    return figures, curves

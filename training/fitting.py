"""From a history to a bundle: prequential text models, ranker, calibrator, certificate.

By time, earliest first: the fit part (text models and ranker), the calibration slice (probabilities), the certificate
slice (threshold). The ranker's rows carry the probabilities of text models that saw earlier blocks only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Certificate
from domain.dispatches import Dispatch
from domain.rules import Rule
from domain.units import Unit
from features.gazetteer import Gazetteer
from features.history import History
from features.schema import HistorySchema
from features.table import feature_names
from features.territories import Territories
from models.bundle import Bundle
from models.calibration import Calibrator
from models.certificate import MINIMUM_ROWS, Certified, certify
from models.ranker import Ranker, RankerSettings
from models.softmax import SoftmaxSettings
from models.text import TextModels
from router.decide import may_automate
from router.parse import parse
from router.rules import RuleBook
from router.world import World
from training.evaluation import Evaluation
from training.held_back import Ranked, evaluate_ranked
from training.pairs import Ground, Pairs, pairs, stack
from training.replay import Case, Replay, prepare
from training.schema_choice import choose_schema

Floats = NDArray[np.float64]
Report = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """A Report that nobody reads."""


CERTIFICATE_DAYS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an ML engineer may turn. Shares are of the training tickets, by time.

    `text_blocks`: in how many steps of time the text models are refitted for the ranker's rows. `ranker_tickets`: the
    ranker learns from the latest that many tickets of its part (None: all); earlier ones only fill the history.
    """

    alpha: float = 0.01
    confidence: float = 0.95
    calibration_share: float = 0.08
    certificate_share: float = 0.16
    max_candidates: int = 24
    text_blocks: int = 8
    ranker_tickets: int | None = None
    seed: int = 0
    ranker: RankerSettings = field(default_factory=RankerSettings)
    text: SoftmaxSettings = field(default_factory=SoftmaxSettings)


def settings_of(*, alpha: float, confidence: float, seed: int) -> Settings:
    """The defaults with another budget, and one seed for all that is random."""
    return Settings(
        alpha=alpha,
        confidence=confidence,
        seed=seed,
        ranker=RankerSettings(seed=seed),
        text=SoftmaxSettings(seed=seed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known besides the history: accounts and addresses, ground, units, rules."""

    gazetteer: Gazetteer = field(default_factory=Gazetteer)
    territories: Territories = field(default_factory=Territories)
    units: dict[str, Unit] = field(default_factory=dict)
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A bundle (not yet stored) and how it did on the certificate slice, which it had not seen (None: no tickets)."""

    bundle: Bundle
    missing: tuple[str, ...]
    evaluation: Evaluation | None
    importance: dict[str, float]
    seconds: dict[str, float]


def fit(
    dispatches: Sequence[Dispatch],
    data_digest: str,
    surroundings: Surroundings | None = None,
    settings: Settings | None = None,
    *,
    issued_at: datetime,
    report: Report = silent,
) -> Fitted:
    """Fit a bundle. Too little data: a bundle that automates nothing, with what is missing."""
    around, settings = surroundings or Surroundings(), settings or Settings()
    clock = _Clock()
    schema = choose_schema([d.ticket for d in dispatches])
    cases = prepare(dispatches, around.gazetteer, schema, lambda share: report("features", share * 0.1))
    parts = _split(cases, settings)
    models = _prequential(parts.fit, settings, lambda share: report("text models", share))
    clock.lap("text")
    found = _pairs(
        cases, schema, models, around, settings, lambda share: report("features", 0.1 + share * 0.9)
    )
    clock.lap("features")
    taught = len(parts.fit) - models.first_end
    ranker = _ranker(found[:taught], schema, settings, report)
    book = RuleBook(around.rules)
    later = cases[len(parts.fit) :]
    held_back = [_ranked(case, one, ranker, book) for case, one in zip(later, found[taught:], strict=True)]
    earlier, latest = held_back[: len(parts.calibration)], held_back[len(parts.calibration) :]
    learnt = Learnt(text=models.final, ranker=ranker, calibrator=_calibrator(earlier))
    missing = _missing(cases, latest)
    certified = _certified(earlier, latest, learnt.calibrator, settings, missing)
    evaluation = evaluate_ranked(latest, learnt.calibrator) if latest else None
    if certified.threshold is None and cases:
        learnt = _learn_from_all(cases, found, held_back, schema, settings, report)
    clock.lap("fit")
    return Fitted(
        bundle=Bundle(
            schema=schema,
            ranker=learnt.ranker,
            text=learnt.text,
            calibrator=learnt.calibrator,
            certificate=_certificate(certified, len(latest), data_digest, settings, issued_at),
        ),
        missing=missing,
        evaluation=evaluation,
        importance=learnt.ranker.importance(feature_names(schema)),
        seconds=clock.laps,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """The fitted parts of a bundle."""

    text: TextModels
    ranker: Ranker
    calibrator: Calibrator


def _learn_from_all(
    cases: Sequence[Case],
    found: Sequence[Pairs],
    held_back: Sequence[Ranked],
    schema: HistorySchema,
    settings: Settings,
    report: Report,
) -> Learnt:
    """Where nothing could be certified no slice need be kept from learning: fit on the held-back tickets as well.

    Their rows are prequential like the others; the calibrator is that of the ranker that did not see them.
    """
    units = [case.dispatch.unit_id for case in cases]
    text = TextModels.fit([case.facts for case in cases], units, settings.text)
    ranker = _ranker(found, schema, settings, lambda _, share: report("all tickets", share))
    return Learnt(text=text, ranker=ranker, calibrator=_calibrator(held_back))


class _Clock:
    """Wall time of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    fit: Sequence[Case]
    calibration: Sequence[Case]
    certificate: Sequence[Case]


def _split(cases: Sequence[Case], settings: Settings) -> _Parts:
    certificate = len(cases) - round(len(cases) * settings.certificate_share)
    calibration = certificate - round(len(cases) * settings.calibration_share)
    return _Parts(
        fit=cases[:calibration], calibration=cases[calibration:certificate], certificate=cases[certificate:]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prequential:
    """Text models by block: the one for a case saw only outcomes known before the case's block began.

    Cases before `first_end` have no model.
    """

    starts: Sequence[int]
    models: Sequence[TextModels]
    final: TextModels
    final_from: int

    @property
    def first_end(self) -> int:
        return self.starts[0] if self.starts else 0

    def of(self, position: int) -> TextModels | None:
        """The model for the case at that position of the training cases."""
        if position >= self.final_from:
            return self.final
        block = int(np.searchsorted(self.starts, position, side="right")) - 1
        return self.models[block] if block >= 0 else None


def _prequential(cases: Sequence[Case], settings: Settings, report: Callable[[float], None]) -> _Prequential:
    needed_from = len(cases) - min(settings.ranker_tickets or len(cases), len(cases))
    blocks = range(1, settings.text_blocks)
    bounds = sorted({max(len(cases) * block // settings.text_blocks, needed_from) for block in blocks} - {0})
    ends = [*bounds, len(cases)]
    done: list[int] = []

    def fit_upto(end: int) -> TextModels:
        known_by = cases[end].dispatch.ticket.received_at if end < len(cases) else None
        seen = [c for c in cases[:end] if known_by is None or c.dispatch.known_at < known_by]
        fitted = TextModels.fit([c.facts for c in seen], [c.dispatch.unit_id for c in seen], settings.text)
        done.append(end)
        report(sum(done) / max(sum(ends), 1))
        return fitted

    with ThreadPoolExecutor(2) as pool:  # numpy and scipy let the other thread run
        models = list(pool.map(fit_upto, reversed(ends)))[::-1]
    return _Prequential(starts=bounds, models=models[:-1], final=models[-1], final_from=len(cases))


def _pairs(
    cases: Sequence[Case],
    schema: HistorySchema,
    models: _Prequential,
    around: Surroundings,
    settings: Settings,
    report: Callable[[float], None],
) -> list[Pairs]:
    history = known_units(schema, around, models.final)
    ground = Ground(
        territories=around.territories,
        units=around.units,
        rules=RuleBook(around.rules),
        limit=settings.max_candidates,
    )
    found = []
    for position, case in enumerate(Replay(cases, history).walk(cases)):
        if position >= models.first_end:
            found.append(pairs(case, history, models.of(position), ground))
        if position % 200 == 0:
            report(position / len(cases))
    return found


def known_units(schema: HistorySchema, around: Surroundings, text: TextModels) -> History:
    """An empty history in which every unit that can come up has its index, as in a World."""
    history, book = History(schema), RuleBook(around.rules)
    World(history=history, units=around.units, territories=around.territories, rules=book)
    history.units(text.mixed.classes)
    history.units(text.words.classes)
    return history


def _ranker(found: Sequence[Pairs], schema: HistorySchema, settings: Settings, report: Report) -> Ranker:
    names = feature_names(schema)
    # a ticket whose unit is no candidate teaches nothing about telling candidates apart
    rows, labels = stack(found, lambda one: one.truth in one.units)
    if len(np.unique(labels)) < 2:
        return Ranker.constant(names)
    return Ranker.fit(rows, labels, names, settings.ranker, lambda share: report("ranker", share))


def _ranked(case: Case, one: Pairs, ranker: Ranker, book: RuleBook) -> Ranked:
    scores = ranker.scores(one.rows) if len(one.rows) else np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    parsed = parse(case.dispatch.ticket)
    fired = book.match(case.dispatch.ticket, case.location.point, parsed.text, parsed.account)
    return Ranked(
        case=case,
        units=tuple(one.units[i] for i in order.tolist()),
        scores=scores[order],
        certifiable=bool(len(scores)) and may_automate(case.location, fired),
    )


def _calibrator(earlier: Sequence[Ranked]) -> Calibrator:
    ranked = [one for one in earlier if one.units]
    return Calibrator.fit([one.scores for one in ranked], np.array([one.correct for one in ranked], np.bool_))


def _confidences(ranked: Sequence[Ranked], calibrator: Calibrator) -> tuple[Floats, NDArray[np.bool_]]:
    scores = [calibrator.first(one.scores) if one.certifiable else -np.inf for one in ranked]
    return np.array(scores, np.float64), np.array([one.correct for one in ranked], np.bool_)


def _certified(
    earlier: Sequence[Ranked],
    latest: Sequence[Ranked],
    calibrator: Calibrator,
    settings: Settings,
    missing: tuple[str, ...],
) -> Certified:
    scores, correct = _confidences(latest, calibrator)
    before, before_correct = _confidences(earlier, calibrator)
    if missing:
        needed = max(MINIMUM_ROWS - len(scores), 0) or None
        return Certified(threshold=None, rows=0, errors=0, coverage=0.0, needed_rows=needed)
    return certify(scores, correct, before, before_correct, settings.alpha, settings.confidence)


def _certificate(
    certified: Certified, rows: int, data_digest: str, settings: Settings, issued_at: datetime
) -> Certificate:
    return Certificate(
        alpha=settings.alpha,
        confidence=settings.confidence,
        threshold=certified.threshold,
        rows=certified.rows,
        errors=certified.errors,
        calibration_rows=rows,
        coverage=certified.coverage,
        data_digest=data_digest,
        issued_at=issued_at.astimezone(UTC),
        expires_at=issued_at.astimezone(UTC) + timedelta(days=CERTIFICATE_DAYS),
        needed_rows=certified.needed_rows,
    )


def _missing(cases: Sequence[Case], latest: Sequence[Ranked]) -> tuple[str, ...]:
    """What stands in the way of automation, in words."""
    if not cases:
        return ("no history: import past dispatches with their units",)
    units = {case.dispatch.unit_id for case in cases}
    categories = {case.facts.category for case in cases}
    missing = []
    if len(units) < 2:
        missing.append(f"only one unit in the history ({units.pop()}): there is nothing to choose between")
    if len(categories) == 1 and None not in categories:
        missing.append(
            f"only one category in the history ({categories.pop()}): map the column that tells kinds apart"
        )
    if len(latest) < MINIMUM_ROWS:
        short = MINIMUM_ROWS - len(latest)
        missing.append(
            f"{len(latest)} calibration tickets, {MINIMUM_ROWS} are needed: {short} more in the latest slice"
        )
    return tuple(missing)

"""From a history to a bundle: prequential text models, ranker, calibrator, certificates.

By time, earliest first: the fit part (text models and ranker), the calibration slice (probabilities), the certificate
slice (threshold). The ranker's rows carry the probabilities of text models that saw earlier blocks only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from domain.dispatches import Dispatch
from domain.rules import Rule
from domain.units import Unit
from features.facts import Facts
from features.history import History
from features.schema import HistorySchema
from features.table import feature_names
from features.territories import Territories
from models.bundle import Bundle
from models.calibration import Calibrator
from models.guarantee import Guarantee
from models.ranker import Ranker, RankerSettings
from models.softmax import SoftmaxSettings
from models.strata import Budget
from models.text import TextModels
from router.atlas import Atlas
from router.decide import may_automate, overruled
from router.forked import forked, processors
from router.parse import parse
from router.rules import RuleBook
from router.uncollected import uncollected
from router.world import World
from training.certifying import Watch, guarantee, what_is_missing
from training.evaluation import Evaluation
from training.held_back import Ranked, evaluate_ranked
from training.pairs import Ground, Pairs, pairs, stack
from training.prequential import Prequential, fit_prequential
from training.replay import Case, Replay, prepare
from training.schema_choice import choose_schema
from training.strict import strict_kinds

Floats = NDArray[np.float64]
LEAST_ENOUGH = 4_000
Report = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """A Report that nobody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an ML engineer may turn. Shares are of the training tickets, by time.

    `certificate_errors`, `calibration_tickets`: a slice need not be larger than to hold so many errors at `alpha`, or
    so many tickets, or its `least` share, by which it grows with any history, so that more tickets can show more; the
    rest is learnt from. Where several groups share a slice it is not cut. `kinds`, `by_place`,
    `by_unit`: as in Budget. `watch`: how closely automatic dispatches will be watched.
    `text_blocks`: in how many steps of time the text models are refitted for the ranker's rows. `ranker_tickets`: the
    ranker learns from the latest that many tickets of its part (None: all); earlier ones only fill the history.
    """

    alpha: float = 0.01
    confidence: float = 0.95
    kinds: Mapping[str, float] = field(default_factory=dict)
    by_place: bool = False
    by_unit: bool = False
    watch: Watch = field(default_factory=Watch)
    calibration_share: float = 0.08
    certificate_share: float = 0.16
    calibration_least_share: float = 0.02
    certificate_least_share: float = 0.04
    certificate_errors: int = 40
    calibration_tickets: int = 2_000
    max_candidates: int = 24
    text_blocks: int = 8
    ranker_tickets: int | None = None
    seed: int = 0
    ranker: RankerSettings = field(default_factory=RankerSettings)
    text: SoftmaxSettings = field(default_factory=SoftmaxSettings)

    def held_back(self, tickets: int) -> tuple[int, int]:
        """Of so many tickets, how many calibrate and how many certify."""
        calibration = round(tickets * self.calibration_share)
        certificate = round(tickets * self.certificate_share)
        if self._shared:
            return calibration, certificate
        calibrate = max(self.calibration_tickets, round(tickets * self.calibration_least_share))
        certify = max(self._enough, round(tickets * self.certificate_least_share))
        return min(calibration, calibrate), min(certificate, certify)

    def history_for(self, certifying: int) -> int:
        """Of how many tickets so many would certify."""
        cut = not self._shared and certifying > self._enough
        return math.ceil(certifying / (self.certificate_least_share if cut else self.certificate_share))

    @property
    def _shared(self) -> bool:
        return bool(self.kinds) or self.by_place or self.by_unit

    @property
    def _enough(self) -> int:
        return max(round(self.certificate_errors / self.alpha), LEAST_ENOUGH)

    @property
    def budget(self) -> Budget:
        """What the operator allows. Raises ValueError where a kind's budget is laxer than the whole."""
        return Budget(
            alpha=self.alpha,
            confidence=self.confidence,
            kinds=self.kinds,
            by_place=self.by_place,
            by_unit=self.by_unit,
        )


def settings_of(budget: Budget, *, seed: int, watch: Watch | None = None) -> Settings:
    """The defaults with another budget, and one seed for all that is random."""
    return Settings(
        alpha=budget.alpha,
        confidence=budget.confidence,
        kinds=budget.kinds,
        by_place=budget.by_place,
        by_unit=budget.by_unit,
        watch=watch or Watch(),
        seed=seed,
        ranker=RankerSettings(seed=seed),
        text=SoftmaxSettings(seed=seed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known besides the history: places, ground, units, rules."""

    atlas: Atlas = field(default_factory=Atlas)
    territories: Territories = field(default_factory=Territories)
    units: dict[str, Unit] = field(default_factory=dict)
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A bundle (not yet stored) and how it did on the certificate slice, which it had not seen (None: no tickets).

    `learnt`: what each dispatch adds to a history of the bundle's schema, by sequence number.
    """

    bundle: Bundle
    missing: tuple[str, ...]
    evaluation: Evaluation | None
    importance: dict[str, float]
    seconds: dict[str, float]
    learnt: dict[int, Facts]


def fit(
    dispatches: Sequence[Dispatch],
    data_digest: str,
    surroundings: Surroundings | None = None,
    settings: Settings | None = None,
    *,
    issued_at: datetime,
    report: Report = silent,
) -> Fitted:
    """Fit a bundle. Too little data: a bundle that automates nothing, with what is missing.

    Raises InvalidInput for a strict budget of a kind that no ticket can be of.
    """
    around, settings = surroundings or Surroundings(), settings or Settings()
    settings = replace(
        settings, kinds=strict_kinds(settings.kinds, dispatches, around.units.values(), around.rules)
    )
    clock = _Clock()
    schema = choose_schema([d.ticket for d in dispatches])
    cases = prepare(dispatches, around.atlas, schema, lambda share: report("features", share * 0.1))
    parts = _split(cases, settings)
    models = fit_prequential(
        parts.fit,
        settings.text,
        blocks=settings.text_blocks,
        latest=settings.ranker_tickets,
        known_by=parts.held_back_from,
        report=lambda share: report("text models", share),
    )
    clock.lap("text")
    found = _pairs(
        cases, schema, models, around, settings, lambda share: report("features", 0.1 + share * 0.9)
    )
    clock.lap("features")
    taught = len(parts.fit) - models.first_end
    known = [case.dispatch.known_at < parts.held_back_from for case in parts.fit[models.first_end :]]
    ranker = _ranker(list(compress(found, known)), schema, settings, report)
    book = RuleBook(around.rules)
    later = cases[len(parts.fit) :]
    held_back = [
        _ranked(case, one, ranker, book, around.units)
        for case, one in zip(later, found[taught:], strict=True)
    ]
    earlier, latest = held_back[: len(parts.calibration)], held_back[len(parts.calibration) :]
    learnt = Learnt(text=models.final, ranker=ranker, calibrator=_calibrator(earlier))
    missing = what_is_missing(cases, latest)
    promised = guarantee(
        earlier,
        latest,
        learnt.calibrator,
        settings.budget,
        watch=settings.watch,
        missing=missing,
        share=1.0,
        data_digest=data_digest,
        at=issued_at,
    )
    promised = _needing_history(promised, settings, len(latest), len(cases))
    evaluation = evaluate_ranked(latest, learnt.calibrator) if latest else None
    if not promised.certified and cases:
        learnt = _learn_from_all(cases, found, held_back, schema, settings, report)
    clock.lap("fit")
    return Fitted(
        bundle=Bundle(
            schema=schema,
            ranker=learnt.ranker,
            text=learnt.text,
            calibrator=learnt.calibrator,
            guarantee=promised,
            history_sequence=max((d.sequence for d in dispatches), default=0),
        ),
        missing=missing,
        evaluation=evaluation,
        importance=learnt.ranker.importance(feature_names(schema)),
        seconds=clock.laps,
        learnt={case.dispatch.sequence: case.learnt for case in cases},
    )


def _needing_history(promised: Guarantee, settings: Settings, certifying: int, tickets: int) -> Guarantee:
    """With `needed_rows` in tickets of the history, of which the slice gets its share, where they were of the slice."""
    certificates = {
        group: one
        if one.needed_rows is None
        else replace(one, needed_rows=settings.history_for(certifying + one.needed_rows) - tickets)
        for group, one in promised.certificates.items()
    }
    return replace(promised, certificates=certificates)


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

    @property
    def held_back_from(self) -> datetime:
        """When the first ticket came that the fit part must not know the outcomes of."""
        later = [*self.calibration[:1], *self.certificate[:1]]
        return later[0].dispatch.ticket.received_at if later else datetime.max.replace(tzinfo=UTC)


def _split(cases: Sequence[Case], settings: Settings) -> _Parts:
    calibrating, certifying = settings.held_back(len(cases))
    certificate = len(cases) - certifying
    calibration = certificate - calibrating
    return _Parts(
        fit=cases[:calibration], calibration=cases[calibration:certificate], certificate=cases[certificate:]
    )


@uncollected()
def _pairs(
    cases: Sequence[Case],
    schema: HistorySchema,
    models: Prequential,
    around: Surroundings,
    settings: Settings,
    report: Callable[[float], None],
    workers: int | None = None,
) -> list[Pairs]:
    workers = workers or processors()
    history = known_units(schema, around, models.final)
    ground = Ground(
        territories=around.territories,
        units=around.units,
        rules=RuleBook(around.rules),
        limit=settings.max_candidates,
    )
    replay = Replay(cases, history)

    def of(position: int) -> Pairs:
        replay.upto(cases[position])
        return pairs(cases[position], history, models.of(position), ground)

    found = []
    asked = range(models.first_end, len(cases))
    with forked(
        of, workers
    ) as answered:  # each process folds the whole log, and works out its share of the rows
        for done, one in enumerate(answered(asked)):
            found.append(one)
            if done % 200 == 0:
                report(done / len(asked))
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


def _ranked(case: Case, one: Pairs, ranker: Ranker, book: RuleBook, roster: Mapping[str, Unit]) -> Ranked:
    scores = ranker.scores(one.rows) if len(one.rows) else np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    parsed = parse(case.dispatch.ticket)
    fired = book.match(case.dispatch.ticket, case.location.point, parsed.text, parsed.account)
    units = tuple(one.units[i] for i in order.tolist())
    return Ranked(
        case=case,
        units=units,
        scores=scores[order],
        certifiable=bool(units)
        and may_automate(fired, contested=one.contested)
        and not overruled(units[0], one.precedent, roster, case.dispatch.ticket.received_at),
        kinds=parsed.kinds,
        owner=one.truth,
    )


def _calibrator(earlier: Sequence[Ranked]) -> Calibrator:
    ranked = [one for one in earlier if one.units]
    return Calibrator.fit([one.scores for one in ranked], np.array([one.correct for one in ranked], np.bool_))

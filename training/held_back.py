"""Evaluations of rankings: of held-back training tickets and of replayed decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from domain.decisions import Decision
from features.place import RESOLUTIONS
from models.calibration import Calibrator
from training.evaluation import Evaluation
from training.replay import Case

Floats = NDArray[np.float64]

CELL = RESOLUTIONS.index(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A held-back ticket, ranked: unit ids and raw scores, best first; `certifiable` as decide.may_automate.

    `kinds`: its category and the dangers that its words tell of. `owner`: as Ground.owner; None: the recorded unit.
    """

    case: Case
    units: tuple[str, ...]
    scores: Floats
    certifiable: bool
    kinds: frozenset[str] = frozenset()
    owner: str | None = None

    @property
    def truth(self) -> str:
        """The true unit, among those that were open when the ticket came."""
        return self.owner or self.case.dispatch.unit_id

    @property
    def correct(self) -> bool:
        """Whether the first candidate is the true unit."""
        return bool(self.units) and self.units[0] == self.truth


def evaluate_decisions(cases: Sequence[Case], decisions: Sequence[Decision]) -> Evaluation:
    """Replayed decisions beside the truth."""
    ranked = [[candidate.unit_id for candidate in decision.ranking.candidates] for decision in decisions]
    truth = [case.dispatch.unit_id for case in cases]
    return _evaluate(cases, truth, ranked, [decision.ranking.confidence or 0.0 for decision in decisions])


def evaluate_ranked(held_back: Sequence[Ranked], calibrator: Calibrator) -> Evaluation:
    """Held-back tickets beside the truth; those that may never be automatic count like any other."""
    confidence = [calibrator.first(one.scores) if one.units else 0.0 for one in held_back]
    cases, truth = [one.case for one in held_back], [one.truth for one in held_back]
    return _evaluate(cases, truth, [one.units for one in held_back], confidence)


def _evaluate(
    cases: Sequence[Case],
    truth: Sequence[str],
    ranked: Sequence[Sequence[str]],
    confidence: Sequence[float],
) -> Evaluation:
    times = [case.dispatch.ticket.received_at.astimezone(UTC).replace(tzinfo=None) for case in cases]
    ranks = [units.index(unit) + 1 if unit in units else 0 for units, unit in zip(ranked, truth, strict=True)]
    return Evaluation(
        ticket_id=np.array([case.dispatch.ticket.ticket_id for case in cases], np.str_),
        received_at=np.array(times, "datetime64[us]"),
        category=np.array([case.dispatch.ticket.category or "" for case in cases], np.str_),
        cell=np.array([h3.int_to_str(c.facts.cells[CELL]) if c.facts.cells else "" for c in cases], np.str_),
        truth=np.array(truth, np.str_),
        predicted=np.array([units[0] if units else "" for units in ranked], np.str_),
        rank=np.array(ranks, np.int64),
        probability=np.array(confidence, np.float64),
        confidence=np.array(confidence, np.float64),
    )

"""The certificate of a fitted bundle, from tickets that it did not learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Certificate
from models.calibration import Calibrator
from models.certificate import MINIMUM_ROWS, Certified, Scored, certify, certify_groups, nothing
from models.strata import Budget, Strata, Traits, divide
from training.held_back import Ranked
from training.replay import Case

CERTIFICATE_DAYS = 180


def certify_held_back(
    earlier: Sequence[Ranked],
    latest: Sequence[Ranked],
    calibrator: Calibrator,
    *,
    alpha: float,
    confidence: float,
    missing: tuple[str, ...],
) -> Certified:
    """Certify on the latest slice; the earlier one says where to begin. Nothing is certified where data are missing."""
    scores, correct = _confidences(latest, calibrator)
    if missing:
        return nothing(max(MINIMUM_ROWS - len(scores), 0) or None)
    return certify(scores, correct, *_confidences(earlier, calibrator), alpha, confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOutcome:
    """What became of one group, the `confidence` its own test was made at and its tickets in the slice."""

    certified: Certified
    alpha: float
    confidence: float
    rows: int


def certify_strata(
    earlier: Sequence[Ranked], latest: Sequence[Ranked], calibrator: Calibrator, budget: Budget
) -> tuple[Strata, dict[str, GroupOutcome]]:
    """Divide the latest slice by what was known before its labels, then certify each group on its own tickets.

    Without strict kinds or divisions that is one pooled group, and the same as `certify_held_back`.
    """
    strata = divide(budget, [traits_of(one) for one in latest])
    scored = _scored(latest, calibrator, strata)
    found = certify_groups(scored, _scored(earlier, calibrator, strata), strata.alphas, budget.confidence)
    return strata, {
        group: GroupOutcome(
            certified=certified,
            alpha=strata.alphas[group],
            confidence=confidence,
            rows=int((scored.groups == group).sum()),
        )
        for group, (certified, confidence) in found.items()
    }


def traits_of(ranked: Ranked) -> Traits:
    """What the group of a held-back ticket hangs on; serving takes the same from facts, location and ranking."""
    kind = ranked.case.facts.category
    return Traits(
        kinds=frozenset([kind] if kind else []),
        source=ranked.case.location.source,
        unit=ranked.units[0] if ranked.units else None,
    )


def _scored(ranked: Sequence[Ranked], calibrator: Calibrator, strata: Strata) -> Scored:
    scores, correct = _confidences(ranked, calibrator)
    groups = np.array([strata.group(traits_of(one)) for one in ranked], np.str_)
    return Scored(groups=groups, scores=scores, correct=correct)


def _confidences(
    ranked: Sequence[Ranked], calibrator: Calibrator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scores = [calibrator.first(one.scores) if one.certifiable else -np.inf for one in ranked]
    return np.array(scores, np.float64), np.array([one.correct for one in ranked], np.bool_)


def issue(
    certified: Certified,
    alpha: float,
    confidence: float,
    *,
    rows: int,
    share: float,
    data_digest: str,
    at: datetime,
) -> Certificate:
    """The certificate, valid for CERTIFICATE_DAYS.

    `rows`: tickets of the slice it was tested on; `share`: which share of all tickets such a slice is.
    """
    needed = certified.needed_rows
    return Certificate(
        alpha=alpha,
        confidence=confidence,
        threshold=certified.threshold,
        rows=certified.rows,
        errors=certified.errors,
        calibration_rows=rows,
        coverage=certified.coverage,
        data_digest=data_digest,
        issued_at=at.astimezone(UTC),
        expires_at=at.astimezone(UTC) + timedelta(days=CERTIFICATE_DAYS),
        needed_rows=None if needed is None else math.ceil(needed / share),
    )


def issue_strata(
    outcomes: Mapping[str, GroupOutcome], *, share: float, data_digest: str, at: datetime
) -> dict[str, Certificate]:
    """One certificate for each group, all of one day and one set of data.

    `needed_rows` of a group counts tickets of that group, of which the slice holds `share` as it does of all.
    """
    return {
        group: issue(
            outcome.certified,
            outcome.alpha,
            outcome.confidence,
            rows=outcome.rows,
            share=share,
            data_digest=data_digest,
            at=at,
        )
        for group, outcome in outcomes.items()
    }


def what_is_missing(cases: Sequence[Case], latest: Sequence[Ranked]) -> tuple[str, ...]:
    """What stands in the way of automation, in words."""
    if not cases:
        return ("no history: import past dispatches with their units",)
    units = {case.dispatch.unit_id for case in cases}
    categories = {case.facts.category for case in cases}
    missing = []
    if len(units) < 2:
        missing.append(f"only one unit in the history ({units.pop()}): there is nothing to choose between")
    if len(categories) == 1 and None not in categories:
        named = f"only one category in the history ({categories.pop()})"
        missing.append(f"{named}: map the column that tells kinds apart")
    if len(latest) < MINIMUM_ROWS:
        seen = f"{len(latest)} calibration tickets, {MINIMUM_ROWS} are needed"
        missing.append(f"{seen}: {MINIMUM_ROWS - len(latest)} more in the latest slice")
    return tuple(missing)

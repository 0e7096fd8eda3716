"""The certificate of a fitted bundle, from tickets that it did not learn from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Certificate
from models.calibration import Calibrator
from models.certificate import MINIMUM_ROWS, Certified, Scored, certify_groups, nothing
from models.evidence import returns_tolerated
from models.guarantee import Guarantee
from models.monitor import Terms
from models.strata import Budget, Strata, Traits, divide
from training.held_back import Ranked
from training.replay import Case

CERTIFICATE_DAYS = 180
MONTH_DAYS = 30
UNIT_TIMES, LEAST_UNIT_ALPHA = 5.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How closely the operator has automatic dispatches watched.

    `audit_share` of the would-be ones are reviewed blind; `alarms`: bearable false ones a month, of all tests together.
    """

    audit_share: float = 0.02
    alarms: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOutcome:
    """What became of one group, the `confidence` its own test was made at and its tickets in the slice."""

    certified: Certified
    alpha: float
    confidence: float
    rows: int


def certify_strata(
    earlier: Sequence[Ranked],
    latest: Sequence[Ranked],
    calibrator: Calibrator,
    budget: Budget,
    *,
    missing: tuple[str, ...] = (),
) -> tuple[Strata, dict[str, GroupOutcome]]:
    """Divide the latest slice by what was known before its labels, then certify each group on its own tickets.

    The earlier slice says where to begin. Nothing is certified where data are `missing`.
    """
    strata = divide(budget, [traits_of(one) for one in latest])
    scored = _scored(latest, calibrator, strata)
    if missing:
        lacking = nothing(max(MINIMUM_ROWS - len(latest), 0) or None)
        found = dict.fromkeys(strata.alphas, (lacking, budget.confidence))
    else:
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
    """What the group of a held-back ticket hangs on; serving takes the same from parsing, location and ranking."""
    return Traits(
        kinds=ranked.kinds,
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


def guarantee(
    earlier: Sequence[Ranked],
    latest: Sequence[Ranked],
    calibrator: Calibrator,
    budget: Budget,
    *,
    watch: Watch,
    missing: tuple[str, ...],
    share: float,
    data_digest: str,
    at: datetime,
) -> Guarantee:
    """Certificates of all groups, and the terms on which the monitor lets them stand."""
    strata, outcomes = certify_strata(earlier, latest, calibrator, budget, missing=missing)
    return Guarantee(
        strata=strata,
        certificates=issue_strata(outcomes, share=share, data_digest=data_digest, at=at),
        confidence=budget.confidence,
        terms=monitor_terms(latest, calibrator, strata, outcomes, watch),
    )


def monitor_terms(
    latest: Sequence[Ranked],
    calibrator: Calibrator,
    strata: Strata,
    outcomes: Mapping[str, GroupOutcome],
    watch: Watch,
) -> Terms:
    """What the slice says of calm times: would-be automatic dispatches a month, and how often each unit's are wrong.

    Not every wrong dispatch comes back, so the share of wrong ones stands above the share of returns in calm times.
    """
    scores, correct = _confidences(latest, calibrator)
    sent, wrong = Counter[str](), Counter[str]()
    for one, score, right in zip(latest, scores.tolist(), correct.tolist(), strict=True):
        threshold = outcomes[strata.group(traits_of(one))].certified.threshold
        if threshold is not None and score >= threshold:
            sent[one.units[0]] += 1
            wrong[one.units[0]] += not right
    alpha = strata.alpha
    return Terms(
        alphas=strata.alphas,
        unit_alpha=max(UNIT_TIMES * alpha, LEAST_UNIT_ALPHA),
        calm={unit: returns_tolerated(wrong[unit], sent[unit], alpha) for unit in sorted(sent)},
        calm_otherwise=returns_tolerated(0, 0, alpha),
        alarms=watch.alarms,
        tickets=math.ceil(sent.total() * MONTH_DAYS / _days(latest)),
        audited=watch.audit_share,
    )


def _days(latest: Sequence[Ranked]) -> float:
    times = [one.case.dispatch.ticket.received_at for one in latest]
    return max((max(times) - min(times)) / timedelta(days=1), 1.0) if times else 1.0


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

"""The certificate of a fitted bundle, from tickets that it did not learn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Certificate
from models.calibration import Calibrator
from models.certificate import MINIMUM_ROWS, Certified, certify
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
        needed = max(MINIMUM_ROWS - len(scores), 0) or None
        return Certified(threshold=None, rows=0, errors=0, coverage=0.0, needed_rows=needed)
    return certify(scores, correct, *_confidences(earlier, calibrator), alpha, confidence)


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

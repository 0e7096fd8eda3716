"""An evaluation in few numbers, to go with the bundle: curves thinned, groups with most errors."""

from __future__ import annotations

from collections.abc import Sequence

import h3
import numpy as np

from models.measured import GroupErrors, Measured, ReliabilityPoint, RiskPoint
from training import evaluation as measures
from training.evaluation import Evaluation, Floats
from training.report.groups import Group, by_category, by_key, by_unit

CELL = 7  # of H3
MOST_POINTS = 200
MOST_GROUPS = 300
DIGITS = 6


def measured_of(evaluation: Evaluation | None) -> Measured | None:
    """What is kept of it; None where nothing was held back."""
    if evaluation is None or not len(evaluation):
        return None
    since, until = (np.datetime_as_string(end, "s") + "Z" for end in _ends(evaluation))
    return Measured(
        tickets=len(evaluation),
        since=since,
        until=until,
        risk_coverage=tuple(_risk(evaluation)),
        reliability=tuple(_reliability(evaluation)),
        unit=_worst(by_unit(evaluation)),
        kind=_worst(by_category(evaluation)),
        cell=_worst(_by_cell(evaluation)),
    )


def _ends(evaluation: Evaluation) -> tuple[np.datetime64, np.datetime64]:
    return evaluation.received_at.min(), evaluation.received_at.max()


def _risk(evaluation: Evaluation) -> list[RiskPoint]:
    """Half of the points by coverage, half by error: an error budget lies where the curve is steep."""
    coverage, error = evaluation.risk_coverage()
    confidence = np.unique(evaluation.confidence)[::-1]
    kept = np.unique(np.concatenate([_spread(coverage), _spread(np.maximum.accumulate(error))]))
    columns = (coverage[kept].tolist(), error[kept].tolist(), confidence[kept].tolist())
    return [
        RiskPoint(coverage=round(c, DIGITS), error=round(e, DIGITS), confidence=round(p, DIGITS))
        for c, e, p in zip(*columns, strict=True)
    ]


def _spread(ascending: Floats) -> measures.Floats:
    """Positions at which the values are about evenly apart, the last one among them."""
    wanted = np.linspace(ascending[0], ascending[-1], MOST_POINTS // 2)
    return np.append(np.searchsorted(ascending, wanted[:-1]), len(ascending) - 1)


def _reliability(evaluation: Evaluation) -> list[ReliabilityPoint]:
    return [
        ReliabilityPoint(
            share=round(one.share, DIGITS),
            predicted=round(one.predicted, DIGITS),
            observed=round(one.observed, DIGITS),
        )
        for one in measures.reliability(evaluation.probability, evaluation.correct)
    ]


def _by_cell(evaluation: Evaluation) -> Sequence[Group]:
    cells = [_parent(cell) for cell in evaluation.cell.tolist()]
    return by_key(evaluation, np.array(cells, np.str_))


def _parent(cell: str) -> str:
    return str(h3.cell_to_parent(cell, min(CELL, h3.get_resolution(cell)))) if cell else ""


def _worst(groups: Sequence[Group]) -> tuple[GroupErrors, ...]:
    return tuple(
        GroupErrors(key=one.name, tickets=one.tickets, wrong=one.wrong, rival=one.rival)
        for one in groups[:MOST_GROUPS]
    )

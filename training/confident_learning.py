"""Which recorded units a model that never saw the ticket contradicts: confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021), section 3:
a unit's threshold is the mean probability that its own tickets are given for it; a ticket counts for the likeliest
unit that reaches its threshold. Counts of (recorded, likely) pairs, scaled to the recorded totals, are the confident
joint.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.blocks import mixed_blocks
from models.softmax import Softmax, SoftmaxSettings
from training.replay import Case

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FOLDS = 4
LEAST_TICKETS = 8
"""Of a unit with fewer tickets no model can say that one of them is not its."""
SURE = 0.8
"""No threshold is higher: of a unit whose tickets are all plain, half lie below their mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """P(unit | ticket) by models that did not see the ticket, shape (tickets, units); `recorded` indexes `units`."""

    units: tuple[str, ...]
    recorded: Ints
    probability: Floats32

    @property
    def own(self) -> Floats:
        """What each recorded unit is given, shape (tickets,)."""
        return self.probability[np.arange(len(self.recorded)), self.recorded].astype(np.float64)

    @property
    def agreement(self) -> float | None:
        """Share of tickets whose likeliest unit is the recorded one."""
        return (
            float((self.probability.argmax(axis=1) == self.recorded).mean()) if len(self.recorded) else None
        )


def cross_validated(
    cases: Sequence[Case],
    settings: SoftmaxSettings,
    *,
    folds: int = FOLDS,
    report: Callable[[float], None] = lambda _: None,
) -> Opinions:
    """Each ticket's opinion is of a model of words, kind and place fitted on the other folds; folds go by ticket id."""
    blocks = [mixed_blocks(case.facts) for case in cases]
    labels = np.array([case.dispatch.unit_id for case in cases], np.str_)
    units, recorded = np.unique(labels, return_inverse=True)
    fold_of = np.array([zlib.crc32(c.dispatch.ticket.ticket_id.encode()) % folds for c in cases], np.int64)
    probability = np.zeros((len(cases), len(units)), np.float32)
    done: list[int] = []

    def opine(fold: int) -> None:
        seen, asked = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        model = Softmax.fit([blocks[i] for i in seen], labels[seen].tolist(), settings)
        columns = np.searchsorted(units, np.array(model.classes, np.str_))
        for i in asked.tolist():
            probability[i, columns] = model.predict(blocks[i])
        done.append(fold)
        report(len(done) / folds)

    with ThreadPoolExecutor(2) as pool:  # numpy and scipy let the other thread run
        list(pool.map(opine, range(folds)))
    names = tuple(map(str, units))
    return Opinions(units=names, recorded=recorded.astype(np.int64), probability=probability)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradictions:
    """By ticket: `likely` is the unit that the ticket counts for (-1: none reaches its threshold).

    `known`: whether the recorded unit has tickets enough to be contradicted.
    """

    likely: Ints
    known: Bools
    recorded: Ints

    @property
    def positions(self) -> Ints:
        """Tickets that count for another unit than the recorded one."""
        return np.flatnonzero((self.likely >= 0) & (self.likely != self.recorded) & self.known)

    def noise(self) -> tuple[float, float]:
        """(share of wrong records, its standard error) after the confident joint, over the known units' tickets.

        The error is that of a stratified sample of tickets; a model that is confidently wrong is not in it.
        """
        share, variance = 0.0, 0.0
        total = int(self.known.sum())
        for unit in np.unique(self.recorded[self.known]):
            rows = self.recorded == unit
            counted = rows & (self.likely >= 0)
            n, wrong = int(counted.sum()), int((counted & (self.likely != unit)).sum())
            weight = int(rows.sum()) / total
            share += weight * wrong / max(n, 1)
            smoothed = (wrong + 1) / (n + 2)
            variance += weight**2 * smoothed * (1 - smoothed) / (n + 2)
        return share, float(np.sqrt(variance))


def contradictions(opinions: Opinions) -> Contradictions:
    """Count each ticket for the likeliest unit that reaches its own threshold (equation 2 of the paper, capped)."""
    recorded, units = opinions.recorded, len(opinions.units)
    tickets = np.bincount(recorded, minlength=units)
    thresholds = np.bincount(recorded, opinions.own, units) / np.maximum(tickets, 1)
    thresholds = np.minimum(thresholds, SURE)
    thresholds[tickets < LEAST_TICKETS] = np.inf
    confident = opinions.probability >= thresholds
    best = np.where(confident, opinions.probability, -1.0).argmax(axis=1) if units else np.zeros(0, np.int64)
    return Contradictions(
        likely=np.where(confident.any(axis=1), best, -1).astype(np.int64),
        known=tickets[recorded] >= LEAST_TICKETS,
        recorded=recorded,
    )

"""Who was taken for whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from training.evaluation import Evaluation, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """`shares` has shape (k, k + 1): of unit i's tickets, the share sent to unit j; last column: everywhere else."""

    units: tuple[str, ...]
    shares: Floats


def confusion_matrix(evaluation: Evaluation, top: int = 20) -> ConfusionMatrix:
    """The `top` units with the most tickets, largest first (ties by name)."""
    counts = Counter(evaluation.truth.tolist())
    units = tuple(sorted(counts, key=lambda unit: (-counts[unit], unit))[:top])
    place = {unit: position for position, unit in enumerate(units)}
    sent = np.zeros((len(units), len(units) + 1))
    for truth, predicted in zip(evaluation.truth.tolist(), evaluation.predicted.tolist(), strict=True):
        if truth in place:
            sent[place[truth], place.get(predicted, len(units))] += 1
    return ConfusionMatrix(units=units, shares=sent / np.maximum(sent.sum(axis=1, keepdims=True), 1))

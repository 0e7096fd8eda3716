"""Text models that never saw the tickets they are asked about (Dawid's prequential principle, in blocks of time)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from models.softmax import SoftmaxSettings
from models.text import TextModels
from router.forked import forked, processors
from training.replay import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Prequential:
    """Text models by block: the one for a case saw only outcomes known before the case's block began.

    Cases before `first_end` have no model; `final` is for those from position `final_from` on.
    """

    starts: Sequence[int]
    models: Sequence[TextModels]
    final: TextModels
    final_from: int

    @property
    def first_end(self) -> int:
        """Position of the first case that has a model."""
        return self.starts[0] if self.starts else 0

    def of(self, position: int) -> TextModels | None:
        """The model for the case at that position of the training cases."""
        if position >= self.final_from:
            return self.final
        block = int(np.searchsorted(self.starts, position, side="right")) - 1
        return self.models[block] if block >= 0 else None


def fit_prequential(
    cases: Sequence[Case],
    settings: SoftmaxSettings,
    *,
    blocks: int,
    latest: int | None,
    known_by: datetime,
    report: Callable[[float], None],
) -> Prequential:
    """Fit one model per block of `cases` but the first, and a final one on all that was known by `known_by`.

    `latest`: only the latest that many cases are asked about (None: all but the first block).
    """
    needed_from = len(cases) - min(latest or len(cases), len(cases))
    starts = sorted({max(len(cases) * block // blocks, needed_from) for block in range(1, blocks)} - {0})
    ends = [*starts, len(cases)]

    def fit_upto(end: int) -> TextModels:
        began = cases[end].dispatch.ticket.received_at if end < len(cases) else known_by
        seen = [case for case in cases[:end] if case.dispatch.known_at < began]
        return TextModels.fit([c.facts for c in seen], [c.dispatch.unit_id for c in seen], settings)

    models: list[TextModels] = []
    largest_first, done = ends[::-1], 0
    with forked(fit_upto, min(processors(), len(ends)), chunk=1) as fitted:
        for end, model in zip(largest_first, fitted(largest_first), strict=True):
            models.insert(0, model)
            done += end
            report(done / max(sum(ends), 1))
    return Prequential(starts=starts, models=models[:-1], final=models[-1], final_from=len(cases))

"""A LightGBM model by its text, asked in compiled code: LightGBM itself is imported by who trains or explains."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.trees import scores_of, trees_of

if TYPE_CHECKING:
    from models.boosting import lightgbm as lgb

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


class Boosted:
    """Boosted trees that tell one class from the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._trees = trees_of(text)

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's own."""
        from models.boosting import lightgbm as lgb

        return lgb.Booster(model_str=self.text)

    def scores(self, rows: Floats32) -> Floats:
        """Raw scores (log odds), shape (rows,)."""
        if self._trees is None:
            return self.scores_of_lightgbm(rows)
        return scores_of(self._trees, rows)

    def scores_of_lightgbm(self, rows: Floats32) -> Floats:
        """The same as LightGBM itself works them out."""
        return np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1))

    def chances(self, rows: Floats32) -> Floats:
        """Probabilities, shape (rows,)."""
        chances: Floats = 1.0 / (1.0 + np.exp(-self.scores(rows)))
        return chances

"""The LightGBM ranker: feature rows of (ticket, unit) pairs to raw scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.boosted import Boosted

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerSettings:
    """How it is fitted: a pointwise objective, which beat the listwise ones where it matters, at low error."""

    trees: int = 300
    leaves: int = 31
    rate: float = 0.06
    minimum_rows: int = 150
    feature_share: float = 0.5
    row_share: float = 0.7
    penalty: float = 20.0
    threads: int = 2
    seed: int = 0

    def parameters(self) -> dict[str, Any]:
        """As LightGBM names them."""
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.minimum_rows,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.penalty,
            "num_threads": self.threads,
            "seed": self.seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }


class Ranker(Boosted):
    """Scores candidates; higher is likelier."""

    @classmethod
    def fit(
        cls,
        rows: Floats32,
        labels: NDArray[np.int8],
        names: Sequence[str],
        settings: RankerSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Ranker:
        """Fit on rows of shape (pairs, features); label 1 where the candidate is the true unit."""
        from models.boosting import lightgbm as lgb  # a start goes without it

        settings = settings or RankerSettings()
        data = lgb.Dataset(
            rows, labels, feature_name=[f"f{i}" for i in range(len(names))], free_raw_data=True
        )

        def report(env: Any) -> None:
            if progress:
                progress((env.iteration + 1) / settings.trees)

        booster = lgb.train(settings.parameters(), data, num_boost_round=settings.trees, callbacks=[report])
        return cls(booster.model_to_string())

    @classmethod
    def constant(cls, names: Sequence[str]) -> Ranker:
        """A ranker that has learnt nothing: every candidate scores the same."""
        rows = np.zeros((2, len(names)), np.float32)
        settings = RankerSettings(trees=1, threads=1)
        return cls.fit(rows, np.array([0, 1], np.int8), names, settings)

    @property
    def trees(self) -> int:
        """Number of trees."""
        return int(self.booster.num_trees())

    def contributions(self, rows: Floats32) -> Floats:
        """What each feature adds to the score, shape (rows, features + 1); the last is the expected score."""
        return np.asarray(self.booster.predict(rows, pred_contrib=True, num_threads=1))

    def importance(self, names: Sequence[str]) -> dict[str, float]:
        """Share of the total gain, by feature name."""
        gain = self.booster.feature_importance(importance_type="gain")
        total = float(gain.sum()) or 1.0
        return {name: float(g) / total for name, g in zip(names, gain, strict=True)}

"""Are two addresses the same place? Learnt from labelled pairs: the same, a part or a neighbour of it, another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.errors import BundleDamaged, BundleIncompatible, NotEnoughData, NotFound
from models.address_pairs import Floats32, beside_others, compare, feature_names
from models.address_sides import Weights, prepare
from models.boosting import lightgbm as lgb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NONE, PARTIAL, EXACT = 0, 1, 2
CLASSES = 3
MODEL, FACTS = "matcher.txt", "matcher.json"
_BIASES = tuple(round(0.8 + 0.1 * step, 1) for step in range(23))  # 0.8 … 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherSettings:
    """How it is fitted."""

    trees: int = 250
    leaves: int = 15
    rate: float = 0.06
    minimum_rows: int = 40
    feature_share: float = 0.3
    row_share: float = 0.7
    penalty: float = 20.0
    folds: int = 4
    seed: int = 0

    def parameters(self) -> dict[str, object]:
        """As LightGBM names them."""
        return {
            "objective": "multiclass",
            "num_class": CLASSES,
            "num_leaves": self.leaves,
            "learning_rate": self.rate,
            "min_data_in_leaf": self.minimum_rows,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.penalty,
            "num_threads": 1,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


class AddressMatcher:
    """P(another place), P(a part, the whole or a neighbour), P(the same place) for each candidate of a query.

    A candidate is judged beside the other candidates of its query, whatever their order.
    """

    def __init__(self, model: str, weights: Weights, biases: Sequence[float] = (1.0, 1.0, 1.0)) -> None:
        self._booster = lgb.Booster(model_str=model)
        self._model, self._weights = model, weights
        self._biases = np.asarray(biases, np.float64)

    @classmethod
    def fit(
        cls,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int],
        settings: MatcherSettings | None = None,
    ) -> AddressMatcher:
        """Learn from (query, candidate) and NONE, PARTIAL or EXACT; neighbouring pairs of one query are one list."""
        settings = settings or MatcherSettings()
        y = np.asarray(labels, np.int64)
        if len(pairs) != len(y) or {*y.tolist()} != {NONE, PARTIAL, EXACT}:
            raise NotEnoughData(missing=("pairs of each of the three classes",))
        starts = [i for i in range(len(pairs)) if i == 0 or pairs[i][0] != pairs[i - 1][0]]
        lists = [pairs[a:b] for a, b in zip(starts, [*starts[1:], len(pairs)], strict=True)]
        weights = Weights.fit([query for ((query, _), *_) in lists] + [candidate for _, candidate in pairs])
        rows = np.vstack([_rows(found[0][0], [c for _, c in found], weights) for found in lists])
        groups = np.repeat(np.arange(len(lists)), [len(found) for found in lists])
        biases = _biases(_held_back(rows, y, groups, settings), y)
        return cls(_train(rows, y, settings).model_to_string(), weights, biases)

    def score(self, query: str, candidates: Sequence[str]) -> Floats:
        """Probabilities of NONE, PARTIAL and EXACT, shape (candidates, 3)."""
        if not candidates:
            return np.zeros((0, CLASSES))
        rows = _rows(query, candidates, self._weights)
        return np.asarray(self._booster.predict(rows, num_threads=1), np.float64)

    def classify(self, scores: Floats) -> Ints:
        """The class of each row of `scores`, rarer classes preferred as it did best for macro F1 in training."""
        return np.asarray((scores * self._biases).argmax(axis=1), np.int64)

    def save(self, path: Path) -> None:
        """Write LightGBM text and JSON into a folder."""
        path.mkdir(parents=True, exist_ok=True)
        (path / MODEL).write_text(self._model, encoding="utf-8")
        facts = {
            "sha256": hashlib.sha256(self._model.encode()).hexdigest(),
            "features": list(feature_names()),
            "biases": self._biases.tolist(),
            "rarest": self._weights.rarest,
            "weights": self._weights.values,
        }
        (path / FACTS).write_text(json.dumps(facts, ensure_ascii=False, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> AddressMatcher:
        """Read what `save` wrote; raises NotFound, BundleDamaged or BundleIncompatible."""
        if not (path / MODEL).is_file() or not (path / FACTS).is_file():
            raise NotFound(kind="address matcher", key=str(path))
        content = (path / MODEL).read_bytes()
        try:
            facts = json.loads((path / FACTS).read_bytes())
            digest, features = facts["sha256"], facts["features"]
            weights, biases = Weights(facts["weights"], facts["rarest"]), facts["biases"]
        except (ValueError, KeyError, TypeError) as error:
            raise BundleDamaged(path=str(path), problem=f"{FACTS} cannot be read ({error})") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise BundleDamaged(path=str(path), problem=f"{MODEL} differs from its digest")
        if features != list(feature_names()):
            raise BundleIncompatible(path=str(path), problem="made with other features; train again")
        return cls(content.decode(), weights, biases)


def _rows(query: str, candidates: Sequence[str], weights: Weights) -> Floats32:
    """Shape (candidates, features): the pairs, then each beside the others of its list."""
    asked = prepare(query, weights)
    sides = [prepare(candidate, weights) for candidate in candidates]
    return beside_others(asked, sides, [compare(asked, side, weights) for side in sides], weights)


def _train(rows: Floats32, labels: Ints, settings: MatcherSettings) -> lgb.Booster:
    return lgb.train(settings.parameters(), lgb.Dataset(rows, labels), num_boost_round=settings.trees)


def _held_back(rows: Floats32, labels: Ints, groups: Ints, settings: MatcherSettings) -> Floats:
    """Probabilities of every row from a model that has not seen its query."""
    scores = np.zeros((len(labels), CLASSES))
    for fold in range(settings.folds):
        out = groups % settings.folds == fold
        if out.any() and not out.all():
            scores[out] = _train(rows[~out], labels[~out], settings).predict(rows[out], num_threads=1)
    return scores


def _biases(scores: Floats, labels: Ints) -> tuple[float, float, float]:
    """What PARTIAL and EXACT are multiplied with for the best macro F1."""
    tried = [(1.0, partial, exact) for partial in _BIASES if partial <= 1.6 for exact in _BIASES]
    return max(tried, key=lambda biases: _macro_f1((scores * np.asarray(biases)).argmax(axis=1), labels))


def _macro_f1(found: Ints, labels: Ints) -> float:
    table = np.bincount(labels * CLASSES + found, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)
    return float((2 * np.diag(table) / np.maximum(1, table.sum(0) + table.sum(1))).mean())

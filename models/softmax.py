"""Multinomial logistic regression on hashed sparse features, with AdaGrad (Duchi et al. 2011).

scikit-learn's one-vs-rest SGD takes minutes at hundreds of classes and needs pickle; this one takes seconds, and its
weights are two arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Hashes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Hashed features of one ticket in blocks; `weights` gives each block's Euclidean norm."""

    features: tuple[Hashes, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxSettings:
    """How it is fitted. `minimum_count`: a feature seen in fewer tickets is left out."""

    epochs: int = 8
    rate: float = 0.3
    batch: int = 128
    penalty: float = 1e-6
    minimum_count: int = 2
    seed: int = 0


class Softmax:
    """P(unit | features). Classes are unit ids in sorted order; weights are float16 on disk and float32 in memory."""

    def __init__(self, classes: tuple[str, ...], hashes: Hashes, weights: Floats32, bias: Floats32) -> None:
        self.classes = classes
        self._hashes = hashes  # ascending, shape (features,)
        self._weights = weights  # shape (features, classes)
        self._bias = bias  # shape (classes,)

    @classmethod
    def fit(
        cls,
        tickets: Sequence[Blocks],
        units: Sequence[str],
        settings: SoftmaxSettings | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Softmax:
        """Fit on tickets and their units, both of length n; the same input and seed give the same weights."""
        settings = settings or SoftmaxSettings()
        classes, y = np.unique(np.asarray(units, dtype=np.str_), return_inverse=True)
        hashes = _frequent(tickets, settings.minimum_count)
        matrix = _matrix(tickets, hashes)
        weights, bias = _adagrad(matrix, y, len(classes), settings, progress)
        stored = weights.astype(np.float16).astype(np.float32)
        kept = np.abs(stored).max(axis=1, initial=0.0) > 0
        return cls(tuple(map(str, classes)), hashes[kept], np.ascontiguousarray(stored[kept]), bias)

    def predict(self, blocks: Blocks) -> Floats:
        """Probabilities aligned with `classes`, shape (classes,)."""
        scores = self._bias.astype(np.float64)
        for hashes, weight in zip(blocks.features, blocks.weights, strict=True):
            if len(hashes):
                found = _positions(self._hashes, hashes)
                scores += self._weights[found].sum(axis=0) * (weight / np.sqrt(len(hashes)))
        if not len(scores):
            return scores
        scores -= scores.max()
        exponentials = np.exp(scores)
        return np.asarray(exponentials / exponentials.sum())

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, for `from_arrays`."""
        return {
            "classes": np.array(self.classes, np.str_),
            "hashes": self._hashes,
            "weights": self._weights.astype(np.float16),
            "bias": self._bias,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Softmax:
        """The model that `arrays` came from, to the bit."""
        classes = tuple(map(str, arrays["classes"]))
        weights = np.ascontiguousarray(arrays["weights"].astype(np.float32))
        return cls(classes, arrays["hashes"].astype(np.int64), weights, arrays["bias"].astype(np.float32))


def _frequent(tickets: Sequence[Blocks], minimum: int) -> Hashes:
    if not tickets:
        return np.zeros(0, np.int64)
    every = np.concatenate([block for ticket in tickets for block in ticket.features])
    hashes, counts = np.unique(every, return_counts=True)
    return np.asarray(hashes[counts >= minimum])


def _positions(known: Hashes, asked: Hashes) -> NDArray[np.intp]:
    """Positions in `known` of those asked that occur there."""
    if not len(known):
        return np.zeros(0, np.intp)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.asarray(at[known[at] == asked], np.intp)


def _matrix(tickets: Sequence[Blocks], hashes: Hashes) -> sparse.csr_matrix:
    """Rows of block-normalised features, shape (tickets, features)."""
    columns, values, ends = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)], [0]
    for ticket in tickets:
        for block, weight in zip(ticket.features, ticket.weights, strict=True):
            found = _positions(hashes, block)
            columns.append(found)
            # norm over all features of the block, known or not: an unknown word dilutes
            values.append(np.full(len(found), weight / np.sqrt(max(len(block), 1)), np.float32))
        ends.append(ends[-1] + sum(len(c) for c in columns[-len(ticket.features) :]))
    shape = (len(tickets), len(hashes))
    data = (np.concatenate(values), np.concatenate(columns).astype(np.int32), np.array(ends))
    return sparse.csr_matrix(data, shape=shape)


def _adagrad(
    matrix: sparse.csr_matrix,
    y: NDArray[np.intp],
    classes: int,
    settings: SoftmaxSettings,
    progress: Callable[[float], None] | None,
) -> tuple[Floats32, Floats32]:
    rows, features = matrix.shape
    weights = np.zeros((features, classes), np.float32)
    # starting at one keeps the first steps proportional to the gradient instead of all of one size
    squares = np.ones((features, classes), np.float32)
    bias = np.log((np.bincount(y, minlength=classes) + 0.5) / (rows + 0.5 * classes)).astype(np.float32)
    random = np.random.default_rng(settings.seed)
    for epoch in range(settings.epochs):
        order = random.permutation(rows)
        for start in range(0, rows, settings.batch):
            part = order[start : start + settings.batch]
            _step(matrix[part], y[part], weights, squares, bias, settings)
        if progress:
            progress((epoch + 1) / settings.epochs)
    return weights, bias


def _step(
    batch: sparse.csr_matrix,
    y: NDArray[np.intp],
    weights: Floats32,
    squares: Floats32,
    bias: Floats32,
    settings: SoftmaxSettings,
) -> None:
    """One AdaGrad step on the features that occur in the batch."""
    used, positions = np.unique(batch.indices, return_inverse=True)
    if not len(used):
        return
    small = sparse.csr_matrix((batch.data, positions, batch.indptr), shape=(batch.shape[0], len(used)))
    own = weights[used]
    error = small @ own + bias
    error -= error.max(axis=1, keepdims=True)
    np.exp(error, out=error)
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1.0
    gradient = small.T @ error
    gradient += settings.penalty * len(y) * own
    sums = squares[used] + gradient * gradient
    squares[used] = sums
    weights[used] = own - settings.rate * gradient / np.sqrt(sums)

"""Multinomial logistic regression on hashed sparse features, with AdaGrad (Duchi et al. 2011).

scikit-learn's one-vs-rest SGD takes minutes at hundreds of classes and needs pickle; this one takes seconds, and its
weights are two arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Hashes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Hashed features of one ticket in blocks; `weights` gives each block's Euclidean norm.

    In the first `by_rarity` blocks a feature weighs by its inverse document frequency, in the others all alike.
    """

    features: tuple[Hashes, ...]
    weights: tuple[float, ...]
    by_rarity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxSettings:
    """How it is fitted. `minimum_count`: a feature seen in fewer tickets is left out."""

    epochs: int = 12
    rate: float = 0.2
    batch: int = 128
    penalty: float = 1e-6
    minimum_count: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The features that a model knows: `hashes` ascending, `rarity` their inverse document frequencies."""

    hashes: Hashes
    rarity: Floats32

    @classmethod
    def of(cls, tickets: Sequence[Blocks], minimum: int) -> Vocabulary:
        """The features that at least `minimum` tickets hold."""
        if not tickets:
            return cls(hashes=np.zeros(0, np.int64), rarity=np.zeros(0, np.float32))
        every = np.concatenate([block for ticket in tickets for block in ticket.features])
        hashes, counts = np.unique(every, return_counts=True)
        kept = counts >= minimum
        rarity = np.log((len(tickets) + 1.0) / (counts[kept] + 1.0)) + 1.0
        return cls(hashes=hashes[kept], rarity=rarity.astype(np.float32))

    def look_up(self, ticket: Blocks) -> Iterator[tuple[NDArray[np.intp], Floats32]]:
        """(positions, values) of the known features of each block, in order."""
        for i, (block, weight) in enumerate(zip(ticket.features, ticket.weights, strict=True)):
            found = _positions(self.hashes, block)
            if not len(found):
                yield found, np.zeros(0, np.float32)
            elif i < ticket.by_rarity:
                rarity = self.rarity[found]
                yield found, rarity * np.float32(weight / np.sqrt((rarity * rarity).sum()))
            else:
                # the norm of all the block's features, known or not: an unknown one dilutes the others
                yield found, np.full(len(found), weight / np.sqrt(len(block)), np.float32)

    def matrix(self, tickets: Sequence[Blocks]) -> sparse.csr_matrix:
        """One row per ticket, shape (tickets, features)."""
        columns, values, ends = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)], [0]
        for ticket in tickets:
            size = 0
            for found, value in self.look_up(ticket):
                columns.append(found)
                values.append(value)
                size += len(found)
            ends.append(ends[-1] + size)
        data = (np.concatenate(values), np.concatenate(columns).astype(np.int32), np.array(ends))
        return sparse.csr_matrix(data, shape=(len(tickets), len(self.hashes)))


class Softmax:
    """P(unit | features). Classes are unit ids in sorted order; weights are float16 on disk and float32 in memory."""

    def __init__(
        self, classes: tuple[str, ...], vocabulary: Vocabulary, weights: Floats32, bias: Floats32
    ) -> None:
        self.classes = classes
        self._vocabulary = vocabulary
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
        vocabulary = Vocabulary.of(tickets, settings.minimum_count)
        matrix = vocabulary.matrix(tickets)
        weights, bias = _adagrad(matrix, y, len(classes), settings, progress)
        return cls(tuple(map(str, classes)), vocabulary, weights.astype(np.float16).astype(np.float32), bias)

    def predict(self, blocks: Blocks) -> Floats:
        """Probabilities aligned with `classes`, shape (classes,)."""
        return self.probabilities(self.parts(blocks))

    def parts(self, blocks: Blocks) -> Floats:
        """What each block adds to each class's score (log odds), shape (blocks, classes)."""
        found = list(self._vocabulary.look_up(blocks))
        # not BLAS: its threads may sum in another order from run to run
        sums = [np.einsum("i,ij->j", values, self._weights[at]) for at, values in found]
        return np.array(sums, np.float64).reshape(len(found), len(self.classes))

    def probabilities(self, parts: Floats) -> Floats:
        """Probabilities from what `parts` gave, shape (classes,)."""
        scores = self._bias.astype(np.float64)
        for part in parts:
            scores += part
        if not len(scores):
            return scores
        scores -= scores.max()
        exponentials = np.exp(scores)
        return np.asarray(exponentials / exponentials.sum())

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, for `from_arrays`."""
        return {
            "classes": np.array(self.classes, np.str_),
            "hashes": self._vocabulary.hashes,
            "rarity": self._vocabulary.rarity,
            "weights": self._weights.astype(np.float16),
            "bias": self._bias,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Softmax:
        """The model that `arrays` came from, to the bit."""
        classes = tuple(map(str, arrays["classes"]))
        weights = np.ascontiguousarray(arrays["weights"].astype(np.float32))
        vocabulary = Vocabulary(
            hashes=arrays["hashes"].astype(np.int64), rarity=arrays["rarity"].astype(np.float32)
        )
        return cls(classes, vocabulary, weights, arrays["bias"].astype(np.float32))


def _positions(known: Hashes, asked: Hashes) -> NDArray[np.intp]:
    """Positions in `known` of those asked that occur there."""
    if not len(known):
        return np.zeros(0, np.intp)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.asarray(at[known[at] == asked], np.intp)


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

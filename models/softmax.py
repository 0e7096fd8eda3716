"""Multinomial logistic regression on hashed sparse features, with AdaGrad (Duchi et al. 2011).

scikit-learn's one-vs-rest SGD takes minutes at hundreds of classes and needs pickle; this one takes seconds, and its
weights are one byte each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from models.text_scoring import (
    MOST_STEPS,
    Bytes,
    Floats,
    Floats32,
    Hashes,
    Learnt,
    Positions,
    parts_of,
    softmax_of,
    values_of,
)

if TYPE_CHECKING:
    from scipy import sparse

LEAST_TOLD = 1e-3  # a feature that tells nothing still weighs a little: a ticket of such alone has words too
NO_AMOUNTS = np.zeros(0, np.float32)


class Found(NamedTuple):
    """Known features of several blocks, in a row: where they stand among all asked for, and where in the vocabulary.

    `ends`: how many of them are of the first block, of the first two, …
    """

    asked: Positions
    at: Positions
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Hashed features of one ticket in blocks; `weights` gives each block's Euclidean norm.

    In the first `by_rarity` blocks a feature weighs by how rare it is and how much it tells, in the others all alike.
    `amounts`: how much of each of the first block's features the ticket holds (None: of all alike).
    """

    features: tuple[Hashes, ...]
    weights: tuple[float, ...]
    by_rarity: int = 0
    amounts: Floats32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftmaxSettings:
    """How it is fitted. `minimum_count`: a feature seen in fewer tickets is left out.

    `surprise`: the power of what a feature tells in its weight; `prior`: imaginary average tickets that hold it.
    """

    epochs: int = 10
    rate: float = 0.2
    batch: int = 128
    penalty: float = 1e-6
    minimum_count: int = 2
    surprise: float = 0.5
    prior: float = 10.0
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The features that a model knows: `hashes` ascending, `worth` what each weighs in blocks by rarity.

    Inverse document frequency times a power of what the feature tells of the class: how far the classes of the tickets
    that hold it diverge from those of all (DeWeese and Meister 1999), drawn to nothing where these are few.
    """

    hashes: Hashes
    worth: Floats32

    @classmethod
    def of(cls, tickets: Sequence[Blocks], y: Positions, settings: SoftmaxSettings) -> Vocabulary:
        """The features that at least `minimum_count` tickets hold; `y`: each ticket's class."""
        if not tickets:
            return cls(hashes=np.zeros(0, np.int64), worth=np.zeros(0, np.float32))
        features = [np.concatenate(ticket.features) for ticket in tickets]
        every, owner = np.concatenate(features), np.repeat(y, [len(one) for one in features])
        hashes, column, counts = np.unique(every, return_inverse=True, return_counts=True)
        kept = counts >= settings.minimum_count
        rarity = np.log((len(tickets) + 1.0) / (counts + 1.0)) + 1.0
        told = _surprise(column, owner, np.bincount(y) / len(y), settings.prior)
        worth = rarity * (told + LEAST_TOLD) ** settings.surprise
        return cls(hashes=hashes[kept], worth=worth[kept].astype(np.float32))

    def find(self, blocks: Sequence[Hashes]) -> Found:
        """Those of the blocks' features that it knows."""
        if not len(self.hashes):
            return Found(np.zeros(0, np.intp), np.zeros(0, np.intp), (0,) * len(blocks))
        asked = np.concatenate(blocks)
        at = np.minimum(self.hashes.searchsorted(asked), len(self.hashes) - 1)
        known = (self.hashes.take(at) == asked).nonzero()[0]
        ends = known.searchsorted(list(accumulate(map(len, blocks))))
        return Found(known, at.take(known), tuple(ends.tolist()))

    def look_up(self, ticket: Blocks) -> tuple[Found, Floats32]:
        """The known features of all blocks and their values."""
        found = self.find(ticket.features)
        sizes = np.array([len(block) for block in ticket.features])
        return found, values_of(
            found.asked, found.at, np.array(found.ends), sizes, self.worth, *_rules(ticket)
        )

    def matrix(self, tickets: Sequence[Blocks]) -> sparse.csr_matrix:
        """One row per ticket, shape (tickets, features)."""
        from scipy import sparse  # a start goes without it

        columns, values, ends = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)], [0]
        for ticket in tickets:
            found, value = self.look_up(ticket)
            columns.append(found.at)
            values.append(value)
            ends.append(ends[-1] + len(value))
        data = (np.concatenate(values), np.concatenate(columns).astype(np.int32), np.array(ends))
        return sparse.csr_matrix(data, shape=(len(tickets), len(self.hashes)))


class Softmax:
    """P(unit | features). Classes are unit ids in sorted order; a weight is a byte times its feature's step."""

    def __init__(
        self,
        classes: tuple[str, ...],
        vocabulary: Vocabulary,
        weights: Bytes,
        steps: Floats32,
        bias: Floats32,
    ) -> None:
        self.classes = classes
        self.vocabulary = vocabulary
        self._weights = weights  # shape (features, classes)
        self._steps = steps  # shape (features,)
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
        vocabulary = Vocabulary.of(tickets, y, settings)
        matrix = vocabulary.matrix(tickets)
        weights, bias = _adagrad(matrix, y, len(classes), settings, progress)
        return cls(tuple(map(str, classes)), vocabulary, *_in_bytes(weights), bias)

    def predict(self, blocks: Blocks) -> Floats:
        """Probabilities aligned with `classes`, shape (classes,)."""
        return self.probabilities(self.parts(blocks))

    def parts(self, blocks: Blocks) -> Floats:
        """What each block adds to each class's score (log odds), shape (blocks, classes)."""
        (_, at, ends), values = self.vocabulary.look_up(blocks)
        return parts_of(values, at, np.array(ends), self._weights, self._steps)

    @property
    def learnt(self) -> Learnt:
        """What `answer_of` reads."""
        return Learnt(self.vocabulary.worth, self._weights, self._steps, self._bias)

    def probabilities(self, parts: Floats) -> Floats:
        """Probabilities from what `parts` gave, shape (classes,)."""
        return softmax_of(self._bias, parts)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, for `from_arrays`."""
        return {
            "classes": np.array(self.classes, np.str_),
            "hashes": self.vocabulary.hashes,
            "worth": self.vocabulary.worth,
            "weights": self._weights,
            "steps": self._steps,
            "bias": self._bias,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Softmax:
        """The model that `arrays` came from, to the bit."""
        classes = tuple(map(str, arrays["classes"]))
        weights = np.ascontiguousarray(arrays["weights"].astype(np.int8))
        steps, bias = arrays["steps"].astype(np.float32), arrays["bias"].astype(np.float32)
        vocabulary = Vocabulary(
            hashes=arrays["hashes"].astype(np.int64), worth=arrays["worth"].astype(np.float32)
        )
        return cls(classes, vocabulary, weights, steps, bias)


def _rules(blocks: Blocks) -> tuple[Floats, int, Floats32]:
    amounts = NO_AMOUNTS if blocks.amounts is None else blocks.amounts
    return np.array(blocks.weights), blocks.by_rarity, amounts


def _surprise(column: Positions, owner: Positions, share: Floats, prior: float) -> Floats:
    """Divergence KL(P(class | feature) || P(class)) of each feature, `prior` average tickets added to its own.

    `column`, `owner`: feature and class of each occurrence; `share`: P(class).
    """
    pairs, counts = np.unique(column * len(share) + owner, return_counts=True)
    feature, of_class = np.divmod(pairs, len(share))
    size, expected = np.bincount(feature, counts), share[of_class]
    # classes that never hold the feature all fall by one factor; what the others add to that is summed
    unseen = prior / (size + prior)
    fallen = unseen * np.log(unseen)
    observed = (counts + prior * expected) / (size + prior)[feature]
    more = observed * np.log(observed / expected) - fallen[feature] * expected
    return np.asarray(np.bincount(feature, more) + fallen)


def _in_bytes(weights: Floats32) -> tuple[Bytes, Floats32]:
    """Each feature's weights in steps of a 127th of its largest, and these steps."""
    steps = np.abs(weights).max(axis=1, initial=0.0) / np.float32(MOST_STEPS)
    counted = np.divide(weights, steps[:, None], out=np.zeros_like(weights), where=steps[:, None] > 0)
    return np.rint(counted).astype(np.int8), steps.astype(np.float32)


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
    arrays = (matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64))
    rule = (settings.batch, np.float32(settings.rate), np.float32(settings.penalty))
    for epoch in range(settings.epochs):
        _epoch(*arrays, random.permutation(rows), y, weights, squares, bias, *rule)
        if progress:
            progress((epoch + 1) / settings.epochs)
    return weights, bias


@compiled
def _epoch(
    values: Floats32,
    columns: Positions,
    ends: Positions,
    order: Positions,
    y: Positions,
    weights: Floats32,
    squares: Floats32,
    bias: Floats32,
    batch: int,
    rate: np.float32,
    penalty: np.float32,
) -> None:
    """One AdaGrad step for each `batch` rows of a sparse matrix in `order`; changes `weights` and `squares`.

    `values`, `columns`, `ends`: the matrix as SciPy's CSR has it. A step touches the features that its rows have, each
    once.
    """
    place = np.full(len(weights), -1, np.int64)  # where a feature stands among those of the batch
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        error = _error(values, columns, ends, rows, y, weights, bias)
        used, firsts, owners, amounts = _by_feature(values, columns, ends, rows, place)
        shrinkage = penalty * np.float32(len(rows))
        for k in range(len(used)):
            own, sums = weights[used[k]], squares[used[k]]
            gradient = own * shrinkage
            for i in range(firsts[k], firsts[k + 1]):
                amount, wrong = amounts[i], error[owners[i]]
                for j in range(len(gradient)):
                    gradient[j] += amount * wrong[j]
            for j in range(len(gradient)):
                sums[j] += gradient[j] * gradient[j]
                own[j] -= rate * gradient[j] / np.sqrt(sums[j])


@compiled
def _error(
    values: Floats32,
    columns: Positions,
    ends: Positions,
    rows: Positions,
    y: Positions,
    weights: Floats32,
    bias: Floats32,
) -> Floats32:
    """How far each class's probability is from what was, shape (rows, classes)."""
    error = np.empty((len(rows), len(bias)), np.float32)
    for r in range(len(rows)):
        scores = error[r]
        scores[:] = bias
        for i in range(ends[rows[r]], ends[rows[r] + 1]):
            value, own = values[i], weights[columns[i]]
            for j in range(len(scores)):
                scores[j] += value * own[j]
        highest, total = scores.max(), np.float32(0.0)
        for j in range(len(scores)):
            scores[j] = np.exp(scores[j] - highest)
            total += scores[j]
        scores /= total
        scores[y[rows[r]]] -= np.float32(1.0)
    return error


@compiled
def _by_feature(
    values: Floats32, columns: Positions, ends: Positions, rows: Positions, place: Positions
) -> tuple[Positions, Positions, Positions, Floats32]:
    """Features of the rows, where each one's entries begin, and of each entry the row (as a position) and the value.

    `place`: -1 for every feature, and again so when it returns.
    """
    most = 0
    for row in rows:
        most += ends[row + 1] - ends[row]
    used, counts, distinct = np.empty(most, np.int64), np.zeros(most + 1, np.int64), 0
    for row in rows:
        for i in range(ends[row], ends[row + 1]):
            if place[columns[i]] < 0:
                place[columns[i]], used[distinct] = distinct, columns[i]
                distinct += 1
            counts[place[columns[i]] + 1] += 1
    firsts = np.cumsum(counts[: distinct + 1])
    owners, amounts, free = np.empty(most, np.int64), np.empty(most, np.float32), firsts.copy()
    for r in range(len(rows)):
        for i in range(ends[rows[r]], ends[rows[r] + 1]):
            k = place[columns[i]]
            owners[free[k]], amounts[free[k]] = r, values[i]
            free[k] += 1
    used = used[:distinct]
    for feature in used:
        place[feature] = -1
    return used, firsts, owners, amounts

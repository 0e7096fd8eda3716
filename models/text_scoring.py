"""What the text models say of a ticket: look-up, sums and probabilities in compiled loops."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.slots import CACHE_LINE

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Hashes = NDArray[np.int64]
Positions = NDArray[np.intp]
Bytes = NDArray[np.int8]
Table = NDArray[np.int32]

BY_RARITY = 2  # blocks, of words, in which a feature weighs by how rare it is and how much it tells
MOST_STEPS = 127  # of a weight


class Learnt(NamedTuple):
    """A model's arrays: what features are worth, each one's weights, shape (features, classes), their steps, biases."""

    worth: Floats32
    weights: Bytes
    steps: Floats32
    bias: Floats32


@compiled
def answer_of(
    at: Positions, bounds: Positions, weights: Floats, by_rarity: int, amounts: Floats32, learnt: Learnt
) -> tuple[Floats, Floats]:
    """What `Softmax.parts` and `predict` answer, where it is known already which features the vocabulary has.

    `at`: where each of many features stands in it (-1: nowhere), `bounds`, shape (blocks, 2): which of them are of
    which block; the rest as in Blocks.
    """
    blocks, most = len(bounds), 0
    for block in range(blocks):
        most += bounds[block, 1] - bounds[block, 0]
    own_asked, own_at = np.empty(most, np.int64), np.empty(most, np.int64)
    ends, sizes, count = np.empty(blocks, np.int64), np.empty(blocks, np.int64), 0
    for block in range(blocks):
        for i in range(bounds[block, 0], bounds[block, 1]):
            if at[i] >= 0:
                own_asked[count], own_at[count] = i - bounds[block, 0], at[i]
                count += 1
        ends[block], sizes[block] = count, bounds[block, 1] - bounds[block, 0]
    own_at = own_at[:count]
    values = values_of(own_asked, own_at, ends, sizes, learnt.worth, weights, by_rarity, amounts)
    parts = parts_of(values, own_at, ends, learnt.weights, learnt.steps)
    return parts, softmax_of(learnt.bias, parts)


@compiled
def values_of(
    asked: Positions,
    at: Positions,
    ends: Positions,
    sizes: Positions,
    worth: Floats32,
    weights: Floats,
    by_rarity: int,
    amounts: Floats32,
) -> Floats32:
    """What each known feature weighs; `sizes`: of all features of a block, the rest as in Blocks and Found."""
    values, start = np.empty(len(at), np.float32), 0
    for block in range(len(ends)):
        end = ends[block]
        if block < by_rarity:
            squares = 0.0
            for i in range(start, end):
                value = float(worth[at[i]])
                if block == 0 and len(amounts):
                    value *= amounts[asked[i]]
                values[i] = value
                squares += value * value
            scale = weights[block] / math.sqrt(squares)
            for i in range(start, end):
                values[i] *= scale
        else:
            # the norm of all the block's features, known or not: an unknown one dilutes the others
            values[start:end] = weights[block] / math.sqrt(sizes[block])
        start = end
    return values


@compiled
def parts_of(values: Floats32, at: Positions, ends: Positions, weights: Bytes, steps: Floats32) -> Floats:
    """Sums of the weights of each block's features, shape (blocks, classes)."""
    blocks, classes = len(ends), weights.shape[1]
    sums, start = np.empty((blocks, classes)), 0
    own = np.empty(classes, np.float32)
    for block in range(blocks):
        own[:] = 0.0
        for i in range(start, ends[block]):
            # the row by itself: the compiler takes eight classes at once then, but not through two indices
            value, row = values[i] * steps[at[i]], weights[at[i]]
            for j in range(classes):
                own[j] += value * np.float32(row[j])
        sums[block] = own
        start = ends[block]
    return sums


@compiled
def softmax_of(bias: Floats32, parts: Floats) -> Floats:
    """Probabilities of the classes, shape (classes,)."""
    scores = bias.astype(np.float64)
    if not len(scores):
        return scores
    for part in parts:
        scores += part
    scores -= scores.max()
    total = 0.0
    for j in range(len(scores)):
        scores[j] = math.exp(scores[j])
        total += scores[j]
    return scores / total


class SharedVocabulary(NamedTuple):
    """All features of several vocabularies: what a ticket holds is looked up once for all of them.

    `table`: hashes and their numbers, shape (slots, 2), `places`, shape (numbers + 1, vocabularies): where each stands
    in each vocabulary (-1: nowhere), the last of what none knows.
    """

    table: Table
    places: Table


@compiled
def table_of(hashes: Hashes) -> Table:
    """Hashes and their numbers, each where its own bits say, or next to it; no number where there is none."""
    size = 16
    while size < 2 * len(hashes):
        size *= 2
    table = np.full((size, 2), -1, np.int32)
    for i in range(len(hashes)):
        slot = hashes[i] & (size - 1)
        while table[slot, 1] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot, 0], table[slot, 1] = hashes[i], i
    return table


@compiled
def _places_of(features: Hashes, shared: SharedVocabulary) -> Positions:
    """Where each feature stands in each of the vocabularies, shape (vocabularies, features); -1: nowhere."""
    table, places = shared.table, shared.places
    size, found = len(table), np.empty((places.shape[1], len(features)), np.int64)
    for i in range(len(features)):
        slot = features[i] & (size - 1)
        while table[slot, 1] >= 0 and table[slot, 0] != features[i]:
            slot = (slot + 1) & (size - 1)
        for model in range(places.shape[1]):
            found[model, i] = places[table[slot, 1], model]
    return found


class Asked(NamedTuple):
    """What of a ticket's facts the models read: hashed features by block, and how often each word is said."""

    text: Hashes
    title: Hashes
    cross: Hashes
    place: Hashes
    kind: Hashes
    amounts: Floats32


class Read(NamedTuple):
    """All that is read of the models: where features stand, and what was learnt of them."""

    shared: SharedVocabulary
    mixed: Learnt
    words: Learnt
    families: Learnt


@compiled
def _fetched(at: Positions, learnt: Learnt) -> float:
    """Some number, not infinite, of all that was learnt of the features that stand at those places (-1: nowhere).

    It lies far apart in memory: asked for together it comes together, and one by one would take half as long again.
    The number keeps the compiler from leaving that out.
    """
    weights, scales, classes = 0, np.float32(0.0), learnt.weights.shape[1]
    for i in range(len(at)):
        if at[i] >= 0:
            row = learnt.weights[at[i]]
            scales += learnt.worth[at[i]] + learnt.steps[at[i]]
            for j in range(0, classes, CACHE_LINE):
                weights += row[j]
            weights += row[classes - 1]
    return float(weights + scales)


@compiled
def answers_of(
    asked: Asked, read: Read, of_mixed: Floats, of_words: Floats, of_kind: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """As models.text.TextAnswers, of families as their model has them; `of_…`: the weights of each model's blocks."""
    sizes = (len(asked.text), len(asked.title), len(asked.cross), len(asked.place), len(asked.kind))
    bounds, start = np.empty((len(sizes), 2), np.int64), 0
    for block in range(len(sizes)):
        bounds[block, 0], bounds[block, 1] = start, start + sizes[block]
        start += sizes[block]
    every = np.concatenate((asked.text, asked.title, asked.cross, asked.place, asked.kind))
    at, words = _places_of(every, read.shared), len(of_words)
    fetched = _fetched(at[0], read.mixed) + _fetched(at[1], read.words) + _fetched(at[2], read.families)
    assert fetched > -np.inf
    parts, mixed = answer_of(at[0], bounds[:-1], of_mixed, BY_RARITY, asked.amounts, read.mixed)
    _, alone = answer_of(at[1], bounds[:words], of_words, BY_RARITY, asked.amounts, read.words)
    kinds = bounds[: words + 1].copy()
    kinds[words] = bounds[-1]
    _, families = answer_of(at[2], kinds, of_kind, BY_RARITY, asked.amounts, read.families)
    return parts, mixed, alone, families

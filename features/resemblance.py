"""How like a ticket past tickets are, in words and place: the loops of `features.similar`, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.place import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Terms = NDArray[np.uint16]
Bits = NDArray[np.bool_]

KERNELS = (
    "text",
    "text_district",
    "text_district_category",
    "text_250m",
    "text_1200m",
    "place_80m",
    "place_40m",
)
TEXT, DISTRICT, DISTRICT_KIND, NEAR, AROUND, SPOT_KIND, SPOT = range(len(KERNELS))
EVERY = len(KERNELS)
_MIX = 2_654_435_761  # Knuth's multiplicative hash


class Asked(NamedTuple):
    """What of a ticket is compared: POSIX seconds, degrees, numbers of kind and area (-2: none), distinct words."""

    time: float
    latitude: float
    longitude: float
    category: int
    district: int
    terms: Ints32


class Past(NamedTuple):
    """Columns of the past tickets, `place` in degrees, shape (tickets, 2), `terms` padded with 0, (tickets, words)."""

    time: Floats
    place: Floats
    category: Ints32
    district: Ints32
    terms: Terms


class Chosen(NamedTuple):
    """By kernel the most similar tickets, the most similar first, of equal ones the last.

    `rows` and `values`, shape (kernels, most): which and how similar; `held`, shape (kernels,): how many.
    """

    rows: Ints
    values: Floats
    held: Ints


@compiled
def asked_bits(terms: Ints32, size: int) -> Bits:
    """Which of `size` words are asked for."""
    bits = np.zeros(size, np.bool_)
    for term in terms:
        bits[term] = True
    return bits


@compiled
def squared_norm(terms: Ints32, logs: Floats, most: float) -> float:
    """Of a ticket's words weighed by rarity."""
    norm = 0.0
    for term in terms:
        idf = most - logs[term]
        norm += idf * idf
    return norm


@compiled
def cosine(row: Terms, bits: Bits, own: float, logs: Floats, most: float) -> float:
    """TF-IDF cosine of a ticket's words with those asked for, whose squared norm is `own`; counts are binary."""
    norm, shared = 0.0, 0.0
    for term in row:
        if term == 0:
            break
        idf = most - logs[term]
        squared = idf * idf
        norm += squared
        shared += squared * bits[term]
    return shared / math.sqrt(norm * own) if norm * own > 0.0 else 0.0


@compiled
def cosines(terms: Ints32, others: Terms, logs: Floats, most: float) -> Floats:
    """Of one ticket's words with each other ticket's, shape (others,)."""
    bits, own = asked_bits(terms, len(logs)), squared_norm(terms, logs, most)
    found = np.empty(len(others))
    for i in range(len(others)):
        found[i] = cosine(others[i], bits, own, logs, most)
    return found


@compiled
def distinct(rows: Ints32) -> Ints:
    """Each row number once, in order of appearance."""
    size = 16
    while size < 2 * len(rows):
        size *= 2
    table = np.full(size, -1, np.int64)
    found = np.empty(len(rows), np.int64)
    count = 0
    for row in rows:
        at = (row * _MIX >> 7) & (size - 1)
        while table[at] >= 0 and table[at] != row:
            at = (at + 1) & (size - 1)
        if table[at] < 0:
            table[at] = row
            found[count] = row
            count += 1
    return found[:count]


@compiled
def _keep(chosen: Chosen, kernel: int, row: int, value: float) -> None:
    """Put a ticket where it belongs among the most similar ones."""
    rows, values, most = chosen.rows, chosen.values, chosen.rows.shape[1]
    at = chosen.held[kernel]
    if at == most:
        at -= 1
        if value < values[kernel, at] or (value == values[kernel, at] and row < rows[kernel, at]):
            return
    else:
        chosen.held[kernel] = at + 1
    while at > 0:
        before = values[kernel, at - 1]
        if before > value or (before == value and rows[kernel, at - 1] > row):
            break
        rows[kernel, at], values[kernel, at] = rows[kernel, at - 1], before
        at -= 1
    rows[kernel, at], values[kernel, at] = row, value


@compiled
def _by_place(chosen: Chosen, row: int, metres: float, same_kind: bool) -> None:
    """By nearness: how similar that is, is worked out at the end, for the nearest alone."""
    if math.isnan(metres):
        return
    _keep(chosen, SPOT, row, -metres)
    if same_kind:
        _keep(chosen, SPOT_KIND, row, -metres)


@compiled
def _by_words(chosen: Chosen, row: int, text: float, metres: float, same_kind: bool, same_area: bool) -> None:
    """By words, among all tickets, in one area and round about; `text`: how alike they are."""
    if text <= 0.0:
        return
    _keep(chosen, TEXT, row, text)
    if same_area:
        _keep(chosen, DISTRICT, row, text)
        if same_kind:
            _keep(chosen, DISTRICT_KIND, row, text)
    if math.isnan(metres):
        return
    last = chosen.values.shape[1] - 1
    if text >= chosen.values[NEAR, last]:
        near = text * math.exp(-metres / 250.0)
        if near > 0.0:
            _keep(chosen, NEAR, row, near)
    text *= 2.0 if same_kind else 1.0
    if text >= chosen.values[AROUND, last]:
        around = text * math.exp(-metres / 1200.0)
        if around > 0.0:
            _keep(chosen, AROUND, row, around)


@compiled
def choose(
    found: Ints32, past: Past, asked: Asked, logs: Floats, most: float, half_life: float, limit: int
) -> Chosen:
    """The `limit` most similar of the tickets at those row numbers under each kernel; `half_life` in seconds.

    `logs` as of Frequencies, `most` what a word that was never heard weighs.
    """
    pool = distinct(found)
    values, count = np.zeros((EVERY, limit)), np.zeros(EVERY, np.int64)
    chosen = Chosen(np.zeros((EVERY, limit), np.int64), values, count)
    bits, own = asked_bits(asked.terms, len(logs)), squared_norm(asked.terms, logs, most)
    decay = math.log(2.0) / half_life
    eastward = METRES_PER_DEGREE * math.cos(math.radians(asked.latitude))
    away = np.empty(len(pool))
    for i in range(len(pool)):  # by itself: so many rows are fetched from memory at once
        row = pool[i]
        north = (past.place[row, 0] - asked.latitude) * METRES_PER_DEGREE
        east = (past.place[row, 1] - asked.longitude) * eastward
        away[i] = math.sqrt(north * north + east * east)
    for i in range(len(pool)):
        row = pool[i]
        same_kind = asked.category >= 0 and past.category[row] == asked.category
        _by_place(chosen, row, away[i], same_kind)
        text = cosine(past.terms[row], bits, own, logs, most)
        if text > 0.0:
            text *= math.exp(-abs(asked.time - past.time[row]) * decay)
            same_area = asked.district >= 0 and past.district[row] == asked.district
            _by_words(chosen, row, text, away[i], same_kind, same_area)
    for kernel, scale in ((SPOT_KIND, 80.0), (SPOT, 40.0)):
        near_ones = 0
        for i in range(count[kernel]):
            values[kernel, i] = math.exp(values[kernel, i] / scale)
            near_ones += values[kernel, i] > 0.0
        count[kernel] = near_ones
    return chosen


@compiled
def vote(chosen: Chosen, unit: Ints32, units: int) -> tuple[Floats, Floats]:
    """Similarities summed by kernel and unit, shape (kernels, units), and by kernel.

    In the order of the tickets: the last bit does not hang on the order in which units were heard of.
    """
    weight, total = np.zeros((EVERY, units)), np.zeros(EVERY)
    for kernel in range(EVERY):
        count = chosen.held[kernel]
        for i in np.argsort(chosen.rows[kernel, :count]):
            value = chosen.values[kernel, i]
            weight[kernel, unit[chosen.rows[kernel, i]]] += value
            total[kernel] += value
    return weight, total

"""How like a ticket past tickets are, in words and place: the loops of `features.similar`, compiled."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.hashed import SIMILARITY_TERMS
from features.place import METRES_PER_DEGREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Terms = NDArray[np.uint16]
Bits = NDArray[np.bool_]
Numbers = NDArray[np.uint8]
Tickets = NDArray[Any]  # of TICKET: faster to hand over and to walk through than an array for each column

# a remembered ticket: seconds, degrees, numbers, words padded with 0. `norm`: squared, of its words weighed by how rare
# they were when it was told, or later (`weigh_again`): by how rare they are now would take a look-up for each word of
# each ticket that is compared. Two lines of the processor's cache, fetched together
TICKET = np.dtype(
    {
        "names": ["time", "place", "norm", "sequence", "unit", "category", "district", "terms"],
        "formats": ["f8", ("f8", 2), "f8", "i8", "i4", "i4", "i4", ("u2", SIMILARITY_TERMS)],
        "itemsize": 128,
    }
)
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
def squared_norm(terms: Ints32 | Terms, logs: Floats, most: float) -> float:
    """Of a ticket's words weighed by rarity; what is padded with 0 ends there."""
    norm = 0.0
    for term in terms:
        if term == 0:
            break
        idf = most - logs[term]
        norm += idf * idf
    return norm


@compiled
def weigh_again(norms: Floats, tickets: Terms, logs: Floats, most: float) -> None:
    """Put into `norms` the squared norm of each ticket's words as rare as they are now."""
    for i in range(len(tickets)):
        norms[i] = squared_norm(tickets[i], logs, most)


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
def _worth(asked: Ints32, logs: Floats, most: float) -> tuple[Numbers, Floats]:
    """Of every word its number among those asked for, 0 for any other, and by number what it is worth, 0 at 0."""
    number, worth = np.zeros(len(logs), np.uint8), np.zeros(len(asked) + 1)
    for i in range(len(asked)):
        idf = most - logs[asked[i]]
        number[asked[i]], worth[i + 1] = i + 1, idf * idf
    return number, worth


@compiled
def _shared(row: Terms, number: Numbers, worth: Floats) -> float:
    """What the words that a ticket shares are worth; four sums, for one waits for its last addition."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for i in range(0, len(row), 4):
        first += worth[number[row[i]]]
        second += worth[number[row[i + 1]]]
        third += worth[number[row[i + 2]]]
        fourth += worth[number[row[i + 3]]]
    return (first + second) + (third + fourth)


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
def _keep(rows: Ints, values: Floats, count: int, row: int, value: float) -> int:
    """Put a ticket where it belongs among the `count` most similar ones; answers how many there are now."""
    at = count
    if at == len(rows):
        at -= 1
        if value < values[at] or (value == values[at] and row < rows[at]):
            return count
    while at > 0:
        before = values[at - 1]
        if before > value or (before == value and rows[at - 1] > row):
            break
        rows[at], values[at] = rows[at - 1], before
        at -= 1
    rows[at], values[at] = row, value
    return min(count + 1, len(rows))


@compiled
def _away(pool: Ints, past: Tickets, latitude: float, longitude: float) -> tuple[Floats, int]:
    """Metres to each of the pool's tickets, NaN where a place is unknown; and some number that is not negative.

    By itself, and with a look at each one's last word: rows far apart in memory come together where they are asked for
    together, and later one by one would take half as long again. The number keeps the compiler from leaving that out.
    """
    eastward = METRES_PER_DEGREE * math.cos(math.radians(latitude))
    away, fetched = np.empty(len(pool)), 0
    for i in range(len(pool)):
        row = pool[i]
        north = (past[row].place[0] - latitude) * METRES_PER_DEGREE
        east = (past[row].place[1] - longitude) * eastward
        away[i] = math.sqrt(north * north + east * east)
        fetched += past[row].terms[-1]
    return away, fetched


@compiled
def _faded(value: float, by: float) -> float:
    """Of the value what is left; where that is nothing, less than anything."""
    left = value * math.exp(-by)
    return left if left > 0.0 else -np.inf


@compiled
def _by_nearness(values: Floats, scale: float) -> int:
    """Turn metres, negative, into how similar that is; answers how many are at all, which come first."""
    near_ones = 0
    for i in range(len(values)):
        values[i] = math.exp(values[i] / scale)
        near_ones += values[i] > 0.0
    return near_ones


@compiled
def choose(
    found: Ints32, past: Tickets, asked: Asked, logs: Floats, most: float, half_life: float, limit: int
) -> Chosen:
    """The `limit` most similar of the tickets at those row numbers under each kernel; `half_life` in seconds.

    `logs` as of Frequencies, `most` what a word that was never heard weighs.
    """
    pool = distinct(found)
    rows, values = np.zeros((EVERY, limit), np.int64), np.zeros((EVERY, limit))
    count = np.zeros(EVERY, np.int64)
    number, worth = _worth(asked.terms, logs, most)
    own, decay = worth.sum(), math.log(2.0) / half_life
    away, fetched = _away(pool, past, asked.latitude, asked.longitude)
    assert fetched >= 0
    # by kernel how similar this ticket is, and the least similar that is kept once enough are. All in one function: to
    # hand arrays on to another, ticket by ticket, costs more than what it does
    like, least = np.empty(EVERY), np.full(EVERY, -np.inf)
    for i in range(len(pool)):
        row, metres = pool[i], away[i]
        somewhere = not math.isnan(metres)
        same_kind = asked.category >= 0 and past[row].category == asked.category
        like[:] = -np.inf
        if somewhere:
            # by nearness: how similar that is, is worked out at the end, for the nearest alone
            like[SPOT] = -metres
            like[SPOT_KIND] = -metres if same_kind else -np.inf
        norms = past[row].norm * own
        text = min(1.0, _shared(past[row].terms, number, worth) / math.sqrt(norms)) if norms > 0.0 else 0.0
        text *= math.exp(-abs(asked.time - past[row].time) * decay)
        if text > 0.0:
            like[TEXT] = text
            if asked.district >= 0 and past[row].district == asked.district:
                like[DISTRICT] = text
                like[DISTRICT_KIND] = text if same_kind else -np.inf
            if somewhere and text >= least[NEAR]:
                like[NEAR] = _faded(text, metres / 250.0)
            text *= 2.0 if same_kind else 1.0
            if somewhere and text >= least[AROUND]:
                like[AROUND] = _faded(text, metres / 1200.0)
        for kernel in range(EVERY):
            value = like[kernel]
            if value > -np.inf and value >= least[kernel]:
                count[kernel] = _keep(rows[kernel], values[kernel], count[kernel], row, value)
                if count[kernel] == limit:
                    least[kernel] = values[kernel, limit - 1]
    for kernel, scale in ((SPOT_KIND, 80.0), (SPOT, 40.0)):
        count[kernel] = _by_nearness(values[kernel, : count[kernel]], scale)
    return Chosen(rows, values, count)


@compiled
def vote(chosen: Chosen, past: Tickets, units: int) -> tuple[Floats, Floats]:
    """Similarities summed by kernel and unit, shape (kernels, units), and by kernel.

    In the order of the tickets: the last bit does not hang on the order in which units were heard of.
    """
    weight, total = np.zeros((EVERY, units)), np.zeros(EVERY)
    for kernel in range(EVERY):
        count = chosen.held[kernel]
        for i in np.argsort(chosen.rows[kernel, :count]):
            value = chosen.values[kernel, i]
            weight[kernel, past[chosen.rows[kernel, i]].unit] += value
            total[kernel] += value
    return weight, total


@compiled
def choose_and_vote(
    found: Ints32,
    past: Tickets,
    time: float,
    latitude: float,
    longitude: float,
    category: int,
    district: int,
    terms: Ints32,
    logs: Floats,
    most: float,
    half_life: float,
    limit: int,
    units: int,
) -> tuple[Ints, Floats, Ints, Floats, Floats]:
    """What `choose` answers, then what `vote`; tuples, as of Asked, take longer to hand over than what is in them."""
    asked = Asked(time, latitude, longitude, category, district, terms)
    chosen = choose(found, past, asked, logs, most, half_life, limit)
    weight, total = vote(chosen, past, units)
    return chosen.rows, chosen.values, chosen.held, weight, total

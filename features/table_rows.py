"""Feature rows from what was found out of a ticket: the loops of `features.table`, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from features.schema import DAY

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

LEAST_TEXT = 1e-6


class Counted(NamedTuple):
    """As features.tallies.Tallies: entries by key and unit, totals and the last run by key."""

    key: Ints
    unit: Ints
    numbers: Floats
    totals: Floats
    latest: Ints
    streak: Ints


class Voted(NamedTuple):
    """As features.similar.Votes: by kernel and unit, and by kernel."""

    weight: Floats
    total: Floats
    best: Floats


class Told(NamedTuple):
    """As in features.table.Opinion, by unit."""

    named: Floats
    text: Floats
    text_parts: Floats
    words: Floats
    family: Floats
    family_of: Ints
    territory: Floats


class AtKeys(NamedTuple):
    """What is counted of each candidate, shape (keys, candidates), the last key being everything.

    `counts`; `recent`: its part of what was lately counted of all; `age`: log(1 + days since its last), NaN: none.
    `of_families`: by local key and family, all its units' counts values.
    """

    counts: Floats
    recent: Floats
    age: Floats
    of_families: Floats


@compiled
def rows_of(
    units: Ints,
    lifts: Floats,
    spot: Floats,
    local: Ints,
    received: float,
    half_life: float,
    width: int,
    key: Ints,
    unit: Ints,
    numbers: Floats,
    totals: Floats,
    latest: Ints,
    streak: Ints,
    weight: Floats,
    total: Floats,
    best: Floats,
    named: Floats,
    text: Floats,
    text_parts: Floats,
    words: Floats,
    family: Floats,
    family_of: Ints,
    territory: Floats,
) -> Floats32:
    """One row of `width` features per candidate unit, in the order of features.table.feature_names.

    Counted, Voted and Told come in parts: whole they take longer to hand over. `lifts`, shape (2, candidates), and
    `spot`, shape (3,), are features already; `local`: keys of place alone; `received` and `half_life` in seconds.
    """
    counted, voted = Counted(key, unit, numbers, totals, latest, streak), Voted(weight, total, best)
    told = Told(named, text, text_parts, words, family, family_of, territory)
    rows = np.empty((len(units), width), np.float32)
    at_keys = _at_keys(units, counted, told, local, received, half_life)
    shares = voted.weight[:, units]
    for kernel in range(len(shares)):
        for c in range(len(units)):
            shares[kernel, c] /= voted.total[kernel] + 1e-3
    here = np.empty((len(local), len(units)))
    at = _put_keys(rows, units, counted, at_keys)
    at = _put_votes(rows, at, units, voted, shares)
    at = _put_own(rows, at, units, told, lifts, at_keys)
    at = _put_family(rows, at, units, told, local, at_keys, here)
    at = _put_ahead(rows, at, at_keys.recent[:-1])
    at = _put_ahead(rows, at, shares)
    for one in (told.text, told.words, told.family):
        at = _put_ahead(rows, at, one[units].reshape(1, -1))
    at = _put_ahead(rows, at, here)
    at = _put_ticket(rows, at, counted, voted, told, spot)
    assert at == width
    return rows


@compiled
def _at_keys(
    units: Ints, counted: Counted, told: Told, local: Ints, received: float, half_life: float
) -> AtKeys:
    keys, candidates, families = len(counted.totals), len(units), 1
    for family in told.family_of:
        families = max(families, family + 1)
    column_of, local_of = np.full(len(told.text), -1, np.int64), np.full(keys, -1, np.int64)
    for c in range(candidates):
        column_of[units[c]] = c
    for i in range(len(local)):
        local_of[local[i]] = i
    count, recent = np.zeros((keys, candidates)), np.zeros((keys, candidates))
    age, of_families = np.full((keys, candidates), np.nan), np.zeros((len(local), families))
    fading = -math.log(2.0) / half_life
    for i in range(len(counted.key)):
        key, unit, number = counted.key[i], counted.unit[i], counted.numbers[i, 0]
        if local_of[key] >= 0 and told.family_of[unit] >= 0:
            of_families[local_of[key], told.family_of[unit]] += number
        c = column_of[unit]
        if c >= 0:
            since = max(received - counted.numbers[i, 2], 0.0)
            count[key, c] = number
            recent[key, c] = counted.numbers[i, 1] * math.exp(fading * since)
            age[key, c] = math.log1p(since / DAY)
    for key in range(keys):
        since = max(received - counted.totals[key, 2], 0.0)
        whole = counted.totals[key, 1] * math.exp(fading * since) + 0.5
        for c in range(candidates):
            recent[key, c] /= whole
    return AtKeys(count, recent, age, of_families)


@compiled
def _put_keys(rows: Floats32, units: Ints, counted: Counted, found: AtKeys) -> int:
    keys = len(counted.totals) - 1
    for c in range(len(units)):
        for key in range(keys):
            runs_on = counted.latest[key] == units[c]
            rows[c, key] = found.counts[key, c] / (counted.totals[key, 0] + 1.0)
            rows[c, keys + key] = math.log1p(found.counts[key, c])
            rows[c, 2 * keys + key] = found.recent[key, c]
            rows[c, 3 * keys + key] = found.age[key, c]
            rows[c, 4 * keys + key] = math.log1p(counted.streak[key]) if runs_on else 0.0
    return 5 * keys


@compiled
def _put_votes(rows: Floats32, at: int, units: Ints, voted: Voted, shares: Floats) -> int:
    kernels = len(shares)
    for c in range(len(units)):
        for kernel in range(kernels):
            rows[c, at + kernel] = shares[kernel, c]
            rows[c, at + kernels + kernel] = voted.weight[kernel, units[c]]
    return at + 2 * kernels


@compiled
def _put_own(rows: Floats32, at: int, units: Ints, told: Told, lifts: Floats, found: AtKeys) -> int:
    """What is told of the unit itself; how far its words are behind those of the best candidate."""
    parts = len(told.text_parts)
    best, most_lifted = np.full(parts, -np.inf), -np.inf
    for c in range(len(units)):
        most_lifted = max(most_lifted, lifts[0, c])
        for part in range(parts):
            best[part] = max(best[part], told.text_parts[part, units[c]])
    for c in range(len(units)):
        unit = units[c]
        rows[c, at] = told.text[unit]
        rows[c, at + 1] = math.log(told.text[unit] + LEAST_TEXT)
        rows[c, at + 2] = told.words[unit]
        rows[c, at + 3] = math.log1p(found.counts[-1, c])
        rows[c, at + 4] = found.recent[-1, c]
        rows[c, at + 5] = found.age[-1, c]
        rows[c, at + 6] = told.territory[unit]
        rows[c, at + 7] = told.family[unit]
        for i in range(4):
            rows[c, at + 8 + i] = told.named[i, unit]
        rows[c, at + 12] = lifts[0, c] - most_lifted
        rows[c, at + 13] = lifts[1, c]
        for part in range(parts):
            rows[c, at + 14 + part] = told.text_parts[part, unit] - best[part]
    return at + 14 + parts


@compiled
def _put_family(
    rows: Floats32, at: int, units: Ints, told: Told, local: Ints, found: AtKeys, here: Floats
) -> int:
    """Its share of what its family got at each local key; that times the family's probability, into `here` too."""
    for c in range(len(units)):
        family = told.family_of[units[c]]
        for i in range(len(local)):
            share = 0.0
            if family >= 0:
                share = found.counts[local[i], c] / (found.of_families[i, family] + 0.5)
            here[i, c] = share * told.family[units[c]]
            rows[c, at + i] = share
            rows[c, at + len(local) + i] = here[i, c]
    return at + 2 * len(local)


@compiled
def _put_ticket(rows: Floats32, at: int, counted: Counted, voted: Voted, told: Told, spot: Floats) -> int:
    """What is the same for every candidate."""
    keys, kernels = len(counted.totals) - 1, len(voted.total)
    text_best, words_best = 0.0, 0.0
    for unit in range(len(told.text)):
        text_best, words_best = max(text_best, told.text[unit]), max(words_best, told.words[unit])
    for c in range(len(rows)):
        for key in range(keys):
            rows[c, at + key] = math.log1p(counted.totals[key, 0])
        for kernel in range(kernels):
            rows[c, at + keys + kernel] = voted.best[kernel]
        then = at + keys + kernels
        rows[c, then], rows[c, then + 1], rows[c, then + 2] = len(rows), text_best, words_best
        for i in range(len(spot)):
            rows[c, then + 3 + i] = spot[i]
    return at + keys + kernels + 3 + len(spot)


@compiled
def _put_ahead(rows: Floats32, at: int, values: Floats) -> int:
    """How far each candidate is ahead of the best other one; `values`, shape (features, candidates)."""
    for i in range(len(values)):
        best, second = -np.inf, -np.inf
        for c in range(len(rows)):
            value = values[i, c]
            if value > best:
                best, second = value, best
            elif value > second:
                second = value
        for c in range(len(rows)):
            other = second if values[i, c] == best else best
            rows[c, at + i] = values[i, c] - (other if len(rows) > 1 else 0.0)
    return at + len(values)

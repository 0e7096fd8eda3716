"""Feature rows from what was found out of a ticket: the loops of `features.table`, compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

DAY = 86_400.0
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


@compiled
def rows_of(
    units: Ints,
    counted: Counted,
    voted: Voted,
    told: Told,
    lifts: Floats,
    spot: Floats,
    local: Ints,
    received: float,
    half_life: float,
    width: int,
) -> Floats32:
    """One row of `width` features per candidate unit, in the order of features.table.feature_names.

    `lifts`, shape (2, candidates), and `spot`, shape (3,), are features already; `local`: keys of place alone;
    `received` and `half_life` in seconds.
    """
    candidates, keys, kernels = len(units), len(counted.totals) - 1, len(voted.total)
    rows = np.empty((candidates, width), np.float32)
    column_of = np.full(len(told.text), -1, np.int64)
    for c in range(candidates):
        column_of[units[c]] = c
    count, recent = np.zeros((keys + 1, candidates)), np.zeros((keys + 1, candidates))
    age = np.full((keys + 1, candidates), np.nan)
    local_of = np.full(keys + 1, -1, np.int64)
    for i in range(len(local)):
        local_of[local[i]] = i
    families = 1
    for family in told.family_of:
        families = max(families, family + 1)
    of_families = np.zeros((len(local), families))
    for i in range(len(counted.key)):
        key, unit = counted.key[i], counted.unit[i]
        number = counted.numbers[i, 0]
        if local_of[key] >= 0 and told.family_of[unit] >= 0:
            of_families[local_of[key], told.family_of[unit]] += number
        c = column_of[unit]
        if c >= 0:
            since = max(received - counted.numbers[i, 2], 0.0)
            count[key, c] = number
            recent[key, c] = counted.numbers[i, 1] * math.exp(-math.log(2.0) / half_life * since)
            age[key, c] = math.log1p(since / DAY)
    at = 0
    for key in range(keys):
        since = max(received - counted.totals[key, 2], 0.0)
        total = counted.totals[key, 0]
        all_recent = counted.totals[key, 1] * math.exp(-math.log(2.0) / half_life * since)
        for c in range(candidates):
            recent[key, c] /= all_recent + 0.5
            rows[c, at + key] = count[key, c] / (total + 1.0)
            rows[c, at + keys + key] = math.log1p(count[key, c])
            rows[c, at + 2 * keys + key] = recent[key, c]
            rows[c, at + 3 * keys + key] = age[key, c]
            runs_on = counted.latest[key] == units[c]
            rows[c, at + 4 * keys + key] = math.log1p(counted.streak[key]) if runs_on else 0.0
    since = max(received - counted.totals[keys, 2], 0.0)
    all_recent = counted.totals[keys, 1] * math.exp(-math.log(2.0) / half_life * since)
    at += 5 * keys
    shares = np.empty((kernels, candidates))
    for kernel in range(kernels):
        for c in range(candidates):
            shares[kernel, c] = voted.weight[kernel, units[c]] / (voted.total[kernel] + 1e-3)
            rows[c, at + kernel] = shares[kernel, c]
            rows[c, at + kernels + kernel] = voted.weight[kernel, units[c]]
    at += 2 * kernels
    text, words, family = told.text[units], told.words[units], told.family[units]
    parts_best = np.full(len(told.text_parts), -np.inf)
    lifts_best = -np.inf
    for c in range(candidates):
        lifts_best = max(lifts_best, lifts[0, c])
        for part in range(len(parts_best)):
            parts_best[part] = max(parts_best[part], told.text_parts[part, units[c]])
    here = np.empty((len(local), candidates))
    for c in range(candidates):
        unit = units[c]
        rows[c, at] = text[c]
        rows[c, at + 1] = math.log(text[c] + LEAST_TEXT)
        rows[c, at + 2] = words[c]
        rows[c, at + 3] = math.log1p(count[keys, c])
        rows[c, at + 4] = recent[keys, c] / (all_recent + 0.5)
        rows[c, at + 5] = age[keys, c]
        rows[c, at + 6] = told.territory[unit]
        rows[c, at + 7] = family[c]
        for i in range(4):
            rows[c, at + 8 + i] = told.named[i, unit]
        rows[c, at + 12] = lifts[0, c] - lifts_best
        rows[c, at + 13] = lifts[1, c]
        for part in range(len(parts_best)):
            rows[c, at + 14 + part] = told.text_parts[part, unit] - parts_best[part]
        then = at + 14 + len(parts_best)
        for i in range(len(local)):
            share = 0.0
            if told.family_of[unit] >= 0:
                share = count[local[i], c] / (of_families[i, told.family_of[unit]] + 0.5)
            here[i, c] = share * family[c]
            rows[c, then + i] = share
            rows[c, then + len(local) + i] = here[i, c]
    at += 14 + len(parts_best) + 2 * len(local)
    for key in range(keys):
        _ahead(recent[key], rows, at + key)
    at += keys
    for kernel in range(kernels):
        _ahead(shares[kernel], rows, at + kernel)
    at += kernels
    _ahead(text, rows, at)
    _ahead(words, rows, at + 1)
    _ahead(family, rows, at + 2)
    for i in range(len(local)):
        _ahead(here[i], rows, at + 3 + i)
    at += 3 + len(local)
    text_best, words_best = 0.0, 0.0
    for unit in range(len(told.text)):
        text_best, words_best = max(text_best, told.text[unit]), max(words_best, told.words[unit])
    for c in range(candidates):
        for key in range(keys):
            rows[c, at + key] = math.log1p(counted.totals[key, 0])
        for kernel in range(kernels):
            rows[c, at + keys + kernel] = voted.best[kernel]
        then = at + keys + kernels
        rows[c, then] = candidates
        rows[c, then + 1] = text_best
        rows[c, then + 2] = words_best
        for i in range(len(spot)):
            rows[c, then + 3 + i] = spot[i]
    assert at + keys + kernels + 3 + len(spot) == width
    return rows


@compiled
def _ahead(values: Floats, rows: Floats32, at: int) -> None:
    """How far each candidate is ahead of the best other one, into that column."""
    if len(values) < 2:
        for c in range(len(values)):
            rows[c, at] = values[c]
        return
    best, second = -np.inf, -np.inf
    for value in values:
        if value > best:
            best, second = value, best
        elif value > second:
            second = value
    for c in range(len(values)):
        rows[c, at] = values[c] - (second if values[c] == best else best)

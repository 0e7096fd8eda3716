"""What speaks for a closed unit is handed on to its open successors, as of the ticket: nothing is trained again.

A split leaves each of its n successors an nth of counts, votes and probabilities; a merged unit gets them summed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.units import Roster
from features.compiled import compiled
from features.history import History
from features.table import Opinion
from features.tallies import Tallies

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A Succession by unit index."""

    closed: Ints
    source: Ints
    heir: Ints
    part: Floats
    rounds: tuple[slice, ...]


def lines(units: Roster, history: History, at: datetime) -> Lines | None:
    """Who inherits from whom at that time; None where nobody is closed."""
    found = units.succession(at)
    if not found.closed:
        return None
    return Lines(
        closed=history.units(found.closed),
        source=history.units(found.sources),
        heir=history.units(found.heirs),
        part=np.array(found.parts, np.float64),
        rounds=found.rounds,
    )


def inherited(opinion: Opinion, to: Lines, half_life: float) -> Opinion:
    """The same with what each closed unit had at its heirs, and nothing left at itself. `half_life` in seconds."""
    source, heir, part = to.source, to.heir, to.part
    summed = np.concatenate([opinion.text[None], opinion.words[None], opinion.votes.weight])
    best = np.concatenate([opinion.family[None], opinion.named, opinion.text_parts])
    for one in to.rounds:
        summed[:, heir[one]] += summed[:, source[one]] * part[one]
        best[:, heir[one]] = np.maximum(best[:, heir[one]], best[:, source[one]])
    summed[:, to.closed] = 0.0
    named = best[1 : 1 + len(opinion.named)]
    named[:, to.closed] = 0.0
    family_of, before = opinion.family_of.copy(), defaultdict(list)
    unknown = family_of[heir] < 0
    family_of[heir[unknown]] = family_of[source[unknown]]
    for one, other in zip(heir.tolist(), source.tolist(), strict=True):
        before[one].append(other)
    return replace(
        opinion,
        tallies=handed_on(opinion.tallies, to, half_life, len(family_of)),
        votes=replace(opinion.votes, weight=summed[2:]),
        text=summed[0],
        words=summed[1],
        named=named,
        family=best[0],
        text_parts=best[1 + len(named) :],
        family_of=family_of,
        before=before,
    )


def handed_on(tallies: Tallies, to: Lines, half_life: float, units: int) -> Tallies:
    """Each entry of a closed unit goes to its heirs; what meets at one key and unit is one entry.

    `units`: how many are known.
    """
    is_closed = np.zeros(units + 1, np.bool_)
    is_closed[to.closed] = True
    if not is_closed[tallies.unit].any():
        return tallies
    line_of = np.argsort(to.source, kind="stable")
    first = to.source[line_of].searchsorted(np.arange(units + 1))
    key, unit, numbers = _given(
        tallies.key,
        tallies.unit,
        tallies.numbers,
        is_closed,
        first,
        to.heir[line_of],
        to.part[line_of],
        len(tallies.totals),
        half_life,
    )
    latest = _latest(tallies.latest, to, is_closed)
    return replace(tallies, key=key, unit=unit, numbers=numbers, latest=latest)


def _latest(latest: Ints, to: Lines, is_closed: NDArray[np.bool_]) -> Ints:
    """Who had the last ticket: the heir of who had it; of several heirs none is known to."""
    heir = np.arange(len(is_closed))
    heir[to.closed] = -1
    alone = to.part == 1.0
    heir[to.source[alone]] = to.heir[alone]
    return np.asarray(np.where(latest < 0, -1, heir[latest]))


@compiled
def _given(
    key: Ints,
    unit: Ints,
    numbers: Floats,
    is_closed: Bits,
    first: Ints,
    heir: Ints,
    part: Floats,
    keys: int,
    half_life: float,
) -> tuple[Ints, Ints, Floats]:
    """Entries after handing on: those of open units, then those that heirs did not have yet.

    The lines from unit i are heir[first[i]:first[i + 1]], with their parts.
    """
    units = len(is_closed) - 1
    most = 0
    for one in unit:
        most += first[one + 1] - first[one] if is_closed[one] else 1
    at = np.full((keys, units), -1, np.int64)
    new_key, new_unit = np.empty(most, np.int64), np.empty(most, np.int64)
    found, count = np.empty((most, 3)), 0
    for given in (False, True):
        for i in range(len(unit)):
            if is_closed[unit[i]] != given:
                continue
            lines = range(first[unit[i]], first[unit[i] + 1]) if given else range(1)
            for line in lines:
                own = heir[line] if given else unit[i]
                share = part[line] if given else 1.0
                to = at[key[i], own]
                if to < 0:
                    to = at[key[i], own] = count
                    new_key[to], new_unit[to] = key[i], own
                    found[to, 0], found[to, 1], found[to, 2] = 0.0, 0.0, numbers[i, 2]
                    count += 1
                # decayed counts are as of their last time: brought to the latest of those that meet
                last = max(found[to, 2], numbers[i, 2])
                fading = -math.log(2.0) / half_life
                found[to, 0] += share * numbers[i, 0]
                found[to, 1] *= math.exp(fading * (last - found[to, 2]))
                found[to, 1] += share * numbers[i, 1] * math.exp(fading * (last - numbers[i, 2]))
                found[to, 2] = last
    return new_key[:count], new_unit[:count], found[:count]

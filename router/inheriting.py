"""What speaks for a closed unit is handed on to its open successors, as of the ticket: nothing is trained again.

A split leaves each of its n successors an nth of counts, votes and probabilities; a merged unit gets them summed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.units import Roster
from features.history import History
from features.table import Opinion
from features.tallies import Tallies

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
    closed = is_closed[tallies.unit]
    if not closed.any():
        return tallies
    kept, given = np.flatnonzero(~closed), np.flatnonzero(closed)
    # each entry given with each of the lines from its unit
    entry, line = np.nonzero(tallies.unit[given][:, None] == to.source)
    row, part = given[entry], to.part[line]
    places = np.concatenate(
        [tallies.key[kept] * units + tallies.unit[kept], tallies.key[row] * units + to.heir[line]]
    )
    numbers = np.concatenate([tallies.numbers[kept], tallies.numbers[row]])
    numbers[len(kept) :, :2] *= part[:, None]
    places, numbers = _merged(places, numbers, len(kept), half_life)
    key, unit = np.divmod(places, units)
    return replace(
        tallies, key=key, unit=unit, numbers=numbers, latest=_latest(tallies.latest, to, is_closed)
    )


def _latest(latest: Ints, to: Lines, is_closed: NDArray[np.bool_]) -> Ints:
    """Who had the last ticket: the heir of who had it; of several heirs none is known to."""
    heir = np.arange(len(is_closed))
    heir[to.closed] = -1
    alone = to.part == 1.0
    heir[to.source[alone]] = to.heir[alone]
    return np.asarray(np.where(latest < 0, -1, heir[latest]))


def _merged(places: Ints, numbers: Floats, kept: int, half_life: float) -> tuple[Ints, Floats]:
    """One row a place: those behind the first `kept`, which are of different places, are added to what stands there."""
    at = np.full(int(places.max(initial=0)) + 1, -1)
    at[places[:kept]] = np.arange(kept)
    fresh = np.unique(places[kept:][at[places[kept:]] < 0])
    at[fresh] = kept + np.arange(len(fresh))
    found = np.concatenate([numbers[:kept], np.zeros((len(fresh), 3))])
    found[kept:, 2] = -np.inf
    where, given = at[places[kept:]], numbers[kept:]
    last = found[:, 2].copy()
    np.maximum.at(last, where, given[:, 2])
    # decayed counts are as of their last time: brought to the latest of those that meet
    with np.errstate(invalid="ignore"):
        found[:, 1] *= np.where(np.isfinite(found[:, 2]), np.exp2((last - found[:, 2]) / -half_life), 0.0)
    np.add.at(found[:, 0], where, given[:, 0])
    np.add.at(found[:, 1], where, given[:, 1] * np.exp2((last[where] - given[:, 2]) / -half_life))
    found[:, 2] = last
    return np.concatenate([places[:kept], fresh]), found

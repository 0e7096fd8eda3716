"""What speaks for a closed unit is handed on to its open successors, as of the ticket: nothing is trained again.

A split leaves each of its n successors an nth of counts, votes and probabilities; a merged unit gets them summed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.units import Roster, Succession
from features.compiled import compiled
from features.history import History
from features.similar import Votes
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


def lines(units: Roster, history: History, at: datetime) -> Lines | None:
    """Who inherits from whom at that time; None where nobody is closed."""
    found = units.succession(at)
    return history.aligned(found, lambda: _lines(found, history)) if found.closed else None


def _lines(found: Succession, history: History) -> Lines:
    source, heir = history.units(found.sources), history.units(found.heirs)
    part = np.array(found.parts, np.float64)
    return Lines(closed=history.units(found.closed), source=source, heir=heir, part=part)


def inherited(opinion: Opinion, to: Lines, half_life: float) -> Opinion:
    """The same with what each closed unit had at its heirs, and nothing left at itself. `half_life` in seconds."""
    votes = opinion.votes
    text, words, weight, named, family, text_parts, family_of = _handed(
        opinion.text,
        opinion.words,
        votes.weight,
        opinion.named,
        opinion.family,
        opinion.text_parts,
        opinion.family_of,
        *(to.closed, to.source, to.heir, to.part),
    )
    return Opinion(
        tallies=handed_on(opinion.tallies, to, half_life, len(family_of)),
        votes=Votes(weight=weight, total=votes.total, best=votes.best, nearest=votes.nearest),
        named=named,
        text=text,
        text_parts=text_parts,
        words=words,
        family=family,
        family_of=family_of,
        territory=opinion.territory,
        spot=opinion.spot,
        succeeded=(to.heir, to.source),
    )


@compiled
def _handed(
    text: Floats,
    words: Floats,
    votes: Floats,
    named: Floats,
    family: Floats,
    text_parts: Floats,
    family_of: Ints,
    closed: Ints,
    source: Ints,
    heir: Ints,
    part: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Ints]:
    """Probabilities and votes are summed, of names and log odds the best counts; families are one's own, if known."""
    text, words, votes, named = text.copy(), words.copy(), votes.copy(), named.copy()
    family, text_parts, own_family = family.copy(), text_parts.copy(), family_of.copy()
    for i in range(len(source)):
        one, other, share = heir[i], source[i], part[i]
        text[one] += text[other] * share
        words[one] += words[other] * share
        for kernel in range(len(votes)):
            votes[kernel, one] += votes[kernel, other] * share
        for row in range(len(named)):
            named[row, one] = max(named[row, one], named[row, other])
        for block in range(len(text_parts)):
            text_parts[block, one] = max(text_parts[block, one], text_parts[block, other])
        family[one] = max(family[one], family[other])
        if family_of[one] < 0:
            own_family[one] = family_of[other]
    for one in closed:
        text[one], words[one] = 0.0, 0.0
        votes[:, one] = 0.0
        named[:, one] = 0.0
    return text, words, votes, named, family, text_parts, own_family


def handed_on(tallies: Tallies, to: Lines, half_life: float, units: int) -> Tallies:
    """Each entry of a closed unit goes to its heirs; what meets at one key and unit is one entry.

    `units`: how many are known.
    """
    key, unit, numbers, latest = _given(
        *(tallies.key, tallies.unit, tallies.numbers, tallies.latest),
        *(to.closed, to.source, to.heir, to.part),
        units,
        half_life,
    )
    return Tallies(
        key=key, unit=unit, numbers=numbers, totals=tallies.totals, latest=latest, streak=tallies.streak
    )


@compiled
def _given(
    key: Ints,
    unit: Ints,
    numbers: Floats,
    latest: Ints,
    closed: Ints,
    source: Ints,
    heir: Ints,
    part: Floats,
    units: int,
    half_life: float,
) -> tuple[Ints, Ints, Floats, Ints]:
    """Entries after handing on: those of open units, then those that heirs did not have yet; and who came last."""
    is_closed = np.zeros(units, np.bool_)
    is_closed[closed] = True
    by_source, first = np.argsort(source, kind="mergesort"), np.zeros(units + 1, np.int64)
    for one in source:
        first[one + 1] += 1
    first = np.cumsum(first)
    most = 0
    for one in unit:
        most += first[one + 1] - first[one] if is_closed[one] else 1
    at = np.full((len(latest), units), -1, np.int32)
    new_key, new_unit = np.empty(most, np.int64), np.empty(most, np.int64)
    found, count = np.empty((most, 3)), 0
    fading = -math.log(2.0) / half_life
    for given in (False, True):
        for i in range(len(unit)):
            if is_closed[unit[i]] != given:
                continue
            lines = range(first[unit[i]], first[unit[i] + 1]) if given else range(1)
            for line in lines:
                own = heir[by_source[line]] if given else unit[i]
                share = part[by_source[line]] if given else 1.0
                to = at[key[i], own]
                if to < 0:
                    at[key[i], own] = count
                    new_key[count], new_unit[count] = key[i], own
                    found[count, 0], found[count, 1] = share * numbers[i, 0], share * numbers[i, 1]
                    found[count, 2] = numbers[i, 2]
                    count += 1
                    continue
                # decayed counts are as of their last time: brought to the latest of those that meet
                last = max(found[to, 2], numbers[i, 2])
                found[to, 0] += share * numbers[i, 0]
                found[to, 1] *= math.exp(fading * (last - found[to, 2]))
                found[to, 1] += share * numbers[i, 1] * math.exp(fading * (last - numbers[i, 2]))
                found[to, 2] = last
    return new_key[:count], new_unit[:count], found[:count], _latest(latest, is_closed, source, heir, part)


@compiled
def _latest(latest: Ints, is_closed: Bits, source: Ints, heir: Ints, part: Floats) -> Ints:
    """Who had the last ticket: the heir of who had it; of several heirs none is known to."""
    found = latest.copy()
    for key in range(len(latest)):
        if latest[key] < 0 or not is_closed[latest[key]]:
            continue
        found[key] = -1
        for i in range(len(source)):
            if source[i] == latest[key] and part[i] == 1.0:
                found[key] = heir[i]
    return found

"""What speaks for a closed unit is handed on to its open successors, as of the ticket: nothing is trained again.

A split leaves each of its n successors an nth of counts, votes and probabilities; a merged unit gets them summed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from domain.units import Roster, open_heirs
from features.history import History
from features.table import Opinion
from features.tallies import Tallies

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Heirs = Mapping[int, Sequence[int]]


def heirs_of(units: Roster, history: History, at: datetime) -> Heirs:
    """By index of a closed unit, those of its open successors; empty where it has none."""
    found = {}
    for unit in units.limited:
        index = history.index(unit.unit_id)
        if index is not None and not unit.is_open(at):
            found[index] = [history.unit(heir) for heir in open_heirs(unit.unit_id, units, at)]
    return found


def inherited(opinion: Opinion, heirs: Heirs, half_life: float) -> Opinion:
    """The same with what each closed unit had at its heirs, and nothing left at itself. `half_life` in seconds."""
    if not heirs:
        return opinion
    before: dict[int, list[int]] = defaultdict(list)
    votes, text, words = opinion.votes.weight.copy(), opinion.text.copy(), opinion.words.copy()
    named, family, parts = opinion.named.copy(), opinion.family.copy(), opinion.text_parts.copy()
    family_of = opinion.family_of.copy()
    for unit, own in heirs.items():
        for heir in own:
            before[heir].append(unit)
            votes[:, heir] += votes[:, unit] / len(own)
            text[heir] += text[unit] / len(own)
            words[heir] += words[unit] / len(own)
            named[:, heir] = np.maximum(named[:, heir], named[:, unit])
            family[heir] = max(family[heir], family[unit])
            parts[:, heir] = np.maximum(parts[:, heir], parts[:, unit])
            if family_of[heir] < 0:
                family_of[heir] = family_of[unit]
        votes[:, unit] = text[unit] = words[unit] = named[:, unit] = 0.0
    return replace(
        opinion,
        tallies=handed_on(opinion.tallies, heirs, half_life),
        votes=replace(opinion.votes, weight=votes),
        text=text,
        words=words,
        named=named,
        family=family,
        text_parts=parts,
        family_of=family_of,
        before=dict(before),
    )


def handed_on(tallies: Tallies, heirs: Heirs, half_life: float) -> Tallies:
    """Each entry of a closed unit goes to its heirs in equal parts; what meets at one key and unit is one entry."""
    closed = np.isin(tallies.unit, list(heirs))
    if not closed.any():
        return tallies
    # of several heirs none is known to have had the last ticket
    only = {unit: own[0] if len(own) == 1 else -1 for unit, own in heirs.items()}
    latest = np.array([only.get(unit, unit) for unit in tallies.latest.tolist()], np.int64)
    tallies = replace(tallies, latest=latest)
    stays = np.flatnonzero(~closed)
    rows, units, parts = [stays], [tallies.unit[stays]], [np.ones(len(stays))]
    for row in np.flatnonzero(closed).tolist():
        own = heirs[int(tallies.unit[row])]
        rows.append(np.full(len(own), row))
        units.append(np.array(own, np.int64))
        parts.append(np.full(len(own), 1.0 / max(len(own), 1)))
    entry, unit, part = np.concatenate(rows), np.concatenate(units), np.concatenate(parts)
    return _merged(tallies, tallies.key[entry], unit, tallies.numbers[entry], part, half_life)


def _merged(
    tallies: Tallies, key: Ints, unit: Ints, numbers: Floats, part: Floats, half_life: float
) -> Tallies:
    width = int(unit.max(initial=0)) + 1
    places, which = np.unique(key * width + unit, return_inverse=True)
    last = np.full(len(places), -np.inf)
    np.maximum.at(last, which, numbers[:, 2])
    # decayed counts are as of their last time: brought to the latest of the two
    faded = numbers[:, 1] * np.exp2((last[which] - numbers[:, 2]) / -half_life)
    counts = np.bincount(which, numbers[:, 0] * part, len(places))
    decayed = np.bincount(which, faded * part, len(places))
    return replace(
        tallies, key=places // width, unit=places % width, numbers=np.column_stack([counts, decayed, last])
    )

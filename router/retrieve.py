"""Facts -> candidate units, from every key of history, similar tickets, the text model, territories and rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.units import Roster, Unit, open_heirs
from features.compiled import compiled
from features.facts import Facts
from features.history import History
from features.schema import DAY, HistorySchema
from features.table import NOWHERE, Opinion, Spot
from features.text import normalise
from models.blocks import MIXED_BLOCKS
from models.text import TextModels
from router.inheriting import inherited, lines

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BY_PLACE, BY_VOTES, BY_TEXT, BY_NAME, BY_KIND = 0.2, 1.0, 8.0, 1.0, 0.3
NAMED = 1e3  # a territory's or rule's unit is always among the candidates
COMMONNESS, RAREST = 0.3, 0.03  # what speaks for a common unit speaks for it anywhere
LEAST_SHARE = 0.005  # of all support: who has less is hardly ever right


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """Candidate unit indexes, ordered by unit id, how much speaks for each, and what was found out on the way."""

    units: Ints
    support: Floats
    opinion: Opinion


def retrieve(
    facts: Facts,
    history: History,
    text: TextModels | None,
    *,
    owners: Mapping[str, float] | None = None,
    spot: Spot = NOWHERE,
    named: Sequence[str] = (),
    units: Mapping[str, Unit] | None = None,
    at: datetime,
    limit: int,
) -> Retrieved:
    """The `limit` open units with most behind them, with every unit that owns the ground or that a rule names.

    `owners`: unit ids of territories, with how likely the ticket is there; `spot`: the likeliest place. `named`: unit
    ids of rules. A closed unit's successors stand in for it, with all that is
    known of it. Every unit that can come up must be known to the history (History.unit) beforehand: a look-up changes
    nothing.
    """
    units, schema, owners = Roster.of(units or {}), history.schema, owners or {}
    heirs = {unit_id: open_heirs(unit_id, units, at) for unit_id in (*owners, *named)}
    sure = [history.unit(heir) for found in heirs.values() for heir in found]
    succeeded = lines(units, history, at)
    opinion = Opinion(
        tallies=history.tallies(facts),
        votes=history.votes(facts),
        named=history.named(facts),
        territory=_of_ground(owners, heirs, history),
        spot=spot,
        **_text_opinions(facts, text, history)._asdict(),
    )
    if succeeded is not None:
        opinion = inherited(opinion, succeeded, schema.half_life_days * DAY)
    able = _marked(history.units(takers(facts.category, units)), history)
    able[history.units(units.succession(at).closed)] = 0.0
    support = _support(opinion, schema, able)
    best = _best(support, history.ranks, limit, np.array(sure, np.int64))
    support[sure] += NAMED
    return Retrieved(units=best, support=support[best], opinion=opinion)


def _support(opinion: Opinion, schema: HistorySchema, able: Floats) -> Floats:
    """How much speaks for each unit: its keys, votes, text probability, name, being `able` (1 or 0); by unit index.

    Square roots of shares: a unit that has a little of everything is likelier than one that owns the place, but gets
    other kinds of trouble. Support is beside how common the unit is at all.
    """
    tallies, votes = opinion.tallies, opinion.votes
    counted = tallies.key, tallies.unit, tallies.numbers, tallies.totals
    voted = votes.weight, votes.total
    return _speaking(*counted, _weights(schema), *voted, opinion.text, opinion.named, able)


@lru_cache
def _weights(schema: HistorySchema) -> Floats:
    """What each key weighs, the last being everything."""
    weights = np.ones(len(schema.keys) + 1)
    weights[schema.of_place_alone] = BY_PLACE
    weights[-1] = 0.0
    weights.setflags(write=False)
    return weights


@compiled
def _speaking(
    key: Ints,
    unit: Ints,
    numbers: Floats,
    totals: Floats,
    weights: Floats,
    votes: Floats,
    votes_of_all: Floats,
    text: Floats,
    named: Floats,
    able: Floats,
) -> Floats:
    """As _support; `weights` by key, the last key is everything."""
    units, everything = len(text), len(weights) - 1
    of_keys, common = np.zeros(units), np.zeros(units)
    for i in range(len(key)):
        share = numbers[i, 0] / (totals[key[i], 0] + 1.0)
        if key[i] == everything:
            common[unit[i]] += share**COMMONNESS
        of_keys[unit[i]] += weights[key[i]] * math.sqrt(share)
    support = np.empty(units)
    for i in range(units):
        voted = 0.0
        for kernel in range(len(votes)):
            if votes[kernel, i] > 0.0:
                voted += math.sqrt(votes[kernel, i] / (votes_of_all[kernel] + 1e-3))
        # squared: half a name is mostly a word that many units are called by
        called = named[0, i] * named[0, i]
        own = (
            of_keys[i]
            + BY_VOTES * voted
            + BY_TEXT * math.sqrt(text[i])
            + BY_NAME * called
            + BY_KIND * able[i]
        )
        support[i] = own / (common[i] + RAREST)
    return support


def takers(kind: str | None, units: Roster) -> tuple[str, ...]:
    """Units that are listed as taking just this kind of trouble, among others; those that take any are not."""
    if kind is None:
        return ()
    found = units.by_kind.get(kind)
    if found is None:
        listed = (unit_id for unit_id, unit in units.items() if kind in map(normalise, unit.kinds))
        found = units.by_kind[kind] = tuple(listed)
    return found


@compiled
def _best(support: Floats, ranks: Ints, limit: int, sure: Ints) -> Ints:
    """The sure units and, up to the limit, those with most support, of equal ones the first by id; in order of ids."""
    taken, whole = np.zeros(len(support), np.bool_), 0.0
    taken[sure] = True
    certain = int(taken.sum())
    room = max(limit - certain, 0)
    for one in support:
        whole += one
    best, count = np.empty(room + 1, np.int64), 0
    for unit in range(len(support)):
        if taken[unit] or support[unit] <= LEAST_SHARE * whole:
            continue
        at = count
        while at > 0 and (
            support[best[at - 1]] < support[unit]
            or (support[best[at - 1]] == support[unit] and ranks[best[at - 1]] > ranks[unit])
        ):
            best[at] = best[at - 1]
            at -= 1
        best[at] = unit
        count = min(count + 1, room)
    found = np.concatenate((np.flatnonzero(taken), best[:count]))
    return found[np.argsort(ranks[found])]


class _TextOpinions(NamedTuple):
    text: Floats
    text_parts: Floats
    words: Floats
    family: Floats
    family_of: Ints


def _text_opinions(facts: Facts, models: TextModels | None, history: History) -> _TextOpinions:
    """What each text model says, by unit index; zeros, and no families, without models."""
    if models is None:
        known = len(history.unit_ids)
        nothing, parts = np.zeros(known), np.zeros((MIXED_BLOCKS, known))
        return _TextOpinions(nothing, parts, nothing, nothing, np.full(known, -1))
    answers, families = models.answer(facts), models.families
    of_mixed, of_words = history.units(models.mixed.classes), history.units(models.words.classes)
    of_families = history.units(families.units)
    return _TextOpinions(
        *_by_unit(
            len(history.unit_ids),  # after the indexes were given: nothing is written beyond
            of_mixed,
            of_words,
            of_families,
            *(answers.mixed, answers.parts, answers.words, answers.family, families.family),
        )
    )


@compiled
def _by_unit(
    known: int,
    of_mixed: Ints,
    of_words: Ints,
    of_families: Ints,
    mixed: Floats,
    parts: Floats,
    words: Floats,
    family: Floats,
    families: Ints,
) -> tuple[Floats, Floats, Floats, Floats, Ints]:
    """As _TextOpinions from what models answer; `of_…`: the unit index of each of their classes.

    A unit that the mixed model never saw has no more behind it than the least likely one.
    """
    text, by_words, by_family = np.zeros(known), np.zeros(known), np.zeros(known)
    text_parts, family_of = np.empty((len(parts), known)), np.full(known, -1)
    for part in range(len(parts)):
        least = 0.0
        for one in parts[part]:
            least = min(least, one)
        text_parts[part] = least
        for i in range(len(of_mixed)):
            text_parts[part, of_mixed[i]] = parts[part, i]
    for i in range(len(of_mixed)):
        text[of_mixed[i]] = mixed[i]
    for i in range(len(of_words)):
        by_words[of_words[i]] = words[i]
    for i in range(len(of_families)):
        by_family[of_families[i]], family_of[of_families[i]] = family[i], families[i]
    return text, text_parts, by_words, by_family, family_of


def _of_ground(owners: Mapping[str, float], heirs: Mapping[str, Sequence[str]], history: History) -> Floats:
    """How likely the ticket is on the ground of each unit, or of whom it succeeded; by unit index."""
    found = np.zeros(len(history.unit_ids))
    for owner, chance in owners.items():
        for heir in heirs[owner]:
            found[history.unit(heir)] += chance
    return np.minimum(found, 1.0)


def _marked(indexes: list[int] | Ints, history: History) -> Floats:
    marks = np.zeros(len(history.unit_ids))
    marks[indexes] = 1.0
    return marks

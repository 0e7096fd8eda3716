"""Facts -> candidate units, from every key of history, similar tickets, the text model, territories and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from domain.units import Unit, open_heirs
from features.facts import Facts
from features.history import History
from features.table import Opinion
from models.blocks import MIXED_BLOCKS, mixed_blocks, word_blocks
from models.text import TextModels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAMED = 1e3  # a territory's or rule's unit is always among the candidates
BY_VOTES, BY_TEXT, BY_NAME = 2.0, 4.0, 1.0


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
    owners: Sequence[str] = (),
    named: Sequence[str] = (),
    units: Mapping[str, Unit] | None = None,
    at: datetime,
    limit: int,
) -> Retrieved:
    """The `limit` open units with most behind them, with every unit that owns the ground or that a rule names.

    `owners`, `named`: unit ids of territories and rules. A closed unit's successors stand in for it. Every unit that
    can come up must be known to the history (History.unit) beforehand: a look-up changes nothing.
    """
    units = units or {}
    known = len(history.unit_ids)
    heirs = {unit_id: open_heirs(unit_id, units, at) for unit_id in (*owners, *named)}
    sure = [history.unit(heir) for found in heirs.values() for heir in found]
    opinion = Opinion(
        tallies=history.tallies(facts),
        votes=history.votes(facts),
        named=history.named(facts),
        territory=_marked([history.unit(heir) for owner in owners for heir in heirs[owner]], history),
        **_text_opinions(facts, text, history),
    )
    support = _support(opinion, known)
    support[sure] += NAMED
    support = _passed_on(support, history, units, at)
    best = _best(support, history, max(limit, len(set(sure))))
    return Retrieved(units=best, support=support[best], opinion=opinion)


def _support(opinion: Opinion, units: int) -> Floats:
    """How much speaks for each unit: shares of its keys, votes, text probability, its name; by unit index."""
    support = [0.0] * units
    for tally in opinion.tallies:
        if tally is not None:
            scale = 1.0 / (tally.total[0] + 1.0)
            for unit, entry in tally.by_unit.items():
                support[unit] += entry[0] * scale
    weight = opinion.votes.weight
    shares = (weight / (opinion.votes.total[:, None] + 1e-3)).sum(axis=0)
    likely = np.where(opinion.text > 1e-3, opinion.text, 0.0)
    # squared: half a name is mostly a word that many units are called by
    called = opinion.named[0] ** 2
    return np.asarray(np.array(support) + BY_VOTES * shares + BY_TEXT * likely + BY_NAME * called)


def _passed_on(support: Floats, history: History, units: Mapping[str, Unit], at: datetime) -> Floats:
    """What speaks for a closed unit speaks for its open successors."""
    passed = support.copy()
    for index in np.flatnonzero(support > 0).tolist():
        unit = units.get(history.unit_ids[index])
        if unit is not None and not unit.is_open(at):
            passed[index] = 0.0
            passed[[history.unit(heir) for heir in open_heirs(unit.unit_id, units, at)]] += support[index]
    return passed


def _best(support: Floats, history: History, limit: int) -> Ints:
    ids = history.unit_ids
    found = sorted(np.flatnonzero(support > 0).tolist(), key=lambda i: (-support[i], ids[i]))[:limit]
    return np.array(sorted(found, key=ids.__getitem__), np.int64)


class _TextOpinions(TypedDict):
    text: Floats
    text_parts: Floats
    words: Floats
    family: Floats
    family_of: Ints


def _text_opinions(facts: Facts, models: TextModels | None, history: History) -> _TextOpinions:
    """What each text model says, by unit index; zeros, and no families, without models."""
    known = len(history.unit_ids)
    found = _TextOpinions(
        text=np.zeros(known),
        text_parts=np.zeros((MIXED_BLOCKS, known)),
        words=np.zeros(known),
        family=np.zeros(known),
        family_of=np.full(known, -1),
    )
    if models is not None:
        of_mixed, parts = history.units(models.mixed.classes), models.mixed.parts(mixed_blocks(facts))
        found["text"][of_mixed] = models.mixed.probabilities(parts)
        # a unit that the model never saw has no more behind it than the least likely one
        found["text_parts"][:] = parts.min(axis=1, initial=0.0)[:, None]
        found["text_parts"][:, of_mixed] = parts
        found["words"][history.units(models.words.classes)] = models.words.predict(word_blocks(facts))
        of_families = history.units(models.families.units)
        found["family"][of_families] = models.families.predict(facts)
        found["family_of"][of_families] = models.families.family
    return found


def _marked(indexes: list[int], history: History) -> Floats:
    marks = np.zeros(len(history.unit_ids))
    marks[indexes] = 1.0
    return marks

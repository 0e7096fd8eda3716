"""The feature rows of a ticket's candidates: one ordered list of names, the same code in training and serving."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from features.history import History, Tally
from features.schema import DAY, HistorySchema
from features.similar import KERNELS, Votes

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

TEXT_PARTS = ("text_of_words", "text_of_crosses", "text_of_place")
NAMED = ("name_said", "name_said_weight", "name_placed", "name_placed_weight")
FORMAT = 5  # raise it when a feature changes its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was found out about a ticket before its candidates are scored; arrays are by unit index.

    `named` as History.named. `text`: P(unit | words, kind, place) of the text model, of which
    `text_parts` are the log odds by block, shape (3, units), `words`: P(unit | words alone),
    `family`: P(the unit's family | words, kind), `family_of`: which family a unit belongs to, -1 where none is known.
    """

    tallies: list[Tally | None]
    votes: Votes
    named: Floats
    text: Floats
    text_parts: Floats
    words: Floats
    family: Floats
    family_of: Ints
    territory: Floats


def feature_names(schema: HistorySchema) -> tuple[str, ...]:
    """Names of the columns of `feature_rows`, in order."""
    per_key = [f"{what}[{key}]" for what in ("share", "count", "recent_share", "age") for key in schema.keys]
    votes = [f"{what}[{kernel}]" for what in ("vote_share", "vote") for kernel in KERNELS]
    own = ["text", "text_log", "words", "unit_count", "unit_recent_share", "unit_age", "territory", "family"]
    own += [*NAMED, "word_lift", "word_lift_best", *TEXT_PARTS]
    own += [f"{what}[{key}]" for what in ("of_family", "family_here") for key in _local_keys(schema)]
    ahead = [f"ahead_{name}" for name in _relative_names(schema)]
    ticket = [f"total[{key}]" for key in schema.keys]
    ticket += [f"best[{kernel}]" for kernel in KERNELS] + ["candidates", "text_best", "words_best"]
    return (*per_key, *votes, *own, *ahead, *ticket)


def _relative_names(schema: HistorySchema) -> list[str]:
    shares = [f"recent_share[{key}]" for key in schema.keys]
    here = [f"family_here[{key}]" for key in _local_keys(schema)]
    return [*shares, *(f"vote_share[{kernel}]" for kernel in KERNELS), "text", "words", "family", *here]


def _local_keys(schema: HistorySchema) -> list[str]:
    """Keys of place alone, at which a family's units are told apart."""
    area = [schema.district, f"{schema.district}*h3_7"] if schema.district else []
    return ["h3_6", "h3_8", "h3_10", *area, "street"]


def fingerprint(schema: HistorySchema) -> str:
    """Changes whenever the columns or their meaning do."""
    return hashlib.sha256("\n".join((str(FORMAT), repr(schema), *feature_names(schema))).encode()).hexdigest()


def feature_rows(facts: Facts, history: History, units: Ints, opinion: Opinion) -> Floats32:
    """One row per candidate unit index, shape (candidates, features)."""
    count = len(units)
    raw, totals = _raw(opinion.tallies, history.overall, units.tolist())
    counts, decayed, last = raw[..., 0], raw[..., 1], raw[..., 2]
    half_life = history.schema.half_life_days * DAY
    now = facts.received
    recent = decayed * np.exp2(-np.maximum(now - last, 0.0) / half_life)
    all_recent = totals[:, 1] * np.exp2(-np.maximum(now - totals[:, 2], 0.0) / half_life)
    share = counts / (totals[:, :1] + 1.0)
    recent_share = recent / (all_recent[:, None] + 0.5)
    age = np.log1p(np.maximum(now - last, 0.0) / DAY)
    age[np.isinf(age)] = np.nan
    votes = opinion.votes.weight[:, units]
    vote_share = votes / (opinion.votes.total[:, None] + 1e-3)
    text, words = opinion.text[units], opinion.words[units]
    keys = len(opinion.tallies)
    own = (text, np.log(text + 1e-6), words, np.log1p(counts[keys]), recent_share[keys], age[keys])
    family = opinion.family[units]
    of_family = _of_family(history.schema, opinion, units)
    family_here = of_family * family
    relative = np.vstack([recent_share[:keys], vote_share, text, words, family, family_here])
    ticket = (
        *np.log1p(totals[:keys, 0]),
        *opinion.votes.best,
        count,
        opinion.text.max(initial=0.0),
        opinion.words.max(initial=0.0),
    )
    columns = (
        share[:keys],
        np.log1p(counts[:keys]),
        recent_share[:keys],
        age[:keys],
        vote_share,
        votes,
        np.stack((*own, opinion.territory[units], family)),
        opinion.named[:, units],
        _word_lifts(facts, history, units),
        _behind(opinion.text_parts[:, units]),
        of_family,
        family_here,
        _ahead(relative),
        np.repeat(np.array(ticket)[:, None], count, axis=1),
    )
    return np.ascontiguousarray(np.vstack(columns).T, dtype=np.float32)


def _word_lifts(facts: Facts, history: History, units: Ints) -> Floats:
    """What all words together say, behind the best candidate, and what the strongest says, shape (2, candidates)."""
    lifts = history.lifts(facts, units)
    together = lifts.sum(axis=0)
    return np.stack([*_behind(together[None]), lifts.max(axis=0, initial=0.0)])


def _behind(values: Floats) -> Floats:
    """How far each candidate (column) is behind the best one, at most 0."""
    return np.asarray(values - values.max(axis=1, initial=-np.inf, keepdims=True))


def _of_family(schema: HistorySchema, opinion: Opinion, units: Ints) -> Floats:
    """Each candidate's share of what its family got at each local key, shape (local keys, candidates)."""
    names, family_of = _local_keys(schema), opinion.family_of
    place = {key: i for i, key in enumerate(schema.keys)}
    found = np.zeros((len(names), len(units)))
    own_family = family_of[units]
    for row, key in enumerate(names):
        tally = opinion.tallies[place[key]]
        if tally is not None:
            there = np.fromiter(tally.by_unit, np.int64, len(tally.by_unit))
            counts = np.array([entry[0] for entry in tally.by_unit.values()])
            families = family_of[there]
            sums = np.bincount(families + 1, counts, int(family_of.max(initial=-1)) + 2)
            by_unit = np.bincount(there, counts, len(family_of))
            found[row] = by_unit[units] / (sums[own_family + 1] + 0.5)
    found[:, own_family < 0] = 0.0
    return found


_NOTHING = [0.0, 0.0, -np.inf]


def _raw(tallies: list[Tally | None], overall: Tally, units: list[int]) -> tuple[Floats, Floats]:
    """Count, decayed count and last time by key and candidate, (keys + 1, candidates, 3), and of all, (keys + 1, 3)."""
    raw: list[list[list[float]]] = []
    totals: list[list[float]] = []
    for tally in (*tallies, overall):
        if tally is None:
            raw.append([_NOTHING] * len(units))
            totals.append(_NOTHING)
        else:
            by_unit = tally.by_unit
            raw.append([by_unit.get(unit, _NOTHING) for unit in units])
            totals.append(tally.total)
    return np.array(raw, np.float64).reshape(len(totals), len(units), 3), np.array(totals, np.float64)


def _ahead(values: Floats) -> Floats:
    """How far each candidate (column) is ahead of the best other one."""
    if values.shape[1] < 2:
        return values.copy()
    ordered = np.partition(values, -2, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.asarray(values - np.where(values == best, second, best))

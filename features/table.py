"""The feature rows of a ticket's candidates: one ordered list of names, the same code in training and serving."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from features.history import History
from features.schema import DAY, HistorySchema
from features.similar import KERNELS, Votes
from features.tallies import Tallies

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

TEXT_PARTS = ("text_of_words", "text_of_title", "text_of_crosses", "text_of_place")
NAMED = ("name_said", "name_said_weight", "name_placed", "name_placed_weight")
FORMAT = 10  # raise it when a feature changes its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The likeliest place of a ticket: metres to the nearest border of its ground, its radius, its probability.

    NaN where there is none.
    """

    edge_m: float
    radius_m: float
    probability: float


NOWHERE = Spot(edge_m=np.nan, radius_m=np.nan, probability=np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was found out about a ticket before its candidates are scored; arrays are by unit index.

    `named` as History.named. `text`: P(unit | words, kind, place) of the text model, of which
    `text_parts` are the log odds by block, shape (4, units), `words`: P(unit | words alone),
    `family`: P(the unit's family | words, kind), `family_of`: which family a unit belongs to, -1 where none is known.
    `territory`: how likely it is on the unit's ground. `spot`: where it is.
    `before`: by index of a unit, the closed ones that it succeeded, whose words count for it.
    """

    tallies: Tallies
    votes: Votes
    named: Floats
    text: Floats
    text_parts: Floats
    words: Floats
    family: Floats
    family_of: Ints
    territory: Floats
    spot: Spot = NOWHERE
    before: Mapping[int, Sequence[int]] = field(default_factory=dict)


@lru_cache
def feature_names(schema: HistorySchema) -> tuple[str, ...]:
    """Names of the columns of `feature_rows`, in order."""
    per_key = [
        f"{what}[{key}]"
        for what in ("share", "count", "recent_share", "age", "streak")
        for key in schema.keys
    ]
    votes = [f"{what}[{kernel}]" for what in ("vote_share", "vote") for kernel in KERNELS]
    own = ["text", "text_log", "words", "unit_count", "unit_recent_share", "unit_age", "territory", "family"]
    own += [*NAMED, "word_lift", "word_lift_best", *TEXT_PARTS]
    own += [f"{what}[{key}]" for what in ("of_family", "family_here") for key in _local_keys(schema)]
    ahead = [f"ahead_{name}" for name in _relative_names(schema)]
    ticket = [f"total[{key}]" for key in schema.keys]
    ticket += [f"best[{kernel}]" for kernel in KERNELS] + ["candidates", "text_best", "words_best"]
    ticket += ["territory_edge", "place_radius", "place_probability"]
    return (*per_key, *votes, *own, *ahead, *ticket)


def _relative_names(schema: HistorySchema) -> list[str]:
    shares = [f"recent_share[{key}]" for key in schema.keys]
    here = [f"family_here[{key}]" for key in _local_keys(schema)]
    return [*shares, *(f"vote_share[{kernel}]" for kernel in KERNELS), "text", "words", "family", *here]


def _local_keys(schema: HistorySchema) -> list[str]:
    """Keys of place alone, at which a family's units are told apart."""
    return [schema.keys[position] for position in _local(schema)]


@lru_cache
def _local(schema: HistorySchema) -> Ints:
    """Where those keys stand among the schema's."""
    area = [schema.district, f"{schema.district}*h3_7"] if schema.district else []
    return np.array([schema.keys.index(key) for key in ["h3_6", "h3_8", "h3_10", *area, "street"] if key])


def fingerprint(schema: HistorySchema) -> str:
    """Changes whenever the columns or their meaning do."""
    return hashlib.sha256("\n".join((str(FORMAT), repr(schema), *feature_names(schema))).encode()).hexdigest()


def feature_rows(facts: Facts, history: History, units: Ints, opinion: Opinion) -> Floats32:
    """One row per candidate unit index, shape (candidates, features)."""
    count, schema = len(units), history.schema
    keys, tallies = len(schema.keys), opinion.tallies
    raw = tallies.of(units, len(history.unit_ids))
    counts, decayed, last = raw[..., 0].copy(), raw[..., 1], raw[..., 2]
    total, all_decayed, latest = tallies.totals.T
    half_life = schema.half_life_days * DAY
    since = np.maximum(facts.received - last, 0.0)
    recent = decayed * np.exp2(since / -half_life)
    all_recent = all_decayed * np.exp2(np.maximum(facts.received - latest, 0.0) / -half_life)
    recent_share = recent / (all_recent[:, None] + 0.5)
    age = np.log1p(since / DAY)
    age[np.isinf(age)] = np.nan
    logs = np.log1p(counts)
    votes = opinion.votes.weight[:, units]
    vote_share = votes / (opinion.votes.total[:, None] + 1e-3)
    text, words, family = opinion.text[units], opinion.words[units], opinion.family[units]
    of_family = _of_family(schema, opinion, units, counts)
    family_here = of_family * family
    relative = np.concatenate(
        [recent_share[:keys], vote_share, text[None], words[None], family[None], family_here]
    )
    own = (text, np.log(text + 1e-6), words, logs[keys], recent_share[keys], age[keys])
    spot = opinion.spot
    ticket = (
        *opinion.votes.best,
        count,
        opinion.text.max(initial=0.0),
        opinion.words.max(initial=0.0),
        np.log1p(spot.edge_m),
        np.log1p(spot.radius_m),
        spot.probability,
    )
    rows = np.empty((len(feature_names(schema)), count), np.float32)
    row = 0
    for block in (
        (counts / (total[:, None] + 1.0))[:keys],
        logs[:keys],
        recent_share[:keys],
        age[:keys],
        np.where(tallies.latest[:keys, None] == units, np.log1p(tallies.streak[:keys, None]), 0.0),
        vote_share,
        votes,
        *own,
        opinion.territory[units],
        family,
        opinion.named[:, units],
        _word_lifts(facts, history, units, opinion.before),
        _behind(opinion.text_parts[:, units]),
        of_family,
        family_here,
        _ahead(relative),
        np.log1p(total[:keys, None]),
        np.array(ticket)[:, None],
    ):
        height = len(block) if block.ndim == 2 else 1
        rows[row : row + height] = block
        row += height
    assert row == len(rows)
    return np.ascontiguousarray(rows.T)


def _word_lifts(facts: Facts, history: History, units: Ints, before: Mapping[int, Sequence[int]]) -> Floats:
    """What all words together say, behind the best candidate, and what the strongest says, shape (2, candidates)."""
    lifts = history.lifts(facts, units)
    for column, unit in enumerate(units.tolist()) if before else ():
        if unit in before:
            of_closed = history.lifts(facts, np.array(before[unit], np.int64))
            lifts[:, column] = np.maximum(lifts[:, column], of_closed.max(axis=1))
    together = lifts.sum(axis=0)
    found = np.empty((2, len(units)))
    found[0], found[1] = _behind(together[None])[0], lifts.max(axis=0, initial=0.0)
    return found


def _behind(values: Floats) -> Floats:
    """How far each candidate (column) is behind the best one, at most 0."""
    return np.asarray(values - values.max(axis=1, initial=-np.inf, keepdims=True))


def _of_family(schema: HistorySchema, opinion: Opinion, units: Ints, counts: Floats) -> Floats:
    """Each candidate's share of what its family got at each local key, shape (local keys, candidates)."""
    local, family_of, tallies = _local(schema), opinion.family_of, opinion.tallies
    own, families = family_of[units], int(family_of.max(initial=-1)) + 1
    row = np.empty(len(tallies.totals), np.int64)
    row.fill(len(local))  # all other keys are summed in a row that is left out
    row[local] = np.arange(len(local))
    places = row.take(tallies.key) * (families + 1) + family_of.take(tallies.unit) + 1
    sums = np.bincount(places, tallies.numbers[:, 0], (len(local) + 1) * (families + 1))
    found = counts[local] / (sums.reshape(len(local) + 1, families + 1)[:-1, own + 1] + 0.5)
    found[:, own < 0] = 0.0
    return np.asarray(found)


def _ahead(values: Floats) -> Floats:
    """How far each candidate (column) is ahead of the best other one."""
    if values.shape[1] < 2:
        return values.copy()
    ordered = np.partition(values, -2, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.asarray(values - np.where(values == best, second, best))

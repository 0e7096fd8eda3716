"""The feature rows of a ticket's candidates: one ordered list of names, the same code in training and serving."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from features.facts import Facts
from features.history import History
from features.resemblance import KERNELS
from features.schema import DAY, HistorySchema
from features.similar import Votes
from features.table_rows import Counted, Told, Voted, rows_of
from features.tallies import Tallies

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

TEXT_PARTS = ("text_of_words", "text_of_title", "text_of_crosses", "text_of_place")
NAMED = ("name_said", "name_said_weight", "name_placed", "name_placed_weight")
FORMAT = 12  # raise it when a feature changes its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The likeliest place of a ticket: metres to the nearest border of its ground, its radius, its probability.

    NaN where there is none.
    """

    edge_m: float
    radius_m: float
    probability: float


_parts = attrgetter(
    *(f"tallies.{name}" for name in Counted._fields),
    *(f"votes.{name}" for name in Voted._fields),
    *Told._fields,
)
NOBODY_CLOSED = np.zeros(0, np.int64), np.zeros(0, np.int64)
NOWHERE = Spot(edge_m=np.nan, radius_m=np.nan, probability=np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was found out about a ticket before its candidates are scored; arrays are by unit index.

    `named` as History.named. `text`: P(unit | words, kind, place) of the text model, of which
    `text_parts` are the log odds by block, shape (4, units), `words`: P(unit | words alone),
    `family`: P(the unit's family | words, kind), `family_of`: which family a unit belongs to, -1 where none is known.
    `territory`: how likely it is on the unit's ground. `spot`: where it is.
    `succeeded`: indexes of units and of the closed ones that each succeeded, whose words count for it.
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
    succeeded: tuple[Ints, Ints] = NOBODY_CLOSED


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
    spot, schema = opinion.spot, history.schema
    return rows_of(
        units,
        history.lifts(facts, units, opinion.succeeded),
        np.array((np.log1p(spot.edge_m), np.log1p(spot.radius_m), spot.probability)),
        _local(schema),
        facts.received,
        schema.half_life_days * DAY,
        len(feature_names(schema)),
        *_parts(opinion),
    )

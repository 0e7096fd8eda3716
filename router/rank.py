"""Candidates -> ranking: calibrated probabilities, each with the evidence that found it."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Basis, Evidence, EvidenceKind, RankedCandidate, Ranking, Resemblance
from domain.places import Territory
from domain.rules import Rule
from features.compiled import compiled
from features.facts import Facts
from features.history import History
from features.packing import pack
from features.resemblance import KERNELS
from features.table import feature_rows
from models.bundle import Bundle
from router.retrieve import Retrieved

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

EXPLAINED = 5  # candidates that carry evidence
KEYS_SHOWN = 4
KEPT_ROWS = 2  # the first candidate's feature row and the second's
LIKELY_TEXT = 0.01
SIMILAR_KERNEL = KERNELS.index("text_1200m")


def score(
    facts: Facts, history: History, retrieved: Retrieved, bundle: Bundle
) -> tuple[Ints, Floats, Floats32]:
    """(unit indexes, raw scores, feature rows), best first; equal scores by unit id."""
    rows = feature_rows(facts, history, retrieved.units, retrieved.opinion)
    scores = bundle.ranker.scores(rows)
    order = (-scores).argsort(kind="stable")
    return retrieved.units[order], scores[order], rows[order]


def rank(
    facts: Facts,
    history: History,
    retrieved: Retrieved,
    bundle: Bundle | None,
    *,
    territories: tuple[Territory, ...] = (),
    rules: tuple[Rule, ...] = (),
    told: int,
) -> Ranking:
    """Score, order and calibrate. Without a bundle: in order of support, with no probabilities.

    The first `told` candidates are named, and of the others whom rules or the ground name.
    """
    if not len(retrieved.units):
        return Ranking()
    nearest = tuple(Resemblance(sequence=n, similarity=s) for n, s in retrieved.opinion.votes.nearest)
    if bundle is None:
        units, scores, probabilities = _by_support(retrieved)
        basis = Basis(nearest=nearest)
    else:
        units, scores, rows = score(facts, history, retrieved, bundle)
        probabilities = bundle.calibrator.probabilities(scores).tolist()
        basis = Basis(nearest=nearest, rows=pack(rows[:KEPT_ROWS]))
    explained = evidence(units[:EXPLAINED], history, retrieved, territories, rules)
    unit_ids = [history.unit_ids[unit] for unit in units.tolist()]
    named = {rule.unit_id for rule in rules} | {territory.unit_id for territory in territories}
    candidates = tuple(
        RankedCandidate(unit_id=unit_id, probability=probability, score=own_score, evidence=found)
        for place, (unit_id, own_score, probability, found) in enumerate(
            zip(unit_ids, scores.tolist(), probabilities, chain(explained, repeat(())), strict=False)
        )
        if place < told or unit_id in named
    )
    return Ranking(candidates=candidates, confidence=candidates[0].probability, basis=basis)


def _by_support(retrieved: Retrieved) -> tuple[Ints, Floats, list[float | None]]:
    order = np.argsort(-retrieved.support, kind="stable")
    return retrieved.units[order], retrieved.support[order], [None] * len(order)


def evidence(
    units: Ints,
    history: History,
    retrieved: Retrieved,
    territories: tuple[Territory, ...],
    rules: tuple[Rule, ...],
) -> list[tuple[Evidence, ...]]:
    """What speaks for each: rules, territories, its narrowest keys of history, similar tickets, words."""
    opinion, keys = retrieved.opinion, history.schema.keys
    tallies = opinion.tallies
    speaking = _narrowest(units, tallies.key, tallies.unit, tallies.numbers, tallies.totals, KEYS_SHOWN)
    votes = opinion.votes.weight[SIMILAR_KERNEL, units].tolist()
    of_votes = float(opinion.votes.total[SIMILAR_KERNEL])
    own: dict[str, list[Evidence]] = defaultdict(list)
    for rule in rules:
        if rule.unit_id:
            own[rule.unit_id].append(Evidence(kind=EvidenceKind.RULE, key=rule.rule_id))
    for territory in territories:
        own[territory.unit_id].append(Evidence(kind=EvidenceKind.TERRITORY, key=territory.territory_id))
    found = []
    for unit, narrowest, own_votes, text in zip(
        units.tolist(), speaking.tolist(), votes, opinion.text[units].tolist(), strict=True
    ):
        speaks = own[history.unit_ids[unit]]
        for key, hits, total in narrowest:
            if hits:
                speaks.append(Evidence(kind=EvidenceKind.HISTORY, key=keys[int(key)], hits=hits, total=total))
        if own_votes > 0:
            speaks.append(
                Evidence(kind=EvidenceKind.SIMILAR, key="text_1200m", hits=own_votes, total=of_votes)
            )
        if text > LIKELY_TEXT:
            speaks.append(Evidence(kind=EvidenceKind.TEXT, key="text", hits=text, total=1.0))
        found.append(tuple(speaks))
    return found


@compiled
def _narrowest(units: Ints, key: Ints, unit: Ints, numbers: Floats, totals: Floats, most: int) -> Floats:
    """The keys of history with fewest tickets that speak for each unit: key, hits, total, shape (units, most, 3).

    Of equal ones that with more hits, then the first; rows without hits are none. The last key is everything.
    """
    found = np.zeros((len(units), most, 3))
    for c in range(len(units)):
        count = 0
        for i in range(len(key)):
            hits, total = numbers[i, 0], totals[key[i], 0]
            if unit[i] != units[c] or key[i] == len(totals) - 1 or hits <= 0.0:
                continue
            at = count
            while at > 0:
                before = found[c, at - 1]
                if before[2] < total or (
                    before[2] == total and (before[1] > hits or (before[1] == hits and before[0] < key[i]))
                ):
                    break
                at -= 1
            if at == most:
                continue
            count = min(count + 1, most)
            for later in range(count - 1, at, -1):
                found[c, later] = found[c, later - 1]
            found[c, at, 0], found[c, at, 1], found[c, at, 2] = key[i], hits, total
    return found

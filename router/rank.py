"""Candidates -> ranking: calibrated probabilities, each with the evidence that found it."""

from __future__ import annotations

from dataclasses import replace
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
    order = np.argsort(-scores, kind="stable")
    return retrieved.units[order], scores[order], rows[order]


def rank(
    facts: Facts,
    history: History,
    retrieved: Retrieved,
    bundle: Bundle | None,
    *,
    territories: tuple[Territory, ...] = (),
    rules: tuple[Rule, ...] = (),
) -> Ranking:
    """Score, order and calibrate. Without a bundle: in order of support, with no probabilities."""
    if not len(retrieved.units):
        return Ranking()
    opinion = retrieved.opinion
    units, scores, probabilities = _by_support(retrieved)
    basis = Basis(nearest=tuple(Resemblance(sequence=n, similarity=s) for n, s in opinion.votes.nearest))
    if bundle is not None:
        units, scores, rows = score(facts, history, retrieved, bundle)
        basis = replace(basis, rows=pack(rows[:KEPT_ROWS]))
        probabilities = bundle.calibrator.probabilities(scores).tolist()
    explained = evidence(units[:EXPLAINED], history, retrieved, territories, rules)
    candidates = tuple(
        RankedCandidate(
            unit_id=history.unit_ids[unit], probability=probability, score=own_score, evidence=found
        )
        for unit, own_score, probability, found in zip(
            units.tolist(), scores.tolist(), probabilities, chain(explained, repeat(())), strict=False
        )
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
    found = []
    for unit, narrowest, own_votes, text in zip(
        units.tolist(), speaking.tolist(), votes, opinion.text[units].tolist(), strict=True
    ):
        unit_id = history.unit_ids[unit]
        own = [Evidence(kind=EvidenceKind.RULE, key=r.rule_id) for r in rules if r.unit_id == unit_id]
        own += [
            Evidence(kind=EvidenceKind.TERRITORY, key=t.territory_id)
            for t in territories
            if t.unit_id == unit_id
        ]
        own += [
            Evidence(kind=EvidenceKind.HISTORY, key=keys[int(key)], hits=hits, total=total)
            for key, hits, total in narrowest
            if hits
        ]
        if own_votes > 0:
            own.append(Evidence(kind=EvidenceKind.SIMILAR, key="text_1200m", hits=own_votes, total=of_votes))
        if text > LIKELY_TEXT:
            own.append(Evidence(kind=EvidenceKind.TEXT, key="text", hits=text, total=1.0))
        found.append(tuple(own))
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

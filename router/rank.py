"""Candidates -> ranking: calibrated probabilities, each with the evidence that found it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Evidence, EvidenceKind, RankedCandidate, Ranking
from domain.places import Territory
from domain.rules import Rule
from features.facts import Facts
from features.history import History
from features.similar import KERNELS
from features.table import feature_rows
from models.bundle import Bundle
from router.retrieve import Retrieved

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXPLAINED = 5  # candidates that carry evidence
KEYS_SHOWN = 4
SIMILAR_KERNEL = KERNELS.index("text_1200m")


def score(facts: Facts, history: History, retrieved: Retrieved, bundle: Bundle) -> tuple[Ints, Floats]:
    """(unit indexes, raw scores), best first; equal scores by unit id."""
    rows = feature_rows(facts, history, retrieved.units, retrieved.opinion)
    scores = bundle.ranker.scores(rows)
    order = np.argsort(-scores, kind="stable")
    return retrieved.units[order], scores[order]


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
    units, scores, probabilities = _by_support(retrieved)
    if bundle is not None:
        units, scores = score(facts, history, retrieved, bundle)
        probabilities = bundle.calibrator.probabilities(scores).tolist()
    candidates = tuple(
        RankedCandidate(
            unit_id=history.unit_ids[unit],
            probability=probability,
            score=float(own_score),
            evidence=evidence(unit, history, retrieved, territories, rules) if i < EXPLAINED else (),
        )
        for i, (unit, own_score, probability) in enumerate(
            zip(units.tolist(), scores.tolist(), probabilities, strict=True)
        )
    )
    return Ranking(candidates=candidates, confidence=candidates[0].probability)


def _by_support(retrieved: Retrieved) -> tuple[Ints, Floats, list[float | None]]:
    order = np.argsort(-retrieved.support, kind="stable")
    return retrieved.units[order], retrieved.support[order], [None] * len(order)


def evidence(
    unit: int,
    history: History,
    retrieved: Retrieved,
    territories: tuple[Territory, ...],
    rules: tuple[Rule, ...],
) -> tuple[Evidence, ...]:
    """What speaks for one candidate: rules, territories, its narrowest keys of history, similar tickets, words."""
    unit_id, opinion = history.unit_ids[unit], retrieved.opinion
    found = [Evidence(kind=EvidenceKind.RULE, key=r.rule_id) for r in rules if r.unit_id == unit_id]
    found += [
        Evidence(kind=EvidenceKind.TERRITORY, key=t.territory_id) for t in territories if t.unit_id == unit_id
    ]
    by_key = []
    for key, tally in zip(history.schema.keys, opinion.tallies, strict=True):
        hits = tally.by_unit.get(unit) if tally else None
        if tally and hits:
            total = tally.total[0]
            by_key.append(Evidence(kind=EvidenceKind.HISTORY, key=key, hits=hits[0], total=total))
    found += sorted(by_key, key=lambda e: (e.total, -e.hits))[:KEYS_SHOWN]
    votes = opinion.votes.weight[SIMILAR_KERNEL]
    if votes[unit] > 0:
        similar = {"hits": float(votes[unit]), "total": float(opinion.votes.total[SIMILAR_KERNEL])}
        found.append(Evidence(kind=EvidenceKind.SIMILAR, key="text_1200m", **similar))
    if opinion.text[unit] > 0.01:
        found.append(Evidence(kind=EvidenceKind.TEXT, key="text", hits=float(opinion.text[unit]), total=1.0))
    return tuple(found)

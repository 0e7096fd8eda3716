"""Two addresses side by side: what they share, what they contradict, what is left over on either side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from features.addresses.parts import Relation
from models.address_sides import KINDS, SIZES, TIERS, Side, Weights, prepare

Floats32 = NDArray[np.float32]

_ENDS = (2, 4, 6, 8)
_GATE = re.compile(r"门\)?$")


def compare(query: Side, candidate: Side, weights: Weights) -> dict[str, float]:
    """The features of a pair by name, the same names for every pair."""
    row: dict[str, float] = {}
    _whole(row, query, candidate)
    _shared(row, query, candidate, weights)
    _ends(row, query, candidate)
    _numbers(row, query, candidate)
    _areas(row, query, candidate)
    _roads(row, query, candidate)
    _names(row, query, candidate, weights)
    return row


def _whole(row: dict[str, float], q: Side, c: Side) -> None:
    row["query length"], row["candidate length"] = len(q.flat), len(c.flat)
    row["length ratio"] = len(q.flat) / max(1, len(c.flat))
    row["ratio"] = fuzz.ratio(q.flat, c.flat)
    row["partial ratio"] = fuzz.partial_ratio(q.flat, c.flat)
    row["set ratio"] = fuzz.token_set_ratio(q.spaced, c.spaced)
    row["sort ratio"] = fuzz.token_sort_ratio(q.spaced, c.spaced)
    row["sound ratio"] = fuzz.ratio(q.sound, c.sound)
    equal = [op.src_end - op.src_start for op in Indel.opcodes(q.flat, c.flat) if op.tag == "equal"]
    row["equal runs"], row["longest run"] = len(equal), max(equal, default=0)
    row["gate"] = bool(_GATE.search(c.parts.text))
    row["bracket"] = "(" in c.parts.text
    for relation in (Relation.CROSSING, Relation.NEAR):
        row[f"query {relation}"] = q.parts.relation is relation
        row[f"candidate {relation}"] = c.parts.relation is relation
    row["metres"] = "metres" in c.numbers


def _shared(row: dict[str, float], q: Side, c: Side, weights: Weights) -> None:
    for size, qs, cs, wq, wc in zip(SIZES, q.grams, c.grams, q.weight, c.weight, strict=True):
        both = qs & cs
        shared = weights.sum(both)
        row[f"query covered {size}"] = shared / wq if wq else 0.0
        row[f"candidate covered {size}"] = shared / wc if wc else 0.0
        row[f"query left {size}"], row[f"candidate left {size}"] = wq - shared, wc - shared
        if size == 2:
            row["most telling shared"] = weights.max(both)
            row["most telling of query left"] = weights.max(qs - cs)
            row["most telling of candidate left"] = weights.max(cs - qs)


def _ends(row: dict[str, float], q: Side, c: Side) -> None:
    for name, one, other in (("query", q, c), ("candidate", c, q)):
        covered = _covered(one.flat, other.grams[1])
        for length in _ENDS:
            row[f"{name} end {length}"] = sum(covered[-length:]) / length
        row[f"{name} start 4"] = sum(covered[:4]) / 4
        row[f"{name} gap at end"] = next((i for i, on in enumerate(reversed(covered)) if on), len(covered))
        row[f"{name} uncovered"] = len(covered) - sum(covered)


def _numbers(row: dict[str, float], q: Side, c: Side) -> None:
    nothing: frozenset[str] = frozenset()
    for kind in KINDS:
        row[f"number {kind}"] = _agreement(q.numbers.get(kind, nothing), c.numbers.get(kind, nothing))
    mine, theirs = q.counted, c.counted
    row["numbers shared"], row["numbers left"] = len(mine & theirs), len(mine - theirs)
    row["candidate numbers left"] = len(theirs - mine)


def _areas(row: dict[str, float], q: Side, c: Side) -> None:
    nothing: frozenset[str] = frozenset()
    for tier in TIERS:
        row[f"area {tier}"] = _agreement(q.levels.get(tier, nothing), c.levels.get(tier, nothing))
    unknown = [area for area in c.parts.areas if area.rstrip("省市区县镇乡村") not in q.flat]
    row["areas unknown to query"] = len(unknown)
    row["areas known to query"] = len(c.parts.areas) - len(unknown)
    row["areas of query found"] = sum(area.rstrip("省市区县镇乡村") in c.flat for area in q.parts.areas)


def _roads(row: dict[str, float], q: Side, c: Side) -> None:
    best, mine, theirs = max(
        ((fuzz.ratio(a.name, b.name), a, b) for a in q.roads for b in c.roads),
        key=lambda found: found[0],
        default=(-1.0, None, None),
    )
    row["query roads"], row["candidate roads"] = len(q.roads), len(c.roads)
    row["road ratio"] = best
    row["road in text"] = max((fuzz.partial_ratio(b.name, q.flat) for b in c.roads), default=-1.0)
    row["query road in text"] = max((fuzz.partial_ratio(a.name, c.flat) for a in q.roads), default=-1.0)
    row["roads shared"] = len({a.name for a in q.roads} & {b.name for b in c.roads})
    one, other = (mine and mine.main), (theirs and theirs.main)
    row["road number"] = -2.0 if not one else -1.0 if not other else abs(one.low - other.low)
    row["road number missing in query"] = not one and bool(other)


def _names(row: dict[str, float], q: Side, c: Side, weights: Weights) -> None:
    pairs = [(fuzz.ratio(a, b), fuzz.partial_ratio(a, b)) for a in q.names for b in c.names if a and b]
    row["name ratio"] = max((ratio for ratio, _ in pairs), default=-1.0)
    row["name partial ratio"] = max((partial for _, partial in pairs), default=-1.0)
    row["query names"], row["candidate names"] = len(q.parts.names), len(c.parts.names)
    row["own name ratio"] = max((fuzz.ratio(a, c.name) for a in q.names if a), default=-1.0) if c.name else -2
    row["own name in query"] = fuzz.partial_ratio(c.name, q.flat) if c.name else -1.0
    row["own name's length"] = len(c.name)
    row["query's name in candidate"] = fuzz.partial_ratio(q.name, c.flat) if q.name else -1.0
    row["query's name's length"] = len(q.name)
    for name, one, other in (("query", q, c), ("candidate", c, q)):
        for what, (grams, weight) in one.said.items():
            left = weights.sum(grams - other.grams[1])
            row[f"{name} {what} covered"] = 1 - left / weight if weight else -1.0
            row[f"{name} {what} left"] = left


def _agreement(mine: frozenset[str], theirs: frozenset[str]) -> int:
    """0 neither says; 1 only the query; 2 only the candidate; 3 contradict; 4 partly the same; 5 the same."""
    if not mine or not theirs:
        return bool(mine) + 2 * bool(theirs)
    return 5 if mine == theirs else 4 if mine & theirs else 3


def _covered(flat: str, grams: frozenset[str]) -> list[bool]:
    """Which characters stand in a pair of neighbours that the other address has, too."""
    found = [flat[i : i + 2] in grams for i in range(len(flat) - 1)]
    return [a or b for a, b in zip([False, *found], [*found, False], strict=True)]


def feature_names() -> tuple[str, ...]:
    """The columns of `beside_others`."""
    nobody = Weights({}, 1.0)
    names = list(compare(prepare("", nobody), prepare("", nobody), nobody))
    return (
        *names,
        *_IN_LIST,
        *(f"{n} to the best other" for n in names),
        *(f"{n} to the mean" for n in names),
    )


_IN_LIST = ("candidates", "shared with few", "left that others have", "coverage left by all", "likest other")


def beside_others(
    query: Side, candidates: Sequence[Side], rows: Sequence[dict[str, float]], weights: Weights
) -> Floats32:
    """Rows of one list, shape (candidates, features): the pairs themselves, and how each stands to the others."""
    own = np.array([list(row.values()) for row in rows], np.float32)
    listed = np.array(_in_list(query, candidates, weights), np.float32)
    gap = np.zeros_like(own)
    if len(own) > 1:
        ordered = np.sort(own, axis=0)
        gap = own - np.where(own == ordered[-1], ordered[-2], ordered[-1])
    return np.hstack([own, listed, gap, own - own.mean(axis=0)])


def _in_list(query: Side, candidates: Sequence[Side], weights: Weights) -> list[list[float]]:
    found = [query.grams[1] & candidate.grams[1] for candidate in candidates]
    times = Counter(gram for grams in found for gram in grams)
    reach = weights.sum(times)
    total = query.weight[1] or 1.0
    rows = []
    for i, (grams, candidate) in enumerate(zip(found, candidates, strict=True)):
        values = weights.values
        few = sum([values.get(gram, weights.rarest) / times[gram] for gram in grams])
        likest = max(
            (fuzz.ratio(candidate.flat, o.flat) for j, o in enumerate(candidates) if j != i), default=-1.0
        )
        rows.append([len(found), few, reach - weights.sum(grams), 1 - reach / total, likest])
    return rows

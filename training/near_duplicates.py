"""Past tickets that are about the same thing as others: same kind, same place, similar words, within a year."""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.address import normalise_address
from features.gazetteer import normalise_account
from features.place import metres_from, ring
from features.schema import DAY
from training.replay import Case

SAME_PLACE_M = 30.0
YEAR = 365 * DAY
SIMILARITY = 0.5
REMEMBERED = 24
"""How many of the latest tickets each block remembers: the work is bounded where thousands come from one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Positions of two tickets about the same thing, the earlier first; `similarity` of their words, 0 to 1."""

    earlier: int
    later: int
    similarity: float


def near_duplicates(cases: Sequence[Case]) -> list[Pair]:
    """Pairs by the later ticket, most similar first. `cases` in order of time."""
    words = _Words(cases)
    blocks: dict[Hashable, deque[int]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
    points = np.array([case.facts.point for case in cases], np.float64).reshape(-1, 2)
    found = []
    for later, case in enumerate(cases):
        same = same_record(case)
        candidates = {earlier for key in same for earlier in blocks[key]}
        if case.facts.cells:
            finest = case.facts.cells[-1]
            near = sorted({e for cell in ring(finest) for e in blocks.get((case.facts.category, cell), ())})
            metres = metres_from(*case.facts.point, points[near]) if near else np.zeros(0)
            candidates.update(np.array(near, np.int64)[metres <= SAME_PLACE_M].tolist())
            blocks[case.facts.category, finest].append(later)
        for key in same:
            blocks[key].append(later)
        found += sorted(_alike(cases, words, candidates, later), key=lambda p: (-p.similarity, -p.earlier))
    return found


def same_record(case: Case) -> list[tuple[str, str | None, str]]:
    """Keys that tickets of one kind about one thing share: the account, the address with its number."""
    ticket, category = case.dispatch.ticket, case.facts.category
    account = normalise_account(ticket.account)
    address = normalise_address(case.location.address or ticket.address)
    numbered = address is not None and any(letter.isdigit() for letter in address)
    return [
        *([("account", category, account)] if account else []),
        *([("address", category, address)] if address and numbered else []),
    ]


def disjoint(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs of which no two share a ticket, the later ticket's best first: what can be counted as independent."""
    used: set[int] = set()
    kept = []
    for pair in pairs:
        if pair.earlier not in used and pair.later not in used:
            used |= {pair.earlier, pair.later}
            kept.append(pair)
    return kept


def _alike(cases: Sequence[Case], words: _Words, candidates: set[int], later: int) -> Iterator[Pair]:
    received = cases[later].facts.received
    for earlier in candidates:
        if received - cases[earlier].facts.received <= YEAR:
            similarity = words.cosine(earlier, later)
            if similarity >= SIMILARITY:
                yield Pair(earlier=earlier, later=later, similarity=similarity)


class _Words:
    """TF-IDF cosine of tickets with binary term counts."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._terms = [frozenset(case.facts.similarity_terms.tolist()) for case in cases]
        counts = Counter(term for terms in self._terms for term in terms)
        self._weight = {term: (math.log(len(cases) / count) + 1.0) ** 2 for term, count in counts.items()}
        self._norm = [math.sqrt(self._sum(terms)) for terms in self._terms]

    def cosine(self, a: int, b: int) -> float:
        norm = self._norm[a] * self._norm[b]
        return self._sum(self._terms[a] & self._terms[b]) / norm if norm else 0.0

    def _sum(self, terms: frozenset[int]) -> float:
        return math.fsum(self._weight[term] for term in terms)

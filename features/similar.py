"""Votes of similar past tickets: by words, by nearness, by both."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.facts import SIMILARITY_MASK, SIMILARITY_TERMS, Facts
from features.place import metres_from, ring
from features.schema import DAY, HistorySchema

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KERNELS = (
    "text",
    "text_district",
    "text_district_category",
    "text_250m",
    "text_1200m",
    "place_80m",
    "place_40m",
)
NEIGHBOURS = 20
NEAR, KIND, WORDS = 64, 192, 48  # how many of the latest tickets each bucket remembers
RARE_TERMS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Votes by unit index for each kernel, shape (kernels, units), their total and the best one, shape (kernels,).

    `total` is summed by ticket: its last bit does not hang on the order in which units were heard of.
    """

    weight: Floats
    total: Floats
    best: Floats


class SimilarTickets:
    """Past tickets in bounded buckets by cell, kind and rare word, so that a look-up costs the same at any size."""

    def __init__(self, schema: HistorySchema) -> None:
        self._half_life = schema.text_half_life_days * DAY
        self._buckets: dict[Hashable, deque[int]] = {}
        self._frequency = np.zeros(SIMILARITY_MASK + 1, np.float64)  # tickets that hold the term
        self._log_frequency = np.zeros(SIMILARITY_MASK + 1, np.float64)  # log(1 + frequency), kept up to date
        self._asked = np.zeros(SIMILARITY_MASK + 1, np.bool_)  # scratch: the terms of the ticket looked up
        self._categories: dict[str | None, int] = {None: -1}
        self._districts: dict[str | None, int] = {None: -1}
        self._size = 0
        self._terms = np.zeros((1024, SIMILARITY_TERMS), np.int32)
        self._numbers = np.zeros((1024, 3), np.float64)  # time, latitude, longitude
        self._codes = np.zeros((1024, 3), np.int64)  # unit, category, district

    def __len__(self) -> int:
        return self._size

    def add(self, facts: Facts, unit: int) -> None:
        """Remember a confirmed ticket."""
        row = self._size
        if row == len(self._terms):
            self._grow()
        count = len(facts.similarity_terms)
        self._terms[row, :count] = facts.similarity_terms
        self._numbers[row] = (facts.received, *facts.point)
        category = self._categories.setdefault(facts.category, len(self._categories))
        district = self._districts.setdefault(facts.district, len(self._districts))
        self._codes[row] = (unit, category, district)
        for key, size in self._places(facts):
            self._remember(key, row, size)
        for term in self._rare(facts):
            self._remember(int(term), row, WORDS)
        self._frequency[facts.similarity_terms] += 1.0
        self._log_frequency[facts.similarity_terms] = np.log1p(self._frequency[facts.similarity_terms])
        self._size += 1

    def _grow(self) -> None:
        self._terms = np.vstack([self._terms, np.zeros_like(self._terms)])
        self._numbers = np.vstack([self._numbers, np.zeros_like(self._numbers)])
        self._codes = np.vstack([self._codes, np.zeros_like(self._codes)])

    def _remember(self, key: Hashable, row: int, size: int) -> None:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = deque(maxlen=size)
        bucket.append(row)

    def _places(self, facts: Facts) -> Iterable[tuple[Hashable, int]]:
        """Buckets a ticket is put into."""
        if facts.cells:
            yield ("cell", facts.cells[2]), NEAR
            yield ("cell", facts.cells[4]), NEAR
            if facts.category:
                yield (facts.category, facts.cells[1]), KIND
        if facts.district:
            yield ("district", facts.district, facts.category), KIND
        if not facts.cells and not facts.district:
            yield ("category", facts.category), KIND

    def _rare(self, facts: Facts) -> NDArray[np.int32]:
        frequency = self._frequency[facts.similarity_terms]
        return facts.similarity_terms[np.argsort(frequency, kind="stable")[:RARE_TERMS]]

    def _pool(self, facts: Facts) -> Ints:
        """Rows worth comparing with, ascending, without duplicates."""
        keys = [key for key, _ in self._places(facts)]
        if facts.cells:
            keys += [("cell", cell) for cell in ring(facts.cells[2])[1:]]
        keys += [int(term) for term in self._rare(facts)]
        found: set[int] = set()
        for key in keys:
            found.update(self._buckets.get(key, ()))
        rows = np.fromiter(found, np.int64, len(found))
        rows.sort()
        return rows

    def votes(self, facts: Facts, units: int) -> Votes:
        """What the most similar past tickets say, of `units` known units."""
        rows = self._pool(facts)
        weight, total, best = np.zeros((len(KERNELS), units)), np.zeros(len(KERNELS)), np.zeros(len(KERNELS))
        if not len(rows):
            return Votes(weight=weight, total=total, best=best)
        similarities = self._kernels(facts, rows)
        unit = self._codes[rows, 0]
        for k, similarity in enumerate(similarities):
            top = _largest(similarity, NEIGHBOURS)
            weight[k] = np.bincount(unit[top], similarity[top], units)
            total[k] = similarity[top].sum()
            best[k] = similarity[top].max()
        return Votes(weight=weight, total=total, best=best)

    def _kernels(self, facts: Facts, rows: Ints) -> Floats:
        """Similarities of the ticket with each row, shape (kernels, rows)."""
        code_of = self._codes[rows]
        numbers = self._numbers[rows]
        text = self._cosine(facts, rows)
        text *= np.exp2(-np.abs(facts.received - numbers[:, 0]) / self._half_life)
        category = self._categories.get(facts.category, -2)
        district = self._districts.get(facts.district, -2)
        same_category = (code_of[:, 1] == category) & (category >= 0)
        same_district = (code_of[:, 2] == district) & (district >= 0)
        metres = metres_from(*facts.point, numbers[:, 1:])
        return np.stack(
            [
                text,
                text * same_district,
                text * same_district * same_category,
                text * np.exp(-metres / 250.0),
                text * np.exp(-metres / 1200.0) * (1.0 + same_category),
                np.exp(-metres / 80.0) * same_category,
                np.exp(-metres / 40.0),
            ]
        )

    def _cosine(self, facts: Facts, rows: Ints) -> Floats:
        """TF-IDF cosine with binary term counts and the document frequencies known now."""
        asked = facts.similarity_terms
        most = math.log1p(self._size) + 1.0
        terms = self._terms[rows]
        squared_idf = most - self._log_frequency[terms]
        squared_idf *= squared_idf
        squared_idf[terms == 0] = 0.0
        own_norm = ((most - self._log_frequency[asked]) ** 2).sum()
        norms = np.sqrt(squared_idf.sum(axis=1) * own_norm)
        self._asked[asked] = True
        shared = (squared_idf * self._asked[terms]).sum(axis=1)
        self._asked[asked] = False
        return np.asarray(np.divide(shared, norms, out=np.zeros(len(rows)), where=norms > 0))


def _largest(values: Floats, count: int) -> Ints:
    """Positions of the largest values, in ascending position; of equal ones the latest."""
    if len(values) <= count:
        return np.arange(len(values))
    least = np.partition(values, len(values) - count)[len(values) - count]
    above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return np.sort(np.concatenate([above, equal[len(above) - count :]]))

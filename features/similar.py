"""Votes of similar past tickets: by words, by nearness, by both."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.places import Point
from features.buckets import Buckets
from features.facts import Facts
from features.frequencies import Frequencies
from features.hashed import SIMILARITY_MASK, SIMILARITY_TERMS
from features.kept import Arrays, packed_texts, part, texts, within
from features.place import metres_from, ring
from features.resemblance import (
    AROUND,
    SPOT,
    TEXT,
    TICKET,
    Asked,
    Chosen,
    choose,
    choose_and_vote,
    cosines,
    weigh_again,
)
from features.schema import DAY, HistorySchema
from features.slots import grown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESEMBLANCE = (AROUND, TEXT, SPOT)
NEIGHBOURS, NEAREST = 20, 3
NEAR, KIND, WORDS = 64, 192, 48  # how many of the latest tickets each bucket remembers
RARE_TERMS = 6
LATELY = 20_000  # tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Votes by unit index for each kernel, shape (kernels, units), their total and the best one, shape (kernels,).

    `total` is summed by ticket: its last bit does not hang on the order in which units were heard of. `nearest`:
    numbers in the log of the tickets most like it in words and place, with their similarity, the first the most.
    """

    weight: Floats
    total: Floats
    best: Floats
    nearest: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A past dispatch: its number in the log, where it was, and how far away that is."""

    sequence: int
    point: Point
    metres: float


class SimilarTickets:
    """Past tickets in bounded buckets by cell, kind and rare word, so that a look-up costs the same at any size."""

    def __init__(self, schema: HistorySchema) -> None:
        self._half_life = schema.text_half_life_days * DAY
        self._buckets = Buckets()
        self._frequency = Frequencies(SIMILARITY_MASK + 1)
        self._categories: dict[str | None, int] = {None: -1}
        self._districts: dict[str | None, int] = {None: -1}
        self._size = 0
        self._tickets = np.zeros(1024, TICKET)

    def __len__(self) -> int:
        return self._size

    def state(self) -> Arrays:
        """All that is remembered, as of now: the arrays may be parts of these."""
        tickets = self._tickets[: self._size]
        return {
            **within("tickets", {name: tickets[name] for name in TICKET.names or ()}),
            **within("buckets", self._buckets.state()),
            **within("frequency", self._frequency.state()),
            "categories": packed_texts(self._categories),
            "districts": packed_texts(self._districts),
        }

    @classmethod
    def restored(cls, state: Arrays, schema: HistorySchema) -> SimilarTickets:
        """With the state of others of that schema, to go on like them."""
        similar, columns = cls(schema), part("tickets", state)
        similar._size = len(columns["time"])
        similar._tickets = grown(similar._tickets, similar._size + 1)
        for name, values in columns.items():
            similar._tickets[name][: similar._size] = values
        similar._buckets = Buckets.restored(part("buckets", state))
        similar._frequency = Frequencies.restored(part("frequency", state), SIMILARITY_MASK + 1)
        similar._categories, similar._districts = (
            {value: number or -1 for number, value in enumerate(texts(state[name]))}  # None comes first
            for name in ("categories", "districts")
        )
        return similar

    def holds(self, row: int, facts: Facts, unit: int, sequence: int) -> bool:
        """Whether that one of them, by when it was added, is this; places may differ by a rounding."""
        own, terms = self._tickets[row], facts.similarity_terms
        return (
            (own["time"], own["unit"], own["sequence"]) == (facts.received, unit, sequence)
            and own["category"] == self._categories.get(facts.category)
            and own["district"] == self._districts.get(facts.district)
            and np.array_equal(own["terms"][: len(terms)], terms)
            and not own["terms"][len(terms) :].any()
            and np.allclose(own["place"], facts.point, rtol=0, atol=1e-9, equal_nan=True)
        )

    def add(self, facts: Facts, unit: int, sequence: int) -> None:
        """Remember a confirmed ticket, which has that number in the log."""
        row = self._size
        self._tickets = grown(self._tickets, row + 1)
        terms = np.zeros(SIMILARITY_TERMS, np.uint16)
        terms[: len(facts.similarity_terms)] = facts.similarity_terms
        category = self._categories.setdefault(facts.category, len(self._categories))
        district = self._districts.setdefault(facts.district, len(self._districts))
        self._tickets[row] = (facts.received, facts.point, 0.0, sequence, unit, category, district, terms)
        for key, size in self._places(facts):
            self._buckets.put(key, row, size)
        for term in self._rare(facts):
            self._buckets.put(int(term), row, WORDS)
        self._frequency.add(facts.similarity_terms)
        self._size += 1
        # every word grows rarer with the log: whenever that has doubled, all are weighed again
        first = 0 if self._size.bit_count() == 1 else row
        told = self._tickets[first : self._size]
        weigh_again(told["norm"], told["terms"], self._frequency.logs, self._weight_unheard())

    def _places(self, facts: Facts) -> Iterator[tuple[Hashable, int]]:
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
        frequency = self._frequency.counts[facts.similarity_terms]
        return facts.similarity_terms[np.argsort(frequency, kind="stable")[:RARE_TERMS]]

    def _pool(self, facts: Facts) -> NDArray[np.int32]:
        """Rows worth comparing with; some come more than once."""
        keys = [key for key, _ in self._places(facts)]
        if facts.cells:
            keys += [("cell", cell) for cell in ring(facts.cells[2])[1:]]
        keys += [int(term) for term in self._rare(facts)]
        return self._buckets.rows(keys)

    def votes(self, facts: Facts, units: int) -> Votes:
        """What the most similar past tickets say, of `units` known units."""
        rows, values, held, weight, total = choose_and_vote(
            self._pool(facts), self._tickets, *self._asked(facts), *self._heard(), NEIGHBOURS, units
        )
        nearest = self._nearest(Chosen(rows, values, held))
        return Votes(weight=weight, total=total, best=values[:, 0].copy(), nearest=nearest)

    def likeness(self, facts: Facts, others: Sequence[Facts]) -> Floats:
        """TF-IDF cosine of its words with those of each other ticket, by the words heard so far, shape (others,)."""
        terms = np.zeros((len(others), SIMILARITY_TERMS), np.uint16)
        for row, other in zip(terms, others, strict=True):
            row[: len(other.similarity_terms)] = other.similarity_terms
        return cosines(facts.similarity_terms, terms, self._frequency.logs, self._weight_unheard())

    def kinds(self, facts: Facts, limit: int) -> list[tuple[str, float]]:
        """The kinds of trouble of the tickets most like it, with their shares of the likeness, the first the most."""
        chosen = choose(self._pool(facts), self._tickets, self._asked(facts), *self._heard(), NEIGHBOURS)
        names = {number: name for name, number in self._categories.items() if name is not None}
        for one in RESEMBLANCE:
            count = chosen.held[one]
            numbers = self._tickets["category"][chosen.rows[one, :count]]
            told = numbers >= 0
            weights = np.bincount(numbers[told], chosen.values[one, :count][told])
            if weights.sum() > 0:
                order = np.argsort(-weights, kind="stable")[:limit]
                shares = weights / weights.sum()
                return [(names[n], float(shares[n])) for n in order.tolist() if shares[n] > 0]
        return []

    def lately_at(self, unit: int, limit: int) -> list[tuple[float, float]]:
        """(latitude, longitude) of the unit's latest tickets, the latest first; none older than LATELY."""
        tail = self._tickets[max(0, self._size - LATELY) : self._size]
        rows = np.flatnonzero((tail["unit"] == unit) & (tail["place"][:, 0] == tail["place"][:, 0]))
        return [(latitude, longitude) for latitude, longitude in tail["place"][rows[::-1][:limit]].tolist()]

    def around(
        self, point: tuple[float, float], found_in: Sequence[int], within_m: float, limit: int
    ) -> list[Neighbour]:
        """What is remembered in those cells within so many metres, nearest first."""
        rows = np.unique(self._buckets.rows(("cell", cell) for cell in found_in))
        metres = metres_from(*point, self._tickets["place"][rows])
        nearest = np.argsort(metres, kind="stable")[:limit]
        tickets = self._tickets[rows[nearest]]
        return [
            Neighbour(sequence=sequence, point=Point(latitude=place[0], longitude=place[1]), metres=distance)
            for sequence, place, distance in zip(
                tickets["sequence"].tolist(), tickets["place"].tolist(), metres[nearest].tolist(), strict=True
            )
            if distance <= within_m
        ]

    def _nearest(self, chosen: Chosen) -> tuple[tuple[int, float], ...]:
        """By the first of RESEMBLANCE under which any ticket votes."""
        for one in RESEMBLANCE:
            count = min(int(chosen.held[one]), NEAREST)
            if count:
                sequences = self._tickets["sequence"][chosen.rows[one, :count]].tolist()
                return tuple(zip(sequences, chosen.values[one, :count].tolist(), strict=True))
        return ()

    def _asked(self, facts: Facts) -> Asked:
        return Asked(
            facts.received,
            *facts.point,
            self._categories.get(facts.category, -2),
            self._districts.get(facts.district, -2),
            facts.similarity_terms,
        )

    def _heard(self) -> tuple[Floats, float, float]:
        """How often words were, what one weighs that never was, and how long that counts."""
        return self._frequency.logs, self._weight_unheard(), self._half_life

    def _weight_unheard(self) -> float:
        """What a word weighs that no ticket has said."""
        return math.log1p(self._size) + 1.0

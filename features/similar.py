"""Votes of similar past tickets: by words, by nearness, by both."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.places import Point
from features.buckets import Buckets
from features.facts import SIMILARITY_MASK, SIMILARITY_TERMS, Facts
from features.frequencies import Frequencies
from features.kept import Arrays, packed_texts, part, texts, within
from features.place import metres_from, ring
from features.schema import DAY, HistorySchema
from features.slots import grown

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
RESEMBLANCE = tuple(map(KERNELS.index, ("text_1200m", "text", "place_40m")))
NEIGHBOURS, NEAREST = 20, 3
NEAR, KIND, WORDS = 64, 192, 48  # how many of the latest tickets each bucket remembers
RARE_TERMS = 6
LATELY = 20_000  # tickets
# a remembered ticket: two lines of the processor's cache, fetched together
TICKET = np.dtype(
    {
        "names": ["time", "place", "sequence", "unit", "category", "district", "terms"],
        "formats": ["f8", ("f8", 2), "i8", "i4", "i4", "i4", ("u2", SIMILARITY_TERMS)],
        "itemsize": 128,
    }
)


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
        self._weight = np.zeros(SIMILARITY_MASK + 1, np.float64)  # scratch: of terms that are looked up
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
        self._tickets[row] = (facts.received, facts.point, sequence, unit, category, district, terms)
        for key, size in self._places(facts):
            self._buckets.put(key, row, size)
        for term in self._rare(facts):
            self._buckets.put(int(term), row, WORDS)
        self._frequency.add(facts.similarity_terms)
        self._size += 1

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

    def _pool(self, facts: Facts) -> Ints:
        """Rows worth comparing with, ascending, without duplicates."""
        keys = [key for key, _ in self._places(facts)]
        if facts.cells:
            keys += [("cell", cell) for cell in ring(facts.cells[2])[1:]]
        keys += [int(term) for term in self._rare(facts)]
        rows = self._buckets.rows(keys)
        rows.sort()
        fresh = np.empty(len(rows), np.bool_)
        fresh[:1] = True
        np.not_equal(rows[1:], rows[:-1], out=fresh[1:])
        return rows[fresh].astype(np.int64)

    def votes(self, facts: Facts, units: int) -> Votes:
        """What the most similar past tickets say, of `units` known units."""
        rows = self._pool(facts)
        if not len(rows):
            nothing = np.zeros(len(KERNELS))
            return Votes(weight=np.zeros((len(KERNELS), units)), total=nothing, best=nothing)
        similarities = self._kernels(facts, rows)
        kernel, position = np.nonzero(_largest(similarities, NEIGHBOURS))
        votes = similarities[kernel, position]
        cells = kernel * units + self._tickets["unit"][rows[position]]
        return Votes(
            weight=_summed(votes, cells, len(KERNELS) * units).reshape(len(KERNELS), units),
            total=_summed(votes, kernel, len(KERNELS)),
            best=similarities.max(axis=1),
            nearest=self._nearest(kernel, rows[position], votes),
        )

    def likeness(self, facts: Facts, others: Sequence[Facts]) -> Floats:
        """TF-IDF cosine of its words with those of each other ticket, by the words heard so far, shape (others,)."""
        terms = np.zeros((len(others), SIMILARITY_TERMS), np.intp)
        for row, other in zip(terms, others, strict=True):
            row[: len(other.similarity_terms)] = other.similarity_terms
        return self._cosine(facts, terms)

    def kinds(self, facts: Facts, limit: int) -> list[tuple[str, float]]:
        """The kinds of trouble of the tickets most like it, with their shares of the likeness, the first the most."""
        rows = self._pool(facts)
        if not len(rows):
            return []
        similarities = self._kernels(facts, rows)
        names = {number: name for name, number in self._categories.items() if name is not None}
        for one in RESEMBLANCE:
            chosen = _largest(similarities[one : one + 1], NEIGHBOURS)[0]
            numbers = self._tickets["category"][rows[chosen]]
            told = numbers >= 0
            weights = np.bincount(numbers[told], similarities[one][chosen][told])
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

    def _nearest(self, kernel: Ints, rows: Ints, votes: Floats) -> tuple[tuple[int, float], ...]:
        """By the first of RESEMBLANCE under which any ticket votes; `kernel` ascends, `rows` within each."""
        bounds = kernel.searchsorted(range(len(KERNELS) + 1)).tolist()
        for one in RESEMBLANCE:
            first, end = bounds[one], bounds[one + 1]
            if first < end:
                # of equally similar ones the latest
                best = end - 1 - (-votes[first:end][::-1]).argsort(kind="stable")[:NEAREST]
                sequences = self._tickets["sequence"][rows[best]].tolist()
                return tuple(zip(sequences, votes[best].tolist(), strict=True))
        return ()

    def _kernels(self, facts: Facts, rows: Ints) -> Floats:
        """Similarities of the ticket with each row, shape (kernels, rows)."""
        tickets = self._tickets.take(rows)
        text = self._cosine(facts, tickets["terms"].astype(np.intp))
        text *= np.exp2(np.abs(facts.received - tickets["time"]) / -self._half_life)
        category = self._categories.get(facts.category, -2)
        district = self._districts.get(facts.district, -2)
        same_category = (tickets["category"] == category) & (category >= 0)
        same_district = (tickets["district"] == district) & (district >= 0)
        metres = metres_from(*facts.point, tickets["place"])
        found = np.empty((len(KERNELS), len(rows)))
        found[0] = text
        found[1] = text * same_district
        found[2] = found[1] * same_category
        found[3] = text * np.exp(metres / -250.0)
        found[4] = text * np.exp(metres / -1200.0) * (1.0 + same_category)
        found[5] = np.exp(metres / -80.0) * same_category
        found[6] = np.exp(metres / -40.0)
        return found

    def _cosine(self, facts: Facts, terms: Ints) -> Floats:
        """TF-IDF cosine with tickets of these terms, binary counts and the document frequencies known now."""
        asked = facts.similarity_terms
        most = math.log1p(self._size) + 1.0
        logs = self._frequency.logs
        logs[0] = most  # padding weighs nothing
        idf = most - logs.take(terms)
        own = (most - logs[asked]) ** 2
        norms = np.sqrt(np.einsum("ij,ij->i", idf, idf) * own.sum())
        self._weight[asked] = own
        shared = np.einsum("ij->i", self._weight.take(terms))
        self._weight[asked] = 0.0
        return np.asarray(np.divide(shared, norms, out=np.zeros(len(terms)), where=norms > 0))


def _largest(values: Floats, count: int) -> NDArray[np.bool_]:
    """In each row the `count` largest of the positive values; of equal ones the last."""
    some, width = values > 0.0, values.shape[1]
    if width <= count:
        return some
    least = np.partition(values, width - count, axis=1)[:, width - count, None]
    chosen = (values >= least) & some
    if not (chosen.sum(axis=1) > count).any():
        return chosen
    above, equal = values > least, values == least
    missing = count - above.sum(axis=1, keepdims=True)
    behind = np.cumsum(equal[:, ::-1], axis=1)[:, ::-1]  # how many equal ones there are from here on
    return np.asarray((above | (equal & (behind <= missing))) & some)


def _summed(values: Floats, places: Ints, size: int) -> Floats:
    return np.asarray(np.bincount(places, values, size), np.float64)

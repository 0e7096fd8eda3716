"""The rows that hang on a name, by the numbers said with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.anchors import KINDS, WIDTH
from features.gazetteer.columns import Postings


def encode_postings(
    section: str, parts: list[Postings], ids: Mapping[str, int], rows: Sequence[NDArray[np.int32]]
) -> dict[str, NDArray[Any]]:
    """The sections of a PostingIndex; `ids`: of all names, `rows`: of the records of each part (-1: none)."""
    name = np.concatenate([np.array([ids[n] for n in part.names], np.int32)[part.name] for part in parts])
    row = np.concatenate([of_record[part.row] for part, of_record in zip(parts, rows, strict=True)])
    number, numbers = _distinct(parts)
    main = numbers[:, -1]
    low = np.take_along_axis(numbers, main[:, None], 1)[:, 0]
    keys = pack(name, main[number], low[number])
    order = np.lexsort((number, row, keys))
    order = order[row[order] >= 0]
    keys, row, number = keys[order], row[order], number[order]
    keep = np.ones(len(keys), bool)
    keep[1:] = (keys[1:] != keys[:-1]) | (row[1:] != row[:-1]) | (number[1:] != number[:-1])
    keys, row, number = keys[keep], row[keep], number[keep]
    high = np.take_along_axis(numbers, KINDS + main[:, None], 1)[:, 0]
    return {
        f"{section}.keys": keys,
        f"{section}.rows": row,
        f"{section}.number": number,
        f"{section}.numbers": numbers.ravel(),
        f"{section}.ranges": np.flatnonzero((high > low)[number]).astype(np.int32),
        f"{section}.first": keys.searchsorted(np.arange(len(ids) + 1, dtype=np.uint64) << np.uint64(32)),
    }


def _distinct(parts: Sequence[Postings]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Which of the distinct numbers each posting has, and those numbers in their own order, shape (m, WIDTH)."""
    said = np.ascontiguousarray(np.concatenate([part.numbers for part in parts]), ">i4")
    # big-endian bytes compare as the numbers do
    distinct, which = np.unique(said.view(f"V{4 * WIDTH}").ravel(), return_inverse=True)
    ends = np.cumsum([len(part.numbers) for part in parts])
    shares = np.split(which.astype(np.int32), ends[:-1])
    number = np.concatenate([share[part.number] for part, share in zip(parts, shares, strict=True)])
    return number, distinct.view(">i4").reshape(-1, WIDTH).astype(np.int32)


def pack(name: NDArray[np.int32], kind: Any, low: Any) -> NDArray[np.uint64]:
    """name, kind and number as one key that sorts so."""
    packed: NDArray[np.uint64] = name.astype(np.uint64) << np.uint64(32)
    packed |= np.asarray(kind, np.uint64) << np.uint64(28)
    packed |= np.asarray(low, np.uint64)
    return packed


class PostingIndex:
    """Postings over the sections that `encode_postings` made: sorted by name, kind and number."""

    def __init__(self, section: str, sections: Any) -> None:
        self.keys: NDArray[np.uint64] = sections[f"{section}.keys"]
        self.rows: NDArray[np.int32] = sections[f"{section}.rows"]
        self._number: NDArray[np.int32] = sections[f"{section}.number"]
        self._numbers: NDArray[np.int32] = sections[f"{section}.numbers"].reshape(-1, WIDTH)
        self._ranges: NDArray[np.int32] = sections[f"{section}.ranges"]
        self._first: NDArray[np.int64] = sections[f"{section}.first"]

    def numbers(self, positions: Any) -> NDArray[np.int32]:
        """The numbers said in postings, as anchors.number_row has them: shape (n, WIDTH)."""
        found: NDArray[np.int32] = self._numbers[self._number[positions]]
        return found

    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Every posting's name and row."""
        return (self.keys >> np.uint64(32)).astype(np.int32), self.rows

    def span(self, name_id: int) -> slice:
        """Where the postings of one name stand."""
        return slice(int(self._first[name_id]), int(self._first[name_id + 1]))

    def spans(self, name_ids: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From where to where the postings of each name stand."""
        return self._first[name_ids], self._first[name_ids + 1]

    def with_number(self, name_ids: NDArray[np.int32], kind: int, low: int) -> tuple[Any, Any]:
        """For each name, from where to where its postings of exactly that main number stand."""
        keys = pack(name_ids, np.uint64(kind), np.uint64(low))
        return self.keys.searchsorted(keys), self.keys.searchsorted(keys, "right")

    def around_number(self, name_id: int, kind: int, low: int) -> NDArray[np.int64]:
        """The postings of one name in whose range of main numbers that number lies."""
        span = self.span(name_id)
        first, last = self._ranges.searchsorted([span.start, span.stop])
        ranges = self._ranges[first:last].astype(np.int64)
        numbers = self.numbers(ranges)
        inside = (numbers[:, kind] <= low) & (low <= numbers[:, KINDS + kind]) & (numbers[:, -1] == kind)
        found: NDArray[np.int64] = ranges[inside & (numbers[:, kind] < low)]
        return found

    def positions(self, starts: Any, ends: Any, limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Postings of the spans, at most `limit`, and which span each is of."""
        lengths = np.minimum(ends - starts, limit)
        owner = np.repeat(np.arange(len(lengths)), lengths)[:limit]
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)[:limit]
        return np.asarray(starts)[owner] + offset, owner

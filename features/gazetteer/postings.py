"""The rows that hang on a name, by the numbers said with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.gazetteer.anchors import KINDS

WIDTH = 3 * KINDS + 1


def encode_postings(
    section: str, name: NDArray[np.int32], row: NDArray[np.int32], numbers: NDArray[np.int32], count: int
) -> dict[str, NDArray[Any]]:
    """The sections of PostingIndex over `count` names; arrays of one posting each, in any order."""
    main = numbers[:, -1]
    low = np.take_along_axis(numbers, main[:, None], 1)[:, 0]
    keys = pack(name, main, low)
    order = np.lexsort((*numbers[:, KINDS:-1].T[::-1], row, keys))
    keys, row, numbers = keys[order], row[order], numbers[order]
    again = (keys[1:] == keys[:-1]) & (row[1:] == row[:-1]) & (numbers[1:] == numbers[:-1]).all(1)
    keep = np.append(True, ~again)[: len(keys)]
    return {
        f"{section}.keys": keys[keep],
        f"{section}.rows": row[keep],
        f"{section}.numbers": numbers[keep].ravel(),
        f"{section}.first": keys[keep].searchsorted(np.arange(count + 1, dtype=np.uint64) << np.uint64(32)),
    }


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
        self.numbers: NDArray[np.int32] = sections[f"{section}.numbers"].reshape(-1, WIDTH)
        self._first: NDArray[np.int64] = sections[f"{section}.first"]

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
        lows, highs = self.numbers[span, kind], self.numbers[span, KINDS + kind]
        inside = (lows < low) & (low <= highs) & (self.numbers[span, -1] == kind)
        found: NDArray[np.int64] = span.start + np.flatnonzero(inside)
        return found

    def positions(self, starts: Any, ends: Any, limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Postings of the spans, at most `limit`, and which span each is of."""
        lengths = np.minimum(ends - starts, limit)
        owner = np.repeat(np.arange(len(lengths)), lengths)[:limit]
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)[:limit]
        return np.asarray(starts)[owner] + offset, owner

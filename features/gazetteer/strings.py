"""Many strings in two arrays, and 64-bit hashes of strings in a sorted one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
FEW = 64  # rows of one hash: most have no more, and among few the end is found without a walk through memory


def hash64(text: str) -> int:
    """A hash that is the same everywhere and always; whoever must be sure compares the texts."""
    return int.from_bytes(
        hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little"
    )


def hashes(texts: Iterable[str]) -> Hashes:
    """The hash of each, shape (n,)."""
    return np.fromiter((hash64(text) for text in texts), np.uint64)


def encode(name: str, texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Two sections that hold the strings."""
    array = pa.array([text.encode(errors="surrogatepass") for text in texts], pa.large_binary())
    return encode_array(name, array)


def encode_array(name: str, array: Any) -> dict[str, NDArray[Any]]:
    """The same from an Arrow array of large strings or binaries without nulls."""
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    text = (
        np.frombuffer(data, np.uint8)[starts[0] : starts[-1]] if data is not None else np.empty(0, np.uint8)
    )
    return {f"{name}.starts": starts - starts[0], f"{name}.text": text}


class Strings:
    """A sequence of strings over the sections that `encode` made."""

    __slots__ = ("_starts", "_text")

    def __init__(self, name: str, sections: Any) -> None:
        self._starts: NDArray[np.int64] = sections[f"{name}.starts"]
        self._text = memoryview(sections[f"{name}.text"])

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return str(self._text[self._starts[index] : self._starts[index + 1]], "utf-8", "surrogatepass")

    def take(self, ids: NDArray[Any]) -> list[str]:
        """The strings at those places."""
        text, ends = self._text, self._starts[ids + 1].tolist()
        return [
            str(text[a:b], "utf-8", "surrogatepass")
            for a, b in zip(self._starts[ids].tolist(), ends, strict=True)
        ]

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))


class HashIndex:
    """Hash -> the rows that have it, in one sorted array."""

    __slots__ = ("_keys", "_rows")

    def __init__(self, name: str, sections: Any) -> None:
        self._keys: Hashes = sections[f"{name}.keys"]
        self._rows: NDArray[np.int32] = sections[f"{name}.rows"]

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: int) -> NDArray[np.int32]:
        """The rows of that hash, ascending."""
        wanted = np.uint64(key)
        first = self._keys.searchsorted(wanted)
        if first == len(self._keys) or self._keys[first] != wanted:
            return self._rows[:0]
        count = self._keys[first : first + FEW].searchsorted(wanted, "right")
        if count == FEW:
            count = self._keys[first:].searchsorted(wanted, "right")
        return self._rows[first : first + count]

    def find_all(self, keys: Sequence[int]) -> NDArray[np.int32]:
        """The rows of all those hashes, one hash after the other."""
        wanted = np.array(keys, np.uint64)
        spans = zip(self._keys.searchsorted(wanted), self._keys.searchsorted(wanted, "right"), strict=True)
        return np.concatenate([self._rows[first:last] for first, last in spans])


def index(name: str, keys: Hashes, rows: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """Two sections for a HashIndex; a pair that comes twice is kept once."""
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    keep = np.ones(len(keys), bool)
    keep[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    return {f"{name}.keys": keys[keep], f"{name}.rows": rows[keep].astype(np.int32)}

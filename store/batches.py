"""Long streams in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

BATCH = 1000  # rows a statement; SQLite 3.32 and later takes 32,766 values


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch

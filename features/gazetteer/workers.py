"""A pure function over many chunks, in order, by one process or by several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ordered_map(make: Callable[[Given], Made], given: Iterable[Given], workers: int) -> Iterator[Made]:
    """`map(make, given)`, the same whatever the number of processes; only a few chunks are under way at once."""
    if workers <= 1:
        yield from map(make, given)
        return
    # spawn: a fork of a process with threads may never end
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Made]] = deque()
        for chunk in given:
            waiting.append(pool.submit(make, chunk))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

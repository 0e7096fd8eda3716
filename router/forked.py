"""One function over many things by several processes, which share the memory of this one as it stands."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from router.uncollected import settle

Given = TypeVar("Given")
Made = TypeVar("Made")
Mapped = Callable[[Iterable[Given]], Iterator[Made]]

CHUNK = 64  # things that a process is given at once
MOST_WORKERS = 8

_work: Callable[[Any], Any] | None = None  # what forked processes find here


def processors() -> int:
    """How many processes are worth having here."""
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)))


@contextmanager
def forked(work: Callable[[Given], Made], workers: int, chunk: int = CHUNK) -> Iterator[Mapped[Given, Made]]:
    """While open, `map(work, …)` by that many processes, in order; nothing of what they change is seen here.

    Each process is given chunks in the order of the things, so what it keeps between them may move forward with them.
    Only what is given and made goes from one to another: `work` may hold on to gigabytes. The processes are there from
    the beginning: open it before threads are started. One worker, or a system that cannot fork: here, by this process.
    """
    if workers <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield lambda given: map(work, given)
        return
    global _work  # noqa: PLW0603 # a closure cannot be sent, only inherited
    gc.freeze()  # a collection in a child would copy all that it looks at
    _work = work
    try:
        with ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("fork"), initializer=settle
        ) as pool:
            pool.submit(_nothing).result()
            _work = None
            yield lambda given: _in_order(pool, given, workers, chunk)
    finally:
        _work = None
        gc.unfreeze()


def _in_order(pool: ProcessPoolExecutor, given: Iterable[Given], workers: int, size: int) -> Iterator[Any]:
    waiting: deque[Future[list[Any]]] = deque()
    rest = iter(given)
    while chunk := list(islice(rest, size)):
        waiting.append(pool.submit(_run, chunk))
        if len(waiting) > 2 * workers:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _run(chunk: list[Any]) -> list[Any]:
    assert _work is not None
    return [_work(one) for one in chunk]


def _nothing() -> None:
    """Nothing: to have the processes started."""

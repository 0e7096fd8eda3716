"""Garbage collection: none while millions of objects are made that all stay, little where tickets are routed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_open = 0
_collected_before = True

YOUNG, ROUNDS = 20_000, 20  # new objects, and rounds over them, after which more is looked through


@contextmanager
def uncollected() -> Iterator[None]:
    """While open, or while another is, nothing is collected: to look through what stays takes a quarter of the time.

    Threads may have them open at once; with the last one collection is as it was before the first.
    """
    global _open, _collected_before  # noqa: PLW0603 - the collector is the whole process's too
    with _lock:
        if not _open:
            _collected_before = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open and _collected_before:
                gc.enable()


def settle() -> None:
    """Look no more through what stands by now, and seldom through what is new.

    To look through a world halts every thread for half a second, again and again. A ticket makes thousands of objects
    that are gone when it is: to look through them after every 700, as Python does, takes 4 % of its time.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, ROUNDS, ROUNDS)

"""Two lanes to what only one thread may use at a time: single tickets, and those that come by the thousand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock

LONGEST_WAIT = 0.005  # seconds: so often the bulk lane gets a turn, however many single tickets come


class Lanes:
    """A lock that bulk work leaves to everybody else first.

    A plain lock would not do: a thread that gives it up and wants it again at once nearly always has it before a
    waiting one wakes, so that a batch would keep single tickets out until its end.
    """

    def __init__(self) -> None:
        self._turn = Lock()
        self._empty = Condition(Lock())
        self._singles = 0

    @contextmanager
    def entered(self, *, bulk: bool) -> Iterator[None]:
        """Hold the lock; in bulk only when no other wants it, or after a short wait."""
        if bulk:
            with self._empty:
                self._empty.wait_for(lambda: not self._singles, LONGEST_WAIT)
            with self._turn:
                yield
            return
        with self._empty:
            self._singles += 1
        try:
            with self._turn:
                yield
        finally:
            with self._empty:
                self._singles -= 1
                if not self._singles:
                    self._empty.notify_all()

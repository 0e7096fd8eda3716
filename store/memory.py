"""The store's twin in memory: for tests, trials and whatever need not outlive the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

from router.ports import ReadSession, WriteSession
from store.checks import closed
from store.clock import Clock, utc_now
from store.memory_sessions import MemoryReadSession, MemoryWriteSession
from store.memory_state import State

T = TypeVar("T")


class MemoryStore:
    """A `Store` that forgets when the process ends; `clock` dates the events."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._state = State()
        self._writing = Lock()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Reads on one snapshot, that of the moment of entering."""
        self._require_open()
        yield MemoryReadSession(self._state)

    def write(self, work: Callable[[WriteSession], T]) -> T:
        """Works on a copy that takes the state's place when the work is done."""
        with self._writing:
            self._require_open()
            session = MemoryWriteSession(self._state, self._clock)
            result = work(session)
            self._state = session.state
            return result

    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:  # noqa: ARG002
        """As `write`, with the answer in a future that is done."""
        self._require_open()
        future: Future[T] = Future()
        try:
            future.set_result(self.write(work))
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller who asks the future
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Take nothing more."""
        with self._writing:
            self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise closed("the store in memory")

"""The one thread that writes: works that wait together share one commit, each atomic by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from router.ports import WriteSession
from store.checks import closed
from store.faults import fault_of

T = TypeVar("T")
MAX_GROUP = 256  # works a commit: bounds what the first of them waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    work: Callable[[WriteSession], Any]
    future: Future[Any]


class Writer:
    """Runs works on `engine` one after another; their futures are answered only after the commit."""

    def __init__(
        self, engine: Engine, open_session: Callable[[Connection], WriteSession], place: str
    ) -> None:
        self._engine = engine
        self._open_session = open_session
        self._place = place
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._gate = Lock()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[WriteSession], T]) -> Future[T]:
        """Queue the work. Raises StoreUnavailable after `close`."""
        if current_thread() is self._thread:
            raise RuntimeError("a work must use the session it was given, not write through the store")
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise closed(self._place)
            self._jobs.put(_Job(work=work, future=future))
        return future

    def close(self) -> None:
        """Finish what is queued, take nothing more."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])

    def _next_group(self) -> list[_Job]:
        """Everything that waits, at least one; empty only after `close`."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == MAX_GROUP:
                return group
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return group
        if group:
            self._jobs.put(None)  # the end comes again after this last group
        return group

    def _commit(self, group: list[_Job]) -> None:
        try:
            with self._engine.begin() as connection:
                answers = [self._attempt(job, connection) for job in group]
        except Exception as error:  # noqa: BLE001 - the thread must outlive it, and every caller must hear of it
            fault = fault_of(error, self._place)
            if fault is not None:
                fault.__cause__ = error
            for job in group:
                job.future.set_exception(fault or error)
        else:
            for answer in answers:
                answer()

    def _attempt(self, job: _Job, connection: Connection) -> Callable[[], None]:
        """Run one work in its savepoint; a fault of the store itself goes through and fails the whole group."""
        savepoint = connection.begin_nested()
        try:
            result = job.work(self._open_session(connection))
        except BaseException as error:  # it belongs to the caller who waits for the future
            if fault_of(error, self._place) is not None:
                raise
            savepoint.rollback()
            return partial(job.future.set_exception, error)
        savepoint.commit()
        return partial(job.future.set_result, result)

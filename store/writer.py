"""The one thread that writes: works that wait together share one commit, each atomic by itself.

Two lanes: what comes in bulk is written when nothing else waits, or in small parts beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from threading import Condition, Thread, current_thread
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError

from domain.errors import DuplicateTicket
from router.event_ports import TicketEvent
from router.ports import Addition, WriteSession
from router.tracing import current_header
from store.checks import closed
from store.faults import fault_of

T = TypeVar("T")
MAX_GROUP = 256  # works a commit: bounds what the first of them waits for
MAX_BULK = 64  # of them in bulk: what a single work that comes just then waits for


class GroupSession(WriteSession, Protocol):
    """A session that the works of one commit share, one after another; `trace`: of the request that a work is of."""

    trace: str | None

    def mark(self) -> Sequence[TicketEvent]:
        """Where it stands, for `go_back`."""
        ...

    def go_back(self, mark: Sequence[TicketEvent]) -> None:
        """Forget what it keeps of a work that was rolled back."""
        ...

    def finish(self) -> None:
        """Write what it kept of all works."""
        ...

    def add_all_decided(self, new: Sequence[tuple[Addition, str | None]]) -> Sequence[bool]:
        """Add decided tickets, each with the trace it is of; answers which were: the others' ids are taken."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    work: Callable[[WriteSession], Any]
    future: Future[Any]
    trace: str | None


_Answer = Callable[[], None]


class Writer:
    """Runs works on `engine` one after another; their futures are answered only after the commit."""

    def __init__(
        self, engine: Engine, open_session: Callable[[Connection], GroupSession], place: str
    ) -> None:
        self._engine = engine
        self._open_session = open_session
        self._place = place
        self._jobs: deque[_Job] = deque()
        self._bulk: deque[_Job] = deque()
        self._closed = False
        self._connection: Connection | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
        """Queue the work. Raises StoreUnavailable after `close`."""
        if current_thread() is self._thread:
            raise RuntimeError("a work must use the session it was given, not write through the store")
        future: Future[T] = Future()
        job = _Job(work=work, future=future, trace=current_header())  # of who asks: this thread works for all
        with self._changed:
            if self._closed:
                raise closed(self._place)
            (self._bulk if bulk else self._jobs).append(job)
            self._changed.notify()
        return future

    def close(self) -> None:
        """Finish what is queued, take nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self._disconnect()

    def _run(self) -> None:
        while group := self._next_group():
            self._commit([job for job in group if job.future.set_running_or_notify_cancel()])

    def _next_group(self) -> list[_Job]:
        """Everything that waits, at least one; empty only after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._bulk or self._closed)
            group = _taken(self._jobs, MAX_GROUP)
            return group + _taken(self._bulk, min(MAX_BULK, MAX_GROUP - len(group)))

    def _commit(self, group: list[_Job]) -> None:
        try:
            mere = len(group) > 1 and all(map(_is_mere_addition, group))
            answers = (self._all_added(group) if mere else None) or self._in_turn(group, each=mere)
        except Exception as error:  # noqa: BLE001 - the thread must outlive it, and every caller must hear of it
            fault = fault_of(error, self._place)
            if fault is not None:
                fault.__cause__ = error
            for job in group:
                job.future.set_exception(fault or error)
        else:
            for answer in answers:
                answer()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[GroupSession, Connection]]:
        """On the writer's own connection: to ask the pool for one, which tries it, is a round trip more."""
        transaction = self._begun()
        connection = transaction.connection
        try:
            with transaction:
                session = self._open_session(connection)
                yield session, connection
                session.finish()
        except BaseException:
            self._disconnect()  # whatever is wrong with it, the next one has another
            raise

    def _begun(self) -> RootTransaction:
        try:
            return self._begun_once()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._begun_once()  # the database was away since the last one: nothing was done yet

    def _begun_once(self) -> RootTransaction:
        try:
            return self._connected().begin()
        except BaseException:
            self._disconnect()  # or what was begun would stay open
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _all_added(self, group: Sequence[_Job]) -> list[_Answer] | None:
        """Of works that only add, without a savepoint; None: nothing was done, for one of them was at fault."""
        try:
            with self._transaction() as (session, _):
                return _answers(group, session)
        except Exception as error:
            if fault_of(error, self._place) is not None:
                raise
            return None

    def _in_turn(self, group: Sequence[_Job], *, each: bool) -> list[_Answer]:
        """`each`: none together with another."""
        with self._transaction() as (session, connection):
            if each:
                return [self._attempt(job, session, connection) for job in group]
            return [*self._attempted(group, session, connection)]

    def _attempted(
        self, group: Sequence[_Job], session: GroupSession, connection: Connection
    ) -> Iterator[_Answer]:
        """Run all works, one after another, but for tickets that are to be added one after another: these together."""
        for alike, jobs in groupby(group, _is_mere_addition):
            several = list(jobs)
            together = self._added(several, session, connection) if alike and len(several) > 1 else None
            yield from together or (self._attempt(job, session, connection) for job in several)

    def _added(
        self, jobs: Sequence[_Job], session: GroupSession, connection: Connection
    ) -> list[_Answer] | None:
        """All in as many statements as one takes; None: nothing was done, for one of them was at fault."""
        mark = session.mark()
        connection.exec_driver_sql("SAVEPOINT additions")
        try:
            answers = _answers(jobs, session)
        except Exception as error:
            if fault_of(error, self._place) is not None:
                raise
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT additions")
            connection.exec_driver_sql("RELEASE SAVEPOINT additions")
            session.go_back(mark)
            return None
        connection.exec_driver_sql("RELEASE SAVEPOINT additions")
        return answers

    def _attempt(self, job: _Job, session: GroupSession, connection: Connection) -> _Answer:
        """Run one work in its savepoint; a fault of the store itself goes through and fails the whole group."""
        mark = session.mark()
        session.trace = job.trace
        connection.exec_driver_sql("SAVEPOINT work")  # begin_nested does the same and takes twice as long
        try:
            result = job.work(session)
        except BaseException as error:  # it belongs to the caller who waits for the future
            if fault_of(error, self._place) is not None:
                raise
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
            connection.exec_driver_sql("RELEASE SAVEPOINT work")
            session.go_back(mark)
            return partial(job.future.set_exception, error)
        connection.exec_driver_sql("RELEASE SAVEPOINT work")
        return partial(job.future.set_result, result)


def _answers(jobs: Sequence[_Job], session: GroupSession) -> list[_Answer]:
    """Add all, and tell each what became of its own."""
    new = [(job.work, job.trace) for job in jobs if isinstance(job.work, Addition)]
    added = session.add_all_decided(new)
    return [
        partial(job.future.set_result, one.stored)
        if is_added
        else partial(job.future.set_exception, DuplicateTicket(ticket_id=one.stored.ticket.ticket_id))
        for job, (one, _), is_added in zip(jobs, new, added, strict=True)
    ]


def _is_mere_addition(job: _Job) -> bool:
    return isinstance(job.work, Addition) and job.work.answer is None


def _taken(queue: deque[_Job], most: int) -> list[_Job]:
    return [queue.popleft() for _ in range(min(most, len(queue)))]

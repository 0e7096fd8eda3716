"""The store on SQL: `open_store(url)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL

from router.ports import ReadSession, WriteSession
from store.checks import closed
from store.clock import Clock, utc_now
from store.engines import parse_url, reader_engine, writer_engine
from store.faults import faults_named
from store.meta import lock_counters
from store.reading import SqlReadSession
from store.schema import migrate
from store.writer import Writer
from store.writing import SqlWriteSession

T = TypeVar("T")


def open_store(url: str, clock: Clock = utc_now) -> SqlStore:
    """Open the store at a SQLAlchemy URL, making or upgrading its tables; `clock` dates the events.

    Raises StoreUnavailable for a file that cannot be used and for a store of a newer version.
    """
    parsed = parse_url(url)
    place = _place(parsed)
    writing = writer_engine(parsed)
    try:
        with faults_named(place), writing.begin() as connection:
            migrate(connection, place)
    except BaseException:
        writing.dispose()
        raise
    return SqlStore(writing=writing, reading=reader_engine(parsed), place=place, clock=clock)


class SqlStore:
    """A store on two engines; made by `open_store`."""

    def __init__(self, *, writing: Engine, reading: Engine, place: str, clock: Clock) -> None:
        self._reading = reading
        self._writing = writing
        self._place = place
        event.listen(writing, "begin", lock_counters)
        self._writer = Writer(writing, lambda connection: SqlWriteSession(connection, clock), place)
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Reads on one snapshot, that of the moment of entering."""
        if self._closed:
            raise closed(self._place)
        with faults_named(self._place), self._reading.connect() as connection:
            session = SqlReadSession(connection)
            session.world_version()  # databases take the snapshot at the first read, not at BEGIN
            yield session

    def write(self, work: Callable[[WriteSession], T]) -> T:
        """Returns after the commit."""
        return self.submit(work).result()

    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
        """Queue the work for the next commit; what comes in bulk lets the others go first."""
        return self._writer.submit(work, bulk=bulk)

    def close(self) -> None:
        """Finish what is queued, then let the database go."""
        self._writer.close()
        self._closed = True
        self._reading.dispose()
        self._writing.dispose()


def _place(url: URL) -> str:
    """What messages call the store: its file, or the URL without the password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)

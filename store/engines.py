"""Engines: one for the writer's connection, one for those of the readers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import StoreUnavailable

BUSY_SECONDS = 30.0  # how long a writer waits for another process's import
BUSY_PAUSE = 0.02  # seconds
READ_SECONDS = 3.0  # how long a reader waits for a table that somebody has locked: tickets wait behind it
READERS = 32
HIDDEN = True  # errors are logged, and parameters hold phone numbers and accounts
# of a server that is not there, or no longer: who waits for it is told within seconds, not when TCP gives up
SERVER_PATIENCE: dict[str, str | int] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}


# a session of a machine that is silent in the middle of a transaction ends, and what it held is free: dead ones are
# found by TCP in some 11 s; who waits for a lock waits no longer than for SQLite's
SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "20s",
    "lock_timeout": f"{BUSY_SECONDS:.0f}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
# readers hold nothing that others wait for, and a world may take longer than that to be built between two reads
READER_SETTINGS = {"lock_timeout": f"{READ_SECONDS:.0f}s"}


def parse_url(url: str) -> URL:
    """The URL of a store that several connections can share."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreUnavailable(
            problem=f"{url!r} is not a store URL", mend="Give one like sqlite:///file.db"
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreUnavailable(problem="a store needs a file", mend="Give one like sqlite:///file.db")
    return parsed


def writer_engine(url: URL) -> Engine:
    """One connection, every commit on the disk before it returns."""
    if url.get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            hide_parameters=HIDDEN,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args=_patience(url),
        )
        _limit_sessions(engine, url, SERVER_SETTINGS)
        return engine
    engine = create_engine(
        url,
        hide_parameters=HIDDEN,
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )
    _prepare_sqlite(
        engine, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
    )
    return engine


def reader_engine(url: URL) -> Engine:
    """Connections that only read, each transaction on one snapshot."""
    if url.get_backend_name() != "sqlite":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = create_engine(
            url,
            hide_parameters=HIDDEN,
            pool_size=READERS,
            pool_pre_ping=True,
            connect_args=_patience(url),
            execution_options=options,
        )
        _limit_sessions(engine, url, READER_SETTINGS)
        return engine
    engine = create_engine(
        url,
        hide_parameters=HIDDEN,
        pool_size=READERS,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )
    _prepare_sqlite(engine, begin="BEGIN", pragmas=("query_only=ON",))
    return engine


def _patience(url: URL) -> dict[str, Any]:
    """The driver's own options; what the URL says of them counts."""
    if url.get_driver_name() != "psycopg":
        return {}
    return {name: value for name, value in SERVER_PATIENCE.items() if name not in url.query}


def _limit_sessions(engine: Engine, url: URL, settings: Mapping[str, str]) -> None:
    """Have the server end what waits, or is silent, for too long; what the URL's options say of it counts."""
    if url.get_backend_name() != "postgresql":
        return
    said = str(url.query.get("options", ""))
    statements = [f"SET {name} = '{value}'" for name, value in settings.items() if name not in said]

    def connected(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.commit()

    event.listen(engine, "connect", connected)


def _prepare_sqlite(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        # `begun` sends BEGIN; the driver must not send its own
        connection.isolation_level = None
        for pragma in pragmas:
            _patiently(connection, f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    # of connections that turn a new file to WAL at once, all but one are refused without the busy timeout
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(BUSY_PAUSE)

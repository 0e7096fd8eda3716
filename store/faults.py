"""Which failures of a database are the store's own, and what a person can do about them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from domain.errors import StoreFull, StoreUnavailable

LEAST_ROOM = 64 * 1024  # bytes: SQLite's index of the write-ahead log takes 32 KiB at once
_FULL = "Free some space, then try again; nothing of this was stored"
_SQLITE_FAULTS = {
    sqlite3.SQLITE_BUSY: ("another process is writing to it", "Wait until it has finished, then try again"),
    sqlite3.SQLITE_LOCKED: ("another process is writing to it", "Wait until it has finished, then try again"),
    sqlite3.SQLITE_NOMEM: ("out of memory", "Free some memory, then try again"),
    sqlite3.SQLITE_READONLY: (
        "it cannot be written",
        "Give this user the right to write the file and its directory",
    ),
    sqlite3.SQLITE_PERM: ("it may not be opened", "Give this user the right to read and write the file"),
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed",
        "Check the disk and its free space, then try again",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged",
        "Put a backup in its place, or move it away to start anew",
    ),
    sqlite3.SQLITE_NOTADB: ("the file is not a database", "Name another file, or move this one away"),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "Make its directory, and give this user the right to write there",
    ),
}


def fault_of(error: BaseException, place: str) -> StoreUnavailable | None:
    """The store's fault that `error` shows; None when the statement itself was wrong."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        return _sqlite_fault(original, place)
    if isinstance(error, NoneFree):
        return StoreUnavailable(
            problem=f"{place}: it answers too slowly, and every connection is in use",
            mend="Look for what keeps the database busy; then try again",
        )
    return _server_fault(error, place) if isinstance(error, DBAPIError) else None


@contextmanager
def faults_named(place: str) -> Iterator[None]:
    """Raise the store's faults as StoreUnavailable; anything else passes."""
    try:
        yield
    except (DBAPIError, NoneFree, sqlite3.Error) as error:
        fault = fault_of(error, place)
        if fault is None:
            raise
        raise fault from error


def _sqlite_fault(error: sqlite3.Error, place: str) -> StoreUnavailable | None:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the higher bits say where it happened
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _no_room(place)):
        return StoreFull(problem=f"{place}: the disk is full", mend=_FULL)
    if primary not in _SQLITE_FAULTS:
        return None
    problem, mend = _SQLITE_FAULTS[primary]
    return StoreUnavailable(problem=f"{place}: {problem}", mend=mend)


def _no_room(place: str) -> bool:
    """SQLite reports a failed write of its index file as an I/O error, whatever the reason."""
    try:
        return shutil.disk_usage(Path(place).parent).free < LEAST_ROOM
    except OSError:
        return False


def _server_fault(error: DBAPIError, place: str) -> StoreUnavailable | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state == "53100":
        return StoreFull(problem=f"{place}: the server's disk is full", mend=_FULL)
    if state == "55P03":
        return StoreUnavailable(
            problem=f"{place}: another process is writing to it and does not come to an end",
            mend="Wait until it has finished, then try again",
        )
    if state.startswith("40"):  # it stood in another one's way, and the server undid it: a deadlock, mostly
        return StoreUnavailable(
            problem=f"{place}: another program was changing the same rows",
            mend="Try again; nothing of this was stored",
        )
    if error.connection_invalidated or isinstance(error, OperationalError):
        return StoreUnavailable(
            problem=f"{place}: {error.orig}", mend="Check that the server runs and can be reached"
        )
    return None

"""A process that falls silent in the middle of a transaction holds up nobody for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import Connection

from domain.errors import StoreUnavailable
from store import engines
from store.engines import parse_url, writer_engine
from store.meta import lock_counters
from store.sql import open_store
from tests.contract.conftest import postgres_schema
from tests.serving import UNITS


@pytest.fixture
def url() -> Iterator[str]:
    """Of a store on the server."""
    with postgres_schema() as found:
        open_store(found).close()
        yield found


@contextmanager
def silent(url: str) -> Iterator[Connection]:
    """Another process's connection, which has the lock and says nothing more."""
    engine = writer_engine(parse_url(url))
    connection = engine.connect()
    lock_counters(connection)
    try:
        yield connection
    finally:
        connection.invalidate()
        connection.close()
        engine.dispose()


def limit(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Of sessions that begin from now on."""
    monkeypatch.setattr(engines, "SERVER_SETTINGS", engines.SERVER_SETTINGS | settings)


def test_what_a_silent_process_holds_is_free_in_the_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, idle_in_transaction_session_timeout="300ms")
    with silent(url), closing(open_store(url)) as store:
        assert store.write(lambda session: session.put_units(UNITS)) == len(UNITS)


def test_who_waits_too_long_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, lock_timeout="300ms")
    with (
        silent(url),
        closing(open_store(url)) as store,
        pytest.raises(StoreUnavailable, match="another process is writing to it"),
    ):
        store.write(lambda session: session.put_units(UNITS))
    with closing(open_store(url)) as store:
        assert store.write(lambda session: session.put_units(UNITS)) == len(UNITS)


def test_what_the_url_says_counts(url: str) -> None:
    engine = writer_engine(parse_url(f"{url}%20-clock_timeout%3D7s"))
    with engine.connect() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in engines.SERVER_SETTINGS
        }
    engine.dispose()
    assert shown == engines.SERVER_SETTINGS | {"lock_timeout": "7s"}

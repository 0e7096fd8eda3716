"""A process that falls silent in the middle of a transaction holds up nobody for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import Connection

from domain.errors import StoreUnavailable
from domain.tickets import TicketStatus
from router.service import RoutingService
from store import engines
from store.clock import utc_now
from store.engines import parse_url, writer_engine
from store.meta import lock_counters
from store.sql import open_store
from tests.contract.conftest import postgres_schema
from tests.endpoints import until
from tests.serving import UNITS, a_ticket, furnished, no_bundle


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


def test_who_reads_waits_no_longer_for_a_table_that_another_has_to_himself(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tickets wait while the log is looked at: they would wait for as long as a table is locked."""
    monkeypatch.setattr(engines, "READER_SETTINGS", {"lock_timeout": "300ms"})
    engine = writer_engine(parse_url(url))
    with closing(open_store(url)) as store, engine.begin() as other:
        service = RoutingService(furnished(store), utc_now, no_bundle)
        other.exec_driver_sql("LOCK TABLE dispatch_log IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailable):
            service.live.catch_up()
        assert not service.readiness().ready
        assert service.submit(a_ticket()).created
    engine.dispose()


def test_who_stands_in_another_programs_way_is_told_to_try_again(url: str) -> None:
    engine = writer_engine(parse_url(url))
    with closing(open_store(url)) as store, engine.begin() as other:
        furnished(store).write(lambda session: session.add_ticket(a_ticket()))
        other.exec_driver_sql("SET deadlock_timeout = '1min'")  # the other one finds it out first
        other.exec_driver_sql("SELECT * FROM tickets FOR UPDATE")
        refused = store.submit(lambda session: session.set_status("t1", TicketStatus.ON_HOLD, None))
        until(lambda: waits_for_a_lock(url))
        lock_counters(other)
        with pytest.raises(StoreUnavailable, match="another program"):
            refused.result(30)
    engine.dispose()


def waits_for_a_lock(url: str) -> bool:
    """Whether any session of this store does."""
    engine = writer_engine(parse_url(url))
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%UPDATE%%tickets%%'"
    with engine.connect() as connection:
        found = bool(connection.exec_driver_sql(asked).scalar_one())
    engine.dispose()
    return found


def test_what_the_url_says_counts(url: str) -> None:
    engine = writer_engine(parse_url(f"{url}%20-clock_timeout%3D7s"))
    with engine.connect() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in engines.SERVER_SETTINGS
        }
    engine.dispose()
    assert shown == engines.SERVER_SETTINGS | {"lock_timeout": "7s"}

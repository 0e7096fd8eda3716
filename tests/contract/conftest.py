"""The stores under contract: the twin in memory, SQLite, and PostgreSQL where a server is named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, MetaData, Table, create_engine, insert, select, text
from sqlalchemy.engine import make_url

from router.ports import Store
from store.memory import MemoryStore
from store.sql import open_store
from tests.contract.samples import NOW
from tests.stores import new_sqlite


def clock() -> datetime:
    """The stores' clock, stopped."""
    return NOW


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield from _closing(MemoryStore(clock))
    elif request.param == "sqlite":
        yield from _closing(open_store(new_sqlite(tmp_path / "store.db"), clock))
    else:
        yield from _closing(open_store(request.getfixturevalue("renewed_schema"), clock))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an SQL store may be, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        with postgres_schema() as url:
            yield url


@pytest.fixture(scope="session")
def migrated_schema() -> Iterator[Renewed]:
    """A schema with a store's tables, which takes a second to make."""
    with postgres_schema() as url:
        open_store(url, clock).close()
        engine, found = create_engine(url), MetaData()
        with engine.begin() as connection:
            found.reflect(connection, schema=connection.scalar(text("SELECT current_schema()")))
            tables = list(found.tables.values())
            rows = [[dict(row) for row in connection.execute(select(one)).mappings()] for one in tables]
        yield Renewed(url=url, engine=engine, rows=dict(zip(tables, rows, strict=True)))
        engine.dispose()


@pytest.fixture
def renewed_schema(migrated_schema: Renewed) -> Iterator[str]:
    """The URL of that schema, as new again afterwards."""
    try:
        yield migrated_schema.url
    finally:
        migrated_schema.renew()


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """A schema, and the rows that its tables have when they are new."""

    url: str
    engine: Engine
    rows: Mapping[Table, Sequence[Mapping[str, Any]]]

    def renew(self) -> None:
        """As new: to delete takes a fraction of the time that making all tables anew does."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
            connection.execute(text("; ".join(f"DELETE FROM {table}" for table in self.rows)))
            for table, rows in self.rows.items():
                if rows:
                    connection.execute(insert(table), rows)
            sequences = text("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()")
            for name in connection.scalars(sequences):
                connection.execute(text(f"ALTER SEQUENCE {name} RESTART"))


def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


@contextmanager
def postgres_schema() -> Iterator[str]:
    """A URL whose tables live in a schema of their own, dropped afterwards."""
    server = os.environ.get("GRIDROUTE_TEST_POSTGRES")
    if not server:
        pytest.skip("GRIDROUTE_TEST_POSTGRES names no server")
    url = make_url(server)
    pytest.importorskip(
        url.get_driver_name(), reason="the driver of GRIDROUTE_TEST_POSTGRES is not installed"
    )
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"contract_{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        # no test pulls the server's plug
        with_schema = url.update_query_dict({"options": f"-csearch_path={name} -csynchronous_commit=off"})
        yield with_schema.render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()

"""The stores under contract: the twin in memory, SQLite, and PostgreSQL where a server is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from router.ports import Store
from store.memory import MemoryStore
from store.sql import open_store
from tests.contract.samples import NOW


def clock() -> datetime:
    """The stores' clock, stopped."""
    return NOW


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield from _closing(MemoryStore(clock))
    elif request.param == "sqlite":
        yield from _closing(open_store(f"sqlite:///{tmp_path / 'store.db'}", clock))
    else:
        with postgres_schema() as url:
            yield from _closing(open_store(url, clock))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an SQL store may be, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
    else:
        with postgres_schema() as url:
            yield url


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
        with_schema = url.update_query_dict({"options": f"-csearch_path={name}"})
        yield with_schema.render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()

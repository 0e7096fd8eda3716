"""The small office of tests.serving on both embedded stores; a module that needs another one has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from router.ports import Store
from router.service import RoutingService
from store.memory import MemoryStore
from store.sql import open_store
from tests.serving import NOW, Clock, furnished, no_bundle
from tests.stores import new_sqlite


@pytest.fixture
def clock() -> Clock:
    """It stands until it is moved."""
    return Clock(NOW)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Units, ground, rules and accounts in it."""
    found = MemoryStore() if request.param == "memory" else open_store(new_sqlite(tmp_path / "g.db"))
    yield furnished(found)
    found.close()


@pytest.fixture
def service(store: Store, clock: Clock) -> RoutingService:
    """Without a model."""
    return RoutingService(store, clock, no_bundle)


@pytest.fixture
def client(service: RoutingService) -> TestClient:
    """Of an application on the service."""
    return TestClient(create_app(service), raise_server_exceptions=False)

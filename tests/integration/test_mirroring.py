"""MLflow's aliases after a promotion through the service: set soon, and never waited for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from models.bundle import load_bundle
from router.ports import BundleRecord
from router.service import RoutingService
from store.clock import utc_now
from store.sql import SqlStore, open_store
from tests.bundles import tiny_bundle, training_result
from tests.endpoints import until
from training.mirroring import Mirroring
from training.tracking import ModelRegistry, track

WORD = {"by": "Li Wei", "reason": "fewer reviews"}
pytestmark = pytest.mark.slow

SOON = 100.0  # seconds: MLflow's import, on a busy machine


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with closing(open_store(f"sqlite:///{tmp_path / 'gridroute.db'}")) as store:
        yield store


def add(store: SqlStore, bundle: Path, mlflow_version: str) -> None:
    record = BundleRecord(
        version=0,
        digest=bundle.name,
        path=str(bundle),
        registered_at=datetime(2025, 8, 1, tzinfo=UTC),
        mlflow_version=mlflow_version,
    )
    store.write(lambda session: session.add_bundle(record))


def served(store: SqlStore, mirroring: Mirroring) -> TestClient:
    service = RoutingService(store, utc_now, load_bundle)
    return TestClient(create_app(service, Settings(promoted=mirroring.wake)))


def test_the_aliases_follow_promotion_and_rollback_over_http(store: SqlStore, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    for seed in range(2):
        result = training_result(tiny_bundle(tmp_path / "bundles", seed=seed))
        tracked = track(result, tracking_uri=uri, artifact_root=tmp_path / "artifacts")
        add(store, Path(result.bundle_path), tracked.model_version)
    registry = ModelRegistry(tracking_uri=uri)
    mirroring = Mirroring(store_url=f"sqlite:///{tmp_path / 'gridroute.db'}", tracking_uri=uri)
    with mirroring, served(store, mirroring) as client:
        assert client.post("/v1/models/1/promote", json=WORD).status_code == 200
        assert client.post("/v1/models/2/promote", json=WORD).status_code == 200
        until(lambda: registry.aliases() == {"champion": "2"}, SOON)
        assert client.post("/v1/models/rollback", json=WORD).status_code == 200
        until(lambda: registry.aliases() == {"champion": "1"}, SOON)


def test_where_mlflow_is_away_the_promotion_stands_and_the_log_tells(
    store: SqlStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(store, tiny_bundle(tmp_path / "bundles"), "1")
    uri = f"sqlite:///{tmp_path / 'no' / 'such' / 'mlflow.db'}"
    mirroring = Mirroring(store_url=f"sqlite:///{tmp_path / 'gridroute.db'}", tracking_uri=uri)
    with mirroring, served(store, mirroring) as client:
        assert client.post("/v1/models/1/promote", json=WORD).json()["champion"] == 1
        until(lambda: bool(caplog.records), SOON)
    (told,) = [one for one in caplog.records if one.name == "gridroute.mlflow"]
    assert told.levelno == logging.WARNING
    assert "gridroute models verify --mend" in told.getMessage()
    assert "mlflow.db" in told.getMessage()

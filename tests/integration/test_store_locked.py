"""Another process holds the embedded store: what cannot be written is refused clearly, and nothing of it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.errors import StoreUnavailable
from router.audit import verify
from router.event_ports import EventKind
from router.service import RoutingService
from store import engines
from store.clock import utc_now
from store.sql import SqlStore, open_store
from tests.serving import furnished, no_bundle

TICKET = {"text": "Gas leak", "latitude": 31.25, "longitude": 121.45}
REPORT = {"service_code": "other", "address_string": "1 North Road", "description": "Gas leak"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)  # else an import of half a minute is waited for
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        furnished(store)
        yield store


@contextmanager
def held(file: Path) -> Iterator[None]:
    """As by a program that is in the middle of writing."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_cannot_be_written_is_refused_and_nothing_of_it_is_there(
    store: SqlStore, tmp_path: Path
) -> None:
    with TestClient(create_app(RoutingService(store, utc_now, no_bundle))) as client:
        first = client.post("/v1/tickets", json={**TICKET, "ticket_id": "t-0", "text": "newspaper"})
        assert first.status_code == 201
        with held(tmp_path / "store.db"):
            for path, body, key in (
                ("/v1/tickets", {**TICKET, "ticket_id": "t-1"}, "one"),
                ("/v1/tickets/t-0/review", {"unit": "north", "by": "Li"}, None),
                ("/v1/automation/suspend", {"scope": "all", "by": "Li", "reason": "storm"}, None),
            ):
                headers = {"Idempotency-Key": f'"{key}"'} if key else {}
                answer = client.post(path, json=body, headers=headers)
                assert (answer.status_code, path) == (503, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert int(answer.headers["retry-after"]) > 0
                assert "another process is writing" in answer.text
            batch = client.post("/v1/tickets/batch", json=[{**TICKET, "ticket_id": "t-2"}]).json()
            assert [one["status"] for one in batch["items"]] == [503]
            report = client.post("/open311/v2/requests.json", data=REPORT)
            assert (report.status_code, [one["code"] for one in report.json()]) == (400, [503])
            assert client.get("/v1/tickets/t-0").status_code == 200  # reading goes on
            assert client.get("/healthz").status_code == 200
        with store.read() as session:
            (waiting,) = session.waiting(10)
            assert (waiting.ticket.ticket_id, waiting.review) == ("t-0", None)
            assert not session.deliveries()
            kinds = {one.kind for one in session.event_log()}
            assert not kinds & {EventKind.REVIEWED, EventKind.QUEUED, EventKind.SUSPENDED}
        again = client.post(
            "/v1/tickets", json={**TICKET, "ticket_id": "t-1"}, headers={"Idempotency-Key": '"one"'}
        )
        assert again.status_code == 201
        assert "idempotent-replayed" not in again.headers  # what was refused was not kept
    with store.read() as session:
        assert [one.ticket_id for one in session.deliveries()] == ["t-1"]
        assert verify(session).findings == ()


def test_who_finds_no_connection_free_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "READERS", 1)
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store, ExitStack() as slow:
        monkeypatch.setattr(store._reading.pool, "_timeout", 0.1)
        monkeypatch.setattr(store._reading.pool, "_max_overflow", 0)
        slow.enter_context(store.read())
        with pytest.raises(StoreUnavailable, match="too slowly"), store.read():
            pass

"""What a Prometheus server scrapes."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from domain.errors import StoreUnavailable
from domain.tickets import TicketStatus
from router.observing import STAGES
from router.ports import WriteSession
from router.service import RoutingService
from tests.serving import NOW, Clock, serve

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def service(clock: Clock) -> RoutingService:
    return serve(clock=clock)


@pytest.fixture
def client(service: RoutingService) -> TestClient:
    return TestClient(create_app(service), raise_server_exceptions=False)


def scrape(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {
        (one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def submit(client: TestClient, ticket_id: str, text: str) -> None:
    body = {"ticket_id": ticket_id, "text": text, "latitude": 31.25, "longitude": 121.45}
    assert client.post("/v1/tickets", json=body).status_code == 201


def test_decisions_stages_and_requests_are_counted(client: TestClient) -> None:
    for number in range(3):
        submit(client, f"T-{number}", "newspaper")
    submit(client, "T-9", "sparks from the meter")
    submit_again = client.post("/v1/tickets", json={"ticket_id": "T-9", "text": "something else"})
    assert submit_again.status_code == 409  # refused: not counted as decided
    client.get("/v1/tickets/T-1")
    found = scrape(client)
    decided = {labels: n for (name, labels), n in found.items() if name == "gridroute_decisions_total"}
    assert sum(decided.values()) == 4
    assert sum(n for labels, n in decided.items() if ("priority", "urgent") in labels) == 1
    for stage in STAGES:
        assert value(found, "gridroute_stage_seconds_count", stage=stage) == 4
    automatic = sum(n for labels, n in decided.items() if ("verdict", "dispatch") in labels)
    assert value(found, "gridroute_coverage") == automatic / 4
    path = "/v1/tickets/{ticket_id:path}"
    counted = "gridroute_http_request_seconds_count"
    assert value(found, counted, method="GET", path=path, status="200") == 1
    assert value(found, counted, method="POST", path="/v1/tickets", status="201") == 4
    assert value(found, counted, method="POST", path="/v1/tickets", status="409") == 1


def test_every_named_measure_stands_there(client: TestClient) -> None:
    submit(client, "T-1", "gas leak")
    names = {name for name, _ in scrape(client)}
    assert {
        "gridroute_stage_seconds_bucket",
        "gridroute_decisions_total",
        "gridroute_coverage",
        "gridroute_live_error",
        "gridroute_outbox_oldest_seconds",
        "gridroute_outbox_dead",
        "gridroute_history_lag",
    } <= names


def test_what_waits_and_since_when(client: TestClient, clock: Clock) -> None:
    submit(client, "T-1", "newspaper")
    clock.move(seconds=90)
    submit(client, "T-2", "newspaper")
    found = scrape(client)
    assert value(found, "gridroute_waiting_tickets", priority="normal") == 2
    assert value(found, "gridroute_waiting_oldest_seconds", priority="normal") == 90
    assert value(found, "gridroute_history_lag") == 0
    assert value(found, "gridroute_ready") == 0
    assert value(found, "gridroute_store_up") == 1


def test_the_outbox(client: TestClient, service: RoutingService, clock: Clock) -> None:
    def hand(session: WriteSession) -> None:
        session.set_status("T-1", TicketStatus.DISPATCHED, "north")
        session.add_delivery("T-1", "north", clock())

    submit(client, "T-1", "newspaper")
    service.store.write(hand)
    clock.move(seconds=30)
    found = scrape(client)
    assert value(found, "gridroute_outbox_pending") == 1
    assert value(found, "gridroute_outbox_oldest_seconds") == 30
    assert value(found, "gridroute_outbox_dead") == 0


def test_a_suspension_is_seen(client: TestClient) -> None:
    assert value(scrape(client), "gridroute_suspensions") == 0
    assert value(scrape(client), "gridroute_beside_places") == 0
    client.post("/v1/automation/suspend", json={"scope": "all", "by": "Li Wei", "reason": "storm"})
    assert value(scrape(client), "gridroute_suspensions") == 1


def test_no_ticket_id_and_no_text_stand_there(client: TestClient) -> None:
    submit(client, "secret-id", "secret words")
    client.get("/v1/tickets/secret-id")
    client.get("/nothing/secret-id")
    assert "secret" not in client.get("/metrics").text


def test_without_the_store(
    client: TestClient, service: RoutingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise StoreUnavailable(problem="the store is away", mend="wait")

    submit(client, "T-1", "newspaper")
    monkeypatch.setattr(service.store, "read", gone)
    found = scrape(client)
    assert value(found, "gridroute_store_up") == 0
    assert value(found, "gridroute_history_lag") is None
    assert value(found, "gridroute_stage_seconds_count", stage="rank") == 1

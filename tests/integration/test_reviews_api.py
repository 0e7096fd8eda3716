"""What waits for a person over HTTP: dangers first, with their age."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from router.service import RoutingService
from tests.serving import NOW, Clock, serve

LAMP, GAS = "Street lamp dark\nSince Monday", "Smell of burning plastic\nSparks from the meter"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def client(clock: Clock) -> TestClient:
    service: RoutingService = serve(clock=clock)
    return TestClient(create_app(service), raise_server_exceptions=False)


def submit(client: TestClient, ticket_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """The answer to a ticket in the north."""
    body = {"ticket_id": ticket_id, "text": text, "latitude": 31.25, "longitude": 121.45, **fields}
    answer: dict[str, Any] = client.post("/v1/tickets", json=body).json()
    return answer


def waiting(client: TestClient, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/reviews", params=query).json()
    return found


def test_an_urgent_ticket_is_at_the_head_whenever_it_comes(client: TestClient, clock: Clock) -> None:
    for number in range(3):
        submit(client, f"lamp-{number}", LAMP)
        clock.move(minutes=1)
    answer = submit(client, "spark", GAS)
    clock.move(minutes=1)
    assert (answer["priority"], answer["status"]) == ("urgent", "in_review")
    assert [(s["kind"], s["priority"]) for s in answer["signals"]] == [
        ("sparks", "urgent"),
        ("fire", "urgent"),
    ]
    assert {"safety_sparks", "safety_fire"} <= set(answer["reasons"])
    found = waiting(client)
    assert [one["ticket_id"] for one in found["reviews"]] == ["spark", "lamp-0", "lamp-1", "lamp-2"]
    assert found["queues"] == [
        {"priority": "urgent", "count": 1, "oldest_s": 60.0},
        {"priority": "normal", "count": 3, "oldest_s": 240.0},
    ]
    first = found["reviews"][0]
    assert (first["priority"], first["age_s"], first["title"]) == ("urgent", 60.0, "Smell of burning plastic")
    assert (first["unit"], first["unit_name"], first["latitude"]) == ("north", "North crew", 31.25)
    assert first["signals"] == answer["signals"]
    assert [one["ticket_id"] for one in waiting(client, limit=1)["reviews"]] == ["spark"]


def test_what_has_nowhere_to_go_waits_as_well_and_what_is_decided_no_more(client: TestClient) -> None:
    held = client.post("/v1/tickets", json={"ticket_id": "held", "text": "有人触电"}).json()
    assert (held["status"], held["priority"]) == ("on_hold", "urgent")
    submit(client, "lamp", LAMP)
    assert [one["status"] for one in waiting(client)["reviews"]] == ["on_hold", "in_review"]
    client.post("/v1/tickets/held/review", json={"unit": "gas", "by": "Li Wei"})
    assert [one["ticket_id"] for one in waiting(client)["reviews"]] == ["lamp"]
    assert client.get("/v1/tickets/held").json()["priority"] == "urgent"


def test_an_empty_queue_is_told_and_a_wrong_limit_refused(client: TestClient) -> None:
    assert waiting(client) == {
        "at": (NOW + timedelta()).isoformat().replace("+00:00", "Z"),
        "queues": [],
        "reviews": [],
    }
    for wrong in ("0", "1001", "many"):
        told = client.get("/v1/reviews", params={"limit": wrong})
        assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")

"""Who else may have called about the same trouble, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.serving import NOW, Clock, serve

NORTH = 100 / 111_195  # degrees of latitude in 100 metres
BURST = "water runs out of a burst pipe below the road"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def client(clock: Clock) -> TestClient:
    return TestClient(create_app(serve(clock=clock)), raise_server_exceptions=False)


def submit(client: TestClient, ticket_id: str, text: str = BURST, steps: float = 0, **fields: Any) -> None:
    """A ticket so many times 100 metres up the road."""
    body = {
        "latitude": 31.25 + steps * NORTH,
        "longitude": 121.45,
        "ticket_id": ticket_id,
        "text": text,
        **fields,
    }
    assert client.post("/v1/tickets", json=body).status_code == 201


def similar(client: TestClient, ticket_id: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/tickets/{ticket_id}/similar", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["ticket_id"] == ticket_id
    found: list[dict[str, Any]] = answer.json()["similar"]
    return found


def test_the_likeliest_first(client: TestClient) -> None:
    submit(client, "same")
    submit(client, "other words", "the pipe below the road has burst", 1)
    submit(client, "other trouble", "street lamp dark since Monday")
    submit(client, "far", steps=6)
    submit(client, "asked", steps=0.5)
    found = similar(client, "asked")
    assert [one["ticket_id"] for one in found] == ["same", "other words"]
    assert found[0]["words"] == pytest.approx(1.0)
    assert found[0]["metres"] == pytest.approx(50, rel=0.01)
    assert [one["ticket_id"] for one in similar(client, "asked", limit=1)] == ["same"]
    assert [one["ticket_id"] for one in similar(client, "far")] == []


def test_another_wording_of_the_same_kind_at_the_same_place(client: TestClient) -> None:
    submit(client, "a", "no idea", category="Leak")
    submit(client, "b", "something drips", category="leak", steps=0.2)
    submit(client, "c", "nothing works", category="lamp")
    (found,) = similar(client, "a")
    assert (found["ticket_id"], found["same_kind"], found["words"]) == ("b", True, 0.0)


def test_only_of_the_same_day(client: TestClient, clock: Clock) -> None:
    submit(client, "early")
    clock.move(hours=23)
    submit(client, "asked")
    clock.move(hours=23)
    submit(client, "late")
    assert {one["ticket_id"] for one in similar(client, "asked")} == {"early", "late"}
    assert {one["ticket_id"] for one in similar(client, "late")} == {"asked"}


def test_a_ticket_that_is_nowhere_has_none(client: TestClient) -> None:
    submit(client, "a")
    assert client.post("/v1/tickets", json={"ticket_id": "b", "text": BURST}).status_code == 201
    assert similar(client, "b") == similar(client, "a") == []


def test_of_an_unknown_ticket(client: TestClient) -> None:
    assert client.get("/v1/tickets/none/similar").status_code == 404
    assert client.get("/v1/tickets/none/similar", params={"limit": 0}).status_code == 422

"""Following what happens: numbered, resumable, and ended when the server ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.integration.test_serving_process import serving
from tests.serving import serve

BRIEF = Settings(stream_seconds=0.0, poll_seconds=0.0)
GAS = {"text": "Gas leak\nIt smells.", "latitude": 31.25, "longitude": 121.45}
HOLE = {"text": "Pothole", "latitude": 31.25, "longitude": 121.45}


@pytest.fixture
def client() -> Iterator[TestClient]:
    """An office that had two tickets."""
    with TestClient(create_app(serve(), BRIEF)) as client:
        client.post("/v1/tickets", json={"ticket_id": "t1", **GAS})
        client.post("/v1/tickets", json={"ticket_id": "t2", **HOLE})
        yield client


def parsed(text: str) -> list[dict[str, Any]]:
    """The events, as a browser's EventSource reads them."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "data" in fields:
            found.append({"id": int(fields["id"]), "event": fields["event"], **json.loads(fields["data"])})
    return found


def told(client: TestClient, path: str = "/v1/events?after=0", **headers: str) -> list[dict[str, Any]]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return parsed(answer.text)


def test_every_event_is_told_with_its_number(client: TestClient) -> None:
    events = told(client)
    assert (
        [one["id"] for one in events] == [one["event"] for one in events] == list(range(1, len(events) + 1))
    )
    of_tickets = [(one["ticket_id"], one["kind"], one["unit"]) for one in events if one["ticket_id"]]
    assert of_tickets == [
        ("t1", "received", None),
        ("t1", "decided", "gas"),
        ("t1", "status", "gas"),
        ("t1", "queued", "gas"),
        ("t2", "received", None),
        ("t2", "decided", None),  # north is proposed, to whoever reviews it alone
        ("t2", "status", None),
    ]


def test_a_listener_goes_on_from_the_last_event_it_has(client: TestClient) -> None:
    events = told(client)
    rest = told(client, "/v1/events", **{"Last-Event-ID": str(events[3]["id"])})
    assert rest == events[4:]
    assert told(client, "/v1/events?after=0", **{"Last-Event-ID": str(events[-1]["id"])}) == []


def test_without_a_number_it_begins_now(client: TestClient) -> None:
    assert told(client, "/v1/events") == []


@pytest.mark.parametrize("number", ["-1", "x", "99999999999999999999"])
def test_what_is_no_number_is_refused(client: TestClient, number: str) -> None:
    assert client.get("/v1/events", headers={"Last-Event-ID": number}).status_code == 422
    assert client.get(f"/v1/events?after={number}").status_code == 422


def test_its_description_binds_events_to_no_form_that_they_do_not_have(client: TestClient) -> None:
    """A stream is no JSON text: a schema of its whole body was taken for one of each event."""
    answer = client.get("/openapi.json").json()["paths"]["/v1/events"]["get"]["responses"]["200"]
    assert answer["content"] == {"text/event-stream": {}}


def test_a_stream_too_many_is_refused() -> None:
    with TestClient(create_app(serve(), Settings(max_streams=0))) as client:
        answer = client.get("/v1/events")
    assert answer.status_code == 429
    assert "retry-after" in answer.headers


def test_events_arrive_while_they_happen_and_the_server_ends_its_streams(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        with httpx.stream("GET", f"{url}/v1/events", timeout=30) as stream:
            blocks = stream.iter_text()
            assert next(blocks).startswith("retry: ")
            httpx.post(f"{url}/v1/tickets", json={"ticket_id": "live", **HOLE}, timeout=30)
            seen = ""
            while len(parsed(seen)) < 3:
                seen += next(blocks)
            assert [one["kind"] for one in parsed(seen)] == ["received", "decided", "status"]
            process.send_signal(signal.SIGTERM)
            "".join(blocks)  # to its proper end: a stream that is cut off raises
        assert process.wait(timeout=60) == 0

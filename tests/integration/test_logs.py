"""Log lines: whose they are, in which form, and what never stands there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api.app import create_app
from api.logs import set_up_logs
from router.tracing import trace_of
from store.engines import parse_url, reader_engine, writer_engine
from tests.serving import serve

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GAS = {"ticket_id": "g-1", "text": "Gas leak", "phone": "13800138000", "account": "310042"}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log as JSON, while the test runs."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    said = io.StringIO()
    set_up_logs("json", logging.DEBUG, said)
    yield said
    root.handlers[:], _ = before
    root.setLevel(before[1])


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_app(serve()), raise_server_exceptions=False) as client:
        yield client


def told(lines: io.StringIO, logger: str = "gridroute.http") -> list[dict[str, Any]]:
    return [one for one in map(json.loads, lines.getvalue().splitlines()) if one["logger"] == logger]


def test_a_line_tells_ticket_trace_and_outcome(client: TestClient, lines: io.StringIO) -> None:
    answer = client.post("/v1/tickets", json=GAS, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert answer.headers["x-trace-id"] == TRACE
    client.get("/v1/tickets/g-1")
    sent, asked = told(lines)
    assert sent | {"at": "", "seconds": 0} == {
        "at": "",
        "seconds": 0,
        "level": "info",
        "logger": "gridroute.http",
        "message": "POST /v1/tickets 201",
        "trace_id": TRACE,
        "span_id": answer.headers["traceresponse"].split("-")[2],
        "ticket_id": "g-1",
        "method": "POST",
        "path": "/v1/tickets",
        "status": 201,
    }
    assert (asked["ticket_id"], asked["path"]) == ("g-1", "/v1/tickets/{ticket_id:path}")
    assert asked["trace_id"] != TRACE


def test_what_callers_say_of_themselves_stands_nowhere(client: TestClient, lines: io.StringIO) -> None:
    client.post("/v1/tickets", json=GAS)
    client.post("/v1/tickets", json=GAS | {"latitude": "13800138000"})
    client.post("/v1/tickets/batch", json=[GAS | {"ticket_id": "g-2"}])
    client.get("/v1/tickets", params={"q": "13800138000"})
    client.get("/v1/13800138000")
    client.get("/open311/v2/requests/310042.json")
    assert len(told(lines)) == 6
    assert "13800138000" not in lines.getvalue()
    assert "310042" not in lines.getvalue()


@pytest.mark.parametrize("made", [writer_engine, reader_engine])
def test_errors_of_the_store_hide_what_was_to_be_stored(
    tmp_path: Path, made: Callable[[URL], Engine]
) -> None:
    engine = made(parse_url(f"sqlite:///{tmp_path / 's.db'}"))
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:phone)"), {"phone": "13800138000"})
    assert "13800138000" not in str(caught.value)
    engine.dispose()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-0",
    ],
)
def test_what_is_no_trace_context_begins_a_new_trace(header: str | None) -> None:
    trace = trace_of(header)
    assert trace.trace_id != TRACE
    assert len(trace.trace_id) == 32
    assert trace.trace_id != trace_of(header).trace_id


@pytest.mark.parametrize("header", [f"00-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-later"])
def test_a_trace_context_is_continued_in_a_span_of_our_own(header: str) -> None:
    trace = trace_of(header)
    assert trace.trace_id == TRACE
    assert trace.header.startswith(f"00-{TRACE}-")
    assert trace.header.endswith("-01")
    assert trace.span_id != PARENT


def test_an_unexpected_error_is_logged_and_answered_with_its_trace(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()
    monkeypatch.setattr(service, "units", lambda: 1 / 0)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        answer = client.get("/v1/units")
    (error,) = (one for one in told(lines) if one["level"] == "error")
    assert answer.status_code == 500
    assert error["trace_id"] == answer.headers["x-trace-id"]
    assert "ZeroDivisionError" in error["error"]


def test_a_line_for_people_names_its_ids_and_stays_one_line(client: TestClient) -> None:
    said, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    set_up_logs("text", logging.INFO, said)
    client.post("/v1/tickets", json=GAS)
    logging.getLogger("gridroute").warning("odd", extra={"ticket_id": "a\nERROR forged"})
    root.handlers[:], _ = before
    root.setLevel(before[1])
    request, odd = said.getvalue().splitlines()
    assert "gridroute.http: POST /v1/tickets 201 [ticket=g-1 trace=" in request
    assert "[ticket=a?ERROR forged]" in odd

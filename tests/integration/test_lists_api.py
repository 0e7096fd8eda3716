"""Lists of tickets over HTTP: filters, pages, and tables for spreadsheets."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from api.app import create_app
from tests.serving import NOW, Clock, serve

FORMULA = '=HYPERLINK("x")'


@pytest.fixture
def client() -> TestClient:
    """Five tickets, a minute apart: two dispatched in the north, one urgent, one that is nowhere, one to read."""
    clock = Clock(NOW)
    client = TestClient(create_app(serve(clock=clock)), raise_server_exceptions=False)
    north = {"latitude": 31.25, "longitude": 121.45}
    for fields in (
        {"ticket_id": "a", "text": "lamp dark", "account": "310042", "phone": "021 555 0199", **north},
        {"ticket_id": "b", "text": "lamp dark", "address": "7 Mill Lane", **north},
        {"ticket_id": "c", "text": "Sparks from the meter", **north},
        {"ticket_id": "d", "text": FORMULA + "\nsecond line", "channel": "web"},
        {"ticket_id": "e/1", "text": "newspaper \x0b", **north},
    ):
        assert client.post("/v1/tickets", json=fields).status_code == 201
        clock.move(minutes=1)
    return client


def ids(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/v1/tickets", params=query)
    assert answer.status_code == 200, answer.text
    return [line["ticket_id"] for line in answer.json()["tickets"]]


def test_pages_follow_one_another(client: TestClient) -> None:
    told, cursor = [], None
    while True:
        page = client.get("/v1/tickets", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        told += [line["ticket_id"] for line in page["tickets"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert told == ["e/1", "d", "c", "b", "a"]


def test_filters(client: TestClient) -> None:
    everything = client.get("/v1/tickets").json()["tickets"]
    by_status = {line["ticket_id"]: line["status"] for line in everything}
    for status in set(by_status.values()):
        assert ids(client, status=status) == [one for one, its in by_status.items() if its == status]
    assert ids(client, status=[*by_status.values()]) == [*by_status]
    assert ids(client, priority="urgent") == ["c"]
    assert ids(client, channel="web") == ["d"]
    assert ids(
        client, since=(NOW + timedelta(minutes=1)).isoformat(), until=(NOW + timedelta(minutes=3)).isoformat()
    ) == ["c", "b"]
    assert ids(client, q="0199") == ids(client, q="310042") == ["a"]
    assert ids(client, q="mill") == ["b"]
    assert ids(client, unit="south") == []
    store = client.app.state.desk.service.store  # type: ignore[attr-defined]
    store.write(lambda session: session.flag_overdue("b", NOW, None))
    assert ids(client, overdue=True) == ["b"]
    assert ids(client, overdue=True, q="310042") == []
    assert len(ids(client, overdue=False)) == 5


def test_a_line_tells_what_the_ticket_says(client: TestClient) -> None:
    (line,) = client.get("/v1/tickets", params={"q": "mill"}).json()["tickets"]
    whole = client.get("/v1/tickets/b").json()
    assert {name: line[name] for name in ("unit", "status", "reasons", "priority")} == {
        name: whole[name] for name in ("unit", "status", "reasons", "priority")
    }
    assert (line["title"], line["address"]) == ("lamp dark", "7 Mill Lane")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "bm9uZQ=="}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"cursor": "WzEsMl0="}, "cursor"),
        ({"since": "2024-05-01T00:00:00"}, "since"),
        ({"status": "lost"}, "status"),
        ({"q": "x"}, "q"),
        ({"limit": 0}, "limit"),
    ],
)
def test_what_cannot_be_asked_is_told(client: TestClient, query: dict[str, Any], field: str) -> None:
    answer = client.get("/v1/tickets", params=query)
    assert answer.status_code == 422
    assert field in answer.text


def test_as_csv(client: TestClient) -> None:
    answer = client.get("/v1/tickets.csv", params={"channel": ["web"]})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbfticket_id,")
    (row,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
    assert (row["ticket_id"], row["title"]) == ("d", "'" + FORMULA)
    whole = client.get("/v1/tickets.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(whole)))
    assert [one["ticket_id"] for one in rows] == ids(client)
    assert [one["signals"] for one in rows if one["ticket_id"] == "c"] == ["sparks"]


def test_as_a_workbook(client: TestClient) -> None:
    answer = client.get("/v1/tickets.xlsx")
    head, *rows = load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)  # type: ignore[union-attr]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    assert [one["ticket_id"] for one in found] == ids(client)
    told = {one["ticket_id"]: one for one in found}
    assert told["d"]["title"] == FORMULA  # text, not a formula
    assert told["a"]["received_at"] == NOW.replace(tzinfo=None)


def test_the_tickets_of_a_cell_of_the_map(client: TestClient) -> None:
    (counted,) = client.get("/v1/map/tickets", params={"resolution": 9}).json()["cells"]
    assert len(ids(client, cell=counted["cell"])) == counted["count"] == 4
    elsewhere = "8a309a0a1147fff"
    assert ids(client, cell=elsewhere) == []
    for wrong in ("x", "ffff", "8f283473fffffff", "80283473fffffff"):
        answer = client.get("/v1/tickets", params={"cell": wrong})
        assert answer.status_code == 422
        assert answer.json()["field"] == "cell"

"""What PostgreSQL does not take: NUL characters, and times beyond its calendar. No question may be a server error."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from router.service import RoutingService
from store.clock import utc_now
from store.sql import open_store
from tests.contract.conftest import postgres_schema
from tests.serving import a_ticket, furnished, no_bundle

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with postgres_schema() as url, closing(open_store(url)) as store:
        service = RoutingService(furnished(store), utc_now, no_bundle)
        service.submit(a_ticket())
        with TestClient(create_app(service), raise_server_exceptions=False) as client:
            yield client


@pytest.mark.parametrize(
    "asked",
    [
        "/v1/tickets?unit=g%00as",
        "/v1/tickets?channel=a%00pi",
        "/v1/tickets?category=%00x",
        "/v1/tickets?q=ti%00",
        "/v1/tickets.csv?unit=%00gas",
        "/v1/tickets?unit=g%%0000as",  # what is left over is none either
        "/v1/deliveries?unit=g%00as&ticket=t%001",
        "/v1/tickets/t%001",
        "/v1/tickets/t%001/receipt",
        "/v1/units/g%00as/dispatches",
        "/v1/units/g%00as/endpoint",
    ],
)
def test_a_question_with_a_nul_is_no_server_error(client: TestClient, asked: str) -> None:
    assert client.get(asked).status_code in (200, 404, 422)


def test_a_nul_is_as_if_it_were_not_there(client: TestClient) -> None:
    found = client.get("/v1/tickets?unit=g%00as").json()["tickets"]
    assert [one["ticket_id"] for one in found] == ["t1"]
    assert client.get("/v1/tickets?unit=g%25as").json()["tickets"] == []


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"])
@pytest.mark.parametrize("path", ["/v1/tickets?since=", "/v1/tickets.csv?until=", "/v1/territories?at="])
def test_a_time_beyond_the_calendar_is_refused(client: TestClient, path: str, time: str) -> None:
    answer = client.get(path + quote(time))
    assert answer.status_code == 422, answer.text
    assert "calendar" in answer.text


def test_a_cursor_beyond_the_calendar_is_none(client: TestClient) -> None:
    cursor = urlsafe_b64encode(b'["0001-01-01T00:00:00+14:00", "t1"]').decode()
    assert client.get("/v1/tickets", params={"cursor": cursor}).status_code == 422

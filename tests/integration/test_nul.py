"""NUL characters in what is asked: PostgreSQL takes none, and no question may be a server error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

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

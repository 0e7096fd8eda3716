"""The database goes away and comes back: nothing that was accepted is lost, and what is refused is refused clearly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from api.app import create_app
from domain.errors import StoreUnavailable
from router.audit import verify
from router.service import RoutingService
from store.clock import utc_now
from store.sql import SqlStore, open_store
from tests.contract.conftest import postgres_schema
from tests.proxy import Proxy, proxied
from tests.serving import a_ticket, furnished, no_bundle

pytestmark = pytest.mark.postgres
TICKET = {"text": "Gas leak", "latitude": 31.25, "longitude": 121.45}


@pytest.fixture
def direct() -> Iterator[str]:
    with postgres_schema() as url:
        yield url


@pytest.fixture
def proxy(direct: str) -> Iterator[Proxy]:
    url = make_url(direct)
    with proxied(url.host or "127.0.0.1", url.port or 5432) as proxy:
        yield proxy


@pytest.fixture
def store(direct: str, proxy: Proxy) -> Iterator[SqlStore]:
    url = make_url(direct).set(host="127.0.0.1", port=proxy.port)
    with closing(open_store(url.render_as_string(hide_password=False))) as store:
        yield store


@pytest.fixture
def client(store: SqlStore) -> Iterator[TestClient]:
    service = RoutingService(furnished(store), utc_now, no_bundle)
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield client


def submit(client: TestClient, number: int) -> int:
    answer = client.post("/v1/tickets", json={**TICKET, "ticket_id": f"t-{number}"})
    if answer.status_code != 201:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
    return int(answer.status_code)


def there(url: str) -> set[str]:
    with closing(open_store(url)) as store, store.read() as session:
        return {one.ticket.ticket_id for one in session.waiting(100_000)} | {
            one.ticket_id for one in session.deliveries(limit=100_000)
        }


@pytest.mark.parametrize("hang", [False, True])
def test_while_the_database_is_away_tickets_are_refused_and_afterwards_taken(
    client: TestClient, proxy: Proxy, direct: str, hang: bool
) -> None:
    assert submit(client, 0) == 201
    proxy.cut(hang=hang)
    assert submit(client, 1) == 503
    batch = client.post("/v1/tickets/batch", json=[{**TICKET, "ticket_id": "t-2"}]).json()
    assert [one["status"] for one in batch["items"]] == [503]
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["problems"][0]["code"] == "store_unavailable"
    proxy.mend()
    assert submit(client, 1) == 201
    assert client.get("/v1/tickets/t-0").status_code == 200
    assert there(direct) == {"t-0", "t-1"}


def test_whatever_was_accepted_while_connections_broke_is_there(
    client: TestClient, proxy: Proxy, direct: str
) -> None:
    accepted, over = set[str](), threading.Event()

    def breaker() -> None:
        while not over.wait(0.05):
            proxy.cut()
            proxy.mend()

    breaking = threading.Thread(target=breaker)
    breaking.start()
    for number in range(100):
        if submit(client, number) == 201:
            accepted.add(f"t-{number}")
    over.set()
    breaking.join()
    assert submit(client, 999) == 201
    assert accepted <= there(direct)
    with closing(open_store(direct)) as store, store.read() as session:
        assert (
            verify(session).findings == ()
        )  # nothing is half done: each record has its events, each event its record
        sent = [one.ticket_id for one in session.deliveries(limit=1_000)]
        assert len(sent) == len(set(sent))


def test_connections_that_the_server_ends_are_made_anew(direct: str) -> None:
    name = f"ended_{uuid4().hex[:12]}"
    url = make_url(direct).update_query_dict({"application_name": name})
    admin = create_engine(direct, isolation_level="AUTOCOMMIT")
    end = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = :name")
    with closing(open_store(url.render_as_string(hide_password=False))) as store:
        service = RoutingService(furnished(store), utc_now, no_bundle)
        with admin.connect() as connection:
            assert connection.scalar(end, {"name": name}) >= 2  # the writer's and a reader's
        assert service.submit(a_ticket()).created
        assert service.ticket("t1").unit_id == "gas"
    admin.dispose()


def test_what_waits_for_the_database_is_told_when_it_is_gone(store: SqlStore, proxy: Proxy) -> None:
    """A work in the middle of its transaction fails, and with it all that share its commit."""

    def cut(session: object) -> None:
        proxy.cut()

    futures: list[Future[object]] = [
        store.submit(cut),
        store.submit(lambda session: session.last_sequence()),
    ]
    for future in futures:
        with pytest.raises(StoreUnavailable):
            future.result(60)
    proxy.mend()
    assert store.write(lambda session: session.last_sequence()) == 0

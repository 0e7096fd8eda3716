"""`Idempotency-Key`: a repeat is answered as the first time and works once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_app
from domain.errors import StoreFull
from router.ports import Store, WriteSession
from router.service import RoutingService
from store.memory import MemoryStore
from store.sql import open_store
from tests.serving import Clock, FailingStore, furnished, no_bundle
from tests.stores import new_sqlite

T = TypeVar("T")
GAS = {"text": "Gas leak\nIt smells.", "latitude": 31.25, "longitude": 121.45}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(new_sqlite(tmp_path / "g.db"))
    yield furnished(found)
    found.close()


@pytest.fixture
def client(store: Store, clock: Clock) -> TestClient:
    return client_of(store, clock)


def client_of(store: Store, clock: Clock) -> TestClient:
    return TestClient(create_app(RoutingService(store, clock, no_bundle)), raise_server_exceptions=False)


def tickets(store: Store) -> int:
    with store.read() as session:
        return len(session.tickets())


def problem(response: Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rpartition(":")[2]


@pytest.mark.parametrize(("path", "body"), [("", GAS), ("/batch", [GAS, {}, {**GAS, "ticket_id": "t1"}])])
def test_a_repeat_is_answered_with_the_same_bytes(
    client: TestClient, store: Store, clock: Clock, path: str, body: Any
) -> None:
    first = client.post(f"/v1/tickets{path}", json=body, headers=KEY)
    stored = tickets(store)
    clock.move(days=6, hours=23)
    again = client.post(f"/v1/tickets{path}", json=body, headers=KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert tickets(store) == stored > 0


def test_the_answer_is_the_first_one_though_the_ticket_has_moved_on(client: TestClient) -> None:
    first = client.post("/v1/tickets", json=GAS, headers=KEY)
    ticket_id = first.json()["ticket_id"]
    client.post(f"/v1/tickets/{ticket_id}/review", json={"unit": "north"})
    assert client.post("/v1/tickets", json=GAS, headers=KEY).content == first.content


def test_another_body_under_the_key_is_422(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS, headers=KEY)
    other = client.post("/v1/tickets", json={**GAS, "text": "Pothole"}, headers=KEY)
    assert problem(other) == (422, "idempotency-conflict")
    assert tickets(store) == 1


def test_a_key_lives_seven_days(client: TestClient, store: Store, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS, headers=KEY)
    clock.move(days=7)
    other = client.post("/v1/tickets", json={**GAS, "text": "Pothole"}, headers=KEY)
    assert (other.status_code, tickets(store)) == (201, 2)


def test_a_key_is_of_one_address(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS, headers=KEY)
    assert client.post("/v1/tickets/batch", json=[GAS], headers=KEY).status_code == 200
    assert tickets(store) == 2


def test_quotes_are_no_part_of_the_key(client: TestClient, store: Store) -> None:
    bare = {"Idempotency-Key": KEY["Idempotency-Key"].strip('"')}
    assert client.post("/v1/tickets", json=GAS, headers=KEY).status_code == 201
    assert client.post("/v1/tickets", json=GAS, headers=bare).headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", '""', '"a', "a b", "k" * 256, '"\xe4"'])
def test_what_is_no_key_is_400(client: TestClient, store: Store, key: str) -> None:
    sent = {"Idempotency-Key": key.encode("latin-1")}
    answer = client.post("/v1/tickets", json=GAS, headers=sent)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]
    assert tickets(store) == 0


def test_two_keys_at_once_are_none(client: TestClient) -> None:
    sent = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert client.post("/v1/tickets", json=GAS, headers=sent).status_code == 400


def test_a_known_ticket_under_a_new_key_is_answered_the_same_from_then_on(client: TestClient) -> None:
    named = {**GAS, "ticket_id": "t1"}
    client.post("/v1/tickets", json=named)
    first = client.post("/v1/tickets", json=named, headers=KEY)
    assert first.status_code == 200
    client.post("/v1/tickets/t1/review", json={"unit": "north"})
    assert client.post("/v1/tickets", json=named, headers=KEY).content == first.content


@pytest.mark.parametrize(("path", "body"), [("", GAS), ("/batch", [GAS])])
def test_what_was_not_accepted_may_be_sent_again(clock: Clock, path: str, body: Any) -> None:
    store = FailingStore()
    client = client_of(furnished(store), clock)
    store.error = StoreFull(problem="the disk is full", mend="Free some space")
    assert b"507" in client.post(f"/v1/tickets{path}", json=body, headers=KEY).content
    store.error = None
    assert client.post(f"/v1/tickets{path}", json=body, headers=KEY).status_code in (200, 201)
    assert tickets(store) == 1


def test_a_batch_cut_off_before_its_answer_was_kept_stores_nothing_twice(store: Store, clock: Clock) -> None:
    class Cut(RoutingService):
        def keep_answer(self, answer: object) -> None:
            raise StoreFull(problem="the process is gone", mend="Start it")

    cut = TestClient(create_app(Cut(store, clock, no_bundle)), raise_server_exceptions=False)
    body = [GAS, {**GAS, "text": "Pothole"}]
    assert cut.post("/v1/tickets/batch", json=body, headers=KEY).status_code == 507
    clock.move(seconds=1)
    again = client_of(store, clock).post("/v1/tickets/batch", json=body, headers=KEY).json()
    assert [item["status"] for item in again["items"]] == [200, 200]
    assert tickets(store) == 2


class HeldStore(MemoryStore):
    """Commits when it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.held, self.release = threading.Event(), threading.Event()

    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
        self.held.set()
        self.release.wait(10)
        return super().submit(work, bulk=bulk)


def test_while_the_first_is_being_worked_on_a_repeat_is_409(clock: Clock) -> None:
    store = HeldStore()
    with client_of(furnished(store), clock) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/tickets", json=GAS, headers=KEY)
        assert store.held.wait(10)
        try:
            second = client.post("/v1/tickets", json=GAS, headers=KEY)
        finally:
            store.release.set()
        assert problem(second) == (409, "request-in-flight")
        assert second.headers["Retry-After"] == "1"
        assert first.result().status_code == 201
        assert client.post("/v1/tickets", json=GAS, headers=KEY).content == first.result().content


def test_two_processes_with_one_request_store_it_once(store: Store, clock: Clock) -> None:
    clients = [client_of(store, clock), client_of(store, clock)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: clients[i % 2].post("/v1/tickets", json=GAS, headers=KEY), range(16)))
    assert {answer.status_code for answer in found} <= {201, 409}
    assert len({answer.content for answer in found if answer.status_code == 201}) == 1
    assert tickets(store) == 1


def test_an_id_is_its_channels_own(client: TestClient, store: Store) -> None:
    phoned, mailed = ({**GAS, "ticket_id": "7", "channel": channel} for channel in ("phone", "mail"))
    first, second = (client.post("/v1/tickets", json=body) for body in (phoned, mailed))
    assert (first.status_code, second.status_code, tickets(store)) == (201, 201, 2)
    assert first.json()["ticket_id"] == "7"
    ours = second.json()["ticket_id"]
    assert ours.startswith("7~")
    assert client.get(f"/v1/tickets/{ours}").json()["content"]["channel"] == "mail"
    for body, ticket_id in ((phoned, "7"), (mailed, ours)):
        again = client.post("/v1/tickets", json=body)
        assert (again.status_code, again.json()["ticket_id"]) == (200, ticket_id)
        assert client.post("/v1/tickets", json={**body, "text": "Pothole"}).status_code == 409
    both = client.post("/v1/tickets/batch", json=[phoned, mailed]).json()
    assert [item["status"] for item in both["items"]] == [200, 200]

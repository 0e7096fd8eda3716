"""Units' endpoints, deliveries and dead letters over HTTP and on the command line; `serve` and `deliver` deliver."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.settings import Settings
from api.webhooks.signing import headers, new_secret
from cli.main import app
from router.delivery_desk import set_endpoint
from router.delivery_ports import Delivery, DeliveryState, Settled
from router.event_ports import EventKind
from router.service import RoutingService
from store.sql import open_store
from tests.endpoints import LOOPBACK, unit_endpoint
from tests.serving import NOW, Clock, a_ticket, furnished, serve

GAS = {"ticket_id": "t1", "text": "Gas leak", "latitude": 31.25, "longitude": 121.45}
URL = "https://gas.example/dispatches"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def service(clock: Clock) -> RoutingService:
    return serve(clock=clock)


@pytest.fixture
def client(service: RoutingService) -> TestClient:
    return client_of(service)


def client_of(service: RoutingService, **settings: Any) -> TestClient:
    return TestClient(create_app(service, Settings(**settings)), raise_server_exceptions=False)


def test_an_endpoint_is_set_shown_and_removed(client: TestClient) -> None:
    path = "/v1/units/gas/endpoint"
    assert client.get(path).status_code == 404
    made = client.put(path, json={"url": URL}).json()
    assert SECRET.fullmatch(made.pop("secret"))
    assert made == {"unit": "gas", "url": URL, "secrets": 1, "failures": 0, "paused_until": None}
    assert client.get(path).json() == {**made, "secret": None}
    again = client.put(path, json={"url": "https://other.example/"}).json()
    assert (again["url"], again["secrets"], again["secret"]) == ("https://other.example/", 1, None)
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.put("/v1/units/nobody/endpoint", json={"url": URL}).status_code == 404


def test_secrets_may_be_ones_own(client: TestClient) -> None:
    own = ["whsec_" + "A" * 32, "whsec_" + "B" * 32]
    answer = client.put("/v1/units/gas/endpoint", json={"url": URL, "secrets": own}).json()
    assert (answer["secrets"], answer["secret"]) == (2, None)
    refused = client.put("/v1/units/gas/endpoint", json={"url": URL, "secrets": ["hush"]})
    assert (refused.status_code, refused.json()["field"]) == (422, "secrets.0")
    assert "hush" not in refused.text


def test_a_secret_goes_on_for_a_day_after_it_was_replaced(client: TestClient, clock: Clock) -> None:
    path = "/v1/units/gas/endpoint"
    assert client.post(f"{path}/rotate").status_code == 404
    first = client.put(path, json={"url": URL}).json()["secret"]
    second = client.post(f"{path}/rotate").json()
    assert SECRET.fullmatch(second["secret"])
    assert (second["secret"] != first, second["secrets"]) == (True, 2)
    clock.move(hours=23)
    assert client.get(path).json()["secrets"] == 2
    clock.move(hours=1)
    assert client.get(path).json()["secrets"] == 1


@pytest.mark.parametrize(
    "url",
    ["", "gas", "http://gas.example/", "https://127.0.0.1/", "https://[::1]/", "https://u:p@gas.example/"],
)
def test_what_cannot_be_an_endpoint_is_422(client: TestClient, url: str) -> None:
    answer = client.put("/v1/units/gas/endpoint", json={"url": url})
    assert (answer.status_code, answer.json()["field"]) == (422, "url")


def test_an_allowed_network_may_be_one(service: RoutingService) -> None:
    client = client_of(service, targets=LOOPBACK)
    assert client.put("/v1/units/gas/endpoint", json={"url": "http://127.0.0.1:1/"}).status_code == 200


def test_deliveries_are_listed_and_a_dead_letter_sent_again(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    client.put("/v1/units/gas/endpoint", json={"url": URL})
    for ticket_id in ("t1", "t2", "t3"):
        client.post("/v1/tickets", json={**GAS, "ticket_id": ticket_id})
    kill_first(service, clock)
    dead = client.get("/v1/deliveries", params={"state": "dead"}).json()
    (letter,) = dead["deliveries"]
    assert letter == {
        **letter,
        "ticket_id": "t1",
        "unit": "gas",
        "state": "dead",
        "attempts": 1,
        "error": "410",
    }
    assert dead["next"] is None
    page = client.get("/v1/deliveries", params={"unit": "gas", "limit": 2}).json()
    assert [one["ticket_id"] for one in page["deliveries"]] == ["t1", "t2"]
    rest = client.get("/v1/deliveries", params={"unit": "gas", "after": page["next"]}).json()
    assert [one["ticket_id"] for one in rest["deliveries"]] == ["t3"]
    again = client.post(f"/v1/deliveries/{letter['delivery']}/retry").json()
    assert (again["state"], again["attempts"], again["webhook_id"]) == ("pending", 0, letter["webhook_id"])
    for number in (letter["delivery"], 0, 99, 2**80):
        assert client.post(f"/v1/deliveries/{number}/retry").status_code == 404
    assert client.get("/v1/deliveries", params={"state": "lost"}).status_code == 422


def kill_first(service: RoutingService, clock: Clock) -> None:
    now = clock()
    first, *_ = claimed(service, clock)
    gone = Settled(state=DeliveryState.DEAD, at=now, due_at=now, error="410")
    assert service.store.write(lambda session: session.settle_delivery(first, "me", gone))


def claimed(service: RoutingService, clock: Clock) -> list[Delivery]:
    now = clock()
    return list(
        service.store.write(
            lambda session: session.claim_deliveries("me", now, now + timedelta(seconds=3), 9)
        )
    )


def gridroute(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with closing(open_store(f"sqlite:///{tmp_path / 'gridroute.db'}")) as store:
        furnished(store)
    return tmp_path


def test_the_command_line_sets_endpoints(home: Path) -> None:
    told = gridroute("units", "endpoint", "gas", "--url", URL, "--home", str(home))
    first = SECRET.search(told)
    assert first
    assert URL in told
    told = gridroute("units", "endpoint", "gas", "--rotate", "--home", str(home))
    second = SECRET.search(told)
    assert second
    assert second[0] != first[0]
    shown = gridroute("units", "endpoint", "gas", "--home", str(home))
    assert URL in shown
    assert not SECRET.search(shown)
    gridroute("units", "endpoint", "gas", "--remove", "--home", str(home))
    with closing(open_store(f"sqlite:///{home / 'gridroute.db'}")) as store, store.read() as session:
        assert session.endpoints() == []


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "from cli.main import run; run()", *arguments]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [["deliver"], ["serve", "--port", "0"]])
def test_what_a_killed_process_left_is_delivered_by_the_next(home: Path, command: list[str]) -> None:
    with unit_endpoint() as unit, closing(open_store(f"sqlite:///{home / 'gridroute.db'}")) as store:
        gridroute(
            *("units", "endpoint", "gas", "--url", unit.url(), "--home", str(home)),
            *("--deliver-to", "127.0.0.0/8"),
        )
        unit.answer = lambda _: killing(process)
        queue(store)
        arguments = [*command, "--home", str(home), "--deliver-to", "127.0.0.0/8"]
        with running(*arguments) as process:
            unit.wait_for(1)
            process.wait()
        unit.answer = lambda _: 200
        with running(*arguments) as process:
            first, second = unit.wait_for(2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert first.webhook_id == second.webhook_id
        with store.read() as session:
            assert [one.state for one in session.deliveries()] == [DeliveryState.DELIVERED]


def killing(process: subprocess.Popen[bytes]) -> int:
    """An answer that nobody hears."""
    process.kill()
    return 200


def queue(store: Any) -> None:
    def work(session: Any) -> None:
        session.add_ticket(a_ticket())
        session.add_delivery("t1", "gas", NOW)

    store.write(work)


def test_an_endpoint_can_be_tried(service: RoutingService) -> None:
    client = client_of(service, targets=LOOPBACK)
    with unit_endpoint() as unit:
        secret = client.put("/v1/units/gas/endpoint", json={"url": unit.url()}).json()["secret"]
        tried = client.post("/v1/units/gas/endpoint/test")
        assert tried.status_code == 200
        answer = tried.json()
        assert (answer["status"], answer["problem"]) == ("delivered", None)
        assert answer["milliseconds"] > 0
        (received,) = unit.received
        assert (received.message["type"], received.message["data"]["unit"]) == ("endpoint.test", "gas")
        signed = received.headers["webhook-signature"]
        at = int(received.headers["webhook-timestamp"])
        assert signed == headers(received.webhook_id, at, received.body, [secret])["webhook-signature"]
        unit.answer = lambda _: 503
        failed = client.post("/v1/units/gas/endpoint/test").json()
        assert (failed["status"], failed["problem"]) == ("failed", "the endpoint answered 503")
    gone = client.post("/v1/units/gas/endpoint/test").json()
    assert gone["status"] == "failed"
    assert "ConnectError" in gone["problem"]
    # nothing of it counts: no delivery, no failure of the endpoint
    assert client.get("/v1/deliveries").json()["deliveries"] == []
    assert client.get("/v1/units/gas/endpoint").json()["failures"] == 0
    with service.store.read() as session:
        told = [one.detail for one in session.event_log() if one.kind is EventKind.TRIED]
    assert told == ["endpoint delivered", "endpoint failed", "endpoint failed"]


def test_a_trial_goes_nowhere_that_a_delivery_may_not(service: RoutingService) -> None:
    with unit_endpoint() as unit:
        set_endpoint(service.store, "gas", unit.url(), (), new_secret)
        tried = client_of(service).post("/v1/units/gas/endpoint/test").json()
        assert tried["status"] == "failed"
        assert tried["problem"].startswith("refused: ")
        assert unit.received == []


def test_there_is_nothing_to_try_without_an_endpoint(client: TestClient) -> None:
    assert client.post("/v1/units/gas/endpoint/test").status_code == 404
    assert client.post("/v1/units/%00/endpoint/test").status_code == 404

"""The worker against real endpoints on the loopback: signed, in order, once more after a failure, never elsewhere."""

from __future__ import annotations

import base64
import hmac
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.logs import WithIds
from api.webhooks.signing import new_secret
from api.webhooks.targets import Targets
from api.webhooks.worker import DeliverySettings, DeliveryWorker
from domain.safety import Priority
from router.delivery import Outcome, Patience, backoff, pause_until, settle
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Endpoint, Secret
from router.ports import EventKind, Store, WriteSession
from router.service import RoutingService
from store.clock import utc_now
from store.deliveries import SqlDeliveryWrites
from store.memory_deliveries import MemoryDeliveryWrites
from tests.endpoints import LOOPBACK, UnitEndpoint, unit_endpoint, until
from tests.serving import a_ticket, no_bundle

QUICK = Patience(
    attempts=4, first=timedelta(milliseconds=20), longest=timedelta(milliseconds=50), failures=99
)
SETTINGS = DeliverySettings(targets=LOOPBACK, patience=QUICK, poll_seconds=0.02)
SECRETS = (Secret(value=new_secret()), Secret(value=new_secret(), until=datetime(2100, 1, 1, tzinfo=UTC)))


@pytest.fixture
def unit() -> Iterator[UnitEndpoint]:
    with unit_endpoint() as unit:
        yield unit


def deliver(store: Store, settings: DeliverySettings = SETTINGS) -> DeliveryWorker:
    return DeliveryWorker(store, utc_now, settings)


def sent_to(store: Store, url: str, *ticket_ids: str, unit_id: str = "gas", **changes: object) -> None:
    def work(session: WriteSession) -> None:
        session.put_endpoint(Endpoint(unit_id=unit_id, url=url, secrets=SECRETS))
        for ticket_id in ticket_ids:
            session.add_ticket(a_ticket(ticket_id, **changes))
            session.add_delivery(ticket_id, unit_id, utc_now())

    store.write(work)


def deliveries(store: Store) -> list[Delivery]:
    with store.read() as session:
        return list(session.deliveries())


def are_settled(store: Store) -> bool:
    return all(one.state is not DeliveryState.PENDING for one in deliveries(store))


def test_a_dispatch_arrives_signed_by_each_secret(store: Store, unit: UnitEndpoint) -> None:
    sent_to(store, unit.url(path="/hook?unit=gas"), "t1", attributes={"ward": "3"})
    with deliver(store):
        (got,) = unit.wait_for(1)
        until(lambda: are_settled(store))
    (delivery,) = deliveries(store)
    assert (delivery.state, delivery.attempts, delivery.error) == (DeliveryState.DELIVERED, 1, "")
    assert (got.path, got.webhook_id) == ("/hook?unit=gas", delivery.webhook_id)
    assert got.headers["host"] == f"127.0.0.1:{unit.port}"
    signed = f"{got.webhook_id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    for signature, secret in zip(got.headers["webhook-signature"].split(), SECRETS, strict=True):
        key = base64.b64decode(secret.value.removeprefix("whsec_"))
        assert signature == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert abs(int(got.headers["webhook-timestamp"]) - utc_now().timestamp()) < 60
    message = got.message
    assert message["type"] == "ticket.dispatched"
    assert message["data"] == {
        **message["data"],
        "ticket_id": "t1",
        "unit": "gas",
        "text": "Gas leak\nIt smells.",
        "attributes": {"ward": "3"},
    }
    with store.read() as session:
        assert session.events("t1")[-1].kind is EventKind.DELIVERED


def test_a_dispatch_is_in_the_trace_of_the_request_that_brought_the_ticket(
    store: Store, unit: UnitEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    store.write(
        lambda session: session.put_endpoint(Endpoint(unit_id="gas", url=unit.url(), secrets=SECRETS))
    )
    caplog.handler.addFilter(WithIds())
    caplog.set_level(logging.INFO, "gridroute.deliver")
    begun = [f"{digit}bf92f3577b34da6a3ce929d0e0e4736" for digit in "456"]
    with TestClient(create_app(RoutingService(store, utc_now, no_bundle))) as client:
        for number, trace in enumerate(begun):
            body = {"ticket_id": f"t{number}", "text": "Gas leak", "latitude": 31.25, "longitude": 121.45}
            headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
            path, sent_body = ("/v1/tickets/batch", [body]) if number == 2 else ("/v1/tickets", body)
            assert client.post(path, json=sent_body, headers=headers).is_success
    with deliver(store):
        got = unit.wait_for(3)
        until(lambda: are_settled(store))
    sent = {one.ticket_id: one.headers["traceparent"].split("-") for one in got}
    assert [sent[f"t{number}"][:2] for number in range(3)] == [["00", trace] for trace in begun]
    assert {flags for *_, flags in sent.values()} == {"01"}  # the caller's word that it is recorded
    assert len({span for _, _, span, _ in sent.values()} - {"00f067aa0ba902b7"}) == 3
    logged = {(one.ticket_id, one.trace_id) for one in caplog.records if one.name == "gridroute.deliver"}  # type: ignore[attr-defined]
    assert logged == {(f"t{number}", trace) for number, trace in enumerate(begun)}


def test_what_no_request_queued_has_a_trace_of_its_own(store: Store, unit: UnitEndpoint) -> None:
    sent_to(store, unit.url(), "t1", "t2")
    with deliver(store):
        got = unit.wait_for(2)
    assert len({one.headers["traceparent"].split("-")[1] for one in got}) == 2


def test_a_withdrawal_says_only_which_ticket(store: Store, unit: UnitEndpoint) -> None:
    sent_to(store, unit.url(), "t1")
    store.write(lambda session: session.add_delivery("t1", "gas", utc_now(), kind=DeliveryKind.WITHDRAWAL))
    with deliver(store):
        first, second = unit.wait_for(2)
    assert first.message["type"] == "ticket.dispatched"
    assert (second.message["type"], second.message["data"]) == (
        "ticket.withdrawn",
        {"ticket_id": "t1", "unit": "gas"},
    )


def test_what_fails_is_sent_again_under_the_same_name_and_before_what_is_behind_it(
    store: Store, unit: UnitEndpoint
) -> None:
    unit.answer = lambda _: 500 if len(unit.received) < 2 else 204
    sent_to(store, unit.url(), "a", "b", "c")
    with deliver(store):
        got = unit.wait_for(5)
        until(lambda: are_settled(store))
    assert [one.ticket_id for one in got] == ["a", "a", "a", "b", "c"]
    assert len({one.webhook_id for one in got}) == 3
    assert [one.attempts for one in deliveries(store)] == [3, 1, 1]


def test_the_urgent_overtakes(store: Store, unit: UnitEndpoint) -> None:
    sent_to(store, unit.url(), "a", "b")

    def work(session: WriteSession) -> None:
        session.add_ticket(a_ticket("spark"), Priority.URGENT)
        session.add_delivery("spark", "gas", utc_now())

    store.write(work)
    with deliver(store):
        assert [one.ticket_id for one in unit.wait_for(3)] == ["spark", "a", "b"]


def test_what_is_given_up_is_a_dead_letter_until_somebody_sends_it_again(
    store: Store, unit: UnitEndpoint
) -> None:
    unit.answer = lambda one: 503 if one.ticket_id == "a" else 200
    sent_to(store, unit.url(), "a", "b")
    with deliver(store):
        got = unit.wait_for(5)
        until(lambda: are_settled(store))
        assert [one.ticket_id for one in got] == ["a"] * 4 + ["b"]
        dead, _ = deliveries(store)
        assert (dead.state, dead.error) == (DeliveryState.DEAD, "the endpoint answered 503")
        unit.answer = lambda _: 200
        store.write(lambda session: session.retry_delivery(dead.delivery_id, utc_now(), "Li Wei"))
        again = unit.wait_for(6)[-1]
        until(lambda: are_settled(store))
    assert again.webhook_id == dead.webhook_id
    assert {one.state for one in deliveries(store)} == {DeliveryState.DELIVERED}


@pytest.mark.parametrize(("status", "attempts"), [(410, 1), (302, 4), (404, 4)])
def test_gone_is_gone_and_no_redirect_is_followed(
    store: Store, unit: UnitEndpoint, status: int, attempts: int
) -> None:
    unit.answer = lambda _: status
    unit.reply = {"Location": unit.url(path="/elsewhere")}
    sent_to(store, unit.url(), "a")
    with deliver(store):
        until(lambda: are_settled(store))
    (dead,) = deliveries(store)
    assert (dead.state, dead.attempts) == (DeliveryState.DEAD, attempts)
    assert {one.path for one in unit.received} == {"/hook"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_private_network_is_not_reached_unless_allowed(
    store: Store, unit: UnitEndpoint, host: str
) -> None:
    sent_to(store, unit.url(host).replace("http:", "https:"), "a")
    with deliver(store, replace(SETTINGS, targets=Targets())):
        until(lambda: are_settled(store))
    (dead,) = deliveries(store)
    assert (dead.state, dead.attempts, unit.received) == (DeliveryState.DEAD, 1, [])
    assert "not public" in dead.error


def named(monkeypatch: pytest.MonkeyPatch, look: Callable[[str], list[str]]) -> None:
    """Have names below .example looked up so."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if not host.endswith(".example"):
            return real(host, port, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in look(host)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@contextmanager
def dead_machine(address: str, port: int) -> Iterator[None]:
    """What is sent there is never answered: as many connections wait there as may."""
    with ExitStack() as held:
        dead = held.enter_context(socket.create_server((address, port), backlog=0))
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(dead.getsockname())
        yield


def test_a_dead_machine_behind_a_name_leaves_time_for_the_one_beside_it(
    store: Store, unit: UnitEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, lambda _: ["127.0.0.2", "127.0.0.1"])
    sent_to(store, unit.url("water.example"), "a")
    with dead_machine("127.0.0.2", unit.port), deliver(store, replace(SETTINGS, timeout=3.0)):
        until(lambda: are_settled(store))
    (delivery,) = deliveries(store)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)


def test_names_that_no_server_answers_for_hold_up_nobody(
    store: Store, unit: UnitEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, asked = threading.Event(), list[str]()

    def hang(name: str) -> list[str]:
        asked.append(name)
        over.wait(60)
        return ["127.0.0.1"]

    named(monkeypatch, hang)
    many = (os.cpu_count() or 1) + 4  # all threads that an event loop has for such things
    for number in range(many):
        sent_to(store, unit.url(f"u{number}.example"), f"t{number}", unit_id=f"u{number}")
    with deliver(store, replace(SETTINGS, timeout=1.0, concurrency=many + 4)):
        until(lambda: len(asked) >= many)
        sent_to(store, unit.url(), "a")
        assert unit.wait_for(1)[0].ticket_id == "a"
    assert not over.is_set()  # nor is the worker's own end held up
    over.set()


def test_an_allowed_name_is_reached_under_its_name(store: Store, unit: UnitEndpoint) -> None:
    targets = Targets.of(["127.0.0.0/8", "::1/128"])
    sent_to(store, unit.url("localhost"), "a")
    with deliver(store, replace(SETTINGS, targets=targets)):
        until(lambda: are_settled(store))
    assert [one.headers["host"] for one in unit.received] == [f"localhost:{unit.port}"]


def certificate(path: Path, name: str) -> ssl.SSLContext:
    """A certificate of that name, signed by itself, in a file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), utc_now()
    named = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(named, named, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_by_https_the_certificate_is_asked_for_the_name(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "certificate.pem"
    tls = certificate(file, "localhost")
    with unit_endpoint(tls) as unit:
        sent_to(store, unit.url("localhost"), "a")
        sent_to(store, unit.url("127.0.0.1"), "b", unit_id="north")
        targets = Targets.of(["127.0.0.0/8", "::1/128"])
        patience = replace(QUICK, attempts=1)
        with deliver(store, replace(SETTINGS, targets=targets, patience=patience)):
            until(lambda: are_settled(store))
        assert {one.state for one in deliveries(store)} == {DeliveryState.DEAD}  # nobody vouches for it
        for one in deliveries(store):
            store.write(lambda session, one=one: session.retry_delivery(one.delivery_id, utc_now(), "x"))  # type: ignore[misc]
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        with deliver(store, replace(SETTINGS, targets=targets, patience=patience)):
            until(lambda: are_settled(store))
    first, second = deliveries(store)
    assert (first.state, second.state) == (DeliveryState.DELIVERED, DeliveryState.DEAD)
    assert "certificate" in second.error.lower()
    assert [one.headers["host"] for one in unit.received] == [f"localhost:{unit.port}"]


def test_a_dead_endpoint_is_left_in_peace_and_the_others_go_on(store: Store, unit: UnitEndpoint) -> None:
    unit.answer = lambda _: 500
    patience = replace(
        QUICK, attempts=99, failures=2, pause=timedelta(hours=1), longest_pause=timedelta(hours=1)
    )
    sent_to(store, unit.url(), *(f"t{number}" for number in range(5)))
    with unit_endpoint() as other, deliver(store, replace(SETTINGS, patience=patience)):
        unit.wait_for(2)
        sent_to(store, other.url(), "x", unit_id="north")
        other.wait_for(1)
        until(lambda: sum(one.state is DeliveryState.DELIVERED for one in deliveries(store)) == 1)
        with store.read() as session:
            until(lambda: session.endpoint("gas") is not None)
    assert len(unit.received) == 2
    with store.read() as session:
        endpoint = session.endpoint("gas")
    assert endpoint is not None
    assert endpoint.failures == 2
    assert endpoint.paused_until is not None
    assert endpoint.paused_until > utc_now() + timedelta(minutes=29)


def test_a_slow_endpoint_is_waited_for_only_so_long(store: Store, unit: UnitEndpoint) -> None:
    hold = threading.Event()
    unit.answer = lambda _: 200 + hold.wait(20)
    sent_to(store, unit.url(), "a")
    try:
        with deliver(store, replace(SETTINGS, timeout=0.05)):
            until(lambda: deliveries(store)[0].attempts > 0)
    finally:
        hold.set()
    assert "no answer" in deliveries(store)[0].error


def test_what_was_begun_is_finished_before_the_worker_ends(store: Store, unit: UnitEndpoint) -> None:
    hold = threading.Event()
    unit.answer = lambda _: 200 if hold.wait(20) else 500
    sent_to(store, unit.url(), "a", "b")
    worker = deliver(store)
    with worker:
        until(lambda: _leased(store))
        worker.stop()
        hold.set()
    assert [one.state for one in deliveries(store)] == [DeliveryState.DELIVERED, DeliveryState.PENDING]


def test_leases_are_kept_on_after_one_that_could_not_be(
    store: Store, unit: UnitEndpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hold, asked = threading.Event(), list[object]()

    def fail(_session: object, *about: object) -> None:
        asked.append(about)
        raise RuntimeError("could not serialize access")

    for writes in (MemoryDeliveryWrites, SqlDeliveryWrites):
        monkeypatch.setattr(writes, "extend_leases", fail)
    monkeypatch.setattr("api.webhooks.worker.LEASE", timedelta(seconds=0.1))
    unit.answer = lambda _: 200 if hold.wait(20) else 500
    sent_to(store, unit.url(), "a")
    with deliver(store):
        until(lambda: len(asked) > 1)
        hold.set()
        until(lambda: are_settled(store))
    assert "could not keep the leases" in caplog.text


def _leased(store: Store) -> bool:
    with store.read() as session:
        return not session.are_deliveries_due(utc_now())


DELIVERY = Delivery(
    delivery_id=1, webhook_id="m", ticket_id="t", unit_id="u", queued_at=utc_now(), ready_at=utc_now(),
    due_at=utc_now(),
)  # fmt: skip
ENDPOINT = Endpoint(unit_id="u", url="", secrets=())


def test_back_off_is_jittered_over_all_of_a_bound_that_doubles() -> None:
    patience = Patience()
    for attempts, bound in ((0, 0.2), (3, 1.6), (12, 819.2), (13, 900.0), (19, 900.0), (1000, 900.0)):
        waits = [backoff(attempts, patience, Random(seed)).total_seconds() for seed in range(400)]
        assert 0 <= min(waits) < 0.05 * bound
        assert 0.95 * bound < max(waits) < bound
        assert 0.4 * bound < sum(waits) / 400 < 0.6 * bound


def test_an_endpoint_may_ask_for_time() -> None:
    wait = timedelta(minutes=10)
    settled = settle(DELIVERY, ENDPOINT, Outcome(error="429", wait=wait), utc_now(), Patience(), Random(1))
    assert settled.due_at - settled.at >= wait
    longer = Outcome(error="429", wait=timedelta(days=9))
    settled = settle(DELIVERY, ENDPOINT, longer, utc_now(), Patience(), Random(1))
    assert settled.due_at - settled.at <= timedelta(minutes=16)


def test_pauses_double_up_to_a_bound() -> None:
    now, patience = utc_now(), Patience()
    assert pause_until(4, now, patience, Random(1)) is None
    for failures, bound in ((5, 5), (6, 10), (10, 160), (11, 300), (500, 300)):
        until_ = pause_until(failures, now, patience, Random(1))
        assert until_ is not None
        assert bound / 2 <= (until_ - now).total_seconds() <= bound


def test_success_forgets_the_failures() -> None:
    failing = replace(ENDPOINT, failures=7, paused_until=utc_now())
    settled = settle(DELIVERY, failing, Outcome(), utc_now(), Patience(), Random(1))
    assert (settled.state, settled.failures, settled.paused_until) == (DeliveryState.DELIVERED, 0, None)

"""Receipts over HTTP and by command: both languages, after a promotion, and blind while a blind review waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from cli.main import app
from cli.workspace import Workspace
from domain.dispatches import Dispatch
from domain.places import Account, Point
from domain.units import Unit
from models.bundle import Bundle, load_bundle, write_bundle
from router.ports import BundleRecord
from router.service import RoutingService
from store.bundles import promote
from store.sql import SqlStore, open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.evaluations import certificate
from tests.serving import Clock

NOW = START + timedelta(days=60)
HERE = Point(latitude=31.2, longitude=121.4)
NAMES = {"lamps": "Lamp crew", "pipes": "给水一所"}


def champion(store: SqlStore, bundle: Path) -> None:
    """Register and promote the bundle."""
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=NOW)
    promote(store, store.write(lambda session: session.add_bundle(record)).version, NOW)


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return Workspace(home=tmp_path)


@pytest.fixture
def store(home: Workspace) -> Iterator[SqlStore]:
    """A workspace's store with two units, an account, a past, and a model that is sure of everything."""
    found = open_store(home.store_url)
    found.write(lambda session: session.put_units(Unit(unit_id=u, name=NAMES[u]) for u in WORDS))
    found.write(
        lambda session: session.put_accounts([Account(account_id="7", address="1 Main St", point=HERE)])
    )
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    found.write(lambda session: session.append_dispatches(log))
    sure = replace(certificate(threshold=0.0), issued_at=START, expires_at=START + timedelta(days=180))
    champion(found, tiny_bundle(home.bundles, issued=sure))
    yield found
    found.close()


@pytest.fixture
def client(store: SqlStore) -> TestClient:
    service = RoutingService(store, Clock(NOW), load_bundle)
    return TestClient(create_app(service), raise_server_exceptions=False)


def submit(client: TestClient, ticket_id: str, **fields: Any) -> dict[str, Any]:
    body = {"ticket_id": ticket_id, "text": WORDS["pipes"], "account": "7", **fields}
    answer: dict[str, Any] = client.post("/v1/tickets", json=body).json()
    return answer


def test_a_receipt_tells_why_in_lines_and_figures(client: TestClient) -> None:
    answer = submit(client, "a/1")
    told = client.get("/v1/tickets/a/1/receipt")
    assert told.status_code == 200, told.text
    receipt = told.json()
    assert (receipt["ticket_id"], receipt["language"], receipt["blind"]) == ("a/1", "en", False)
    assert (receipt["unit"], receipt["unit_name"]) == ("pipes", "给水一所")
    assert receipt["probability"] == answer["probability"]
    assert receipt["lines"][0] == "a/1: dispatched to 给水一所 automatically."
    assert receipt["location"] == answer["location"]
    assert receipt["evidence"] == answer["candidates"][0]["evidence"]
    assert [one["unit_name"] for one in receipt["nearest"]] == ["给水一所"] * 3
    assert sum(receipt["contributions"].values()) == pytest.approx(receipt["score"])
    assert sum(receipt["groups"].values()) == pytest.approx(receipt["score"])
    assert (receipt["rival"]["unit"], receipt["rival"]["ahead"]) == ("lamps", False)
    assert receipt["rival"]["behind"] > 0
    assert receipt["missing"] == ["coordinates", "category"]


@pytest.mark.parametrize(
    ("lang", "accepted", "language"),
    [
        (None, None, "en"),
        (None, "zh-CN,zh;q=0.9", "zh"),
        (None, "fr", "en"),
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_one_preferred(
    client: TestClient, lang: str | None, accepted: str | None, language: str
) -> None:
    submit(client, "a")
    told = client.get(
        "/v1/tickets/a/receipt",
        params={"lang": lang} if lang else {},
        headers={"Accept-Language": accepted or ""},
    )
    assert (told.headers["Content-Language"], told.headers["Vary"]) == (language, "Accept-Language")
    assert ("已自动派至" in told.json()["lines"][0]) == (language == "zh")


def test_what_cannot_be_asked_for_is_refused_with_a_mend(client: TestClient) -> None:
    submit(client, "a")
    refused = client.get("/v1/tickets/a/receipt", params={"lang": "de"})
    assert (refused.status_code, refused.json()["field"]) == (422, "query.lang")
    for unknown in ("nobody", "b%00", "x" * 300):
        told = client.get(f"/v1/tickets/{unknown}/receipt")
        assert (told.status_code, told.json()["kind"]) == (404, "ticket")
        assert told.headers["content-type"] == "application/problem+json"


def test_a_ticket_may_be_called_as_the_address_ends(client: TestClient) -> None:
    submit(client, "a/receipt")
    assert client.get("/v1/tickets/a/receipt").json()["content"]["text"] == WORDS["pipes"]
    assert client.get("/v1/tickets/a/receipt/receipt").json()["unit"] == "pipes"


def test_it_is_told_after_another_model_serves_and_without_figures_once_the_first_is_gone(
    client: TestClient, store: SqlStore, home: Workspace
) -> None:
    submit(client, "a")
    before = client.get("/v1/tickets/a/receipt").json()
    (first,) = home.bundles.iterdir()
    champion(store, tiny_bundle(home.bundles, seed=1))
    again = TestClient(create_app(RoutingService(store, Clock(NOW), load_bundle)))
    assert again.get("/v1/tickets/a/receipt").json() == before
    submit(client, "b")
    first.rename(first.with_name("gone"))
    from router import explaining

    explaining._load.cache_clear()
    after = again.get("/v1/tickets/b/receipt").json()
    assert (after["unit"], after["score"], after["contributions"]) == ("pipes", None, {})
    assert any("is not at hand" in line for line in after["lines"])


def blind(bundle: Bundle) -> Bundle:
    """As it is, but that every ticket is drawn for a blind review."""
    guarantee = bundle.guarantee
    return replace(bundle, guarantee=replace(guarantee, terms=replace(guarantee.terms, audited=1.0)))


def test_a_blind_review_is_told_nothing_of_units_until_it_is_done(
    client: TestClient, store: SqlStore, home: Workspace
) -> None:
    (bundle,) = home.bundles.iterdir()
    champion(store, write_bundle(blind(load_bundle(bundle)), home.bundles))
    client = TestClient(create_app(RoutingService(store, Clock(NOW), load_bundle)))
    assert submit(client, "a")["reasons"] == ["blind_review"]
    receipt = client.get("/v1/tickets/a/receipt").json()
    assert (receipt["blind"], receipt["reasons"]) == (True, ["blind_review"])
    waiting = json.dumps(receipt, ensure_ascii=False)
    by_command = explained(home, "a")
    for name in (*NAMES, *NAMES.values()):
        assert name not in waiting
        assert name not in by_command
    assert receipt["location"]["address"] == "1 Main St"
    assert client.post("/v1/tickets/a/review", json={"unit": "lamps", "by": "Li Wei"}).status_code == 200
    receipt = client.get("/v1/tickets/a/receipt").json()
    assert (receipt["blind"], receipt["unit"], receipt["reasons"]) == (False, "pipes", ["audited"])
    assert "Decided by Li Wei on 2025-03-02: Lamp crew." in receipt["lines"]


def explained(home: Workspace, *arguments: str) -> str:
    """What `gridroute explain` prints."""
    told = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.home)])
    assert told.exit_code == 0, told.output
    return told.output


def test_the_command_says_the_same(client: TestClient, home: Workspace) -> None:
    submit(client, "a")
    for lang in ("en", "zh"):
        lines = client.get("/v1/tickets/a/receipt", params={"lang": lang}).json()["lines"]
        assert explained(home, "a", "--lang", lang).splitlines() == lines


@pytest.mark.parametrize(("ticket_id", "lang", "problem"), [("nobody", "en", "nobody"), ("a", "de", "'de'")])
def test_the_command_refuses_what_it_does_not_know(
    client: TestClient, home: Workspace, ticket_id: str, lang: str, problem: str
) -> None:
    submit(client, "a")
    told = CliRunner().invoke(app, ["explain", ticket_id, "--lang", lang, "--home", str(home.home)])
    assert told.exit_code == 1
    assert problem in str(told.exception)


def test_after_a_refusal_it_says_that_nothing_was_weighed_again(client: TestClient) -> None:
    submit(client, "a")
    ticket = client.get("/v1/tickets/a").json()
    unit, name = ticket["unit"], ticket["unit_name"]
    (handed,) = client.get(f"/v1/units/{unit}/dispatches").json()["dispatches"]
    no = {"by": "crew", "reason": "not ours"}
    path = f"/v1/units/{unit}/dispatches/{handed['dispatch']}/reject"
    assert client.post(path, json=no).status_code == 200
    lines = client.get("/v1/tickets/a/receipt").json()["lines"]
    assert f"Sent back by {name}: “not ours”." in lines
    assert any("nothing was weighed again" in line for line in lines)
    assert not any("not at hand" in line for line in lines)
    assert any("未重新计算" in one for one in client.get("/v1/tickets/a/receipt?lang=zh").json()["lines"])


def test_it_says_why_the_ticket_is_on_hold_while_it_is(client: TestClient) -> None:
    submit(client, "a")
    unit = client.get("/v1/tickets/a").json()["unit"]
    (handed,) = client.get(f"/v1/units/{unit}/dispatches").json()["dispatches"]
    path = f"/v1/units/{unit}/dispatches/{handed['dispatch']}/reject"
    assert client.post(path, json={"by": "crew", "reason": "not ours"}).status_code == 200
    for reason in ("asking the caller", "a look on site"):
        assert client.post("/v1/tickets/a/hold", json={"by": "Li Wei", "reason": reason}).status_code == 200
    told = "On hold, by Li Wei: a look on site."
    lines = client.get("/v1/tickets/a/receipt").json()["lines"]
    assert [line for line in lines if line.startswith("On hold")] == [told]
    assert "Li Wei已挂起：a look on site。" in client.get("/v1/tickets/a/receipt?lang=zh").json()["lines"]
    assert client.post("/v1/tickets/a/review", json={"by": "Li Wei", "unit": unit}).status_code == 200
    assert told not in client.get("/v1/tickets/a/receipt").json()["lines"]

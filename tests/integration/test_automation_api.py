"""Automatic dispatch over HTTP and by command: what is promised, stopped, and let go on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.settings import Settings
from cli.main import app
from cli.workspace import Workspace
from domain.access import Role
from domain.automation import Scope
from domain.decisions import Reason
from domain.dispatches import Dispatch
from domain.errors import GridrouteError
from domain.units import Unit
from models.bundle import load_bundle, write_bundle
from models.calibration import Calibrator
from models.guarantee import Guarantee
from router.access import Wanted, issue
from router.ports import BundleRecord, Pointers
from router.service import RoutingService
from store.sql import SqlStore, open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.evaluations import certificate
from tests.serving import Clock

NOW = START + timedelta(days=60)
WHO = {"by": "Li Wei", "reason": "merged with another"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A workspace's store with two units, a third to reassign to, and a model that is sure of everything."""
    workspace = Workspace(home=tmp_path)
    sure = replace(certificate(threshold=0.0), issued_at=START, expires_at=START + timedelta(days=180))
    bundle = tiny_bundle(workspace.bundles, issued=sure)
    found = open_store(workspace.store_url)
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=NOW)
    found.write(lambda session: session.put_units(Unit(unit_id=u, name=u) for u in (*WORDS, "elsewhere")))
    found.write(lambda session: session.append_dispatches(log))
    found.write(lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version)))
    yield found
    found.close()


@pytest.fixture
def service(store: SqlStore) -> RoutingService:
    return RoutingService(store, Clock(NOW), load_bundle)


@pytest.fixture
def client(service: RoutingService) -> TestClient:
    return TestClient(create_app(service), raise_server_exceptions=False)


def submit(client: TestClient, ticket_id: str, unit: str = "pipes") -> dict[str, Any]:
    """A ticket that the model gives to that unit."""
    answer: dict[str, Any] = client.post(
        "/v1/tickets", json={"ticket_id": ticket_id, "text": WORDS[unit]}
    ).json()
    return answer


def test_what_is_promised_is_told_with_data_counts_and_dates(client: TestClient) -> None:
    told = client.get("/v1/automation").json()
    assert (told["running"], told["confidence"], told["suspensions"]) == (True, 0.95, [])
    (group,) = told["groups"]
    assert (group["group"], group["automatic"]) == ("pooled", True)
    promised = group["certificate"]
    assert (promised["alpha"], promised["rows"], promised["errors"]) == (0.01, 1200, 5)
    assert (promised["threshold"], promised["data_digest"]) == (0.0, "ab" * 32)
    assert promised["expires_at"] > promised["issued_at"]
    assert client.get("/v1/models/current").json()["certificate"] == promised
    assert submit(client, "t1")["certificate_group"] == "pooled"


def test_without_a_model_there_is_nothing_to_promise() -> None:
    from tests.serving import serve

    told = TestClient(create_app(serve())).get("/v1/automation").json()
    assert (told["running"], told["groups"], told["confidence"]) == (False, [], None)


def test_corrections_suspend_a_unit_and_say_so_everywhere(client: TestClient) -> None:
    sent = [submit(client, f"t{number}") for number in range(6)]
    assert {answer["status"] for answer in sent} == {"dispatched"}
    for answer in sent:
        body = {"unit": "elsewhere", "by": "Li Wei"}
        assert client.post(f"/v1/tickets/{answer['ticket_id']}/review", json=body).status_code == 200
    (told,) = client.get("/v1/automation").json()["suspensions"]
    assert (told["scope"], told["key"], told["cause"]) == ("unit", "pipes", "returns")
    assert "dispatches came back" in told["reason"]
    assert told["figures"]["evidence"] >= told["figures"]["threshold"] > 0
    lifted = client.post("/v1/automation/resume", json={**WHO, "suspension": told["suspension"]})
    assert (lifted.status_code, lifted.json()) == (200, told)
    assert client.get("/v1/automation").json()["suspensions"] == []


def test_a_stop_is_felt_while_a_world_is_built(
    service: RoutingService, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    building, go = Event(), Event()

    def refresh() -> None:
        building.set()
        assert go.wait(30)

    monkeypatch.setattr(service, "refresh", refresh)
    with TestClient(create_app(service, Settings(refresh_seconds=0.01))):
        assert building.wait(30)
        elsewhere = RoutingService(store, Clock(NOW), load_bundle)
        stop = elsewhere.suspend(Scope.ALL, "", by=WHO["by"], reason=WHO["reason"])
        until = time.monotonic() + 30
        while not service.live.world.suspensions.active and time.monotonic() < until:
            time.sleep(0.01)
        go.set()
    assert service.live.world.suspensions.active == (stop,)


@pytest.mark.parametrize(
    ("scope", "key"), [("all", None), ("unit", "pipes"), ("kind", "WATER"), ("kind", "gas_leak")]
)
def test_what_is_suspended_waits_for_a_person_and_goes_on_afterwards(
    client: TestClient, scope: str, key: str | None
) -> None:
    body = {**WHO, "scope": scope, "new": key == "WATER"} | ({"key": key} if key else {})
    made = client.post("/v1/automation/suspend", json=body)
    assert made.status_code == 200, made.text
    assert (made.json()["by"], made.json()["reason"], made.json()["figures"]) == (*WHO.values(), None)
    text = f"{WORDS['pipes']}; smell of gas"
    for number, waits in ((1, True), (2, False)):
        answer = client.post(
            "/v1/tickets", json={"ticket_id": f"t{number}", "text": text, "category": "Water"}
        ).json()
        assert (answer["status"] == "in_review") is waits
        assert ("suspended_by_person" in answer["reasons"]) is waits
        assert answer["suspensions"] == ([made.json()["suspension"]] if waits else [])
        client.post("/v1/automation/resume", json={**WHO, "suspension": made.json()["suspension"]})


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ("触电", "electrocution"),
        ("Gas leak", "gas_leak"),
        ("Water", "water"),
        ("ROADS", "roads"),
        ("pumps", "pumps"),
    ],
)
def test_a_kind_is_a_danger_by_any_of_its_names_or_a_known_category(
    client: TestClient, store: SqlStore, named: str, key: str
) -> None:
    of_roads = Unit(unit_id="roads", name="Roads", kinds=frozenset({"Roads"}))
    store.write(lambda session: session.put_units([of_roads]))
    past = replace(ticket(99, "pipes"), category="Pumps")
    log = [Dispatch(ticket=past, unit_id="pipes", known_at=past.received_at)]
    store.write(lambda session: session.append_dispatches(log))
    told = client.post(
        "/v1/automation/suspend", json={**WHO, "scope": "kind", "key": named, "new": named == "Water"}
    )
    assert (told.status_code, told.json().get("key")) == (200, key), told.text


def test_a_kind_that_no_ticket_was_of_is_suspended_only_if_said_so(
    client: TestClient, tmp_path: Path
) -> None:
    body = {**WHO, "scope": "kind", "key": "Gas_leek"}
    refused = client.post("/v1/automation/suspend", json=body)
    assert refused.status_code == 422
    assert "Did you mean 'gas leak'?" in refused.json()["mend"]
    assert '"new": true' in refused.json()["mend"]
    made = client.post("/v1/automation/suspend", json={**body, "new": True})
    assert (made.status_code, made.json()["key"]) == (200, "gas_leek")
    command = [
        "automation",
        "suspend",
        "--kind",
        "hail",
        *("--by", "Li"),
        *("--reason", "x"),
        "--home",
        str(tmp_path),
    ]
    unknown = CliRunner().invoke(app, command)
    assert unknown.exit_code == 1
    assert "--new" in str(unknown.exception)
    assert CliRunner().invoke(app, [*command, "--new"]).exit_code == 0


def test_readyz_says_that_everything_is_stopped(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
    client.post("/v1/automation/suspend", json={**WHO, "scope": "all"})
    told = client.get("/readyz")
    assert told.status_code == 503
    assert [problem["code"] for problem in told.json()["problems"]] == ["automation_suspended"]
    assert "Li Wei" in told.json()["problems"][0]["problem"]
    assert client.get("/v1/automation").json()["running"] is False


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("suspend", {"scope": "all", "reason": "x"}, 422, "by"),
        ("suspend", {"scope": "all", "by": "Li Wei", "reason": "  "}, 422, "reason"),
        ("suspend", {**WHO, "scope": "group", "key": "pooled"}, 422, "scope"),
        ("suspend", {**WHO, "scope": "unit"}, 422, "unit"),
        ("suspend", {**WHO, "scope": "all", "key": "pipes"}, 422, "all"),
        ("suspend", {**WHO, "scope": "unit", "key": "nobody"}, 404, None),
        ("suspend", {**WHO, "scope": "kind"}, 422, "kind"),
        ("suspend", {**WHO, "scope": "kind", "key": "gas_leek"}, 422, "kind"),
        ("suspend", {**WHO}, 422, "scope"),
        ("resume", {**WHO, "suspension": 7}, 404, None),
        ("resume", {**WHO, "suspension": 2**70}, 422, "suspension"),
        ("resume", {**WHO, "suspension": "1"}, 422, "suspension"),
        ("resume", {"suspension": 1, "reason": "x"}, 422, "by"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    client: TestClient, path: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    told = client.post(f"/v1/automation/{path}", json=body)
    assert (told.status_code, told.json().get("field")) == (status, field), told.text
    assert client.get("/v1/automation").json()["suspensions"] == []


@pytest.fixture
def closely(store: SqlStore, tmp_path: Path) -> TestClient:
    """The service with half of all tickets reviewed blind, certified from a confidence on that only some reach."""
    bundle = load_bundle(next(Workspace(home=tmp_path).bundles.iterdir()))
    terms = replace(bundle.guarantee.terms, audited=0.5)
    half = replace(bundle.certificate, threshold=0.55)
    by_lead = Calibrator(intercept=0.0, weights=(0.0, 1.0, 0.0))  # a half where two candidates score the same
    watched = replace(bundle, calibrator=by_lead, guarantee=replace(Guarantee.pooled(half), terms=terms))
    path = write_bundle(watched, Workspace(home=tmp_path).bundles)
    with closing(sqlite3.connect(Workspace(home=tmp_path).store_file)) as file, file:
        file.execute("UPDATE meta SET value = 'salt' WHERE name = 'audit_salt'")  # the same draw each time
    record = BundleRecord(version=0, digest=path.name, path=str(path), registered_at=NOW)
    store.write(lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version)))
    return TestClient(create_app(RoutingService(store, Clock(NOW), load_bundle)))


def told_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Everything that is not the ticket's own content."""
    return {name: value for name, value in answer.items() if name not in ("ticket_id", "content", "location")}


def test_nothing_tells_whether_a_blind_review_would_have_gone_out(
    closely: TestClient, store: SqlStore
) -> None:
    texts = {"sure": WORDS["pipes"], "unsure": "hello"}
    answers = [
        submit_text(closely, f"{name}-{number}", text) for number in range(12) for name, text in texts.items()
    ]
    with store.read() as session:
        reasons = {
            answer["ticket_id"]: session.ticket(answer["ticket_id"]).decision.reasons  # type: ignore[union-attr]
            for answer in answers
        }
    blind = [answer for answer in answers if answer["reasons"] == ["blind_review"]]
    assert {reasons[answer["ticket_id"]] for answer in blind} == {
        (Reason.AUDITED,),
        (Reason.BELOW_THRESHOLD,),
    }
    assert len({str(told_of(answer)) for answer in blind}) == 1
    for answer in blind:
        assert (answer["unit"], answer["probability"], answer["candidates"]) == (None, None, [])
        assert closely.get(f"/v1/tickets/{answer['ticket_id']}").json() == answer
    queue = {one["ticket_id"]: one for one in closely.get("/v1/reviews").json()["reviews"]}
    assert {answer["ticket_id"] for answer in blind} <= {*queue}
    shown = [
        {k: v for k, v in queue[answer["ticket_id"]].items() if k not in ("ticket_id", "title")}
        for answer in blind
    ]
    assert all(one == shown[0] for one in shown)
    assert not any("audit" in str(one) for one in (*blind, *shown))


def submit_text(client: TestClient, ticket_id: str, text: str) -> dict[str, Any]:
    """A ticket with that text."""
    answer: dict[str, Any] = client.post("/v1/tickets", json={"ticket_id": ticket_id, "text": text}).json()
    return answer


def bearing(client: TestClient, role: Role) -> TestClient:
    """The same service, asked with a key of that role."""
    assert isinstance(client.app, FastAPI)
    service: RoutingService = client.app.state.desk.service
    key = issue(service.store, Wanted(name=f"The {role}", role=role), by="root", at=service.clock())
    return TestClient(client.app, headers={"Authorization": f"Bearer {key.secret}"})


def test_audits_are_counted_once_they_are_done_and_then_tell_what_they_were(closely: TestClient) -> None:
    answers = [submit_text(closely, f"t{number}", WORDS["pipes"]) for number in range(12)]
    blind = [answer["ticket_id"] for answer in answers if answer["status"] == "in_review"]
    assert 0 < len(blind) < 12
    reviewer, engineer = bearing(closely, Role.REVIEWER), bearing(closely, Role.ENGINEER)
    waiting = {"reviewed": 0, "errors": 0, "waiting": len(blind), "low": 0.0, "high": 1.0}
    told = engineer.get("/v1/automation").json()
    assert (told["audit_share"], told["audits"], told["groups"][0]["audits"]) == (0.5, waiting, waiting)
    first = reviewer.post(f"/v1/tickets/{blind[0]}/review", json={"unit": "pipes"}).json()
    assert (first["reasons"], first["unit"], first["certificate_group"]) == (["audited"], "pipes", "pooled")
    assert first["candidates"]
    found = engineer.get("/v1/automation").json()["audits"]
    assert (found["reviewed"], found["errors"], found["waiting"]) == (1, 0, len(blind) - 1)
    assert 0.5 < found["high"] < 1.0


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADMIN])
def test_who_reviews_is_not_told_by_counts_which_blind_tickets_would_have_gone_out(
    closely: TestClient, role: Role
) -> None:
    caller, calls = bearing(closely, role), bearing(closely, Role.CALL_CENTRE)

    def seen() -> tuple[Any, list[str]]:
        told = caller.get("/v1/automation").json()
        lines = caller.get("/metrics").text.splitlines()
        audits = [one["audits"] for one in (told, *told["groups"])]
        return audits, [line for line in lines if "audit" in line or "live_error" in line]

    before = seen()
    answers = [submit_text(calls, f"t{number}", WORDS["pipes"]) for number in range(12)]
    assert any(answer["reasons"] == ["blind_review"] for answer in answers)
    assert seen() == before
    assert {one["waiting"] for one in before[0]} == {None}


def run(home: Path, *words: str) -> str:
    """The command's words."""
    found = CliRunner().invoke(app, ["automation", *words, "--home", str(home)])
    if isinstance(found.exception, GridrouteError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def test_the_commands_stop_a_running_service_and_let_it_go_on(
    store: SqlStore, service: RoutingService, tmp_path: Path
) -> None:
    assert "Nothing is suspended." in run(tmp_path, "show")
    assert "1: unit pipes suspended" in run(
        tmp_path, "suspend", "--unit", "pipes", "--by", "Li Wei", "--reason", "merged"
    )
    run(tmp_path, "suspend", "--kind", "Gas", "--new", "--by", "Li Wei", "--reason", "new crew")
    run(tmp_path, "suspend", "--all", "--by", "Li Wei", "--reason", "a storm")
    service.refresh()
    assert [(one.scope, one.key) for one in service.automation().suspensions] == [
        (Scope.UNIT, "pipes"),
        (Scope.KIND, "gas"),
        (Scope.ALL, ""),
    ]
    told = run(tmp_path, "show")
    assert "by Li Wei: merged" in told
    assert "everything suspended" in told
    assert "at most 1.00% wrong with 95% confidence" in told
    assert "live error (all): 0 wrong of 0 reviewed blind, 0 wait" in told
    assert "Lifted: 3: everything" in run(tmp_path, "resume", "3", "--by", "Li Wei", "--reason", "over")
    service.refresh()
    assert [one.scope for one in service.automation().suspensions] == [Scope.UNIT, Scope.KIND]
    for words in (("--unit", "pipes", "--all"), ()):
        with pytest.raises(GridrouteError, match="Give one of them"):
            run(tmp_path, "suspend", *words, "--by", "Li Wei", "--reason", "why")
    with pytest.raises(GridrouteError, match="no active suspension '3'"):
        run(tmp_path, "resume", "3", "--by", "Li Wei", "--reason", "over")

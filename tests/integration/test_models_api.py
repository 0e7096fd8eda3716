"""Bundles over HTTP: versions, how they did, what a promotion would change, promotion and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import h3
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.versions import REHEARSING
from cli.serving import web_address
from domain.decisions import Policy
from domain.dispatches import Dispatch
from domain.errors import InvalidInput
from domain.tickets import Ticket
from domain.units import Unit
from features.history import History
from models.bundle import load_bundle, write_bundle
from models.measured import Measured
from router import rehearsal
from router.derived import DerivedAnew
from router.ports import BundleRecord, Store
from router.service import RoutingService
from store.sql import open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle, unaudited
from tests.evaluations import certificate, evaluation
from tests.serving import Clock
from tests.stores import new_sqlite
from training.measuring import measured_of

NOW = START + timedelta(days=60)
WORD = {"by": "Li Wei", "reason": "fewer reviews"}


@dataclass
class Office:
    """A running API with two bundles: the first serves and dispatches nothing, the second is sure of everything."""

    client: TestClient
    service: RoutingService
    store: Store
    bundles: Path
    measured: Measured

    def pointers(self) -> tuple[int | None, int | None]:
        """Champion and previous."""
        with self.store.read() as session:
            found = session.pointers()
        return found.champion, found.previous

    def promoted(self) -> list[tuple[str, Any]]:
        """Who moved the pointers, with the reason, as the event log has it."""
        with self.store.read() as session:
            log = [one for one in session.event_log() if one.kind == "promoted"]
        return [(one.by, json.loads(one.detail)["reason"]) for one in log]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    store = open_store(new_sqlite(tmp_path / "gridroute.db"))
    store.write(lambda session: session.put_units(Unit(unit_id=u, name=u.title()) for u in WORDS))
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    store.write(lambda session: session.append_dispatches(log))
    measured = measured_of(evaluation(900))
    assert measured is not None
    for seed, (threshold, kept) in enumerate(((None, None), (0.0, measured))):
        issued = replace(
            certificate(threshold=threshold), issued_at=START, expires_at=START + timedelta(days=180)
        )
        fitted = load_bundle(tiny_bundle(tmp_path / "drafts", seed=seed))
        path = write_bundle(replace(fitted, guarantee=unaudited(issued)), tmp_path / "bundles", kept)
        record = BundleRecord(
            version=0,
            digest=path.name,
            path=str(path),
            registered_at=NOW,
            metrics=(("accuracy", 0.9),),
            mlflow_version=str(seed + 6) if seed else None,
        )
        store.write(lambda session, record=record: session.add_bundle(record))  # type: ignore[misc]
    service = RoutingService(store, Clock(NOW), load_bundle)
    settings = Settings(mlflow_url="http://mlflow.example:5000")
    with TestClient(create_app(service, settings), raise_server_exceptions=False) as client:
        assert client.post("/v1/models/1/promote", json=WORD).status_code == 200
        service.refresh()
        yield Office(client, service, store, tmp_path / "bundles", measured)
    store.close()


def test_versions_are_listed_with_what_the_store_calls_them(office: Office) -> None:
    second, first = office.client.get("/v1/models").json()["versions"]
    assert (first["version"], first["aliases"], first["mlflow_url"]) == (1, ["champion"], None)
    assert (second["version"], second["aliases"], second["metrics"]) == (2, [], {"accuracy": 0.9})
    assert second["mlflow_url"] == "http://mlflow.example:5000/#/models/gridroute/versions/7"
    assert second["created_at"] == "2025-03-02T00:00:00Z"


def test_a_version_tells_how_it_did_on_what_it_had_not_seen(office: Office) -> None:
    told = office.client.get("/v1/models/2").json()
    assert told["problem"] is None
    assert [one["group"] for one in told["groups"]] == ["pooled"]
    assert told["groups"][0]["certificate"]["threshold"] == 0.0
    curves = told["curves"]
    assert (curves["tickets"], len(curves["reliability"])) == (900, 15)
    assert curves["risk_coverage"] == [asdict(one) for one in office.measured.risk_coverage]
    errors = told["errors"]
    assert [one["wrong"] for one in errors["unit"]] == [one.wrong for one in office.measured.unit]
    assert errors["cell"][0]["boundary"] == [list(c) for c in h3.cell_to_boundary(errors["cell"][0]["key"])]
    assert errors["kind"][0]["boundary"] is None


def test_what_was_not_kept_with_a_bundle_is_null(office: Office) -> None:
    told = office.client.get("/v1/models/1").json()
    assert (told["problem"], told["curves"], told["errors"]) == (None, None, None)
    assert told["groups"][0]["certificate"]["threshold"] is None


def test_a_damaged_bundle_is_not_believed_and_not_promoted(office: Office) -> None:
    with office.store.read() as session:
        path = Path(session.bundles()[1].path)
    (path / "ranker.txt").write_text("")
    told = office.client.get("/v1/models/2").json()
    assert "ranker.txt" in told["problem"]
    assert (told["curves"], told["groups"], told["errors"]) == (None, None, None)
    answer = office.client.post("/v1/models/2/promote", json=WORD)
    assert (answer.status_code, "ranker.txt" in answer.json()["detail"]) == (503, True)
    assert office.client.get("/v1/models/2/changes").status_code == 503
    assert office.pointers() == (1, None)


def test_promotion_and_rollback_stand_in_the_log_with_name_and_reason(office: Office) -> None:
    answer = office.client.post("/v1/models/2/promote", json=WORD).json()
    assert answer == {"champion": 2, "challenger": None, "previous": 1, "since": "2025-03-02T00:00:00Z"}
    office.service.refresh()
    assert office.client.get("/v1/models/current").json()["version"] == 2
    back = office.client.post("/v1/models/rollback", json={"by": "Chen", "reason": "more came back"})
    assert (back.status_code, office.pointers()) == (200, (1, None))
    assert office.client.post("/v1/models/rollback", json=WORD).status_code == 404
    assert office.promoted() == [
        ("Li Wei", "fewer reviews"),
        ("Li Wei", "fewer reviews"),
        ("Chen", "more came back"),
    ]


def test_an_older_bundle_is_promoted_only_where_that_is_meant(office: Office) -> None:
    office.client.post("/v1/models/2/promote", json=WORD)
    assert office.client.post("/v1/models/1/promote", json=WORD).status_code == 409
    assert office.client.post("/v1/models/1/promote", json={**WORD, "older": True}).status_code == 200
    assert office.pointers() == (1, 2)


@pytest.mark.parametrize("body", [{"by": "Li Wei"}, {"reason": "x", "by": ""}, {"reason": " ", "by": "x"}])
@pytest.mark.parametrize("path", ["2/promote", "rollback"])
def test_nobody_promotes_without_name_and_reason(office: Office, path: str, body: dict[str, str]) -> None:
    assert office.client.post(f"/v1/models/{path}", json=body).status_code == 422
    assert office.pointers() == (1, None)


@pytest.mark.parametrize("path", ["/v1/models/9", "/v1/models/9/changes", "/v1/models/99999999999999999999"])
def test_an_unknown_version_is_not_found(office: Office, path: str) -> None:
    assert office.client.get(path).status_code == 404
    assert office.client.post("/v1/models/9/promote", json=WORD).status_code == 404


def submit(office: Office, ticket_id: str, unit: str) -> None:
    body = {"ticket_id": ticket_id, "text": WORDS[unit]}
    assert office.client.post("/v1/tickets", json=body).status_code == 201


def test_what_a_promotion_would_change(office: Office) -> None:
    for number in range(3):
        submit(office, f"lamp{number}", "lamps")
        submit(office, f"pipe{number}", "pipes")
    office.client.post("/v1/tickets/lamp0/review", json={"unit": "lamps", "by": "Li Wei"})
    office.client.post("/v1/tickets/pipe0/review", json={"unit": "lamps", "by": "Li Wei"})
    before = office.service.champion()
    told = office.client.get("/v1/models/2/changes").json()
    assert (told["champion"], told["version"], told["tickets"]) == (1, 2, 6)
    assert (told["automatic_before"], told["automatic_after"]) == (0, 6)
    assert (told["newly_automatic"], told["no_longer_automatic"], told["other_unit"]) == (6, 0, 0)
    assert (told["confirmed"], told["right_before"], told["right_after"]) == (2, 1, 1)
    assert told["seen_in_training"] == 0
    assert "last 6 tickets" in told["compares"]
    by_id = {one["ticket_id"]: one for one in told["examples"]}
    assert len(by_id) == 6
    pipe = by_id["pipe0"]
    assert (pipe["before"]["unit"], pipe["before"]["verdict"], pipe["outcome"]) == (
        "pipes",
        "review",
        "lamps",
    )
    assert (pipe["after"]["unit"], pipe["after"]["verdict"]) == ("pipes", "dispatch")
    assert by_id["pipe1"]["outcome"] is None
    last = office.client.get("/v1/models/2/changes", params={"last": 2}).json()
    assert (last["tickets"], last["newly_automatic"]) == (2, 2)
    assert office.service.champion() is before
    assert office.pointers() == (1, None)


def test_a_ticket_is_routed_again_with_what_was_known_when_it_came(office: Office) -> None:
    """Its own outcome, known later, must not be among the evidence."""
    late = Ticket(ticket_id="late", received_at=NOW - timedelta(hours=1), text=WORDS["pipes"], category="w")
    early = replace(late, ticket_id="early", received_at=START + timedelta(hours=2, minutes=30))
    for one in (early, late):
        office.service.submit(one)
    office.client.post("/v1/tickets/early/review", json={"unit": "lamps", "by": "Li Wei"})
    found = office.service.rehearse(2, 10)
    seen = [(example.ticket_id, example.after.history_sequence) for example in found.examples]
    assert sorted(seen) == [("early", 6), ("late", 10)]


def test_one_rehearsal_at_a_time(office: Office) -> None:
    with REHEARSING:
        answer = office.client.get("/v1/models/2/changes")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    assert office.client.get("/v1/models/2/changes").status_code == 200


def test_how_far_a_rehearsal_is_comes_before_what_it_found(office: Office) -> None:
    for number in range(4):
        submit(office, f"lamp{number}", "lamps")
    answer = office.client.get("/v1/models/2/changes/stream", params={"last": 3})
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = [part.split("\n") for part in answer.text.strip().split("\n\n")]
    names = [event.removeprefix("event: ") for event, _ in told]
    assert names == ["progress"] * (len(told) - 1) + ["changes"]
    shares = [json.loads(data.removeprefix("data: "))["share"] for _, data in told[:-1]]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(set(shares))
    found = json.loads(told[-1][1].removeprefix("data: "))
    assert found == office.client.get("/v1/models/2/changes", params={"last": 3}).json()
    assert office.client.get("/v1/models/9/changes/stream").status_code == 404
    with REHEARSING:
        assert office.client.get("/v1/models/2/changes/stream").status_code == 429


def test_a_rehearsal_ends_when_its_listener_wants_no_more(office: Office) -> None:
    submit(office, "lamp", "lamps")
    heard: list[float] = []

    def enough(share: float) -> None:
        heard.append(share)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        office.service.rehearse(2, 10, enough)
    assert heard == [0.0]


def test_bundles_that_count_alike_are_rehearsed_on_one_history(office: Office) -> None:
    """And decide as on two."""
    for number in range(3):
        submit(office, f"lamp{number}", "lamps")
        submit(office, f"pipe{number}", "pipes")
    with office.store.read() as session:
        shared = rehearsal._read(2, 6, session, load_bundle, Policy(), DerivedAnew())
        alone = rehearsal._read(2, 6, session, load_bundle, Policy(), DerivedAnew())
    assert shared.is_one_history
    own = replace(alone.after.world, history=History(alone.after.world.history.schema))
    apart = replace(alone, after=replace(alone.after, world=own))
    assert not apart.is_one_history
    one, two = (rehearsal._routed(m, DerivedAnew(), NOW, rehearsal.unreported) for m in (shared, apart))
    assert one == two
    assert shared.after.world.history.sequence > 0


def test_an_installation_without_a_model_can_be_rehearsed_too(office: Office) -> None:
    submit(office, "lamp", "lamps")
    office.store.write(lambda session: session.set_pointers(replace(session.pointers(), champion=None)))
    told = office.client.get("/v1/models/2/changes").json()
    assert (told["champion"], told["newly_automatic"]) == (None, 1)
    assert "no model" in told["compares"]


def test_the_address_of_mlflow_is_checked() -> None:
    assert web_address("--mlflow-url", "http://mlflow.example:5000//") == "http://mlflow.example:5000"
    assert web_address("--mlflow-url", "") is None
    with pytest.raises(InvalidInput):
        web_address("--mlflow-url", "javascript:alert(1)")

"""What a correction changes for tickets that wait, and past dispatches around a ticket, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.decisions import Policy, Reason, Verdict
from domain.dispatches import Dispatch
from domain.places import Point
from domain.rules import Rule
from domain.units import Unit
from models.bundle import load_bundle
from router.audit import verify
from router.derived import DerivedAnew
from router.ports import BundleRecord, EventKind, Pointers, Store
from router.replay import replay
from router.service import RoutingService
from store.bundles import promote
from store.codec import encode
from store.memory import MemoryStore
from tests.bundles import START, WORDS, tiny_bundle
from tests.bundles import ticket as of_the_bundle
from tests.evaluations import certificate
from tests.serving import NOW, Clock, a_dispatch, no_bundle

HERE = {"latitude": 31.35, "longitude": 121.45}  # nobody's ground
BURST = "water runs out of a burst pipe below the road"
ME = {"by": "Li Wei"}


def submit(client: TestClient, ticket_id: str, text: str = BURST, **fields: Any) -> dict[str, Any]:
    body = {"ticket_id": ticket_id, "text": text, **HERE, **fields}
    answer = client.post("/v1/tickets", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def say(client: TestClient, ticket_id: str, word: str, **body: Any) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/{word}", json={**ME, **body})


def affected(client: TestClient, ticket_id: str, by: str = "Li Wei") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/tickets/{ticket_id}/affected", params={"by": by})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["count"] == len(found["tickets"])
    tickets: list[dict[str, Any]] = found["tickets"]
    return tickets


def reroute(client: TestClient, ticket_id: str) -> tuple[int, int]:
    found = say(client, ticket_id, "affected/reroute").json()
    return found["rerouted"], found["dispatched"]


def ticket(client: TestClient, ticket_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/tickets/{ticket_id}").json()
    return found


def told(store: Store, ticket_id: str) -> list[tuple[EventKind, str, str]]:
    with store.read() as session:
        assert verify(session).findings == ()
        return [(event.kind, event.by, event.detail) for event in session.events(ticket_id)]


def test_a_correction_changes_what_is_like_it(client: TestClient, store: Store, clock: Clock) -> None:
    for number in range(3):
        assert submit(client, f"t{number}")["unit"] is None
    submit(client, "lamp", "street lamp dark since Monday", latitude=31.05)
    due = ticket(client, "t1")["due_at"]
    say(client, "t0", "review", unit="north")
    clock.move(minutes=1)
    found = affected(client, "t0")
    assert {one["ticket_id"] for one in found} == {"t1", "t2"}
    assert (found[0]["unit"], found[0]["then"]["unit"], found[0]["then"]["verdict"]) == (
        None,
        "north",
        "review",
    )
    assert ticket(client, "t1")["unit"] is None  # to ask changes nothing
    assert reroute(client, "t0") == (2, 0)
    changed = ticket(client, "t1")
    assert (changed["status"], changed["unit"], changed["due_at"]) == ("in_review", "north", due)
    assert changed["reasons"][0] == "rerouted"
    assert told(store, "t1")[-2:] == [
        (EventKind.REROUTED, "Li Wei", "t0"),
        (EventKind.STATUS, "Li Wei", "in_review"),
    ]
    assert (affected(client, "t0"), reroute(client, "t0")) == ([], (0, 0))
    assert ticket(client, "lamp")["unit"] is None


def test_what_others_decide_at_the_moment_is_left_to_them(client: TestClient, clock: Clock) -> None:
    for number in range(3):
        submit(client, f"t{number}")
    say(client, "t0", "review", unit="north")
    say(client, "t1", "claim", by="Wang")
    say(client, "t2", "claim")
    assert [one["ticket_id"] for one in affected(client, "t0")] == ["t2"]
    assert affected(client, "t0", by="") == []
    assert reroute(client, "t0") == (1, 0)
    assert (ticket(client, "t1")["unit"], ticket(client, "t2")["unit"]) == (None, "north")
    clock.move(minutes=5)
    assert [one["ticket_id"] for one in affected(client, "t0")] == ["t1"]


def test_what_is_reviewed_blind_keeps_its_first_decision(
    client: TestClient, service: RoutingService, store: Store
) -> None:
    submit(client, "t0")
    submit(client, "t1")
    decision = service.ticket("t1").decision
    assert decision is not None
    blind = replace(decision, blind=True)
    store.write(lambda session: session.add_decision(blind, NOW))
    say(client, "t0", "review", unit="north")
    assert affected(client, "t0") == []
    assert reroute(client, "t0") == (0, 0)


def test_a_ticket_that_a_person_holds_is_held_with_a_better_proposal(
    client: TestClient,
) -> None:
    submit(client, "t0")
    say(client, "t0", "review", unit="south")
    assert submit(client, "t1")["unit"] == "south"
    submit(client, "t2")
    say(client, "t1", "hold", reason="the caller rings back")
    for number in range(3, 6):
        submit(client, f"t{number}")
        say(client, f"t{number}", "review", unit="north")
    assert {one["ticket_id"] for one in affected(client, "t5")} == {"t1", "t2"}
    assert reroute(client, "t5") == (2, 0)
    assert (ticket(client, "t1")["status"], ticket(client, "t1")["unit"]) == ("on_hold", "north")


def test_a_rule_dispatches_and_not_over_the_head_of_who_holds_a_ticket(
    client: TestClient, service: RoutingService, store: Store
) -> None:
    submit(client, "t0")
    say(client, "t0", "review", unit="south")
    for number in (1, 2):
        assert submit(client, f"t{number}")["unit"] == "south"
    say(client, "t2", "hold", reason="the caller rings back")
    rule = Rule(rule_id="pipes", unit_id="north", words=("burst pipe",), priority=1)
    store.write(lambda session: session.put_rules([rule]))
    service.refresh()
    submit(client, "lamp", "street lamp dark since Monday")
    say(client, "lamp", "review", unit="north")
    assert reroute(client, "lamp") == (1, 1)
    sent = ticket(client, "t1")
    assert (sent["status"], sent["unit"], sent["reasons"]) == ("dispatched", "north", ["rule"])
    assert ticket(client, "t2")["status"] == "on_hold"
    with store.read() as session:
        assert [(one.unit_id, one.kind) for one in session.deliveries(ticket_id="t1")] == [
            ("north", "dispatch")
        ]
    told(store, "t1")


def test_a_second_decision_is_replayed_to_the_same_bits(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, "t0")
    submit(client, "t1")
    say(client, "t0", "review", unit="north")
    clock.move(minutes=1)
    assert reroute(client, "t0") == (1, 0)
    with store.read() as session:
        found = replay("t1", session, no_bundle, Policy(), DerivedAnew())
    assert encode(found.again) == encode(found.stored)
    assert Reason.REROUTED in found.stored.reasons


def test_nothing_follows_from_what_nobody_reviewed(client: TestClient) -> None:
    submit(client, "t0")
    assert client.get("/v1/tickets/none/affected").status_code == 404
    answer = client.get("/v1/tickets/t0/affected")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gridroute:problem:not-reviewed")
    assert say(client, "t0", "affected/reroute").status_code == 409
    say(client, "t0", "review", unit="north")
    say(client, "t0", "undo", reason="no")
    assert say(client, "t0", "affected/reroute").status_code == 409


def test_no_certificate_speaks_for_a_second_look(tmp_path: Path) -> None:
    sure = replace(certificate(threshold=0.0), issued_at=START, expires_at=START + timedelta(days=180))
    bundle = tiny_bundle(tmp_path / "bundles", issued=sure)
    store = MemoryStore()
    clock = Clock(START + timedelta(days=60))
    past = [of_the_bundle(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    store.write(lambda session: session.put_units(Unit(unit_id=unit, name=unit) for unit in WORDS))
    store.write(lambda session: session.append_dispatches(log))
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=clock())
    store.write(lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version)))
    promote(store, 1, clock())
    client = TestClient(create_app(RoutingService(store, clock, load_bundle)))
    stop = {"scope": "all", "reason": "a storm", **ME}
    suspension = client.post("/v1/automation/suspend", json=stop).json()["suspension"]
    for number in range(2):
        assert submit(client, f"t{number}", WORDS["pipes"])["status"] == "in_review"
    lifted = {"suspension": suspension, "reason": "it is over", **ME}
    assert client.post("/v1/automation/resume", json=lifted).status_code == 200
    assert submit(client, "first look", WORDS["pipes"])["status"] == "dispatched"
    say(client, "t0", "review", unit="lamps")
    assert reroute(client, "t0") == (0, 0)
    assert ticket(client, "t1")["status"] == "in_review"


def test_past_dispatches_around_a_ticket(client: TestClient, service: RoutingService, store: Store) -> None:
    north = 100 / 111_195  # degrees of latitude in 100 metres
    log = [
        a_dispatch(f"p{steps}", "north", NOW - timedelta(days=1) + timedelta(minutes=steps), point=there)
        for steps in (0, 2, 4, 6, 25)
        for there in [Point(latitude=31.35 + steps * north, longitude=121.45)]
    ]
    store.write(lambda session: session.append_dispatches(log))
    service.refresh()
    submit(client, "t0", category="Leak")
    found = client.get("/v1/tickets/t0/nearby").json()
    assert [one["ticket_id"] for one in found] == ["p0", "p2", "p4"]
    assert found[1]["distance_m"] == pytest.approx(200, rel=0.01)
    assert (found[0]["unit_id"], found[0]["latitude"]) == ("north", pytest.approx(31.35))
    assert found[0]["known_at"].startswith("2024-04-30T09:00:00")
    wide = client.get("/v1/tickets/t0/nearby", params={"radius_m": 2_000, "limit": 4}).json()
    assert [one["ticket_id"] for one in wide] == ["p0", "p2", "p4", "p6"]
    for wrong in ({"radius_m": 0}, {"radius_m": 3_000}, {"limit": 0}, {"radius_m": "nan"}):
        assert client.get("/v1/tickets/t0/nearby", params=wrong).status_code == 422
    assert client.get("/v1/tickets/none/nearby").status_code == 404


def test_a_ticket_that_is_nowhere_has_nothing_around_it(client: TestClient) -> None:
    client.post("/v1/tickets", json={"ticket_id": "t0", "text": BURST})
    assert client.get("/v1/tickets/t0/nearby").json() == []
    assert ticket(client, "t0")["verdict"] == Verdict.HOLD

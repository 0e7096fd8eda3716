"""Two reviewers at once, tickets that are kept back, and why a ticket was given away, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.tickets import WAITING
from router.audit import verify
from router.ports import EventKind, Store
from router.service import RoutingService
from store.sql import open_store
from tests.serving import Clock, furnished, no_bundle

PAPER = {"text": "The newspaper asks", "latitude": 31.25, "longitude": 121.45}
SPARKS = {**PAPER, "text": "The newspaper asks about sparks from the meter"}
GAS = {**PAPER, "text": "Gas leak"}


def submit(client: TestClient, clock: Clock, *bodies: dict[str, Any]) -> None:
    for number, body in enumerate(bodies, 1):
        assert client.post("/v1/tickets", json={"ticket_id": f"t{number}", **body}).status_code == 201
        clock.move(seconds=1)


def next_of(client: TestClient, by: str, *skip: str) -> Any:
    return client.post("/v1/reviews/claim", json={"by": by, "skip": list(skip)})


def say(client: TestClient, ticket_id: str, word: str, **body: Any) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/{word}", json={"by": "Li Wei", **body})


def told(store: Store, ticket_id: str) -> list[tuple[EventKind, str, str]]:
    with store.read() as session:
        assert verify(session).findings == ()
        return [(event.kind, event.by, event.detail) for event in session.events(ticket_id)]


def test_each_reviewer_gets_another_ticket_the_most_pressing_first(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, clock, PAPER, PAPER, SPARKS)
    first = next_of(client, "Li Wei")
    assert (first.status_code, first.json()["ticket_id"]) == (200, "t3")
    assert first.json()["claimed_by"] == "Li Wei"
    assert first.json()["claimed_until"] == "2024-05-01T09:05:03Z"
    assert next_of(client, "Wang").json()["ticket_id"] == "t1"
    assert next_of(client, "Wang", "t1").json()["ticket_id"] == "t2"
    nothing = next_of(client, "Zhao")
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert next_of(client, "Li Wei").json()["ticket_id"] == "t3"  # a page that is loaded again
    lines = client.get("/v1/reviews").json()["reviews"]
    assert [(one["ticket_id"], one["claimed_by"]) for one in lines] == [
        ("t3", "Li Wei"),
        ("t1", "Wang"),
        ("t2", "Wang"),
    ]
    assert told(store, "t3").count((EventKind.CLAIMED, "Li Wei", "")) == 1


def test_only_who_claimed_a_ticket_decides_it(client: TestClient, store: Store, clock: Clock) -> None:
    submit(client, clock, PAPER)
    next_of(client, "Li Wei")
    for word, body in (("review", {"unit": "north"}), ("hold", {"reason": "later"}), ("claim", {})):
        answer = say(client, "t1", word, **{**body, "by": "Wang"})
        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "urn:gridroute:problem:claimed-by-another",
        )
        assert answer.json()["claimed_by"] == "Li Wei"
    assert client.delete("/v1/tickets/t1/claim", params={"by": "Wang"}).status_code == 409
    decided = say(client, "t1", "review", unit="north")
    assert (decided.status_code, decided.json()["claimed_by"]) == (200, None)
    assert client.get("/v1/tickets/t1").json() == decided.json()
    assert say(client, "t1", "claim").json()["type"] == "urn:gridroute:problem:not-waiting"


def test_a_claim_ends_by_itself(client: TestClient, clock: Clock) -> None:
    submit(client, clock, PAPER)
    next_of(client, "Li Wei")
    clock.move(minutes=4.9)
    assert next_of(client, "Wang").status_code == 204
    clock.move(minutes=0.1)
    assert next_of(client, "Wang").json()["claimed_by"] == "Wang"
    assert say(client, "t1", "review", unit="north").status_code == 409
    assert say(client, "t1", "review", unit="north", by="Wang").status_code == 200


def test_a_claim_is_prolonged_or_given_back(client: TestClient, store: Store, clock: Clock) -> None:
    submit(client, clock, PAPER)
    next_of(client, "Li Wei")
    clock.move(minutes=4)
    assert say(client, "t1", "claim").json()["claimed_until"] == "2024-05-01T09:09:01Z"
    assert client.delete("/v1/tickets/t1/claim", params={"by": "Li Wei"}).status_code == 204
    assert client.delete("/v1/tickets/t1/claim", params={"by": "Li Wei"}).status_code == 204
    assert next_of(client, "Wang").json()["ticket_id"] == "t1"
    assert told(store, "t1").count((EventKind.RELEASED, "Li Wei", "")) == 1


def test_what_cannot_be_claimed(client: TestClient, clock: Clock) -> None:
    submit(client, clock, PAPER)
    assert say(client, "nothing", "claim").status_code == 404
    assert client.delete("/v1/tickets/nothing/claim", params={"by": "x"}).status_code == 404
    assert client.post("/v1/reviews/claim", json={}).json()["field"] == "by"
    assert client.post("/v1/reviews/claim", json={"by": "x", "skip": "t1"}).status_code == 422
    assert client.delete("/v1/tickets/t1/claim").json()["field"] == "by"


def test_a_ticket_that_nobody_claimed_is_decided_by_anybody(client: TestClient, clock: Clock) -> None:
    submit(client, clock, PAPER)
    assert say(client, "t1", "review", unit="north", by="Wang").status_code == 200


def test_many_reviewers_in_two_processes_never_get_the_same_ticket(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'g.db'}"
    first, second = furnished(open_store(url)), open_store(url)
    clients = [TestClient(create_app(RoutingService(store, clock, no_bundle))) for store in (first, second)]
    submit(clients[0], clock, *[PAPER] * 12)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: next_of(clients[n % 2], f"reviewer {n}"), range(12)))
    assert sorted(one.json()["ticket_id"] for one in answers) == sorted(f"t{n}" for n in range(1, 13))
    assert next_of(clients[1], "one more").status_code == 204
    with first.read() as session:
        assert {one.claimed_by for one in session.waiting()} == {f"reviewer {n}" for n in range(12)}
    first.close()
    second.close()


def test_a_held_ticket_waits_on_with_a_new_time_and_for_anybody(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    submit(client, clock, PAPER)
    next_of(client, "Li Wei")
    clock.move(minutes=29)
    say(client, "t1", "claim")
    held = say(client, "t1", "hold", reason="the caller rings back").json()
    assert (held["status"], held["claimed_by"], held["due_at"]) == ("on_hold", None, "2024-05-01T09:59:01Z")
    assert (EventKind.HELD, "Li Wei", "the caller rings back") in told(store, "t1")
    clock.move(minutes=29)
    assert service.watch_clocks() == 0
    assert say(client, "t1", "hold", reason="once more", by="Wang").json()["due_at"] == "2024-05-01T10:28:01Z"
    clock.move(minutes=30)
    assert service.watch_clocks() == 1
    assert next_of(client, "Zhao").json()["overdue"]
    assert say(client, "t1", "review", unit="north", by="Zhao").json()["status"] == "dispatched"


def test_an_undone_review_of_a_held_ticket_leaves_it_held(client: TestClient, clock: Clock) -> None:
    submit(client, clock, PAPER)
    clock.move(minutes=20)
    held = say(client, "t1", "hold", reason="later").json()
    say(client, "t1", "review", unit="north")
    assert say(client, "t1", "undo", reason="no").json() == held


def test_what_is_not_waiting_is_not_held(client: TestClient, clock: Clock) -> None:
    submit(client, clock, GAS, PAPER)
    assert say(client, "t1", "hold", reason="x").json()["type"] == "urn:gridroute:problem:not-waiting"
    assert say(client, "nothing", "hold", reason="x").status_code == 404
    assert say(client, "t2", "hold").json()["field"] == "reason"
    assert client.get("/v1/tickets/t1").json()["status"] not in WAITING


@pytest.mark.parametrize("reason", ["wrong_place", "wrong_kind", "boundary", "reorganised", "other"])
def test_why_a_ticket_was_given_away_is_kept(
    client: TestClient, store: Store, clock: Clock, reason: str
) -> None:
    submit(client, clock, PAPER)
    reviewed = say(client, "t1", "review", unit="south", reason=reason).json()
    assert reviewed["review"]["reason"] == reason
    assert client.get("/v1/tickets/t1").json() == reviewed
    assert told(store, "t1")


def test_no_other_reasons_are_taken(client: TestClient, clock: Clock) -> None:
    submit(client, clock, PAPER)
    answer = say(client, "t1", "review", unit="south", reason="mood")
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert say(client, "t1", "review", unit="south").json()["review"]["reason"] is None

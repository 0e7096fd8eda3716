"""Units that fetch their dispatches, and what they say of them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.decisions import Policy, Verdict
from domain.dispatches import LabelSource
from domain.errors import NotFound
from router.audit import verify
from router.derived import DerivedAnew
from router.ports import EventKind, Store
from router.replay import replay
from store.codec import encode
from tests.serving import Clock, no_bundle

GAS = {"ticket_id": "t1", "text": "Gas leak", "latitude": 31.25, "longitude": 121.45}
NO = {"by": "crew 7", "reason": "a private line"}


def fetched(client: TestClient, unit: str = "gas", **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/units/{unit}/dispatches", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["dispatches"]
    return found


def say(client: TestClient, word: str, number: int, unit: str = "gas", body: object = None) -> Any:
    body = body or (NO if word == "reject" else {"by": "crew 7"})
    return client.post(f"/v1/units/{unit}/dispatches/{number}/{word}", json=body)


def ticket(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/tickets/t1").json()
    return found


def give(client: TestClient, clock: Clock, unit: str) -> int:
    """A person gives the ticket to that unit; answers the number of its dispatch there."""
    client.post("/v1/tickets/t1/review", json={"unit": unit, "by": "Li Wei"})
    clock.move(seconds=10)
    return int(fetched(client, unit)[-1]["dispatch"])


def test_a_unit_fetches_acknowledges_and_accepts(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS)
    (one,) = fetched(client)
    assert (one["reply"], one["by"], one["ticket"]["ticket_id"]) == (None, None, "t1")
    assert one["ticket"]["dispatch"] == one["dispatch"]
    assert say(client, "acknowledge", one["dispatch"]).json()["reply"] == "acknowledged"
    (again,) = fetched(client)
    assert (again["reply"], again["by"]) == ("acknowledged", "crew 7")
    with store.read() as session:
        assert session.pending_deliveries() == []
    assert say(client, "accept", one["dispatch"]).json()["reply"] == "accepted"
    assert fetched(client) == []
    assert [done["dispatch"] for done in fetched(client, accepted=True)] == [one["dispatch"]]
    for word in ("acknowledge", "accept"):
        assert say(client, word, one["dispatch"]).json()["reply"] == "accepted"


def test_what_a_unit_has_done_is_listed_no_more(client: TestClient) -> None:
    client.post("/v1/tickets", json=GAS)
    (one,) = fetched(client)
    say(client, "accept", one["dispatch"])
    for _ in range(2):
        assert say(client, "done", one["dispatch"]).json()["reply"] == "done"
    assert fetched(client) == fetched(client, accepted=True) == []
    assert say(client, "accept", one["dispatch"]).json()["reply"] == "done"
    assert say(client, "done", one["dispatch"], unit="north").status_code == 404


def test_pages_follow_each_other(client: TestClient) -> None:
    for number in range(3):
        client.post("/v1/tickets", json={**GAS, "ticket_id": f"t{number}"})
    page = client.get("/v1/units/gas/dispatches", params={"limit": 2}).json()
    assert [one["ticket"]["ticket_id"] for one in page["dispatches"]] == ["t0", "t1"]
    rest = client.get("/v1/units/gas/dispatches", params={"limit": 2, "after": page["next"]}).json()
    assert ([one["ticket"]["ticket_id"] for one in rest["dispatches"]], rest["next"]) == (["t2"], None)


def test_what_is_not_there(client: TestClient) -> None:
    client.post("/v1/tickets", json=GAS)
    number = fetched(client)[0]["dispatch"]
    assert client.get("/v1/units/nobody/dispatches").status_code == 404
    for wrong in (0, number + 1, 2**80):
        assert say(client, "accept", wrong).status_code == 404
    assert say(client, "accept", number, unit="north").status_code == 404
    assert say(client, "reject", number, body={"by": "crew 7"}).json()["field"] == "reason"


def test_a_refused_ticket_goes_to_a_person_with_the_reason(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS)
    number = fetched(client)[0]["dispatch"]
    say(client, "accept", number)
    assert say(client, "reject", number).json()["reply"] == "refused"
    found = ticket(client)
    assert (found["status"], found["verdict"]) == ("in_review", "review")
    assert found["reasons"][:1] == ["refused"]
    assert found["unit"] == "north"  # the ground's
    refused = next(one for one in found["candidates"] if one["unit"] == "gas")
    assert refused["evidence"][0] == {**refused["evidence"][0], "kind": "refusal", "key": "a private line"}
    assert fetched(client) == fetched(client, accepted=True) == []
    again = say(client, "reject", number)
    assert (again.status_code, again.json()["reply"]) == (200, "refused")
    late = say(client, "accept", number)
    assert (late.status_code, late.json()["type"]) == (409, "urn:gridroute:problem:no-longer-theirs")
    with store.read() as session:
        kinds = [event.kind for event in session.events("t1")]
        assert kinds.count(EventKind.REFUSED) == 1
        assert kinds.count(EventKind.DECIDED) == 2
        assert verify(session).findings == ()
    waiting = client.get("/v1/reviews").json()["reviews"]
    assert [one["ticket_id"] for one in waiting] == ["t1"]


def test_what_a_person_said_is_undone_when_the_unit_refuses_it(
    client: TestClient, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json=GAS)
    number = give(client, clock, "south")
    say(client, "reject", number, unit="south")
    found = ticket(client)
    assert (found["status"], found["review"]) == ("in_review", None)
    with store.read() as session:
        labels = [(entry.unit_id, entry.source) for entry in session.dispatches()]
    assert labels == [("south", LabelSource.REASSIGNMENT), ("south", LabelSource.RETRACTION)]
    give(client, clock, "north")
    assert ticket(client)["unit"] == "north"


def test_a_ticket_that_went_on_is_no_longer_theirs(client: TestClient, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS)
    number = fetched(client)[0]["dispatch"]
    give(client, clock, "north")
    assert fetched(client) == []
    for word in ("acknowledge", "accept", "reject"):
        assert say(client, word, number).status_code == 409


def test_a_decision_in_its_ten_seconds_is_not_there_yet(client: TestClient, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS)
    client.post("/v1/tickets/t1/review", json={"unit": "north", "by": "Li Wei"})
    assert fetched(client, "north") == []
    clock.move(seconds=10)
    assert len(fetched(client, "north")) == 1


def test_after_three_refusals_it_is_held_and_ping_pong_is_named(client: TestClient, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, "reject", fetched(client)[0]["dispatch"])
    say(client, "reject", give(client, clock, "north"), unit="north")
    assert ticket(client)["reasons"][:2] == ["refused", "no_candidate"]
    say(client, "reject", give(client, clock, "gas"))
    found = ticket(client)
    assert found["status"] == "on_hold"
    assert found["reasons"][:3] == ["refused", "ping_pong", "transfers_capped"]
    assert give(client, clock, "south")  # a person may end it all the same


def test_a_decision_after_a_refusal_is_made_again_to_the_same_bits(
    client: TestClient, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json=GAS)
    clock.move(minutes=1)
    say(client, "reject", fetched(client)[0]["dispatch"])
    with store.read() as session:
        found = replay("t1", session, no_bundle, Policy(), DerivedAnew())
        first = replay("t1", session, no_bundle, Policy(), DerivedAnew(), 1)
        with pytest.raises(NotFound, match="decision 3 of ticket 't1'"):
            replay("t1", session, no_bundle, Policy(), DerivedAnew(), 3)
    assert encode(found.again) == encode(found.stored)
    assert found.stored.notes == ("gas",)
    assert (found.number, found.of, first.number, first.of) == (2, 2, 1, 2)
    assert encode(first.again) == encode(first.stored)
    assert (first.stored.verdict, first.stored.notes) == (Verdict.DISPATCH, ())

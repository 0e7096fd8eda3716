"""Several callers, one trouble: joined, taken apart again, and what units hear of it, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.rules import Rule
from router.audit import verify
from router.delivery_ports import Delivery, DeliveryState, Endpoint, Settled
from router.ports import EventKind, Store
from router.service import RoutingService
from tests.serving import RULES, Clock, no_bundle

PAPER = {"text": "The newspaper asks", "latitude": 31.25, "longitude": 121.45}
SPARKS = {**PAPER, "text": "The newspaper asks about sparks from the meter"}
GAS = {**PAPER, "text": "Gas leak"}
ME = {"by": "Li Wei"}


@pytest.fixture
def store(store: Store) -> Store:
    """Every unit has an endpoint."""
    for unit_id in ("north", "south", "gas"):
        endpoint = Endpoint(unit_id=unit_id, url="https://x.example/", secrets=())
        store.write(lambda session, one=endpoint: session.put_endpoint(one))  # type: ignore[misc]
    return store


def submit(client: TestClient, **bodies: dict[str, Any]) -> None:
    for ticket_id, body in bodies.items():
        assert client.post("/v1/tickets", json={"ticket_id": ticket_id, **body}).status_code == 201


def join(client: TestClient, ticket_id: str, into: str, by: str = "Li Wei") -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/join", json={"into": into, "by": by})


def unjoin(client: TestClient, ticket_id: str) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/unjoin", json=ME)


def review(client: TestClient, ticket_id: str, unit: str) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/review", json={"unit": unit, **ME})


def ticket(client: TestClient, ticket_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/tickets/{ticket_id}").json()
    return found


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:gridroute:problem:")


def outbox(store: Store, ticket_id: str) -> list[tuple[str, str, str]]:
    with store.read() as session:
        found = session.deliveries(ticket_id=ticket_id)
        return [(one.unit_id, one.kind, one.state) for one in found]


def deliver(store: Store, clock: Clock) -> list[tuple[str, str, str]]:
    """Everything that is due, until nothing is: (unit, kind, ticket)."""
    told: list[tuple[str, str, str]] = []
    while claimed := store.write(
        lambda session: session.claim_deliveries("me", clock(), clock() + timedelta(seconds=3), 9)
    ):
        for one in claimed:
            settle(store, one, clock)
            told.append((one.unit_id, one.kind, one.ticket_id))
    return told


def settle(store: Store, delivery: Delivery, clock: Clock) -> None:
    done = Settled(state=DeliveryState.DELIVERED, at=clock(), due_at=clock())
    assert store.write(lambda session: session.settle_delivery(delivery, "me", done))


def told(store: Store, ticket_id: str) -> list[tuple[EventKind, str, str]]:
    with store.read() as session:
        assert verify(session).findings == ()
        return [(event.kind, event.by, event.detail) for event in session.events(ticket_id)]


def test_one_dispatch_for_all_callers(client: TestClient, store: Store, clock: Clock) -> None:
    submit(client, a=PAPER, b=PAPER, c=PAPER)
    joined = join(client, "b", "a").json()
    assert (joined["status"], joined["joined_into"], joined["unit"]) == ("joined", "a", "north")
    join(client, "c", "a")
    assert ticket(client, "a")["joined"] == ["b", "c"]
    assert [one["ticket_id"] for one in client.get("/v1/reviews").json()["reviews"]] == ["a"]
    reviewed = review(client, "a", "south").json()
    assert (reviewed["status"], reviewed["joined"]) == ("dispatched", ["b", "c"])
    clock.move(seconds=10)
    assert deliver(store, clock) == [("south", "dispatch", "a")]
    (handed,) = client.get("/v1/units/south/dispatches").json()["dispatches"]
    assert handed["ticket"]["joined"] == ["b", "c"]
    assert told(store, "b")[-2:] == [
        (EventKind.STATUS, "Li Wei", "joined"),
        (EventKind.JOINED, "Li Wei", "a"),
    ]


def test_taken_apart_it_waits_as_before_with_its_time_anew(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=PAPER, b=PAPER)
    before = ticket(client, "b")
    join(client, "b", "a")
    clock.move(minutes=20)
    apart = unjoin(client, "b").json()
    assert apart == before | {"due_at": "2024-05-01T09:50:00Z"}
    assert apart == ticket(client, "b")
    assert ticket(client, "a")["joined"] == []
    assert (EventKind.UNJOINED, "Li Wei", "a") in told(store, "b")
    assert outbox(store, "b") == []
    assert review(client, "b", "south").json()["status"] == "dispatched"


def test_a_held_ticket_taken_apart_is_held(client: TestClient) -> None:
    submit(client, a=PAPER, b=PAPER)
    client.post("/v1/tickets/b/hold", json={"reason": "later", **ME})
    join(client, "b", "a")
    assert unjoin(client, "b").json()["status"] == "on_hold"


def test_a_unit_that_has_a_joined_ticket_gives_it_back_in_ten_seconds(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=PAPER, b=GAS)
    assert deliver(store, clock) == [("gas", "dispatch", "b")]
    join(client, "b", "a")
    assert deliver(store, clock) == []
    clock.move(seconds=10)
    assert deliver(store, clock) == [("gas", "withdrawal", "b")]
    assert client.get("/v1/units/gas/dispatches").json()["dispatches"] == []
    assert client.post("/v1/units/gas/dispatches/1/accept", json=ME).status_code == 409
    apart = unjoin(client, "b").json()
    assert (apart["status"], apart["unit"]) == ("dispatched", "gas")
    assert deliver(store, clock) == []
    clock.move(seconds=10)
    assert deliver(store, clock) == [("gas", "dispatch", "b")]
    (handed,) = client.get("/v1/units/gas/dispatches").json()["dispatches"]
    assert client.post(f"/v1/units/gas/dispatches/{handed['dispatch']}/accept", json=ME).status_code == 200


def test_taken_apart_at_once_its_unit_hears_nothing(client: TestClient, store: Store, clock: Clock) -> None:
    submit(client, a=PAPER, b=GAS)
    deliver(store, clock)
    join(client, "b", "a")
    clock.move(seconds=9)
    unjoin(client, "b")
    clock.move(days=1)
    assert deliver(store, clock) == []
    assert outbox(store, "b") == [("gas", "dispatch", "delivered"), ("gas", "withdrawal", "cancelled")]
    (handed,) = client.get("/v1/units/gas/dispatches").json()["dispatches"]
    assert (handed["dispatch"], handed["ticket"]["ticket_id"]) == (1, "b")


def test_a_decision_in_its_ten_seconds_is_not_delivered_once_it_is_joined(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=PAPER, b=GAS)
    deliver(store, clock)
    review(client, "b", "north")
    clock.move(seconds=5)
    join(client, "b", "a")
    clock.move(seconds=10)
    assert deliver(store, clock) == [("gas", "withdrawal", "b")]  # north has never heard of it
    unjoin(client, "b")
    clock.move(seconds=10)
    assert deliver(store, clock) == [("north", "dispatch", "b")]
    assert ticket(client, "b")["unit"] == "north"


def test_joined_and_taken_apart_in_the_ten_seconds_of_a_correction(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=PAPER, b=GAS)
    deliver(store, clock)
    review(client, "b", "north")
    join(client, "b", "a")
    unjoin(client, "b")
    clock.move(seconds=10)
    assert sorted(deliver(store, clock)) == [("gas", "withdrawal", "b"), ("north", "dispatch", "b")]


def test_joined_tickets_are_decided_with_the_other_one(client: TestClient, clock: Clock) -> None:
    submit(client, a=PAPER, b=PAPER)
    review(client, "b", "north")
    join(client, "b", "a")
    for word, body in (
        ("review", {"unit": "south"}),
        ("hold", {"reason": "x"}),
        ("claim", {}),
        ("undo", {"reason": "x"}),
    ):
        answer = client.post(f"/v1/tickets/b/{word}", json={**ME, **body})
        assert problem(answer) == (409, "is-joined")
        assert answer.json()["into"] == "a"
    apart = unjoin(client, "b").json()
    assert (apart["status"], apart["unit"]) == ("dispatched", "north")
    assert apart["review"]["unit"] == "north"


def test_what_cannot_be_joined(client: TestClient) -> None:
    submit(client, a=PAPER, b=PAPER, c=PAPER)
    assert problem(join(client, "a", "a")) == (409, "cannot-join")
    assert join(client, "none", "a").status_code == 404
    missing = join(client, "a", "none")
    assert (missing.status_code, missing.json()["field"]) == (422, "into")
    assert problem(unjoin(client, "a")) == (409, "not-joined")
    join(client, "b", "a")
    assert problem(join(client, "a", "b")) == (409, "cannot-join")
    again = join(client, "b", "a")
    assert (again.status_code, again.json()["joined_into"]) == (200, "a")
    assert problem(join(client, "b", "c")) == (409, "is-joined")
    client.post("/v1/tickets/c/claim", json={"by": "Wang"})
    assert problem(join(client, "c", "a")) == (409, "claimed-by-another")
    assert join(client, "c", "a", by="Wang").status_code == 200


def test_groups_of_callers_go_together_and_apart_again(client: TestClient, store: Store) -> None:
    submit(client, a=PAPER, b=PAPER, c=PAPER, d=PAPER)
    join(client, "b", "a")
    join(client, "d", "c")
    assert join(client, "c", "b").json()["joined_into"] == "a"  # b goes with a
    assert ticket(client, "a")["joined"] == ["b", "c", "d"]
    apart = unjoin(client, "c").json()
    assert (apart["joined"], ticket(client, "a")["joined"]) == (["d"], ["b"])
    assert told(store, "d")[-1] == (EventKind.JOINED, "Li Wei", "c")


def test_an_urgent_caller_makes_the_ticket_urgent_while_joined(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    submit(client, a=PAPER)
    clock.move(minutes=1)
    submit(client, b=SPARKS)
    join(client, "b", "a")
    pressed = ticket(client, "a")
    assert (pressed["priority"], pressed["due_at"]) == ("urgent", "2024-05-01T09:04:00Z")
    clock.move(minutes=3)
    assert service.watch_clocks() == 1
    unjoin(client, "b")
    assert (ticket(client, "a")["priority"], ticket(client, "b")["priority"]) == ("normal", "urgent")


def test_a_unit_hears_who_else_called_once(client: TestClient, store: Store, clock: Clock) -> None:
    submit(client, a=GAS, b=PAPER, c=PAPER, d=PAPER)
    deliver(store, clock)
    join(client, "b", "a")
    clock.move(seconds=5)
    join(client, "c", "a")
    clock.move(seconds=5)
    assert deliver(store, clock) == [("gas", "update", "a")]
    join(client, "d", "a")
    unjoin(client, "d")
    clock.move(seconds=10)
    assert deliver(store, clock) == [("gas", "update", "a")]
    assert client.get("/v1/units/gas/dispatches").json()["dispatches"][0]["ticket"]["joined"] == ["b", "c"]


def test_a_unit_that_refuses_the_one_sends_back_what_goes_with_it(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=GAS, b=PAPER)
    join(client, "b", "a")
    no = {"reason": "a private line", **ME}
    assert client.post("/v1/units/gas/dispatches/1/reject", json=no).status_code == 200
    back = ticket(client, "a")
    assert (back["status"], back["joined"]) == ("in_review", ["b"])
    assert [one["ticket_id"] for one in client.get("/v1/reviews").json()["reviews"]] == ["a"]
    review(client, "a", "south")
    clock.move(seconds=10)
    assert ("south", "dispatch", "a") in deliver(store, clock)
    assert told(store, "b")[-1] == (EventKind.JOINED, "Li Wei", "a")


def test_an_undone_review_leaves_together_what_goes_together(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=PAPER, b=PAPER)
    review(client, "a", "north")
    join(client, "b", "a")
    undone = client.post("/v1/tickets/a/undo", json={"reason": "no", **ME}).json()
    assert (undone["status"], undone["joined"]) == ("in_review", ["b"])
    clock.move(days=1)
    assert deliver(store, clock) == []
    assert review(client, "a", "south").json()["joined"] == ["b"]


def test_similar_tickets_are_those_that_are_dispatched(client: TestClient) -> None:
    submit(client, a=PAPER, b=PAPER, c=PAPER)
    join(client, "b", "a")
    similar = client.get("/v1/tickets/c/similar").json()["similar"]
    assert [one["ticket_id"] for one in similar] == ["a"]
    lines = client.get("/v1/tickets", params={"status": "joined"}).json()["tickets"]
    assert [(one["ticket_id"], one["joined_into"]) for one in lines] == [("b", "a")]


def undo(client: TestClient, ticket_id: str) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/undo", json={"reason": "no", **ME})


@pytest.mark.parametrize("body", [PAPER, GAS], ids=["waits", "was dispatched"])
def test_an_undone_review_stands_as_before_it_though_joined_and_taken_apart_since(
    client: TestClient, store: Store, clock: Clock, body: dict[str, Any]
) -> None:
    submit(client, a=body, b=PAPER)
    before = ticket(client, "a")
    review(client, "a", "south")
    join(client, "a", "b")
    unjoin(client, "a")
    assert ticket(client, "a")["unit"] == "south"
    undone = undo(client, "a").json()
    assert [undone[name] for name in ("status", "unit", "joined_into")] == [
        before[name] for name in ("status", "unit", "joined_into")
    ]
    join(client, "a", "b")
    apart = unjoin(client, "a").json()
    assert [apart[name] for name in ("status", "unit")] == [before[name] for name in ("status", "unit")]
    assert told(store, "a")


def test_nobody_goes_with_a_ticket_whose_work_is_done(client: TestClient, clock: Clock) -> None:
    submit(client, a=GAS, b=GAS, c=GAS)
    number = client.get("/v1/units/gas/dispatches").json()["dispatches"][0]["dispatch"]
    join(client, "b", "a")
    assert client.post(f"/v1/units/gas/dispatches/{number}/done", json={"by": "crew"}).status_code == 200
    assert problem(join(client, "c", "a")) == (409, "already-done")
    assert problem(join(client, "c", "b")) == (409, "already-done")  # which goes with a
    assert client.get("/v1/tickets/c/similar").json()["similar"] == []
    assert ticket(client, "c")["status"] == "dispatched"


def test_a_dead_letter_that_is_no_longer_true_is_not_sent_again(
    client: TestClient, store: Store, clock: Clock
) -> None:
    submit(client, a=GAS)
    (dispatch,) = store.write(
        lambda session: session.claim_deliveries("me", clock(), clock() + timedelta(seconds=3), 9)
    )
    dead = Settled(state=DeliveryState.DEAD, at=clock(), due_at=clock(), error="gone")
    assert store.write(lambda session: session.settle_delivery(dispatch, "me", dead))
    review(client, "a", "north")
    clock.move(seconds=10)
    assert deliver(store, clock) == [("gas", "withdrawal", "a"), ("north", "dispatch", "a")]
    assert problem(client.post(f"/v1/deliveries/{dispatch.delivery_id}/retry")) == (409, "no-longer-theirs")
    assert deliver(store, clock) == []
    review(client, "a", "north")
    undo(client, "a")  # nothing to take back any more
    assert problem(client.post(f"/v1/deliveries/{dispatch.delivery_id}/retry")) == (409, "no-longer-theirs")


def test_a_unit_that_refuses_what_became_urgent_leaves_it_urgent(
    client: TestClient, store: Store, clock: Clock
) -> None:
    hole = Rule(rule_id="hole", unit_id="north", words=("pothole",), priority=1)
    store.write(lambda session: session.put_rules((*RULES, hole)))
    service = RoutingService(store, clock, no_bundle)
    client = TestClient(create_app(service))
    submit(client, a={**PAPER, "text": "Pothole"}, b=SPARKS)
    join(client, "b", "a")
    refused = {"reason": "no", **ME}
    assert client.post("/v1/units/north/dispatches/1/reject", json=refused).status_code == 200
    back = ticket(client, "a")
    assert (back["priority"], back["due_at"]) == ("urgent", "2024-05-01T09:03:00Z")


def test_what_became_urgent_in_the_ten_seconds_is_due_soon_once_they_are_undone(
    client: TestClient, clock: Clock
) -> None:
    submit(client, a=PAPER)
    review(client, "a", "south")
    clock.move(seconds=2)
    submit(client, b=SPARKS)
    join(client, "b", "a")
    undone = undo(client, "a").json()
    assert (undone["priority"], undone["due_at"]) == ("urgent", "2024-05-01T09:03:02Z")


def test_an_urgent_ticket_has_a_due_time_after_whatever_was_undone(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    submit(client, a=SPARKS, b=PAPER)
    for step in (review(client, "a", "south"), join(client, "a", "b"), unjoin(client, "a")):
        assert step.status_code == 200
        clock.move(seconds=2)
    assert undo(client, "a").json()["due_at"] == "2024-05-01T09:03:06Z"
    clock.move(minutes=3)
    assert service.watch_clocks() == 1

"""A review taken back: nothing is delivered, nothing is learnt, and everything is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from domain.dispatches import Dispatch, LabelSource, unretracted
from router.audit import verify
from router.delivery_ports import Delivery, DeliveryState, Endpoint, Settled
from router.ports import EventKind, Store
from router.service import RoutingService
from tests.serving import NOW, Clock, a_ticket, no_bundle

GAS = {"ticket_id": "t1", "text": "Gas leak", "latitude": 31.25, "longitude": 121.45}
PAPER = {**GAS, "text": "The newspaper asks"}
SORRY = {"by": "Li Wei", "reason": "the wrong line"}


def review(client: TestClient, unit: str, ticket_id: str = "t1") -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/review", json={"unit": unit, "by": "Li Wei"})


def undo(client: TestClient, ticket_id: str = "t1", body: object = SORRY) -> Any:
    return client.post(f"/v1/tickets/{ticket_id}/undo", json=body)


def outbox(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as session:
        return [(one.unit_id, one.kind, one.state) for one in session.deliveries()]


def claim(store: Store, clock: Clock) -> list[Delivery]:
    def put(session: Any) -> Any:
        for unit_id in ("north", "south", "gas"):
            session.put_endpoint(Endpoint(unit_id=unit_id, url="https://x.example/", secrets=()))
        return session.claim_deliveries("me", clock(), clock() + timedelta(seconds=3), 9)

    return list(store.write(put))


def test_a_persons_decision_is_delivered_ten_seconds_later_and_taken_from_who_had_it(
    client: TestClient, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json=GAS)
    review(client, "north")
    assert outbox(store) == [
        ("gas", "dispatch", "pending"),
        ("gas", "withdrawal", "pending"),
        ("north", "dispatch", "pending"),
    ]
    clock.move(seconds=9.9)
    assert [one.unit_id for one in claim(store, clock)] == ["gas"]
    clock.move(seconds=0.1)
    assert [one.unit_id for one in claim(store, clock)] == ["north"]


def test_a_confirmation_delivers_nothing_anew(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS)
    review(client, "gas")
    assert outbox(store) == [("gas", "dispatch", "pending")]


def test_a_confirmation_sends_what_was_given_up_anew_unless_it_is_undone(
    client: TestClient, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json=GAS)
    (one,) = claim(store, clock)
    gone = Settled(state=DeliveryState.DEAD, at=NOW, due_at=NOW, error="410")
    assert store.write(lambda session: session.settle_delivery(one, "me", gone))
    review(client, "gas")
    assert outbox(store) == [("gas", "dispatch", "dead"), ("gas", "dispatch", "pending")]
    assert undo(client).json()["unit"] == "gas"
    assert outbox(store) == [("gas", "dispatch", "dead"), ("gas", "dispatch", "cancelled")]
    review(client, "gas")
    clock.move(seconds=10)
    assert [again.unit_id for again in claim(store, clock)] == ["gas"]


def test_an_undone_review_of_a_waiting_ticket_leaves_it_waiting(
    client: TestClient, store: Store, clock: Clock
) -> None:
    before = client.post("/v1/tickets", json=PAPER).json()
    assert before["status"] == "in_review"
    review(client, "north")
    clock.move(seconds=9)
    assert undo(client).json() == before == client.get("/v1/tickets/t1").json()
    assert outbox(store) == [("north", "dispatch", "cancelled")]
    clock.move(days=1)
    assert claim(store, clock) == []
    with store.read() as session:
        told = [(event.kind, event.by, event.unit_id, event.detail) for event in session.events("t1")]
        assert (EventKind.UNDONE, "Li Wei", "north", "the wrong line") in told
        assert verify(session).findings == ()
    assert review(client, "south").json()["unit"] == "south"


def test_an_undone_correction_leaves_the_ticket_where_it_was(client: TestClient, store: Store) -> None:
    before = client.post("/v1/tickets", json=GAS).json()
    review(client, "north")
    assert undo(client).json() == before
    assert (before["status"], before["unit"]) == ("dispatched", "gas")
    assert outbox(store) == [
        ("gas", "dispatch", "pending"),
        ("gas", "withdrawal", "cancelled"),
        ("north", "dispatch", "cancelled"),
    ]


def test_a_label_that_was_taken_back_counts_no_more(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json=PAPER)
    review(client, "north")
    undo(client)
    with store.read() as session:
        label, retraction = session.dispatches()
    assert (label.source, retraction.source) == (LabelSource.CONFIRMATION, LabelSource.RETRACTION)
    assert (retraction.unit_id, retraction.by) == ("north", "Li Wei")
    service.refresh()
    restarted = RoutingService(store, clock, no_bundle)
    for one in (service, restarted):
        world = one._live.world
        assert (len(world.history), world.history.sequence) == (0, 2)
    review(client, "north")
    for one in (service, RoutingService(store, clock, no_bundle)):
        one.refresh()
        assert (len(one._live.world.history), one._live.world.history.sequence) == (1, 3)


def test_after_ten_seconds_it_is_too_late(client: TestClient, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS)
    review(client, "north")
    clock.move(seconds=10)
    answer = undo(client)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gridroute:problem:undo-too-late")
    assert client.get("/v1/tickets/t1").json()["unit"] == "north"


def test_what_another_machine_has_sent_is_not_undone(client: TestClient, store: Store, clock: Clock) -> None:
    client.post("/v1/tickets", json=PAPER)
    review(client, "south")
    clock.move(seconds=10)  # of a machine whose clock is ahead
    (sent,) = claim(store, clock)
    assert (sent.unit_id, sent.kind) == ("south", "dispatch")
    clock.move(seconds=-1)
    answer = undo(client)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gridroute:problem:undo-too-late")
    assert client.get("/v1/tickets/t1").json()["unit"] == "south"


def test_what_cannot_be_undone(client: TestClient) -> None:
    assert undo(client).status_code == 404
    client.post("/v1/tickets", json=GAS)
    answer = undo(client)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gridroute:problem:nothing-to-undo")
    review(client, "north")
    assert undo(client, body={"by": "Li Wei"}).json()["field"] == "reason"
    assert undo(client, body={"by": " ", "reason": "x"}).status_code == 422
    assert undo(client).status_code == 200
    assert undo(client).status_code == 409


def test_which_entries_of_the_log_stand() -> None:
    def entry(ticket_id: str, unit_id: str, source: LabelSource = LabelSource.CONFIRMATION) -> Dispatch:
        return Dispatch(ticket=a_ticket(ticket_id), unit_id=unit_id, known_at=NOW, source=source)

    back = LabelSource.RETRACTION
    first, other, again = entry("a", "x"), entry("b", "x"), entry("a", "x", LabelSource.REASSIGNMENT)
    assert unretracted([first, other, entry("a", "x", back), again]) == [other, again]
    assert unretracted([first, again, entry("a", "x", back)]) == [first]
    assert unretracted([entry("a", "y", back), first]) == [first]

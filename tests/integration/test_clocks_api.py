"""What nobody has seen in time: flagged, and told to those who have to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.decisions import Policy
from router.clocks import ALERT_HOOK
from router.delivery_ports import DeliveryState, Settled
from router.ports import EventKind, Store, WriteSession
from router.service import RoutingService
from tests.serving import NOW, Clock, no_bundle, square

PAPER = {"ticket_id": "t1", "text": "The newspaper asks", "latitude": 31.25, "longitude": 121.45}
SPARKS = {**PAPER, "ticket_id": "t2", "text": "The newspaper asks about sparks from the meter"}
URL = {"url": "https://duty.example/"}


@pytest.fixture
def store(store: Store) -> Store:
    """The north has a duty unit, the gas crew."""
    north = replace(square("t-north", "north", 31.2), duty_unit="gas")
    store.write(lambda session: session.put_territories([north]))
    return store


def ticket(client: TestClient, ticket_id: str = "t1") -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/tickets/{ticket_id}").json()
    return found


def told(store: Store) -> list[tuple[str, str, str]]:
    with store.read() as session:
        return [(one.unit_id, one.kind, one.ticket_id) for one in session.deliveries()]


def test_the_urgent_are_due_in_three_minutes_and_the_others_in_thirty(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    for body, minutes in ((PAPER, 30), (SPARKS, 3)):
        answer = client.post("/v1/tickets", json=body).json()
        assert answer["due_at"] == (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        assert (answer["overdue"], answer["duty_unit"]) == (False, None)
    clock.move(minutes=3)
    assert service.watch_clocks() == 1
    lines = client.get("/v1/reviews").json()["reviews"]
    assert [(one["ticket_id"], one["overdue"], one["duty_unit"]) for one in lines] == [
        ("t2", True, "gas"),
        ("t1", False, None),
    ]
    clock.move(minutes=27)
    assert (service.watch_clocks(), service.watch_clocks()) == (1, 0)
    assert ticket(client)["overdue"]


def test_the_duty_unit_and_the_alert_hook_hear_of_it_once(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    for hearer in ("gas", ALERT_HOOK):
        assert client.put(f"/v1/units/{hearer}/endpoint", json=URL).status_code == 200
    client.post("/v1/tickets", json=PAPER)
    clock.move(minutes=30)
    service.watch_clocks()
    service.watch_clocks()
    assert told(store) == [("gas", "overdue", "t1"), (ALERT_HOOK, "overdue", "t1")]
    with store.read() as session:
        kinds = [(event.kind, event.unit_id) for event in session.events("t1")]
    assert kinds.count((EventKind.OVERDUE, "gas")) == 1
    assert ticket(client)["status"] == "in_review"


def test_without_anybody_to_tell_it_is_flagged_all_the_same(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    client.post("/v1/tickets", json={**PAPER, "latitude": 31.15})
    clock.move(minutes=30)
    service.watch_clocks()
    assert (ticket(client)["overdue"], ticket(client)["duty_unit"], told(store)) == (True, None, [])


def test_what_was_seen_is_not_overdue(client: TestClient, service: RoutingService, clock: Clock) -> None:
    client.post("/v1/tickets", json=PAPER)
    client.post("/v1/tickets/t1/review", json={"unit": "north", "by": "Li Wei"})
    clock.move(days=1)
    assert service.watch_clocks() == 0
    assert (ticket(client)["due_at"], ticket(client)["overdue"]) == (None, False)


def test_a_refused_ticket_has_its_time_anew(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    client.post("/v1/tickets", json={**PAPER, "text": "Gas leak"})
    clock.move(hours=1)
    refused = {"by": "crew 7", "reason": "not ours"}
    assert client.post("/v1/units/gas/dispatches/1/reject", json=refused).status_code == 200
    assert ticket(client)["due_at"] == (NOW + timedelta(hours=1, minutes=3)).isoformat().replace(
        "+00:00", "Z"
    )
    clock.move(minutes=3)
    assert service.watch_clocks() == 1


def test_an_undone_review_leaves_the_time_as_it_was(client: TestClient, clock: Clock) -> None:
    due = client.post("/v1/tickets", json=PAPER).json()["due_at"]
    clock.move(minutes=5)
    client.post("/v1/tickets/t1/review", json={"unit": "north", "by": "Li Wei"})
    client.post("/v1/tickets/t1/undo", json={"by": "Li Wei", "reason": "no"})
    assert ticket(client)["due_at"] == due


def test_the_operator_sets_the_times(store: Store, clock: Clock) -> None:
    policy = Policy(due=timedelta(minutes=5), due_urgent=timedelta(seconds=30))
    service = RoutingService(store, clock, no_bundle, policy)
    client = TestClient(create_app(service))
    client.post("/v1/tickets", json=SPARKS)
    client.post("/v1/tickets", json=PAPER)
    clock.move(seconds=30)
    assert service.watch_clocks() == 1
    clock.move(minutes=4.5)
    assert service.watch_clocks() == 1


def test_a_running_service_looks_by_itself(client: TestClient, clock: Clock) -> None:
    client.post("/v1/tickets", json=PAPER)
    clock.move(minutes=30)
    with client:
        from tests.endpoints import until

        until(lambda: bool(ticket(client)["overdue"]))


GAS = {**PAPER, "ticket_id": "g", "text": "Gas leak"}


def test_an_urgent_ticket_that_its_unit_has_not_heard_of_is_told_to_others_once(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    for hearer in ("north", ALERT_HOOK):
        assert client.put(f"/v1/units/{hearer}/endpoint", json=URL).status_code in (200, 201)
    crew = replace(square("t-north", "north", 31.2), duty_unit="north")
    store.write(lambda session: session.put_territories([crew]))
    service.refresh()
    sent = client.post("/v1/tickets", json=GAS).json()
    assert (sent["status"], sent["unit"], sent["due_at"]) == ("dispatched", "gas", None)
    clock.move(minutes=2, seconds=59)
    assert service.watch_clocks() == 0
    clock.move(seconds=1)
    assert service.watch_clocks() == 0  # they were looked for a second ago
    clock.move(seconds=10)
    assert (service.watch_clocks(), service.watch_clocks()) == (1, 0)
    assert told(store)[1:] == [("north", "overdue", "g"), (ALERT_HOOK, "overdue", "g")]
    with store.read() as session:
        assert session.events("g")[-3].kind is EventKind.OVERDUE
    assert client.get("/v1/tickets/g").json()["status"] == "dispatched"
    clock.move(minutes=5)
    assert service.watch_clocks() == 0


def test_nobody_is_told_of_what_its_unit_has_heard_of(
    client: TestClient, service: RoutingService, clock: Clock
) -> None:
    client.post("/v1/tickets", json=GAS)
    (handed,) = client.get("/v1/units/gas/dispatches").json()["dispatches"]
    path = f"/v1/units/gas/dispatches/{handed['dispatch']}/acknowledge"
    assert client.post(path, json={"by": "crew"}).status_code == 200
    clock.move(minutes=30)
    assert service.watch_clocks() == 0


def test_an_urgent_dispatch_that_was_given_up_is_told_to_others(
    client: TestClient, service: RoutingService, store: Store, clock: Clock
) -> None:
    for hearer in ("gas", ALERT_HOOK):
        client.put(f"/v1/units/{hearer}/endpoint", json=URL)
    client.post("/v1/tickets", json=GAS)

    def give_up(session: WriteSession) -> None:
        (one,) = session.claim_deliveries("me", NOW, NOW + timedelta(seconds=3), 9)
        gone = Settled(state=DeliveryState.DEAD, at=NOW, due_at=NOW, error="410")
        session.settle_delivery(one, "me", gone)

    store.write(give_up)
    clock.move(minutes=3)
    assert service.watch_clocks() == 1
    assert told(store)[-1] == (ALERT_HOOK, "overdue", "g")

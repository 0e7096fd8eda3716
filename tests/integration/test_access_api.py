"""Who is let in over HTTP: nobody without a key once there is one, and who has one only to what its role may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from domain.access import Area, Role
from router.access import Issued, Wanted, issue, revoke
from router.ports import Store
from router.service import RoutingService
from tests.serving import NOW, Clock, furnished, no_bundle, serve

REMOTE = ("192.0.2.7", 40_000)
LOCAL = ("127.0.0.1", 40_000)
HERE = "http://localhost:8321"


def made(store: Store, role: Role, clock: Clock, **wanted: Any) -> Issued:
    """A new key of the role."""
    if role is Role.UNIT:
        wanted = {"area": Area(units=frozenset({"north"})), **wanted}
    return issue(store, Wanted(**{"name": f"The {role}", "role": role, **wanted}), by="root", at=clock())


def bearer(issued: Issued) -> dict[str, str]:
    """The header that shows the key."""
    return {"Authorization": f"Bearer {issued.secret}"}


class Office:
    """A served office, its store and its clock."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.store = furnished()
        self.app = create_app(serve(self.store, self.clock), Settings(**settings))

    def client(self, issued: Issued | None = None, **options: Any) -> TestClient:
        """Somebody who asks, with that key or none."""
        headers = bearer(issued) if issued else {}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False, **options)

    def key(self, role: Role, **wanted: Any) -> Issued:
        """A new key of the role."""
        return made(self.store, role, self.clock, **wanted)


@pytest.fixture
def office() -> Office:
    return Office()


def test_until_a_key_is_made_this_machine_may_do_everything(office: Office) -> None:
    assert office.client(client=LOCAL, base_url=HERE).get("/v1/reviews").status_code == 200
    assert (
        office.client(client=("::1", 1), base_url="http://[::1]:8321").get("/v1/reviews").status_code == 200
    )
    mapped = office.client(client=("::ffff:127.0.0.1", 1), base_url="http://127.0.0.1")
    assert mapped.get("/v1/reviews").status_code == 200


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"client": REMOTE, "base_url": HERE}, {}),
        ({"client": LOCAL, "base_url": "http://gridroute.example"}, {}),
        ({"client": LOCAL, "base_url": "http://localhost.evil.example"}, {}),
        ({"client": LOCAL, "base_url": HERE}, {"X-Forwarded-For": "192.0.2.7"}),
        ({"client": LOCAL, "base_url": HERE}, {"Forwarded": "for=192.0.2.7"}),
        ({"client": LOCAL, "base_url": HERE}, {"Via": "1.1 proxy"}),
        ({"base_url": HERE}, {"X-Real-IP": "192.0.2.7"}),
        ({"client": LOCAL, "base_url": HERE}, {"Origin": "https://evil.example"}),
        ({"client": LOCAL, "base_url": HERE}, {"Origin": "null"}),
    ],
)
def test_until_then_nobody_else_is_served(
    office: Office, options: dict[str, Any], headers: dict[str, str]
) -> None:
    response = office.client(**options).get("/v1/reviews", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="gridroute"'
    assert response.headers["content-type"] == "application/problem+json"
    assert "gridroute keys create" in response.json()["detail"]


def test_where_others_can_reach_it_nobody_is_let_in_without_a_key() -> None:
    office = Office(may_be_open=False)
    assert office.client(client=LOCAL, base_url=HERE).get("/v1/reviews").status_code == 401


def test_from_the_first_key_on_everybody_needs_one(office: Office) -> None:
    issued = office.key(Role.ADMIN)
    office.clock.move(days=366)  # that one is over by now
    assert office.client().get("/v1/reviews").status_code == 401
    revoke(office.store, issued.key.key_id, by="root", at=office.clock())
    assert office.client(client=LOCAL, base_url=HERE).get("/v1/reviews").status_code == 401


def test_a_key_lets_in_until_it_expires_or_is_revoked(office: Office) -> None:
    issued = office.key(Role.REVIEWER, days=1)
    client = office.client(issued)
    assert client.get("/v1/reviews").status_code == 200
    office.clock.now += timedelta(days=1)
    assert client.get("/v1/reviews").status_code == 401
    other = office.key(Role.REVIEWER)
    assert office.client(other).get("/v1/reviews").status_code == 200
    revoke(office.store, other.key.key_id, by="root", at=office.clock())
    office.app.state.doors.refresh()
    refused = office.client(other).get("/v1/reviews")
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("header", ["", "Basic eDp5", "Bearer", "Bearer gr_x_y", "gr_x_y"])
def test_what_is_no_key_lets_nobody_in(office: Office, header: str) -> None:
    office.key(Role.ADMIN)
    assert office.client().get("/v1/units", headers={"Authorization": header}).status_code == 401


def test_a_role_may_what_it_may_and_no_more(office: Office) -> None:
    office.key(Role.ADMIN)
    desk, engineer = office.client(office.key(Role.CALL_CENTRE)), office.client(office.key(Role.ENGINEER))
    assert desk.post("/v1/tickets", json={"text": "Pothole"}).status_code == 201
    refused = engineer.post("/v1/tickets", json={"text": "Pothole"})
    assert refused.status_code == 403
    assert "submit" in refused.json()["detail"]
    assert desk.get("/v1/automation").status_code == 403
    assert engineer.get("/v1/automation").status_code == 200


def test_a_key_may_ask_so_often_a_minute(office: Office) -> None:
    client = office.client(office.key(Role.ADMIN, per_minute=3))
    assert [client.get("/v1/units").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert 0 < int(client.get("/v1/units").headers["retry-after"]) <= 20
    assert office.client(office.key(Role.ADMIN)).get("/v1/units").status_code == 200


def test_of_several_processes_each_grants_its_part_of_a_minute() -> None:
    store = furnished()
    secret = issue(store, Wanted(name="Li", role=Role.ADMIN, per_minute=4), by="root", at=NOW).secret
    headers = {"Authorization": f"Bearer {secret}"}
    granted = 0
    for _ in range(2):
        app = create_app(RoutingService(store, Clock(), no_bundle), Settings(processes=2))
        with TestClient(app, headers=headers) as client:
            granted += [client.get("/v1/units").status_code for _ in range(6)].count(200)
    assert granted == 4


def test_the_key_says_who_acts(office: Office) -> None:
    admin = office.client(office.key(Role.ADMIN, name="Li Wei"))
    said = {"scope": "all", "by": "somebody else", "reason": "a trial"}
    assert admin.post("/v1/automation/suspend", json=said).json()["by"] == "Li Wei"
    admin.post("/v1/tickets", json={"ticket_id": "t1", "text": "Pothole"})
    assert admin.post("/v1/tickets/t1/review", json={"unit": "north"}).json()["review"]["by"] == "Li Wei"


def test_a_unit_takes_its_own_dispatches_alone(office: Office) -> None:
    crew = office.client(office.key(Role.UNIT))
    assert crew.get("/v1/units/north/dispatches").status_code == 200
    assert crew.get("/v1/units/south/dispatches").status_code == 404
    assert crew.post("/v1/units/south/dispatches/1/accept", json={}).status_code == 404


ASKING = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}


def test_pages_of_other_origins_may_not_ask(office: Office) -> None:
    answer = office.client(office.key(Role.ADMIN)).options("/v1/tickets", headers=ASKING)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers
    told = office.client(office.key(Role.ADMIN)).get("/v1/units", headers=ASKING)
    assert "access-control-allow-origin" not in told.headers


def test_pages_of_an_origin_that_is_named_may_ask_with_a_key() -> None:
    office = Office(allow_origins=frozenset({"https://desk.example"}))
    client = office.client(office.key(Role.ADMIN))
    asked = {**ASKING, "Access-Control-Request-Headers": "authorization, content-type, idempotency-key"}
    assert (
        client.options("/v1/tickets", headers=asked).headers["access-control-allow-origin"]
        == ASKING["Origin"]
    )
    told = client.get("/v1/units", headers=ASKING).headers
    assert told["access-control-allow-origin"] == ASKING["Origin"]
    assert "access-control-allow-credentials" not in told
    others = {**asked, "Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in client.options("/v1/tickets", headers=others).headers


def test_idempotency_keys_are_a_callers_own(office: Office) -> None:
    one, other = (office.client(office.key(Role.CALL_CENTRE)) for _ in range(2))
    key = {"Idempotency-Key": '"1"'}
    first = one.post("/v1/tickets", json={"text": "Pothole"}, headers=key)
    assert one.post("/v1/tickets", json={"text": "Pothole"}, headers=key).json() == first.json()
    second = other.post("/v1/tickets", json={"text": "Another"}, headers=key)
    assert (second.status_code, second.json()["ticket_id"] != first.json()["ticket_id"]) == (201, True)

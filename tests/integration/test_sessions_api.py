"""Signing in over HTTP, and making and revoking keys there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.access import Area, Right, Role
from router import access
from router.access import revoke
from router.audit import verify
from router.event_ports import EventKind
from tests.integration.test_access_api import Office


@pytest.fixture
def office() -> Office:
    return Office()


def signed_in(office: Office, role: Role = Role.ADMIN, **wanted: object) -> TestClient:
    """A client with a session's token."""
    issued = office.key(role, **wanted)
    answer = office.client().post("/v1/sessions", json={"secret": issued.secret})
    assert answer.status_code == 201, answer.text
    client = office.client()
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client


def test_a_session_stands_for_its_key(office: Office) -> None:
    client = signed_in(
        office,
        Role.REVIEWER,
        name="Li Wei",
        area=Area(units=frozenset({"north"}), territories=frozenset({"t-south"})),
    )
    assert client.get("/v1/who").json() == {
        "name": "Li Wei",
        "role": "reviewer",
        "rights": ["follow", "join", "locate", "read", "review", "watch"],
        "units": ["north"],
        "territories": ["t-south"],
        "open": False,
    }
    assert client.get("/v1/keys").status_code == 403


def test_without_a_key_ever_made_there_is_nobody_to_be(office: Office) -> None:
    who = office.client().get("/v1/who").json()
    assert (who["name"], who["role"], who["open"]) == ("", "admin", True)
    assert office.client().post("/v1/sessions", json={"secret": "gr_a_b"}).status_code == 401


def test_a_session_ends_when_it_is_told_to(office: Office) -> None:
    client = signed_in(office)
    assert client.delete("/v1/sessions/current").status_code == 204
    assert client.get("/v1/who").status_code == 401


def test_a_key_is_no_session(office: Office) -> None:
    client = signed_in(office)
    token = client.headers["Authorization"].partition(" ")[2]
    assert office.client().post("/v1/sessions", json={"secret": token}).status_code == 401
    assert office.client(office.key(Role.ADMIN)).delete("/v1/sessions/current").status_code == 404


def test_a_session_that_nobody_uses_ends_after_two_hours_and_any_after_twelve(office: Office) -> None:
    idle, used = signed_in(office), signed_in(office)
    for _ in range(6):
        assert used.get("/v1/who").status_code == 200
        office.clock.now += timedelta(minutes=119)
    assert idle.get("/v1/who").status_code == 401
    assert used.get("/v1/who").status_code == 200
    office.clock.now += timedelta(minutes=6)
    assert used.get("/v1/who").status_code == 401


def test_a_revoked_or_expired_key_takes_its_sessions_along(office: Office) -> None:
    revoked, expired = signed_in(office, name="A"), signed_in(office, name="B", days=0.01)
    (key_id,) = (one["key"] for one in revoked.get("/v1/keys").json()["keys"] if one["name"] == "A")
    revoke(office.store, key_id, by="root", at=office.clock())
    office.app.state.doors.refresh()
    assert revoked.get("/v1/who").status_code == 401
    office.clock.now += timedelta(hours=1)
    assert expired.get("/v1/who").status_code == 401


def test_nobody_makes_a_key_that_may_what_his_own_may_not(office: Office) -> None:
    narrow = office.client(office.key(Role.ADMIN, only=frozenset({Right.KEYS, Right.READ})))
    wanted = {"name": "Full", "role": "admin"}
    refused = narrow.post("/v1/keys", json=wanted)
    assert (refused.status_code, refused.json()["field"]) == (422, "role")
    assert "deliver" in refused.json()["detail"]
    assert "Set only to some of keys, read" in refused.text
    more = narrow.post("/v1/keys", json={**wanted, "only": ["keys", "units"]})
    assert (more.status_code, more.json()["field"]) == (422, "only")
    none = narrow.post("/v1/keys", json={**wanted, "role": "unit", "units": ["north"], "only": ["take"]})
    assert (none.status_code, none.json()["field"]) == (422, "only")
    assert narrow.post("/v1/keys", json={**wanted, "only": ["read", "keys"]}).status_code == 201
    assert office.client(office.key(Role.ADMIN)).post("/v1/keys", json=wanted).status_code == 201


def test_signing_in_counts_as_one_of_the_keys_requests(office: Office) -> None:
    secret = office.key(Role.ADMIN, per_minute=2).secret
    answers = [office.client().post("/v1/sessions", json={"secret": secret}) for _ in range(4)]
    assert [one.status_code for one in answers] == [201, 201, 429, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_key_has_no_more_sessions_than_so_many_and_the_idlest_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_SESSIONS", 2)
    issued = office.key(Role.ADMIN)
    clients = []
    for _ in range(4):
        office.clock.move(minutes=2)
        token = access.sign_in(office.store, issued.key, at=office.clock()).token
        clients.append(office.client())
        clients[-1].headers["Authorization"] = f"Bearer {token}"
        office.clock.move(minutes=1)
        assert clients[0].get("/v1/who").status_code == 200  # in use all along
    office.app.state.doors.refresh()
    assert [one.get("/v1/who").status_code for one in clients] == [200, 401, 401, 200]


def test_an_admin_sees_who_is_signed_in_and_signs_them_out(office: Office) -> None:
    admin, other = office.client(office.key(Role.ADMIN)), signed_in(office, Role.ENGINEER, name="Wang")
    (found,) = admin.get("/v1/sessions").json()["sessions"]
    assert (found["name"], found["role"]) == ("Wang", "engineer")
    assert other.delete(f"/v1/sessions/{found['session']}").status_code == 403
    assert admin.delete(f"/v1/sessions/{found['session']}").status_code == 204
    assert admin.delete(f"/v1/sessions/{found['session']}").status_code == 404
    assert other.get("/v1/who").status_code == 401


def test_guessing_secrets_is_slowed_down(office: Office) -> None:
    good = office.key(Role.ADMIN)
    client = office.client()
    tried = [client.post("/v1/sessions", json={"secret": f"gr_{n}_x"}).status_code for n in range(31)]
    assert tried == [401] * 30 + [429]
    assert client.post("/v1/sessions", json={"secret": "gr_z_x"}).headers["retry-after"]
    office.app.state.doors.refresh()
    assert client.post("/v1/sessions", json={"secret": good.secret}).status_code == 201


def test_keys_are_made_listed_and_revoked_and_the_log_tells(office: Office) -> None:
    first = office.client().post("/v1/keys", json={"name": "Li Wei", "role": "admin"}).json()
    admin = office.client()
    admin.headers["Authorization"] = f"Bearer {first['secret']}"
    wanted = {
        "name": "Crew",
        "role": "unit",
        "units": ["north"],
        "only": ["read"],
        "days": None,
        "per_minute": 60,
    }
    made = admin.post("/v1/keys", json=wanted)
    assert made.status_code == 201
    key = made.json()["key"]
    assert (key["rights"], key["units"], key["expires_at"]) == (["read"], ["north"], None)
    assert (key["per_minute"], key["made_by"], key["state"]) == (60, "Li Wei", "valid")
    crew = office.client()
    crew.headers["Authorization"] = f"Bearer {made.json()['secret']}"
    assert crew.get("/v1/who").json()["role"] == "unit"
    assert admin.delete(f"/v1/keys/{key['key']}").status_code == 204
    assert crew.get("/v1/who").status_code == 401
    listed = admin.get("/v1/keys").json()["keys"]
    assert [(one["name"], one["state"]) for one in listed] == [("Li Wei", "valid"), ("Crew", "revoked")]
    assert "secret" not in admin.get("/v1/keys").text
    assert admin.delete("/v1/keys/nobody").status_code == 404
    with office.store.read() as session:
        told = [(one.kind, one.by) for one in session.event_log() if "key" in one.kind]
        assert told == [
            (EventKind.KEY_ISSUED, "api"),
            (EventKind.KEY_ISSUED, "Li Wei"),
            (EventKind.KEY_REVOKED, "Li Wei"),
        ]
        assert verify(session).findings == ()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "admin"}, "name"),
        ({"name": "x", "role": "king"}, "role"),
        ({"name": "x", "role": "unit"}, "units"),
        ({"name": "x", "role": "unit", "units": ["nobody"]}, "units"),
        ({"name": "x", "role": "reviewer", "territories": ["nowhere"]}, "territories"),
        ({"name": "x", "role": "admin", "units": ["north"]}, "units, territories"),
        ({"name": "x", "role": "call-centre", "only": ["keys"]}, "only"),
        ({"name": "x", "role": "admin", "days": 0}, "days"),
        ({"name": "x", "role": "admin", "days": 1e300}, "days"),
        ({"name": "x", "role": "admin", "per_minute": 0}, "per_minute"),
        ({"name": "x", "role": "admin", "secret": "mine"}, "secret"),
    ],
)
def test_a_key_that_makes_no_sense_is_told_so(office: Office, body: dict[str, object], field: str) -> None:
    told = office.client().post("/v1/keys", json=body)
    assert (told.status_code, told.json()["field"]) == (422, field)
    assert office.client().get("/v1/keys").json() == {"keys": []}

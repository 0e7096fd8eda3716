"""Every route × every role × own and other area × no key, an unknown, an expired and a revoked one.

Made from the application's own routes: one that is added without a rule fails here, and so does one that shows a ticket
of another area or a number that is hidden.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from httpx import Response

from api import app as application
from api.access import PUBLIC, Rule, may, rules_of
from api.open311.routes import routes as open311
from api.open311.settings import Open311Settings
from domain.access import RIGHTS, Area, Right, Role
from router.access import Issued, revoke
from tests.integration.test_access_api import HERE, LOCAL, REMOTE, Office
from tests.serving import IN_NORTH, IN_SOUTH

RULES: dict[tuple[str, str], Rule] = {}
for module in application.MODULES:
    RULES |= rules_of(module.routes.routes)

FOR_EVERYBODY = {("POST", "/v1/sessions")}
FOR_THIS_MACHINE = {("GET", "/metrics")}
BASE = "/open311/v2"
OPEN311_READS = {
    "/open311/discovery.{form}",
    f"{BASE}/discovery.{{form}}",
    f"{BASE}/services.{{form}}",
    f"{BASE}/services/{{service_code}}.{{form}}",
    f"{BASE}/tokens/{{token}}.{{form}}",
    f"{BASE}/requests.{{form}}",
    f"{BASE}/requests/{{service_request_id}}.{{form}}",
    f"{BASE}/servicerequestupdates.{{form}}",
}
OPEN311_WRITES = {f"{BASE}/requests.{{form}}", f"{BASE}/servicerequestupdates.{{form}}"}

PHONE, ACCOUNT = "13812345678", "3100429917"
SAID: dict[str, Any] = {"phone": PHONE, "account": ACCOUNT, "attributes": {"call back": PHONE, "no": ACCOUNT}}
NORTH: dict[str, Any] = {**SAID, "latitude": IN_NORTH.latitude, "longitude": IN_NORTH.longitude}
SOUTH: dict[str, Any] = {**SAID, "latitude": IN_SOUTH.latitude, "longitude": IN_SOUTH.longitude}
TICKETS = [
    {**NORTH, "ticket_id": "own", "text": f"Gas leak {PHONE} {ACCOUNT}"},
    {**NORTH, "ticket_id": "own waits", "text": f"Pothole {PHONE} {ACCOUNT}"},
    {**SOUTH, "ticket_id": "other", "text": f"Newspaper, pothole {PHONE} {ACCOUNT}"},
]
OWN, OTHER = {"unit_id": "gas", "ticket_id": "own"}, {"unit_id": "south", "ticket_id": "other"}
AREAS = {
    Role.UNIT: Area(units=frozenset({"gas"})),
    Role.REVIEWER: Area(units=frozenset({"gas"}), territories=frozenset({"t-north"})),
}
HIDING = {Role.REVIEWER: (PHONE, ACCOUNT), Role.ENGINEER: (PHONE, ACCOUNT), Role.UNIT: (ACCOUNT,)}


class Staffed(Office):
    """With a ticket that the gas crew has, one that waits on its ground, one elsewhere; and a key of each role."""

    def __init__(self) -> None:
        spec = Open311Settings(keys=frozenset({"spec"}))
        super().__init__(stream_seconds=0.0, poll_seconds=0.01, open311=spec)
        self.expired = self.key(Role.ADMIN, days=0.01)
        self.clock.move(hours=1)
        self.revoked = self.key(Role.ADMIN)
        revoke(self.store, self.revoked.key.key_id, by="root", at=self.clock())
        areas = {role: {"area": AREAS[role]} if role in AREAS else {} for role in Role}
        self.keys = {role: self.key(role, **areas[role]) for role in Role}
        for ticket in TICKETS:
            made = self.client(self.keys[Role.ADMIN]).post("/v1/tickets", json=ticket)
            assert made.status_code == 201, made.text


@pytest.fixture(scope="module")
def office() -> Staffed:
    return Staffed()


def client(office: Staffed, issued: Issued | None = None) -> TestClient:
    """Somebody elsewhere who asks."""
    return office.client(issued, client=REMOTE, base_url="http://gridroute.example")


def filled(path: str, names: dict[str, str]) -> str:
    """The path with these names; whatever else it names: the first dispatch, a key that is none."""
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", quote(value))
    return re.sub(r"\{\w+\}", "1", path)


def ask(asker: TestClient, method: str, path: str, names: dict[str, str]) -> Response:
    """A request of the route, with an empty body where it takes one."""
    answer: Response = asker.request(
        method, filled(path, names), json={} if method in ("POST", "PUT") else None
    )
    return answer


ROUTES = [pytest.param(*which, rule, id=" ".join(which)) for which, rule in RULES.items()]


def test_every_route_of_the_document_has_a_rule_or_is_listed(office: Staffed) -> None:
    for path, operations in office.app.openapi()["paths"].items():
        for method, operation in operations.items():
            known = (method.upper(), path) in RULES
            assert known or path in PUBLIC or path.startswith("/open311/"), (method, path)
            rule = RULES.get((method.upper(), path))
            asked = rule is not None and not rule.everybody
            assert ("security" in operation) is asked, (method, path)
            assert not asked or {"401", "429"} <= set(operation["responses"]), (method, path)


def test_what_is_for_everybody_is_listed() -> None:
    assert {which for which, rule in RULES.items() if rule.everybody} == FOR_EVERYBODY
    assert {which for which, rule in RULES.items() if rule.here} == FOR_THIS_MACHINE
    told = {(method, route.path) for route in open311.routes for method in route.methods}  # type: ignore[attr-defined]
    assert told == {("GET", path) for path in OPEN311_READS} | {("POST", path) for path in OPEN311_WRITES}


def test_a_route_without_a_rule_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless:
        routes = APIRouter()

    @Careless.routes.get("/v1/secrets")
    def secrets() -> str:
        return "told"

    monkeypatch.setattr(application, "MODULES", (*application.MODULES, Careless))
    with pytest.raises(RuntimeError, match="/v1/secrets declares no rule"):
        Office()
    Careless.routes = APIRouter()
    Careless.routes.get("/v1/secrets", dependencies=[may(Right.KEYS)])(secrets)
    assert Office().client().get("/v1/secrets").text == '"told"'


@pytest.mark.parametrize(("method", "path", "rule"), ROUTES)
def test_nobody_gets_in_without_a_key_that_holds(office: Staffed, method: str, path: str, rule: Rule) -> None:
    unknown = Issued(key=office.keys[Role.ADMIN].key, secret="gr_none_none")
    for issued in (None, unknown, office.expired, office.revoked):
        office.app.state.doors._failed._until.clear()  # so many wrong ones would be too many otherwise
        answer = ask(client(office, issued), method, path, OWN)
        if not rule.everybody:
            assert answer.status_code == 401, (issued, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("method", "path", "rule"), ROUTES)
def test_a_role_may_what_it_may(office: Staffed, method: str, path: str, rule: Rule, role: Role) -> None:
    asker = client(office, office.keys[role])
    own, other = (ask(asker, method, path, names) for names in (OWN, OTHER))
    assert own.status_code < 500
    assert own.status_code != 401
    assert other.status_code != 401
    if rule.rights and not rule.rights & RIGHTS[role]:
        assert (own.status_code, other.status_code) == (403, 403)
        return
    assert own.status_code != 403
    if (role in AREAS and "{ticket_id}" in path) or (role is Role.UNIT and "{unit_id}" in path):
        assert other.status_code == 404, other.text
        assert other.json()["kind"] in ("ticket", "unit")
    for number in HIDING.get(role, ()):
        told = "".join(letter for letter in own.text if letter.isdecimal())
        assert number not in told, own.text
        if role in AREAS and method == "GET":
            assert '"other"' not in own.text


def test_reviewers_read_and_decide_their_own(office: Staffed) -> None:
    """So that the 404s above are not for everything."""
    reviewer = client(office, office.keys[Role.REVIEWER])
    for path in ("", "/receipt", "/similar"):
        assert reviewer.get(f"/v1/tickets/own waits{path}").status_code == 200
    assert client(office, office.keys[Role.UNIT]).get("/v1/tickets/own").status_code == 200
    assert client(office, office.keys[Role.UNIT]).get("/v1/tickets/own waits").status_code == 404


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_what_is_public_asks_nothing(office: Staffed, path: str) -> None:
    assert client(office).get(path).status_code in (200, 503)


@pytest.mark.parametrize("path", sorted(OPEN311_READS))
def test_reading_open311_needs_no_key(office: Staffed, path: str) -> None:
    named = path.replace("{form}", "json").replace("{service_code}", "x").replace("{token}", "x")
    answer = client(office).get(named.replace("{service_request_id}", "x"))
    assert answer.status_code in (200, 404)
    assert PHONE not in answer.text


@pytest.mark.parametrize("path", sorted(OPEN311_WRITES))
def test_writing_open311_needs_the_key_of_its_settings_or_one_that_may_submit(
    office: Staffed, path: str
) -> None:
    named = path.replace("{form}", "json")
    for key in (
        None,
        "none",
        *(office.keys[role].secret for role in (Role.REVIEWER, Role.ENGINEER, Role.UNIT)),
    ):
        answer = client(office).post(named, data={"api_key": key} if key else {"x": "y"})
        assert answer.status_code == 403, key
    for key in ("spec", office.keys[Role.CALL_CENTRE].secret, office.keys[Role.ADMIN].secret):
        assert client(office).post(named, data={"api_key": key}).status_code == 400, key


def test_metrics_are_for_who_watches_or_asks_on_this_machine(office: Staffed) -> None:
    assert client(office).get("/metrics").status_code == 401
    assert client(office, office.keys[Role.UNIT]).get("/metrics").status_code == 403
    assert client(office, office.keys[Role.ENGINEER]).get("/metrics").status_code == 200
    assert office.client(client=LOCAL, base_url=HERE).get("/metrics").status_code == 200
    proxied = office.client(client=LOCAL, base_url=HERE).get(
        "/metrics", headers={"X-Forwarded-For": "192.0.2.7"}
    )
    assert proxied.status_code == 401


@pytest.mark.parametrize(("method", "path", "rule"), ROUTES)
def test_every_body_is_bounded(office: Staffed, method: str, path: str, rule: Rule) -> None:
    operation = office.app.openapi()["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return
    admin = client(office, office.keys[Role.ADMIN])
    media = next(iter(operation["requestBody"]["content"]))
    headers = {"Content-Type": media, "Content-Length": "1000000000000"}
    assert admin.request(method, filled(path, OWN), content=b"{}", headers=headers).status_code == 413

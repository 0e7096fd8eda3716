"""Whose tickets a key shows: in lists, one by one, in files, in the event stream, and whom it lets decide them."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from domain.access import Area, Right, Role
from router.delivery_ports import Endpoint, Secret
from tests.integration.test_access_api import Office
from tests.serving import IN_NORTH, IN_SOUTH

GAS = {"ticket_id": "gas", "text": "Gas leak", "latitude": IN_NORTH.latitude, "longitude": IN_NORTH.longitude}
SOUTH = {
    "ticket_id": "south",
    "text": "Pothole",
    "latitude": IN_SOUTH.latitude,
    "longitude": IN_SOUTH.longitude,
}
NORTH = {
    "ticket_id": "north",
    "text": "Pothole",
    "latitude": IN_NORTH.latitude,
    "longitude": IN_NORTH.longitude,
}
NOWHERE = {"ticket_id": "nowhere", "text": "Pothole"}

OF_GAS = Area(units=frozenset({"gas"}))
OF_NORTH = Area(units=frozenset({"north"}))
ON_SOUTH = Area(territories=frozenset({"t-south"}))

SEEN = [
    (Role.ADMIN, Area(), {"gas", "south", "north", "nowhere"}),
    (Role.REVIEWER, Area(), {"gas", "south", "north", "nowhere"}),
    (Role.CALL_CENTRE, Area(), {"gas", "south", "north", "nowhere"}),
    (Role.REVIEWER, OF_GAS, {"gas", "nowhere"}),
    (Role.REVIEWER, OF_NORTH, {"north", "nowhere"}),
    (Role.REVIEWER, ON_SOUTH, {"south", "nowhere"}),
    (Role.UNIT, OF_GAS, {"gas"}),
    (Role.UNIT, OF_NORTH, set()),
]
EVERY = {"gas", "south", "north", "nowhere"}


@pytest.fixture
def office() -> Office:
    """With a ticket dispatched, two that wait for a person, and one of which nobody knows the place."""
    office = Office(stream_seconds=0.0, poll_seconds=0.01)
    desk = office.client(office.key(Role.CALL_CENTRE))
    for ticket in (GAS, SOUTH, NORTH, NOWHERE):
        assert desk.post("/v1/tickets", json=ticket).status_code == 201
    return office


def ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["ticket_id"] for row in rows}


def followed(client: TestClient) -> list[dict[str, Any]]:
    """All events from the beginning."""
    lines = client.get("/v1/events", params={"after": 0}).text.splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


@pytest.mark.parametrize(("role", "area", "seen"), SEEN)
def test_a_key_shows_the_tickets_of_its_area_alone(
    office: Office, role: Role, area: Area, seen: set[str]
) -> None:
    client = office.client(office.key(role, area=area))
    assert ids(client.get("/v1/tickets").json()["tickets"]) == seen
    assert {one for one in EVERY if client.get(f"/v1/tickets/{one}").status_code == 200} == seen
    assert {one for one in EVERY if client.get(f"/v1/tickets/{one}/receipt").status_code == 200} == seen
    told = client.get("/v1/tickets.csv").content.decode("utf-8-sig")
    assert ids(list(csv.DictReader(StringIO(told)))) == seen
    sheet = load_workbook(BytesIO(client.get("/v1/tickets.xlsx").content)).active
    assert sheet is not None
    assert {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)} == seen
    waits = client.get("/v1/reviews").json()
    assert ids(waits["reviews"]) == seen - {"gas"}
    assert sum(queue["count"] for queue in waits["queues"]) == len(seen - {"gas"})
    if role is not Role.CALL_CENTRE:
        assert {event["ticket_id"] for event in followed(client)} - {None} == seen


def test_a_ticket_of_another_area_is_answered_as_if_it_did_not_exist(office: Office) -> None:
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH))
    others, none = reviewer.get("/v1/tickets/south"), reviewer.get("/v1/tickets/none")
    assert (others.status_code, none.status_code) == (404, 404)
    assert others.text.replace("south", "none") == none.text


ENDINGS = ("receipt", "similar", "affected", "nearby", "claim", "undo")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_ticket_may_be_called_as_an_address_below_it(office: Office, ending: str) -> None:
    desk = office.client(office.key(Role.CALL_CENTRE))
    for ticket in (SOUTH, NORTH):
        named = {**ticket, "ticket_id": f"{ticket['ticket_id']}/x/{ending}"}
        assert desk.post("/v1/tickets", json=named).status_code == 201
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH))
    for client in (desk, office.client(office.key(Role.ADMIN)), reviewer):
        found = client.get(f"/v1/tickets/north/x/{ending}")
        assert (found.status_code, found.json()["ticket_id"]) == (200, f"north/x/{ending}")
    assert reviewer.get(f"/v1/tickets/south/x/{ending}").status_code == 404
    following = office.client(office.key(Role.REVIEWER, only=frozenset({Right.REVIEW})))
    assert following.get(f"/v1/tickets/north/x/{ending}").status_code in (403, 404)


def test_who_reviews_an_area_decides_its_tickets_alone(office: Office) -> None:
    reviewer = office.client(office.key(Role.REVIEWER, area=ON_SOUTH, name="Li Wei"))
    for path, body in (("review", {"unit": "south"}), ("undo", {"reason": "x"})):
        assert reviewer.post(f"/v1/tickets/north/{path}", json=body).status_code == 404
    decided = reviewer.post("/v1/tickets/south/review", json={"unit": "south"})
    assert decided.json()["review"]["by"] == "Li Wei"
    assert office.client(office.key(Role.ADMIN)).get("/v1/tickets/north").json()["status"] == "in_review"


def test_who_decided_what_was_nobodys_takes_it_back(office: Office) -> None:
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH, name="Li Wei"))
    other = office.client(office.key(Role.REVIEWER, area=OF_NORTH, name="Wang Fang"))
    assert reviewer.post("/v1/tickets/nowhere/review", json={"unit": "south"}).status_code == 200
    assert reviewer.get("/v1/tickets/nowhere").status_code == 404
    assert other.post("/v1/tickets/nowhere/undo", json={"reason": "x"}).status_code == 404
    undone = reviewer.post("/v1/tickets/nowhere/undo", json={"reason": "another crew"})
    assert (undone.status_code, undone.json()["status"]) == (200, "on_hold")
    assert other.get("/v1/tickets/nowhere").status_code == 200


def test_who_joined_what_was_nobodys_takes_it_apart(office: Office) -> None:
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH))
    others = office.client(office.key(Role.REVIEWER, area=ON_SOUTH))
    assert reviewer.post("/v1/tickets/nowhere/join", json={"into": "north"}).status_code == 200
    assert others.post("/v1/tickets/nowhere/unjoin", json={}).status_code == 404
    apart = reviewer.post("/v1/tickets/nowhere/unjoin", json={})
    assert (apart.status_code, apart.json()["status"]) == (200, "on_hold")


def test_a_ticket_is_not_joined_into_what_goes_with_one_of_another_area(office: Office) -> None:
    desk = office.client(office.key(Role.CALL_CENTRE))
    assert desk.post("/v1/tickets/north/join", json={"into": "south"}).status_code == 200
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH))
    assert reviewer.get("/v1/tickets/north").status_code == 200
    refused = reviewer.post("/v1/tickets/nowhere/join", json={"into": "north"})
    assert (refused.status_code, refused.json()["field"]) == (422, "into")
    assert "south" not in refused.text
    assert desk.get("/v1/tickets/nowhere").json()["status"] == "on_hold"


def test_who_may_decide_what_is_nobodys_hears_that_it_waits_no_more(office: Office) -> None:
    reviewer = office.client(office.key(Role.REVIEWER, area=OF_NORTH, name="Li Wei"))
    other = office.client(office.key(Role.REVIEWER, area=OF_GAS, name="Wang Fang"))
    crew = office.client(office.key(Role.UNIT, area=OF_NORTH))
    said = {"unit": "south", "comment": "theirs"}
    assert reviewer.post("/v1/tickets/nowhere/review", json=said).status_code == 200

    def heard(client: TestClient) -> list[tuple[str, str | None, str]]:
        told = followed(client)
        return [(one["kind"], one["unit"], one["detail"]) for one in told if one["ticket_id"] == "nowhere"]

    assert heard(reviewer) == [("reviewed", "south", "theirs"), ("status", None, "dispatched")]
    assert heard(other) == [("status", None, "dispatched")]
    assert heard(crew) == []


def test_what_a_unit_gave_away_it_sees_no_more(office: Office) -> None:
    crew = office.client(office.key(Role.UNIT, area=OF_GAS))
    admin = office.client(office.key(Role.ADMIN))
    (handed,) = crew.get("/v1/units/gas/dispatches").json()["dispatches"]
    refused = f"/v1/units/gas/dispatches/{handed['dispatch']}/reject"
    assert crew.post(refused, json={"reason": "a private line"}).status_code == 200
    assert crew.get("/v1/tickets/gas").status_code == 404
    assert admin.get("/v1/tickets/gas").status_code == 200


def test_a_unit_hears_that_a_ticket_was_taken_from_it(office: Office) -> None:
    crew = office.client(office.key(Role.UNIT, area=OF_GAS))
    others = office.client(office.key(Role.UNIT, area=Area(units=frozenset({"south"}))))
    office.client(office.key(Role.ADMIN)).post("/v1/tickets/gas/review", json={"unit": "north"})
    told = [(one["kind"], one["unit"], one["detail"]) for one in followed(crew)]
    assert told == [("queued", "gas", ""), ("queued", "gas", "withdrawal")]
    assert crew.get("/v1/tickets/gas").status_code == 404
    assert followed(others) == []


def test_others_tickets_do_not_stand_beside_a_similar_one(office: Office) -> None:
    admin = office.client(office.key(Role.ADMIN))
    for ticket_id, text in (("leak", "Leak of gas"), ("again", "Gas leak")):
        near = {**GAS, "ticket_id": ticket_id, "text": text}
        assert admin.post("/v1/tickets", json=near).status_code == 201
    path = "/v1/tickets/gas/similar"
    assert ids(admin.get(path).json()["similar"]) == {"leak", "again"}
    assert ids(office.client(office.key(Role.REVIEWER, area=OF_GAS)).get(path).json()["similar"]) == {"again"}


def test_the_installations_events_are_for_those_whom_they_concern(office: Office) -> None:
    def kinds(role: Role, **wanted: Any) -> set[str]:
        return {
            one["kind"] for one in followed(office.client(office.key(role, **wanted))) if not one["ticket_id"]
        }

    assert {"key_issued", "changed"} <= kinds(Role.ADMIN)
    assert kinds(Role.REVIEWER, area=OF_NORTH) == {"changed"}
    assert kinds(Role.UNIT) == set()


def test_the_stream_tells_of_endpoints_those_alone_who_may_set_them(office: Office) -> None:
    secret = Secret(value="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
    endpoint = Endpoint(unit_id="gas", url="https://crew.example/hook?token=word", secrets=(secret,))
    office.store.write(lambda session: session.put_endpoint(endpoint))

    def heard(role: Role, **wanted: Any) -> list[str]:
        told = followed(office.client(office.key(role, **wanted)))
        return [one["detail"] for one in told if one["detail"].startswith("endpoint")]

    for role in (Role.ENGINEER, Role.ADMIN):
        assert heard(role) == ["endpoint https://crew.example"]
    assert heard(Role.REVIEWER) == heard(Role.REVIEWER, area=OF_GAS) == []


def test_a_stream_ends_when_its_key_is_revoked(office: Office) -> None:
    from router.access import revoke

    patient = Office(stream_seconds=3_600.0, poll_seconds=0.01, refresh_seconds=0.01)
    issued = patient.key(Role.ADMIN)
    client = patient.client(issued)
    with client, client.stream("GET", "/v1/events", params={"after": 0}) as response:
        lines = response.iter_lines()
        assert next(lines) == "retry: 1000"
        revoke(patient.store, issued.key.key_id, by="root", at=patient.clock())
        assert all(line.startswith((":", "id:", "event:", "data:")) for line in lines if line)

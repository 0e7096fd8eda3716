"""Phone and account numbers: who sees them, in every form of answer; and that no log has them."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.masking import veiled
from domain.access import Personal, Role
from domain.dispatches import Dispatch
from domain.errors import StoreFull
from store.sql import open_store
from tests.integration.test_access_api import Office, made
from tests.serving import IN_NORTH, NOW, Clock, FailingStore, a_ticket, furnished, serve
from tests.stores import new_sqlite

PHONE, ACCOUNT = "13812345678", "3100429917"
OTHER_PHONE = "+49 170 1234567"
TICKET = {
    "ticket_id": "t1",
    "text": f"Gas leak, call {PHONE}\nor 1３8 1234-5678. Account no. {ACCOUNT}, 户号{ACCOUNT}漏气",
    "phone": "138 1234 5678",
    "account": ACCOUNT,
    "address": f"1 North Road ({OTHER_PHONE})",
    "attributes": {"account_id": ACCOUNT, "name": f"Wang, {ACCOUNT}", "back": OTHER_PHONE},
    "latitude": IN_NORTH.latitude,
    "longitude": IN_NORTH.longitude,
}
SHOWS = {
    Role.CALL_CENTRE: (True, True),
    Role.ADMIN: (True, True),
    Role.REVIEWER: (False, False),
    Role.ENGINEER: (False, False),
    Role.UNIT: (True, False),
}


@pytest.fixture
def office() -> Office:
    """With a ticket that the gas crew has, and one that waits."""
    office = Office(stream_seconds=0.0, poll_seconds=0.01)
    desk = office.client(office.key(Role.CALL_CENTRE))
    assert desk.post("/v1/tickets", json=TICKET).status_code == 201
    waits = {**TICKET, "ticket_id": "t2", "text": str(TICKET["text"]).replace("Gas leak", "Pothole")}
    assert desk.post("/v1/tickets", json=waits).status_code == 201
    return office


def client_of(office: Office, role: Role) -> TestClient:
    if role is Role.UNIT:
        from domain.access import Area

        return office.client(office.key(role, area=Area(units=frozenset({"gas"}))))
    return office.client(office.key(role))


def digits(text: str) -> str:
    """The text's digits, of whatever width, on end."""
    return "".join(str(int(letter)) for letter in text if letter.isdecimal())


def sheet_of(content: bytes) -> str:
    sheet = load_workbook(BytesIO(content)).active
    assert sheet is not None
    return repr([list(row) for row in sheet.iter_rows(values_only=True)])


def answers(client: TestClient) -> dict[str, str]:
    """Every kind of answer that tells of the tickets, as the role may ask for it."""
    paths = [
        "/v1/tickets/t1",
        "/v1/tickets/t1/receipt",
        "/v1/tickets/t1/similar",
        "/v1/tickets",
        "/v1/tickets.csv",
        "/v1/reviews",
        "/v1/units/gas/dispatches",
    ]
    found = {path: client.get(path).text for path in paths}
    return found | {"/v1/tickets.xlsx": sheet_of(client.get("/v1/tickets.xlsx").content)}


@pytest.mark.parametrize("role", Role)
def test_numbers_are_shown_to_those_who_need_them_alone(office: Office, role: Role) -> None:
    phone, account = SHOWS[role]
    client = client_of(office, role)
    for path, text in answers(client).items():
        told = digits(text)
        assert phone or not {PHONE, digits(OTHER_PHONE)} & {
            one for one in (PHONE, digits(OTHER_PHONE)) if one in told
        }, path
        assert account or ACCOUNT not in told, path
    content = client.get("/v1/tickets/t1").json()["content"]
    assert content["phone"] == ("138 1234 5678" if phone else "•••••••5678")
    assert content["account"] == (ACCOUNT if account else "••••••9917")
    assert content["attributes"]["account_id"] == content["account"]
    if phone and account:
        assert {name: content[name] for name in ("text", "address", "attributes")} == {
            name: TICKET[name] for name in ("text", "address", "attributes")
        }
    else:
        assert content["text"].startswith("Gas leak, call ")
        assert "1 North Road" in content["address"]


def test_what_a_unit_is_sent_has_no_account_number(office: Office) -> None:
    for role in (Role.UNIT, Role.ADMIN):
        answer = client_of(office, role).get("/v1/units/gas/dispatches")
        (handed,) = answer.json()["dispatches"]
        assert handed["ticket"]["phone"] == "138 1234 5678"
        assert handed["ticket"]["account"] == "••••••9917"
        assert ACCOUNT not in digits(answer.text)


def test_comments_are_masked_in_the_ticket_and_in_the_stream(office: Office) -> None:
    said = {"unit": "north", "comment": f"She said: {PHONE}"}
    assert client_of(office, Role.ADMIN).post("/v1/tickets/t2/review", json=said).status_code == 200
    for role, shown in ((Role.ADMIN, True), (Role.REVIEWER, False), (Role.ENGINEER, False)):
        client = client_of(office, role)
        assert (PHONE in client.get("/v1/tickets/t2").text) is shown
        assert (PHONE in client.get("/v1/events", params={"after": 0}).text) is shown


def test_a_short_account_number_is_masked_in_the_stream(office: Office) -> None:
    admin = client_of(office, Role.ADMIN)
    body = {"ticket_id": "short", "text": "The newspaper asks", "account": "310042"}
    assert admin.post("/v1/tickets", json=body).status_code == 201
    said = {"unit": "north", "comment": "310042 is north's customer"}
    assert admin.post("/v1/tickets/short/review", json=said).status_code == 200
    for role, shown in ((Role.ADMIN, True), (Role.REVIEWER, False)):
        told = client_of(office, role).get("/v1/events", params={"after": 0}).text
        assert ("310042 is north's customer" in told) is shown
        assert ("••••42 is north's customer" in told) is not shown


def test_numbers_of_the_tickets_that_a_correction_changes_are_masked() -> None:
    office = Office()
    desk, reviewer = (office.client(office.key(role)) for role in (Role.CALL_CENTRE, Role.REVIEWER))
    said = {"text": "310042 no water, ring 55512", "category": "Water", "account": "310042", "phone": "55512"}
    for ticket_id in ("one", "other"):
        assert desk.post("/v1/tickets", json={"ticket_id": ticket_id, **said}).status_code == 201
    assert reviewer.post("/v1/tickets/one/review", json={"unit": "south"}).status_code == 200
    (told,) = reviewer.get("/v1/tickets/one/affected").json()["tickets"]
    assert (told["ticket_id"], told["title"]) == ("other", "••••42 no water, ring ••••2")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("777123 no water, ring 66613", "••••23 no water, ring ••••3"),
        ("No water since the morning, customer 777123", "No water since the morning, customer …"),
        ("No water since the morning, ring me: 138 1234 5678", "No water since the morning, ring me: …"),
    ],
)
def test_numbers_of_the_past_tickets_in_a_receipt_are_masked(text: str, hidden: str) -> None:
    office = Office()
    told = {"text": text, "account": "777123", "phone": "66613", "category": "Water"}
    known_at = NOW - timedelta(days=1)
    ticket = a_ticket("past", received_at=known_at, **told)
    past = Dispatch(ticket=ticket, unit_id="south", known_at=known_at)
    office.store.write(lambda session: session.append_dispatches([past]))
    office.app.state.desk.service.refresh()
    desk, reviewer = (office.client(office.key(role)) for role in (Role.CALL_CENTRE, Role.REVIEWER))
    new = {"ticket_id": "new", "text": "no water", "category": "Water", "account": "310042"}
    assert desk.post("/v1/tickets", json=new).status_code == 201
    shown, veiled = (one.get("/v1/tickets/new/receipt") for one in (desk, reviewer))
    assert shown.json()["nearest"][0]["title"] in (text, hidden)
    assert [one["title"] for one in veiled.json()["nearest"]] == [hidden]
    assert not any(number in veiled.text for number in ("777", "138"))


def test_coordinates_are_no_phone_at_the_end_of_a_sentence_either() -> None:
    told = "They say: coordinates: 31.21055, 121.42232."
    assert veiled({"lines": [told, "Ring 138.1234.5678."]}, {*Personal}) == {
        "lines": [told, "Ring •••••••5678."]
    }


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ENGINEER])
def test_who_does_not_see_numbers_cannot_search_by_them(office: Office, role: Role) -> None:
    for typed in (PHONE, "5678", ACCOUNT, ACCOUNT[:4]):
        assert client_of(office, Role.CALL_CENTRE).get("/v1/tickets", params={"q": typed}).json()["tickets"]
        assert not client_of(office, role).get("/v1/tickets", params={"q": typed}).json()["tickets"]
    assert client_of(office, role).get("/v1/tickets", params={"q": "north road"}).json()["tickets"]


def test_known_places_do_not_tell_accounts(office: Office) -> None:
    shown, hidden = (
        client_of(office, role).get("/v1/places", params={"q": "1 North"}).json()["places"][0]["accounts"]
        for role in (Role.CALL_CENTRE, Role.REVIEWER)
    )
    assert (shown, hidden) == (["310042"], ["••••42"])


def test_a_question_about_a_place_is_masked(office: Office) -> None:
    asked = {"account": "310042", "text": "x"}
    told = client_of(office, Role.REVIEWER).post("/v1/locate", params={"explain": True}, json=asked)
    assert told.status_code == 200
    assert "310042" not in told.text
    assert "North Road" in told.text


def test_no_log_has_a_number(caplog: pytest.LogCaptureFixture) -> None:
    """Not when all goes well, not when a body is wrong, and not when the store fails in the middle."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the one who asks
    clock, store = Clock(), FailingStore()
    furnished(store)
    app = create_app(serve(store, clock))
    bodies: list[Any] = [
        TICKET,
        {**TICKET, "phone": [PHONE]},
        {**TICKET, "ticket_id": "\n", "x": ACCOUNT},
        [TICKET],
    ]
    with TestClient(app, raise_server_exceptions=False) as client:
        for error in (None, StoreFull(problem="the disk is full", mend="Make room.")):
            store.error = error
            for body in bodies:
                client.post("/v1/tickets", json=body)
                client.post("/v1/tickets/batch", json=body)
                client.post("/v1/locate", json=body)
                client.post("/v1/tickets/t1/review", json={"unit": "north", "comment": PHONE})
            client.get("/v1/tickets", params={"q": PHONE})
        store.error = None
        secret = made(store, Role.ADMIN, clock).secret
        client.get("/v1/units", headers={"Authorization": f"Bearer {secret}"})
        client.post("/v1/sessions", json={"secret": secret})
    told = caplog.text
    for number in (PHONE, ACCOUNT, "138 1234 5678", OTHER_PHONE, secret):
        assert number not in told


def test_an_unforeseen_failure_of_the_database_does_not_repeat_what_was_said(tmp_path: Path) -> None:
    store = open_store(new_sqlite(tmp_path / "store.db"))
    furnished(store)
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        database.execute("DROP TABLE ticket_keys")
    with closing(store), pytest.raises(OperationalError) as failed:
        TestClient(create_app(serve(store))).post("/v1/tickets", json=TICKET)
    told = "".join(traceback.format_exception(failed.value))
    assert "ticket_keys" in told
    assert not any(number in told for number in (PHONE, PHONE[::-1], ACCOUNT, OTHER_PHONE))

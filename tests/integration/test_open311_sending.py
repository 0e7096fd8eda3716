"""Open311: sending service requests, as the specification has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from api.settings import Settings
from domain.errors import DuplicateTicket
from router.service import RoutingService
from tests.open311 import BASE, GOOD, VEHICLE, an_offer, endpoint, errors, get, report, send

EXAMPLE = (  # the specification's, but for the service's attributes
    "api_key=xyz&jurisdiction_id=city.gov&service_code=DMV66&lat=37.76524078&long=-122.4212043"
    "&address_string=1234+5th+street&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456"
    "&first_name=john&last_name=smith&phone=111111111&description=A+large+sinkhole+is+destroying+the+street"
    "&media_url=http%3A%2F%2Ffarm3.static.flickr.com%2F2002%2F2212426634_5ed477a060.jpg"
    "&attribute[WHISHETN]=123&attribute[COLOURS][]=r&attribute[COLOURS][]=b"
)
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with endpoint() as client:
        yield client


def ticket(client: TestClient, request_id: str) -> dict[str, Any]:
    """What became of the request inside."""
    found: dict[str, Any] = client.get(f"/v1/tickets/{quote(request_id)}").json()
    return found


def test_the_specifications_example_becomes_a_ticket(client: TestClient) -> None:
    response = client.post(f"{BASE}/requests.xml", content=EXAMPLE, headers=FORM)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    assert (root.tag, [child.tag for child in root]) == ("service_requests", ["request"])
    assert [part.tag for part in root[0]] == ["service_request_id", "service_notice", "account_id"]
    request_id = root.findtext("request/service_request_id")
    assert request_id
    assert root.findtext("request/account_id") == "123456"
    content = ticket(client, request_id)["content"]
    assert content == {
        "text": "A large sinkhole is destroying the street",
        "category": "Vehicle",
        "account": None,
        "phone": "111111111",
        "address": "1234 5th street",
        "latitude": 37.76524078,
        "longitude": -122.4212043,
        "attributes": {
            "WHISHETN": "123",
            "COLOURS": "r\nb",
            "name": "john smith",
            "email": "smit333@sfgov.edu",
            "device_id": "tt222111",
            "account_id": "123456",
            "first_name": "john",
            "last_name": "smith",
            "media_url": "http://farm3.static.flickr.com/2002/2212426634_5ed477a060.jpg",
            "service_code": "DMV66",
        },
        "channel": "open311",
    }


def test_a_request_is_routed_like_any_other_ticket(client: TestClient) -> None:
    request_id = report(client, description="Gas leak\nIt smells.")
    found = ticket(client, request_id)
    assert (found["status"], found["unit"], found["rules"]) == ("dispatched", "gas", ["gas-leak"])
    assert found["received_at"] == "2024-05-01T09:00:00Z"
    assert re.fullmatch(r"[\w-]{8,40}", request_id)  # what platforms take for an id, and people can read out


def test_the_answer_has_the_services_notice(client: TestClient) -> None:
    (answer,) = send(client, **GOOD)
    assert re.fullmatch(r"240501-\w{10}", answer.pop("service_request_id"))
    notice = "The City will inspect and require the responsible party to correct within 24 hours."
    assert answer == {"service_notice": notice, "account_id": None}


@pytest.mark.parametrize(
    "place",
    [
        {"lat": "31.25", "long": "121.45"},
        {"lat": " 31.25 ", "long": "+1.2145e2"},
        {"lat": "121.45", "long": "31.25"},  # a point only the other way round
        {"address_string": "1 North Road"},
        {"address_id": "#NOTPINPOINTED#"},
    ],
)
def test_any_of_the_locations_will_do(client: TestClient, place: dict[str, str]) -> None:
    request_id = send(client, service_code="001", **place)[0]["service_request_id"]
    found = get(client, f"requests/{request_id}")[0]
    assert (found["lat"], found["long"]) == ((31.25, 121.45) if "lat" in place else (None, None))
    assert found["address"] == place.get("address_string")
    assert found["address_id"] == place.get("address_id")


def test_zero_zero_is_no_place_but_loses_no_report(client: TestClient) -> None:
    request_id = report(client, lat="0", long="0.0")
    found = get(client, f"requests/{request_id}")[0]
    assert (found["lat"], found["long"]) == (None, None)
    assert ticket(client, request_id)["status"] == "on_hold"


def test_empty_arguments_are_as_if_not_sent(client: TestClient) -> None:
    request_id = report(client, **{"address_string": "", "email": " ", "attribute[AGE]": "", "media_url": ""})
    assert ticket(client, request_id)["content"]["attributes"] == {"service_code": "001"}


def test_arguments_may_stand_in_the_url_and_the_body_comes_first(client: TestClient) -> None:
    response = client.post(
        f"{BASE}/requests.json?service_code=001&phone=1&lat=1", data={**GOOD, "phone": "2"}
    )
    request_id = response.json()[0]["service_request_id"]
    content = ticket(client, request_id)["content"]
    assert (content["phone"], content["latitude"]) == ("2", 31.25)
    only_key = endpoint(keys=frozenset({"xyz"}))
    with only_key as guarded:
        assert guarded.post(f"{BASE}/requests.json?api_key=xyz", data=GOOD).status_code == 200


def test_a_form_without_a_declared_type_is_a_form(client: TestClient) -> None:
    response = client.post(f"{BASE}/requests.json", content="service_code=001&address_string=x")
    assert response.status_code == 200


def test_a_multipart_form_is_taken_and_its_files_are_said_not_to_be(client: TestClient) -> None:
    picture = {"media": ("photo.jpg", b"\xff\xd8" + b"\0" * 200_000, "image/jpeg")}
    response = client.post(f"{BASE}/requests.json", data={**GOOD, "description": "积水"}, files=picture)
    (answer,) = response.json()
    assert answer["service_notice"].endswith("Attached files were not kept.")
    assert ticket(client, answer["service_request_id"])["content"]["text"] == "积水"


def test_text_of_any_language_comes_back_as_it_was(client: TestClient) -> None:
    text = "积水 & <b>«ötven»</b> ]]> 🚰\nline \"two\" 'q'\ttab"
    request_id = report(client, description=text)
    assert get(client, f"requests/{request_id}")[0]["description"] == text
    unescaped = "service_code=001&address_string=祖冲之路&description=积水".encode()
    answer = client.post(f"{BASE}/requests.json", content=unescaped, headers=FORM).json()
    assert get(client, f"requests/{answer[0]['service_request_id']}")[0]["address"] == "祖冲之路"


def test_characters_that_xml_does_not_have_never_come_out(client: TestClient) -> None:
    request_id = report(client, description="bell\x07 escape\x1b \ufffe end", address_string="\x0bhere")
    document = client.get(f"{BASE}/requests/{request_id}.xml").content
    found = ElementTree.fromstring(document)
    assert found.findtext("request/description") == "bell escape  end"
    assert client.get(f"{BASE}/requests/{request_id}.json").json()[0]["description"].startswith("bell\x07")


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"service_code": None}, 400, "service_code was not provided"),
        ({"service_code": ""}, 400, "service_code was not provided"),
        ({"service_code": "033"}, 404, "service_code '033' was not found"),
        ({"lat": None, "long": None}, 400, "location"),
        ({"lat": None}, 400, "lat and long belong together"),
        ({"long": None}, 400, "lat and long belong together"),
        ({"lat": "north"}, 400, "lat"),
        ({"lat": "91"}, 400, "lat"),
        ({"long": "-180.5"}, 400, "long"),
        ({"lat": "nan"}, 400, "lat"),
        ({"lat": "inf"}, 400, "lat"),
        ({"lat": "1e999"}, 400, "lat"),
        ({"lat": "9" * 400}, 400, "lat"),
        ({"lat": "1_0"}, 400, "lat"),
        ({"lat": "٣١"}, 400, "lat"),
        ({"lat": ["1", "2"]}, 400, "more than once"),
        ({"description": "x" * 4001}, 400, "4,000"),
        ({"address_string": "x" * 2001}, 400, "address_string"),
        ({"phone": "1" * 501}, 400, "phone"),
        ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
        ({"media_url": [f"http://photo/{n}.jpeg" for n in range(21)]}, 400, "media_url"),
        ({"description": "a\0b"}, 400, "NUL"),
        ({"na\0me": "x"}, 400, "NUL"),
        ({f"attribute[a{n}]": "1" for n in range(101)}, 400, "attributes"),
        ({"attribute[x]": "1" * 4001}, 400, "attribute[x]"),
        ({f"field{n}": "1" for n in range(1001)}, 400, "fields"),
    ],
)
def test_a_faulty_request_is_refused_and_nothing_is_kept(
    client: TestClient, change: dict[str, Any], status: int, told: str
) -> None:
    fields = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    for form in ("json", "xml"):
        found = errors(client.post(f"{BASE}/requests.{form}", data=fields), status)
        assert told in " ".join(found)
    assert get(client, "requests") == []


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"attribute[WHISHETN]": None}, "attribute[WHISHETN] was not provided"),
        ({"attribute[WHISHETN]": " "}, "attribute[WHISHETN] was not provided"),
        ({"attribute[WHISHETN]": "125"}, "not one of its values"),
        ({"attribute[WHISHETN]": ["123", "124"]}, "more than once"),
        ({"attribute[COLOURS][]": ["r", "x"]}, "'x'"),
        ({"attribute[AGE]": "old"}, "not a number"),
        ({"attribute[SEEN]": "yesterday"}, "not an ISO 8601 date"),
    ],
)
def test_answers_are_held_against_the_definition(
    client: TestClient, answers: dict[str, Any], told: str
) -> None:
    fields = {name: value for name, value in {**VEHICLE, **answers}.items() if value is not None}
    assert told in errors(client.post(f"{BASE}/requests.xml", data=fields), 400)[0]


def test_all_that_is_wrong_with_the_answers_is_told_at_once(client: TestClient) -> None:
    fields = {**GOOD, "service_code": "DMV66", "attribute[AGE]": "old"}
    told = errors(client.post(f"{BASE}/requests.json", data=fields), 400)
    assert len(told) == 2


def test_answers_are_kept_be_they_asked_for_or_not(client: TestClient) -> None:
    request_id = report(
        client,
        **VEHICLE
        | {
            "attribute[AGE]": "7.5",
            "attribute[SEEN]": "2024-05-01T08:00:00Z",
            "attribute[fixmystreet_id]": "12",
            "attribute[email]": "a@b",
            "attribute[CUSTOMER]": "310042",
        },
    )
    found = ticket(client, request_id)
    assert found["content"]["account"] == "310042"
    assert found["location"]["address"] == "1 North Road"
    kept = found["content"]["attributes"]
    assert (kept["AGE"], kept["fixmystreet_id"], kept["attribute[email]"]) == ("7.5", "12", "a@b")
    assert "email" not in kept


def test_the_operator_says_what_an_account_id_is() -> None:
    told = an_offer('account_from = "account_id"\n[[service]]\ncode = "001"\nname = "Cans"')
    with endpoint(offer=told) as client:
        assert ticket(client, report(client, account_id="310042"))["content"]["account"] == "310042"
    with endpoint() as client:
        assert ticket(client, report(client, account_id="310042"))["content"]["account"] is None


def test_an_id_that_is_taken_is_not_given_again(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter(["a", "a", "b"])
    monkeypatch.setattr("api.open311.requests.new_id", lambda _: next(ids))
    assert report(client) == "a"
    assert report(client, description="Another") == "b"


def test_the_request_is_there_when_it_is_answered_and_not_when_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def taken(self: RoutingService, *_: Any, **__: Any) -> Any:
        raise DuplicateTicket(ticket_id="x")

    with endpoint() as client:
        monkeypatch.setattr(RoutingService, "submit", taken)
        assert errors(client.post(f"{BASE}/requests.json", data=GOOD), 400)
        assert get(client, "requests") == []


def test_the_size_of_forms_is_limited() -> None:
    limits = Settings(max_ticket_bytes=1_000, max_batch_bytes=5_000)
    with endpoint(limits=limits) as client:
        for files, most in ((None, 1_000), ({"media": ("a.jpg", b"x" * 6_000)}, 5_000)):
            form = {**GOOD, "service_code": "other", "description": "x" * 1_100}
            response = client.post(f"{BASE}/requests.json", data=form, files=files)
            assert f"{most:,} bytes" in errors(response, 400)[0]
            assert response.json()[0]["code"] == 413


def test_clients_that_decode_twice_understand_it_too(client: TestClient) -> None:
    request_id = report(client, description="积水 ötven 🚰")
    document = client.get(f"{BASE}/requests/{request_id}.xml").content
    for charset in ("utf-8", "latin-1", "ascii"):
        found = ElementTree.fromstring(document.decode(charset).encode("utf-8"))
        assert found.findtext("request/description") == "积水 ötven 🚰"

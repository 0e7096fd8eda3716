"""Open311 as widely used clients speak it: what they send, and how they read what they get.

FixMyStreet's reads XML with a few elements always as lists and empty ones as nothing, decodes it before it parses, and
looks for its own numbers; `three` sends forms with pictures in them and writes dates of its own kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from tests.open311 import BASE, an_offer, endpoint
from tests.serving import Clock

LISTS = {"service", "attribute", "value", "request", "error", "request_update"}
GROUPS = {"attributes": "attribute", "values": "value"}
KEY, JURISDICTION = "s3cret", "city.gov"
SERVICES = """
[[service]]
code = "leak"
name = "Leck & Rohrbruch"

[[service.attribute]]
code = "easting"
description = "Easting"
automated = "server_set"
required = true

[[service.attribute]]
code = "size"
description = "How large:"
datatype = "singlevaluelist"
values = { s = "small", l = "large" }
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[TestClient]:
    with endpoint(
        clock=clock, offer=an_offer(SERVICES), keys=frozenset({KEY}), jurisdictions=(JURISDICTION,)
    ) as client:
        yield client


def read(content: bytes) -> Any:
    """As Perl's XML::Simple with ForceArray, GroupTags, SuppressEmpty = undef and no keys reads a decoded document."""
    return _read(ElementTree.fromstring(content.decode("utf-8").encode("latin-1")))  # ASCII survives that


def _read(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text
    found: dict[str, Any] = {}
    for child in element:
        if child.tag in LISTS:
            found.setdefault(child.tag, []).append(_read(child))
        else:
            assert child.tag not in found
            found[child.tag] = _read(child)
    return found[GROUPS[element.tag]] if element.tag in GROUPS else found


class FixMyStreet:
    """What its Open311 module asks."""

    def __init__(self, client: TestClient, key: str | None = KEY) -> None:
        self._client = client
        self._key = {"api_key": key} if key else {}

    def get(self, path: str, **asked: str) -> Any:
        """The document, where the answer is a success."""
        answer = self._client.get(f"{BASE}/{path}", params={**asked, "jurisdiction_id": JURISDICTION})
        assert answer.status_code == 200, answer.text
        return read(answer.content)

    def post(self, path: str, fields: list[tuple[str, str]]) -> tuple[int, Any]:
        """The status and the document."""
        form = urlencode([*fields, ("jurisdiction_id", JURISDICTION), *self._key.items()])
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._client.post(f"{BASE}/{path}", content=form, headers=kind)
        return answer.status_code, read(answer.content)


REPORT = [
    ("service_code", "leak"),
    ("lat", "31.25"),
    ("long", "121.45"),
    (
        "description",
        "title: Gas leak – 漏气\n\ndetail: smells\n\nurl: http://fms/report/1\n\nSubmitted via FixMyStreet\n",
    ),
    ("first_name", "Zoë"),
    ("last_name", ""),
    ("email", "zoe@fms.example"),
    ("phone", "07700 900123"),
    ("deviceid", "mobile"),
    ("attribute[easting]", "529090"),
    ("attribute[northing]", "179645"),
    ("attribute[fixmystreet_id]", "1"),
    ("attribute[size]", ""),
    ("media_url", "http://fms/photo/1.full.jpeg"),
    ("media_url", "http://fms/photo/1.1.full.jpeg"),
]


def test_fixmystreet_learns_the_services_reports_and_follows_to_the_end(
    client: TestClient, clock: Clock
) -> None:
    fms = FixMyStreet(client)
    (service,) = fms.get("services.xml")["service"]
    assert (service["service_code"], service["service_name"]) == ("leak", "Leck & Rohrbruch")
    assert service["metadata"].lower() == "true"
    easting, size = sorted(fms.get("services/leak.xml")["attributes"], key=lambda one: int(one["order"]))
    assert (easting["code"], easting["automated"], easting["required"]) == ("easting", "server_set", "true")
    assert size["values"] == [{"key": "s", "name": "small"}, {"key": "l", "name": "large"}]

    status, answered = fms.post("requests.xml", REPORT)
    assert status == 200
    number = answered["request"][0]["service_request_id"]
    assert isinstance(number, str)
    kept = client.get(f"/v1/tickets/{number}").json()["content"]
    assert kept["attributes"]["northing"] == "179645"
    assert kept["attributes"]["media_url"].split("\n") == [
        "http://fms/photo/1.full.jpeg",
        "http://fms/photo/1.1.full.jpeg",
    ]
    assert "漏气" in kept["text"]

    clock.move(minutes=5)
    own = [
        ("service_request_id", number),
        ("update_id", "17"),
        ("updated_datetime", "2024-05-01T11:04:00+02:00"),
        ("status", "INVESTIGATING"),
        ("description", "still there"),
        ("first_name", "Zoë"),
        ("last_name", "-"),
        ("email", "zoe@fms.example"),
        ("email_alerts_requested", "FALSE"),
        ("title", "MX"),
    ]
    status, answered = fms.post("servicerequestupdates.xml", own)
    assert status == 200
    assert answered["request_update"][0]["update_id"]
    clock.move(minutes=5)
    dispatch = client.get("/v1/units/gas/dispatches").json()["dispatches"][0]["dispatch"]
    client.post(f"/v1/units/gas/dispatches/{dispatch}/done", json={"by": "crew"})
    clock.move(minutes=1)
    # the last two hours, as its nightly job asks for them
    asked = {"start_date": "2024-05-01T07:11:00Z", "end_date": "2024-05-01T09:11:00Z"}
    heard = fms.get("servicerequestupdates.xml", api_key=KEY, **asked)["request_update"]
    assert [(one["service_request_id"], one["status"]) for one in heard] == [
        (number, "open"),
        (number, "closed"),
    ]
    assert all(asked["start_date"] <= one["updated_datetime"] <= asked["end_date"] for one in heard)
    assert len({one["update_id"] for one in heard}) == 2
    (found,) = fms.get("requests.xml", service_request_id=f"{number},unknown")["request"]
    assert (found["status"], found["expected_datetime"]) == ("closed", None)


def test_fixmystreet_is_told_why_in_a_form_that_it_reads(client: TestClient) -> None:
    status, refused = FixMyStreet(client, key=None).post("requests.xml", REPORT)
    assert (status, refused["error"][0]["code"]) == (403, "403")
    missing = [(name, value) for name, value in REPORT if name != "attribute[easting]"]
    status, refused = FixMyStreet(client).post("requests.xml", missing)
    assert (status, refused["error"][0]["code"]) == (400, "400")
    assert "easting" in refused["error"][0]["description"]


def test_nothing_new_is_nothing_to_fixmystreet(client: TestClient) -> None:
    assert FixMyStreet(client).get("servicerequestupdates.xml") is None


def test_three_sends_pictures_with_its_forms_and_dates_of_whole_days(client: TestClient) -> None:
    fields = {
        "service_code": "leak",
        "address_string": "1 North Road",
        "first_name": "Zach",
        "last_name": "Williams",
        "phone": "555-5555",
        "description": "Gas leak",
        "attribute[easting]": "1",
        "jurisdiction_id": JURISDICTION,
        "api_key": KEY,
    }
    sent = client.post(f"{BASE}/requests.json", data=fields, files={"media": ("photo.png", b"\x89PNG")})
    assert sent.status_code == 200, sent.text
    number = sent.json()[0]["service_request_id"]
    asked = {"jurisdiction_id": JURISDICTION, "page_size": "50"}
    span = {"start_date": "2024-04-01T00:00:00Z", "end_date": "2024-05-02T00:00:00Z"}
    found = client.get(f"{BASE}/requests.json", params={**asked, **span, "service_code": "leak"}).json()
    assert [one["service_request_id"] for one in found] == [number]
    assert client.get(f"{BASE}/discovery.json").json()["endpoints"][0]["formats"]
    assert client.get(f"{BASE}/tokens/{number}.json", params=asked).json()[0]["service_request_id"] == number

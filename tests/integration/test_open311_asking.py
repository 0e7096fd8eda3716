"""Open311: asking how service requests stand, as the specification has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.open311 import routes
from router.ports import Store
from store.memory import MemoryStore
from store.sql import open_store
from tests.open311 import BASE, VEHICLE, an_offer, endpoint, errors, get, report
from tests.serving import NOW, Clock, furnished
from tests.stores import new_sqlite


@pytest.fixture
def client() -> Iterator[TestClient]:
    with endpoint() as client:
        yield client


def test_a_request_tells_how_it_stands(client: TestClient) -> None:
    request_id = report(
        client, description="Gas leak", address_string="1 North Road", email="a@b", phone="021-1"
    )
    (found,) = get(client, f"requests/{request_id}")
    assert found == {
        "service_request_id": request_id,
        "status": "open",
        "status_notes": "Passed to Gas emergency.",
        "service_name": "Cans left out 24x7",
        "service_code": "001",
        "description": "Gas leak",
        "agency_responsible": "Gas emergency",
        "service_notice": "The City will inspect and require the responsible party to correct within 24 hours.",
        "requested_datetime": "2024-05-01T09:00:00Z",
        "updated_datetime": "2024-05-01T09:00:00Z",
        "expected_datetime": None,
        "address": "1 North Road",
        "address_id": None,
        "zipcode": None,
        "lat": 31.25,
        "long": 121.45,
        "media_url": None,
    }


def test_who_reports_is_told_to_nobody(client: TestClient) -> None:
    person = {"email": "e@secret", "phone": "secret-1", "first_name": "secret", "last_name": "secret"}
    person |= {"device_id": "secret", "account_id": "secret", "attribute[secret]": "secret"}
    request_id = report(client, **person)
    for path in (f"requests/{request_id}", "requests", "servicerequestupdates"):
        for form in ("xml", "json"):
            text = client.get(f"{BASE}/{path}.{form}?extensions=true").text
            assert "secret" not in text


def test_what_is_public_of_the_answers_is_told_on_request(client: TestClient) -> None:
    answers = {"attribute[COLOURS]": ["r", "b"], "attribute[CUSTOMER]": "310042"}
    request_id = report(client, **VEHICLE | answers)
    assert "attributes" not in get(client, f"requests/{request_id}")[0]
    assert get(client, f"requests/{request_id}", extensions="true")[0]["attributes"] == [
        {"code": "WHISHETN", "label": "What is the ticket/tag/DL number?", "value": "Ford"},
        {"code": "COLOURS", "label": "Which colours has it?", "value": "Red\nBlue"},
    ]


def test_a_request_in_review_has_no_agency_yet_and_a_reviewed_one_has(client: TestClient) -> None:
    request_id = report(client, description="Newspaper: gas leak")
    found = get(client, f"requests/{request_id}")[0]
    assert (found["status"], found["agency_responsible"], found["status_notes"]) == ("open", None, None)
    client.post(f"/v1/tickets/{request_id}/review", json={"unit": "north", "comment": "not public"})
    found = get(client, f"requests/{request_id}")[0]
    assert (found["agency_responsible"], found["status_notes"]) == ("North crew", "Passed to North crew.")


def done(client: TestClient, clock: Clock, unit: str = "gas") -> None:
    """The unit tells that what it was handed last is done."""
    clock.move(minutes=1)
    number = client.get(f"/v1/units/{unit}/dispatches").json()["dispatches"][-1]["dispatch"]
    answer = client.post(f"/v1/units/{unit}/dispatches/{number}/done", json={"by": "crew 7"})
    assert answer.status_code == 200, answer.text


def test_a_request_is_closed_when_its_unit_says_that_it_is_done() -> None:
    clock = Clock()
    with endpoint(clock=clock) as client:
        request_id, other = (report(client, description=text) for text in ("Gas leak", "Newspaper"))
        done(client, clock)
        found = get(client, f"requests/{request_id}")[0]
        assert (found["status"], found["status_notes"]) == ("closed", "Closed.")
        assert (found["agency_responsible"], found["updated_datetime"]) == (
            "Gas emergency",
            "2024-05-01T09:01:00Z",
        )
        for status, expected in (("closed", request_id), ("open", other)):
            assert [one["service_request_id"] for one in get(client, "requests", status=status)] == [expected]
        assert len(get(client, "requests", status="open,closed")) == 2
        assert [one["status"] for one in get(client, "requests", status="CLOSED")] == ["closed"]
        # a person confirms what was done: that opens nothing. Another unit does
        client.post(f"/v1/tickets/{request_id}/review", json={"unit": "gas", "by": "Li"})
        assert get(client, f"requests/{request_id}")[0]["status"] == "closed"


def test_what_goes_to_another_unit_after_all_is_open_again() -> None:
    clock = Clock()
    with endpoint(clock=clock) as client:
        request_id = report(client, description="Gas leak")
        done(client, clock)
        client.post(f"/v1/tickets/{request_id}/review", json={"unit": "north", "by": "Li"})
        assert get(client, f"requests/{request_id}")[0]["status"] == "open"
        assert get(client, "requests", status="closed") == []


def test_all_who_called_about_it_hear_that_it_is_done() -> None:
    clock = Clock()
    with endpoint(clock=clock) as client:
        first, second = (report(client, description=text) for text in ("Gas leak", "Newspaper: gas"))
        joined = client.post(f"/v1/tickets/{second}/join", json={"into": first, "by": "Li"})
        assert joined.status_code == 200, joined.text
        clock.move(minutes=1)
        done(client, clock)
        assert {one["status"] for one in get(client, "requests")} == {"closed"}
        told = [(one["service_request_id"], one["status"]) for one in get(client, "servicerequestupdates")]
        assert {one for one, status in told if status == "closed"} == {first, second}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    url = new_sqlite(tmp_path / "g.db")
    found = MemoryStore(clock) if request.param == "memory" else open_store(url, clock)
    yield found
    found.close()


def do(client: TestClient, request_id: str, what: str, **said: str) -> None:
    answer = client.post(f"/v1/tickets/{request_id}/{what}", json={"by": "Li", **said})
    assert answer.status_code == 200, answer.text


def statuses(client: TestClient, *request_ids: str) -> list[str]:
    """As each is shown, and as each is found."""
    found = [get(client, f"requests/{one}")[0]["status"] for one in request_ids]
    for status in ("open", "closed"):
        named = {one["service_request_id"] for one in get(client, "requests", status=status)}
        assert named == {one for one, is_so in zip(request_ids, found, strict=True) if is_so == status}
    return found


@pytest.mark.parametrize("how", ["refused", "reassigned"])
def test_all_who_called_hear_that_it_is_not_done_after_all(store: Store, clock: Clock, how: str) -> None:
    with endpoint(store, clock=clock) as client:
        leader, own, others = (
            report(client, description=text) for text in ("Gas leak", "Newspaper: gas", "Newspaper: a leak")
        )
        do(client, others, "join", into=own)
        do(client, own, "join", into=leader)
        done(client, clock)
        assert statuses(client, leader, own, others) == ["closed"] * 3
        if how == "refused":
            with store.read() as session:
                (sent,) = session.deliveries(ticket_id=leader)
            path = f"/v1/units/gas/dispatches/{sent.delivery_id}/reject"
            answer = client.post(path, json={"by": "crew 7", "reason": "not ours"})
            assert answer.status_code == 200, answer.text
        else:
            do(client, leader, "review", unit="south")
        assert statuses(client, leader, own, others) == ["open"] * 3
        told = [
            one["description"]
            for one in get(client, "servicerequestupdates")
            if one["service_request_id"] == others
        ]
        assert told == ["Closed.", "Open again."]
        if how == "reassigned":
            clock.move(seconds=2)
            do(client, leader, "undo", reason="the wrong line")
            assert statuses(client, leader, own, others) == ["closed"] * 3
            do(client, own, "unjoin")
            assert statuses(client, leader, own, others) == ["closed", "open", "open"]


def test_a_request_that_was_done_is_done_again_once_it_stands_alone(store: Store, clock: Clock) -> None:
    with endpoint(store, clock=clock) as client:
        first, second = report(client, description="Gas leak"), report(client, description="Newspaper")
        done(client, clock)
        do(client, first, "join", into=second)
        assert statuses(client, first, second) == ["open", "open"]
        clock.move(seconds=2)
        do(client, first, "unjoin")
        assert statuses(client, first, second) == ["closed", "open"]


def test_tickets_of_other_channels_are_not_shown(client: TestClient) -> None:
    client.post(
        "/v1/tickets", json={"ticket_id": "t1", "text": "Private", "attributes": {"service_code": "001"}}
    )
    assert get(client, "requests") == []
    assert get(client, "requests", service_request_id="t1") == []
    assert errors(client.get(f"{BASE}/requests/t1.json"), 404)
    assert errors(client.get(f"{BASE}/tokens/t1.json"), 404)


@pytest.mark.parametrize("request_id", ["zzz", "%00", "a%00b", "%ff", "%2e", "x" * 3000, "%F0%9F%9A%B0"])
@pytest.mark.parametrize("kind", ["requests", "tokens", "services"])
def test_what_is_not_there_is_404(client: TestClient, kind: str, request_id: str) -> None:
    assert errors(client.get(f"{BASE}/{kind}/{request_id}.json"), 404)
    assert errors(client.get(f"{BASE}/{kind}/{request_id}.xml"), 404)


def test_a_requests_own_id_is_its_token(client: TestClient) -> None:
    request_id = report(client)
    assert get(client, f"tokens/{request_id}") == [{"service_request_id": request_id, "token": request_id}]


@contextmanager
def five_requests() -> Iterator[tuple[TestClient, dict[str, str]]]:
    """Requests of 100, 50, 20, 10 and 0 days ago; the one of 20 days ago is about a vehicle."""
    clock = Clock()
    with endpoint(clock=clock) as client:
        ids = {}
        clock.move(days=-100)
        for days, move in ((100, 50), (50, 30), (20, 10), (10, 10), (0, 0)):
            ids[report(client, **(VEHICLE if days == 20 else {}))] = str(days)
            clock.move(days=move)
        assert clock.now == NOW
        yield client, ids


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "0 10 20 50"),
        ({"start_date": "2024-04-11T09:00:00Z"}, "0 10 20"),
        ({"start_date": "2024-04-11T09:00:01Z"}, "0 10"),
        ({"end_date": "2024-04-11T09:00:00Z"}, "20 50 100"),
        ({"end_date": "2024-04-11T08:59:59Z"}, "50 100"),
        ({"start_date": "2024-01-21T09:00:00Z"}, "20 50 100"),
        ({"start_date": "2024-04-11T17:00:00+08:00", "end_date": "2024-04-21T04:00:00-05:00"}, "10 20"),
        ({"start_date": "2024-05-01T09:00:00Z", "end_date": "2024-05-01T09:00:00Z"}, "0"),
        ({"start_date": "2024-02-01T09:00:00Z", "end_date": "2024-05-01T09:00:00Z"}, "0 10 20 50"),
        ({"start_date": "2030-01-01T00:00:00Z"}, ""),
        ({"start_date": "", "end_date": "", "status": "", "service_code": ""}, "0 10 20 50"),
        ({"service_code": "DMV66"}, "20"),
        ({"service_code": "001,DMV66"}, "0 10 20 50"),
        ({"service_code": "dmv66"}, ""),
        ({"service_code": "033"}, ""),
        ({"status": "open"}, "0 10 20 50"),
        ({"status": "open,closed"}, "0 10 20 50"),
        ({"status": "closed"}, ""),
        ({"page_size": "3"}, "0 10 20"),
        ({"page_size": "3", "page": "2"}, "50"),
        ({"page": "2"}, ""),
        ({"jurisdiction_id": "anything"}, "0 10 20 50"),
    ],
)
def test_requests_are_found_by_time_service_and_status(asked: dict[str, str], expected: str) -> None:
    with five_requests() as (client, ids):
        assert [
            ids[found["service_request_id"]] for found in get(client, "requests", **asked)
        ] == expected.split()


def test_an_id_overrides_all_other_arguments() -> None:
    with five_requests() as (client, ids):
        oldest, *_, newest = ids
        asked = {
            "service_request_id": f" {oldest},{newest},nope",
            "status": "x",
            "start_date": "y",
            "page": "1",
        }
        assert [found["service_request_id"] for found in get(client, "requests", **asked)] == [newest, oldest]
        twice = client.get(
            f"{BASE}/requests.json?service_request_id={oldest}&service_request_id={newest}"
        ).json()
        assert len(twice) == 2


def test_a_plus_sign_that_was_not_escaped_is_understood() -> None:
    with five_requests() as (client, ids):
        path = f"{BASE}/requests.json?start_date=2024-04-11T17:00:00+08:00&end_date=2024-04-21T09:00:00Z"
        assert [ids[found["service_request_id"]] for found in client.get(path).json()] == ["10", "20"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"start_date": "2024-05-01"}, "start_date"),
        ({"start_date": "2024-05-01T09:00:00"}, "time zone"),
        ({"end_date": "2024-02-30T09:00:00Z"}, "end_date"),
        ({"end_date": "05/01/2024"}, "end_date"),
        ({"end_date": "0001-01-01T00:00:00+14:00"}, "end_date"),
        ({"end_date": "9999-12-31T23:59:59-14:00"}, "end_date"),
        ({"end_date": "2024-05-01T09:00:00+99:00"}, "end_date"),
        ({"end_date": "２０２４-05-01T09:00:00Z"}, "end_date"),
        ({"start_date": "2024-05-02T00:00:00Z", "end_date": "2024-05-01T00:00:00Z"}, "later"),
        ({"start_date": "2024-01-01T00:00:00Z", "end_date": "2024-05-01T00:00:00Z"}, "90 days"),
        ({"status": "fixed"}, "status"),
        ({"page": "0"}, "page"),
        ({"page": "99999999999"}, "page"),
        ({"page_size": "1001"}, "1,000"),
        ({"page_size": "ten"}, "page_size"),
        ({"service_request_id": ",".join(map(str, range(1001)))}, "1,000"),
        ({"service_request_id": "a\0b"}, "NUL"),
    ],
)
def test_a_question_that_cannot_be_meant_is_400(client: TestClient, asked: dict[str, str], told: str) -> None:
    for form in ("xml", "json"):
        assert told in errors(client.get(f"{BASE}/requests.{form}", params=asked), 400)[0]


def test_at_most_a_thousand_are_given(monkeypatch: pytest.MonkeyPatch, client: TestClient) -> None:
    assert routes.MOST_REQUESTS == 1000
    monkeypatch.setattr(routes, "MOST_REQUESTS", 2)
    ids = [report(client) for _ in range(3)]
    first, second = get(client, "requests"), get(client, "requests", page="2")
    assert (len(first), len(second)) == (2, 1)
    assert {found["service_request_id"] for found in (*first, *second)} == set(ids)


def test_a_service_that_is_no_longer_offered_keeps_its_code() -> None:
    clock = Clock()
    store = furnished(MemoryStore(clock))
    with endpoint(store, clock) as client:
        request_id = report(client, **VEHICLE)
    only_cans = an_offer('[[service]]\ncode = "001"\nname = "Cans"')
    with endpoint(store, clock, offer=only_cans) as client:
        found = get(client, f"requests/{request_id}")[0]
        assert (found["service_code"], found["service_name"]) == ("DMV66", "Vehicle")


def test_a_ticket_that_others_put_into_the_channel_has_the_service_of_its_kind(client: TestClient) -> None:
    for ticket_id, category in (("a", "vehicle"), ("b", "Something"), ("c", None)):
        body = {"ticket_id": ticket_id, "text": "x", "category": category, "channel": "open311"}
        assert client.post("/v1/tickets", json=body).status_code == 201
    codes = {found["service_request_id"]: found["service_code"] for found in get(client, "requests")}
    assert codes == {"a": "DMV66", "b": "other", "c": "other"}


def test_the_time_of_a_change_is_told() -> None:
    clock = Clock()
    with endpoint(clock=clock) as client:
        request_id = report(client)
        clock.move(hours=3)
        client.post(f"/v1/tickets/{request_id}/review", json={"unit": "north"})
        found = get(client, f"requests/{request_id}")[0]
    assert found["requested_datetime"] == "2024-05-01T09:00:00Z"
    assert found["updated_datetime"] == "2024-05-01T12:00:00Z"
    assert datetime.fromisoformat(found["updated_datetime"]).tzinfo

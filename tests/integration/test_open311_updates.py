"""Open311: updates of service requests, both ways, as FixMyStreet's extension has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.open311 import updates
from router.ports import EventKind
from store.memory import MemoryStore
from tests.open311 import BASE, an_offer, endpoint, errors, get, report, send
from tests.serving import Clock, furnished

PATH = "servicerequestupdates"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[TestClient]:
    with endpoint(clock=clock) as client:
        yield client


def an_update(request_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "service_request_id": request_id,
        "update_id": "17",
        "status": "OPEN",
        "updated_datetime": "2024-05-01T11:00:00+02:00",
        "description": "Still there",
        **changes,
    }


def told(client: TestClient, **asked: str) -> list[tuple[str, str, str]]:
    """Request, status and text of the updates."""
    found = get(client, PATH, **asked)
    return [(one["service_request_id"], one["status"], one["description"]) for one in found]


def test_what_became_of_a_request_is_told(client: TestClient, clock: Clock) -> None:
    request_id = report(client, description="Gas leak")
    (found,) = get(client, PATH)
    assert found == {
        "update_id": found["update_id"],
        "service_request_id": request_id,
        "status": "open",
        "updated_datetime": "2024-05-01T09:00:00Z",
        "description": "Passed to Gas emergency.",
        "media_url": None,
    }
    clock.move(hours=1)
    client.post(f"/v1/tickets/{request_id}/review", json={"unit": "north", "comment": "not public"})
    first, second = get(client, PATH)
    assert first == found
    assert (second["description"], second["updated_datetime"]) == (
        "Passed to North crew.",
        "2024-05-01T10:00:00Z",
    )
    assert first["update_id"] != second["update_id"]


def test_that_it_is_done_is_an_update(client: TestClient, clock: Clock) -> None:
    request_id = report(client, description="Gas leak")
    clock.move(hours=1)
    number = client.get("/v1/units/gas/dispatches").json()["dispatches"][0]["dispatch"]
    client.post(f"/v1/units/gas/dispatches/{number}/done", json={"by": "crew 7"})
    passed_on, closed = get(client, PATH)
    assert (passed_on["status"], closed["status"]) == ("open", "closed")
    assert closed == {
        "update_id": closed["update_id"],
        "service_request_id": request_id,
        "status": "closed",
        "updated_datetime": "2024-05-01T10:00:00Z",
        "description": "Closed.",
        "media_url": None,
    }
    assert closed["update_id"] != passed_on["update_id"]


def test_what_waits_for_a_person_is_no_news_to_the_public(client: TestClient) -> None:
    report(client, description="Newspaper: gas leak")
    assert get(client, PATH) == []


def test_a_confirmation_is_no_news(client: TestClient, clock: Clock) -> None:
    request_id = report(client, description="Gas leak")
    clock.move(hours=1)
    client.post(f"/v1/tickets/{request_id}/review", json={"unit": "gas"})
    assert told(client) == [(request_id, "open", "Passed to Gas emergency.")]
    assert told(client, start_date="2024-05-01T09:30:00Z") == []


def test_other_channels_are_not_told_of(client: TestClient) -> None:
    client.post("/v1/tickets", json={"text": "Gas leak"})
    assert get(client, PATH) == []


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ({}, True),
        ({"start_date": "2024-05-01T09:00:00Z"}, True),
        ({"start_date": "2024-05-01T09:00:01Z"}, False),
        ({"end_date": "2024-05-01T09:00:00Z"}, True),
        ({"end_date": "2024-05-01T08:59:59Z"}, False),
        ({"start_date": "2024-05-01T08:00:00Z", "end_date": "2024-05-01T10:00:00Z"}, True),
        ({"start_date": "2020-01-01T00:00:00Z", "end_date": "2024-06-01T00:00:00Z"}, True),
        ({"start_date": "2024-05-01T10:00:00+01:00", "end_date": "2024-05-01T10:00:00+01:00"}, True),
    ],
)
def test_updates_are_found_by_time_to_the_second(clock: Clock, asked: dict[str, str], heard: bool) -> None:
    clock.move(milliseconds=700)
    with endpoint(clock=clock) as client:
        report(client, description="Gas leak")
        assert bool(get(client, PATH, **asked)) is heard


def test_spans_one_after_another_miss_nothing(clock: Clock) -> None:
    with endpoint(clock=clock) as client:
        ids = []
        for _ in range(6):
            clock.move(milliseconds=350)
            ids.append(report(client, description="Gas leak"))
        heard = [
            one[0]
            for second in range(4)
            for one in told(
                client, start_date=f"2024-05-01T09:00:0{second}Z", end_date=f"2024-05-01T09:00:0{second}Z"
            )
        ]
    assert heard == ids


@pytest.mark.parametrize(
    "asked",
    [
        {"start_date": "today"},
        {"end_date": "2024-05-01T09:00:00"},
        {"start_date": "2024-05-02T00:00:00Z", "end_date": "2024-05-01T00:00:00Z"},
    ],
)
def test_a_span_that_cannot_be_meant_is_400(client: TestClient, asked: dict[str, str]) -> None:
    assert errors(client.get(f"{BASE}/{PATH}.xml", params=asked), 400)


def test_too_many_updates_are_refused_rather_than_cut(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "MOST_EVENTS", 2)
    report(client, description="Gas leak")
    report(client, description="Gas leak")
    assert len(get(client, PATH)) == 2
    report(client, description="Gas leak")
    assert "shorter" in errors(client.get(f"{BASE}/{PATH}.json"), 400)[0]


def test_an_update_is_taken_and_told(client: TestClient, clock: Clock) -> None:
    request_id = report(client)
    before = get(client, PATH)
    clock.move(hours=1)
    form = an_update(
        request_id, status="FIXED", media_url="http://photo/1.jpeg", email="a@secret", phone="secret"
    )
    ((answer),) = send(client, PATH, **form)
    assert list(answer) == ["update_id"]
    assert get(client, PATH)[len(before) :] == [
        {
            "update_id": answer["update_id"],
            "service_request_id": request_id,
            "status": "fixed",
            "updated_datetime": "2024-05-01T10:00:00Z",
            "description": "Still there",
            "media_url": "http://photo/1.jpeg",
        }
    ]
    assert "secret" not in client.get(f"{BASE}/{PATH}.xml").text
    found = get(client, f"requests/{request_id}")[0]
    assert (found["status"], found["updated_datetime"]) == ("open", "2024-05-01T10:00:00Z")


def test_every_picture_of_an_update_is_kept_whole(clock: Clock) -> None:
    store, urls = MemoryStore(clock), [f"http://photo/{'a' * 1_900}/{n}.jpeg" for n in range(3)]
    with endpoint(store, clock) as client:
        request_id = report(client)
        send(client, PATH, **an_update(request_id, media_url=urls))
        assert get(client, PATH)[-1]["media_url"] == urls[0]
    with store.read() as session:
        (kept,) = (one.detail for one in session.events(request_id) if one.kind is EventKind.REPORTED)
    assert json.loads(kept)["media_url"].split("\n") == urls


@pytest.mark.parametrize(
    "media",
    [
        "javascript:alert(1)",
        "photo.jpeg",
        f"http://photo/{'a' * 2_000}",
        [f"http://p/{n}" for n in range(21)],
    ],
)
def test_what_is_no_picture_is_not_passed_on_to_other_platforms(client: TestClient, media: Any) -> None:
    form = an_update(report(client), media_url=media)
    assert "media_url" in errors(client.post(f"{BASE}/{PATH}.json", data=form), 400)[0]
    assert [one["media_url"] for one in get(client, PATH) if one["media_url"]] == []


def test_the_answer_in_xml(client: TestClient) -> None:
    response = client.post(f"{BASE}/{PATH}.xml", data=an_update(report(client)))
    assert response.headers["content-type"] == "text/xml; charset=utf-8"
    assert response.text.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    assert "<service_request_updates><request_update><update_id>" in response.text


def test_the_same_update_again_is_taken_once(client: TestClient, clock: Clock) -> None:
    request_id, other = report(client), report(client)
    first = send(client, PATH, **an_update(request_id))
    clock.move(minutes=20)  # not so long that the clocks, looked after meanwhile, flag it
    assert send(client, PATH, **an_update(request_id)) == first
    assert get(client, f"requests/{request_id}")[0]["updated_datetime"] == "2024-05-01T09:00:00Z"
    assert send(client, PATH, **an_update(request_id, update_id="18")) != first
    assert send(client, PATH, **an_update(other)) != first
    assert len(get(client, PATH)) == 3


def test_who_sent_an_update_does_not_get_it_back(client: TestClient) -> None:
    request_id = report(client)
    send(client, PATH, **an_update(request_id, api_key="ours"))
    send(client, PATH, **an_update(request_id, api_key="theirs", description="Theirs"))
    assert [text for *_, text in told(client, api_key="ours")] == ["Theirs"]
    assert [text for *_, text in told(client)] == ["Still there", "Theirs"]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"service_request_id": None}, 400, "service_request_id"),
        ({"update_id": None}, 400, "update_id"),
        ({"status": None}, 400, "status"),
        ({"updated_datetime": None}, 400, "updated_datetime"),
        ({"service_request_id": "nope"}, 404, "service_request_id"),
        ({"service_request_id": "t1"}, 404, "service_request_id"),
        ({"status": "GONE"}, 400, "status"),
        ({"updated_datetime": "2024-05-01 11:00"}, 400, "updated_datetime"),
        ({"description": "x" * 4001}, 400, "4,000"),
        ({"update_id": "\0"}, 400, "NUL"),
        ({"update_id": ["1", "2"]}, 400, "more than once"),
    ],
)
def test_a_faulty_update_is_refused(
    client: TestClient, change: dict[str, Any], status: int, told: str
) -> None:
    client.post("/v1/tickets", json={"ticket_id": "t1", "text": "Another channel's"})
    form = {
        name: value for name, value in {**an_update(report(client)), **change}.items() if value is not None
    }
    for extension in ("xml", "json"):
        assert told in errors(client.post(f"{BASE}/{PATH}.{extension}", data=form), status)[0]
    assert get(client, PATH) == []


@pytest.mark.parametrize("status", ["OPEN", "closed", "IN_PROGRESS", "NO_FURTHER_ACTION", "REOPEN"])
def test_the_extended_states_are_taken(client: TestClient, status: str) -> None:
    send(client, PATH, **an_update(report(client), status=status, description=""))
    assert [(one["status"], one["description"]) for one in get(client, PATH)] == [(status.lower(), None)]


def test_an_update_may_be_numbered_as_in_older_platforms(client: TestClient) -> None:
    form = an_update(report(client), update_id_ext="5")
    del form["update_id"]
    assert send(client, PATH, **form)


def test_the_operator_says_what_is_told(clock: Clock) -> None:
    offer = an_offer('[texts]\npassed_on = "已派至{unit}"\n[[service]]\ncode = "001"\nname = "Cans"')
    with endpoint(furnished(MemoryStore(clock)), clock, offer=offer) as client:
        request_id = report(client, description="Gas leak")
        assert told(client) == [(request_id, "open", "已派至Gas emergency")]
        assert get(client, f"requests/{request_id}")[0]["status_notes"] == "已派至Gas emergency"

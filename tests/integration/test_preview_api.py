"""A ticket tried out before it is submitted, over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.decisions import Decision, Ranking, Reason, Verdict
from domain.dispatches import Dispatch
from domain.places import UNKNOWN_LOCATION, Address, Point
from router.ports import Store
from router.previewing import undrawn
from tests.serving import IN_NORTH, IN_SOUTH, NOW, Clock, a_ticket, furnished, serve

NOWHERE_OWNED = Point(latitude=31.35, longitude=121.45)
GAS = {"text": "Gas leak", "latitude": 31.25, "longitude": 121.45}


@pytest.fixture
def store() -> Store:
    return furnished()


def client_of(store: Store) -> TestClient:
    return TestClient(create_app(serve(store, Clock(NOW))), raise_server_exceptions=False)


def preview(client: TestClient, body: object, lang: str = "en") -> dict[str, Any]:
    answer = client.post("/v1/preview", params={"lang": lang}, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def log(store: Store, entries: Sequence[tuple[str, str, str]], point: Point) -> None:
    """Past dispatches there: (text, category, unit)."""
    dispatches = [
        Dispatch(
            ticket=a_ticket(
                f"past-{unit}-{number}",
                text=text,
                category=category,
                point=point,
                received_at=NOW - timedelta(days=2, hours=number),
            ),
            unit_id=unit,
            known_at=NOW - timedelta(days=1) + timedelta(minutes=number),
        )
        for number, (text, category, unit) in enumerate(entries)
    ]
    store.write(lambda session: session.append_dispatches(dispatches))


def part(found: dict[str, Any], name: str) -> dict[str, Any] | None:
    return next((one for one in found["missing"] if one["part"] == name), None)


def test_what_would_be_decided_is_told_and_nothing_is_stored(store: Store) -> None:
    client = client_of(store)
    found = preview(client, GAS)
    assert (found["verdict"], found["unit"]) == ("dispatch", {"unit_id": "gas", "name": "Gas emergency"})
    assert (found["priority"], [one["kind"] for one in found["signals"]]) == ("urgent", ["gas_leak"])
    assert found["sentences"][0] == "It would go to Gas emergency by itself."
    assert found["missing"] == []
    assert preview(client, GAS, "zh")["sentences"][0] == "将自动派至Gas emergency。"
    assert found["location"]["latitude"] == 31.25
    with store.read() as session:
        assert session.tickets() == []
        assert session.deliveries() == []
    asked = client.post("/v1/tickets", json=GAS).json()
    assert [(one["unit"], one["probability"]) for one in asked["candidates"]] == [
        (one["unit_id"], one["probability"]) for one in found["candidates"]
    ]


def test_a_house_number_decides_on_a_road_that_two_units_share(store: Store) -> None:
    book = [
        Address(address=f"{number} Long Road", point=Point(latitude=latitude, longitude=121.45))
        for number, latitude in ((1, 31.22), (3, 31.21), (90, 31.19), (92, 31.18), (94, 31.17))
    ]
    store.write(lambda session: session.put_addresses(book))
    client = client_of(store)
    found = preview(client, {"text": "The lamp is dark", "address": "Long Road"})
    asked = part(found, "house_number")
    assert asked is not None
    assert set(asked["decides_between"]) == {"north", "south"}
    assert asked["sentence"].startswith("The house number would decide between ")
    assert asked["sentence"] in found["sentences"]
    chinese = preview(client, {"text": "The lamp is dark", "address": "Long Road"}, "zh")
    told = part(chinese, "house_number")
    assert told is not None
    assert told["sentence"].startswith("补充门牌号即可在")
    for address, unit in (("1 Long Road", "north"), ("94 Long Road", "south")):
        known = preview(client, {"text": "The lamp is dark", "address": address})
        assert (known["unit"]["unit_id"], part(known, "house_number"), part(known, "coordinates")) == (
            unit,
            None,
            None,
        )


def test_records_that_contradict_each_other_want_the_coordinates(store: Store) -> None:
    book = [Address(address="7 Far Road", point=IN_SOUTH)]
    store.write(lambda session: session.put_addresses(book))
    found = preview(client_of(store), {"text": "dark", "account": "310042", "address": "7 Far Road"})
    assert found["location"]["reasons"][0] == "account_address_disagree"
    asked = part(found, "coordinates")
    assert asked is not None
    assert set(asked["decides_between"]) == {"north", "south"}


def test_where_nobody_knows_the_place_any_record_of_it_decides(store: Store) -> None:
    log(store, [("no light", "lamp", "north")], IN_NORTH)
    log(store, [("no light", "lamp", "south")] * 2, IN_SOUTH)
    found = preview(client_of(store), {"text": "no light", "category": "lamp"})
    assert found["location"]["source"] == "none"
    assert {one["part"] for one in found["missing"]} == {"street", "account", "coordinates"}
    assert {tuple(sorted(one["decides_between"])) for one in found["missing"]} == {("north", "south")}
    located = preview(client_of(store), {"text": "no light", "category": "lamp", "account": "310042"})
    assert located["missing"] == []


def test_the_kind_decides_where_kinds_have_different_units(store: Store) -> None:
    words = "something is wrong at the corner"
    kinds = [(words, "leak", "north"), (words, "lamp", "south")] * 4
    log(store, kinds, NOWHERE_OWNED)
    where = {"latitude": NOWHERE_OWNED.latitude, "longitude": NOWHERE_OWNED.longitude}
    client = client_of(store)
    found = preview(client, {"text": words, **where})
    asked = part(found, "category")
    assert asked is not None
    assert set(asked["decides_between"]) == {"north", "south"}
    assert 0 < asked["turned"] < 1
    for kind, unit in (("leak", "north"), ("lamp", "south")):
        known = preview(client, {"text": words, "category": kind, **where})
        assert (known["unit"]["unit_id"], part(known, "category")) == (unit, None)


def test_a_kind_that_changes_nothing_is_not_asked_for(store: Store) -> None:
    words = "something is wrong at the corner"
    log(store, [(words, "leak", "north"), (words, "lamp", "north")] * 3, NOWHERE_OWNED)
    where = {"latitude": NOWHERE_OWNED.latitude, "longitude": NOWHERE_OWNED.longitude}
    assert part(preview(client_of(store), {"text": words, **where}), "category") is None


def test_who_called_about_it_already(store: Store) -> None:
    client = client_of(store)
    body = {"text": "water runs out of the road\nphone later", "latitude": 31.25, "longitude": 121.45}
    assert client.post("/v1/tickets", json={**body, "ticket_id": "t1"}).status_code == 201
    (other,) = preview(client, body)["alike"]
    assert (other["ticket_id"], other["status"], other["text"]) == (
        "t1",
        "in_review",
        "water runs out of the road",
    )
    assert other["similarity"] > 0.4
    assert preview(client, {**body, "latitude": IN_NORTH.latitude + 0.05})["alike"] == []


def test_a_draw_for_a_blind_review_is_not_told() -> None:
    drawn = Decision(
        ticket_id="t1",
        verdict=Verdict.REVIEW,
        reasons=(Reason.AUDITED,),
        location=UNKNOWN_LOCATION,
        ranking=Ranking(),
        blind=True,
    )
    told = undrawn(drawn)
    assert (told.verdict, told.reasons, told.blind) == (Verdict.DISPATCH, (Reason.CERTIFIED,), False)
    doubtful = undrawn(replace(drawn, reasons=(Reason.BELOW_THRESHOLD,)))
    assert (doubtful.verdict, doubtful.reasons, doubtful.blind) == (
        Verdict.REVIEW,
        (Reason.BELOW_THRESHOLD,),
        False,
    )


def test_what_cannot_be_tried_out(store: Store) -> None:
    client = client_of(store)
    assert client.post("/v1/preview", json={}).json()["field"] == "text"
    assert client.post("/v1/preview", json={"text": "x", "zone": 1}).status_code == 422
    assert client.post("/v1/preview", content=b"{}").status_code == 415
    assert client.post("/v1/preview", params={"lang": "fr"}, json=GAS).status_code == 422

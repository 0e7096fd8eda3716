"""`/v1/locate` and `/v1/places`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.serving import serve


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(serve()), raise_server_exceptions=False) as client:
        yield client


def located(client: TestClient, **said: Any) -> dict[str, Any]:
    response = client.post("/v1/locate", params={"explain": "true"}, json=said)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_an_account_gives_the_place_with_its_owner_and_the_way_there(client: TestClient) -> None:
    answer = located(client, account="310042")
    location = answer["location"]
    assert (location["source"], location["address"]) == ("account", "1 North Road")
    (place,) = location["places"]
    assert (place["latitude"], place["longitude"]) == (31.25, 121.45)
    assert (place["sources"], place["address"]) == (["account"], "1 North Road")
    assert set(place["cells"]) == {"7", "8", "9", "10"}
    assert place["probability"] + location["unknown"] == pytest.approx(1.0)
    (repair,) = location["repairs"]
    assert repair == {
        "field": "address",
        "given": None,
        "value": "1 North Road",
        "evidence": ["account"],
        "step": 1,
    }
    stages = {stage["name"]: stage["findings"] for stage in answer["stages"]}
    assert list(stages) == ["parse", "look-up", "repair", "witnesses", "belief", "ground"]
    assert stages["look-up"] == ["account 310042: known, at 1 North Road"]
    assert stages["ground"][0].endswith("north")


def test_stages_are_told_only_when_asked_for(client: TestClient) -> None:
    assert client.post("/v1/locate", json={"account": "310042"}).json()["stages"] is None


def test_a_latitude_of_121_degrees_is_read_as_a_longitude_and_said_so(client: TestClient) -> None:
    location = located(client, latitude=121.45001, longitude=31.25001)["location"]
    assert (location["latitude"], location["longitude"]) == (31.25001, 121.45001)
    assert "coordinates_swapped" in location["reasons"]


def test_nothing_is_stored_and_nobody_knows_is_an_answer(client: TestClient) -> None:
    location = located(client, address="Nowhere Lane 5")["location"]
    assert (location["source"], location["latitude"], location["radius_m"]) == ("none", None, None)
    assert location["unknown"] > 0.9
    assert client.get("/v1/tickets/question").status_code == 404


def test_what_says_nothing_is_refused_by_name(client: TestClient) -> None:
    response = client.post("/v1/locate", json={"crs": "gcj02"})
    assert response.status_code == 422
    assert "says nothing" in response.text
    assert client.post("/v1/locate", json={"ticket_id": "a", "account": "1"}).status_code == 422


@pytest.mark.parametrize("typed", ["1 nor", "310042", "1 North Rd", "north road"])
def test_known_places_for_what_was_typed(client: TestClient, typed: str) -> None:
    (place,) = client.get("/v1/places", params={"q": typed}).json()["places"]
    assert (place["address"], place["accounts"]) == ("1 North Road", ["310042"])
    assert (place["latitude"], place["longitude"]) == (31.25, 121.45)


def test_nothing_known_begins_so(client: TestClient) -> None:
    assert client.get("/v1/places", params={"q": "zzzz"}).json() == {"places": []}
    assert client.get("/v1/places").status_code == 422
    assert client.get("/v1/places", params={"q": "a", "limit": 51}).status_code == 422

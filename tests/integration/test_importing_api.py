"""Units and territories over HTTP: bad rows, what would change, and changing it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_app
from domain.dispatches import Dispatch
from domain.places import Point
from router.ports import Store
from tests.serving import IN_NORTH, NOW, Clock, a_dispatch, a_ticket, furnished, serve, square

CSV = {"Content-Type": "text/csv"}
GEOJSON = {"Content-Type": "application/geo+json"}
UNITS = "unit,name,kinds,valid_to,successors\nsouth,South and west crew,,,\nnorth,North crew,,2024-05-01T12:00Z,south\n"
BOW_TIE = [[121.4, 31.2], [121.5, 31.3], [121.5, 31.2], [121.4, 31.3], [121.4, 31.2]]
EDGE = Point(latitude=31.195, longitude=121.45)


@pytest.fixture
def store() -> Store:
    found = furnished()
    past = [a_dispatch(f"p{number}", "north", NOW - timedelta(days=number)) for number in range(3)]
    ticket = a_ticket("edge", text="Pothole", point=EDGE, received_at=NOW - timedelta(days=2))
    past.append(Dispatch(ticket=ticket, unit_id="south", known_at=NOW - timedelta(days=1)))
    found.write(lambda session: session.append_dispatches(past))
    return found


@pytest.fixture
def client(store: Store) -> TestClient:
    return TestClient(create_app(serve(store, Clock(NOW))), raise_server_exceptions=False)


def names(store: Store) -> dict[str, str]:
    with store.read() as session:
        return {unit.unit_id: unit.name for unit in session.units()}


def changed(store: Store) -> list[tuple[str, str]]:
    """Who changed what, as the event log has it."""
    with store.read() as session:
        return [(one.by, one.detail) for one in session.event_log() if one.kind == "changed"]


def post(
    client: TestClient, path: str, content: str, headers: dict[str, str] = CSV, **asked: Any
) -> Response:
    answer: Response = client.post(path, content=content.encode(), headers=headers, params=asked)
    return answer


def test_what_a_list_of_units_would_do_is_told_and_nothing_is_done(client: TestClient, store: Store) -> None:
    before = changed(store)
    told = post(client, "/v1/units/preview", UNITS).json()
    diff = told.pop("diff")
    assert told == {"rows": 2, "bad_rows": 0, "bad": []}
    assert [(one["kind"], one["unit"]) for one in diff["changes"]] == [
        ("renamed", "south"),
        ("closed", "north"),
    ]
    assert diff["changes"][0]["details"] == [
        {"field": "name", "before": "South crew", "after": "South and west crew"}
    ]
    closing, inherited = diff["closings"]
    assert (inherited["unit"], inherited["heirs"]) == ("old", ["south"])  # what north had of it
    assert (closing["unit"], closing["heirs"], closing["territories"]) == ("north", ["south"], ["t-north"])
    assert (closing["dispatches"], diff["moved"], diff["recent"]) == (3, 3, 4)
    assert (diff["absent"], diff["unchanged"]) == (["gas", "old"], 0)
    assert names(store)["south"] == "South crew"
    assert changed(store) == before


def test_a_list_of_units_is_applied_once_in_somebodys_name(client: TestClient, store: Store) -> None:
    answer = post(client, "/v1/units/import", UNITS, by="Li Wei").json()
    assert answer == {"rows": 2, "changed": 2, "unchanged": 0, "new_units": [], "mended": []}
    assert names(store)["south"] == "South and west crew"
    assert changed(store)[-1] == ("Li Wei", "units 2")
    again = post(client, "/v1/units/import", UNITS, by="Li Wei").json()
    assert (again["changed"], again["unchanged"]) == (0, 2)
    assert post(client, "/v1/units/import", UNITS).json()["field"] == "by"


def test_json_rows_say_the_same(client: TestClient, store: Store) -> None:
    rows = [{"unit": "lamps", "name": "Lamps", "kinds": ["lamp", "light"]}, {"unit_id": "x", "unit": "y"}]
    assert client.post("/v1/units/import", json=rows, params={"by": "Li"}).json()["changed"] == 2
    with store.read() as session:
        unit = next(one for one in session.units() if one.unit_id == "lamps")
    assert unit.kinds == {"lamp", "light"}


def test_bad_rows_are_shown_and_keep_the_list_out(client: TestClient, store: Store) -> None:
    bad = "unit,valid_from,valid_to\n,,\na,2024-05-02,2024-05-01\nb,soon,\nc,,\n"
    told = post(client, "/v1/units/preview", bad).json()
    assert (told["rows"], told["bad_rows"], told["diff"]) == (4, 3, None)
    assert [(one["line"], one["field"]) for one in told["bad"]] == [
        (2, "unit"),
        (3, "valid_to"),
        (4, "valid_from"),
    ]
    answer = post(client, "/v1/units/import", bad, by="Li")
    assert (answer.status_code, answer.json()["field"]) == (422, "line 2: unit")
    assert len(answer.json()["errors"]) == 3
    assert "c" not in names(store)


NOT_TABLES: list[Any] = [
    [],
    {},
    3,
    "units",
    [1],
    [[]],
    {"features": {}},
    [{"name": "without an id"}],
    [{"unit": "a\u0000"}],
    [{"unit": "a", "valid_to": {}}],
    {"type": "FeatureCollection", "features": [1, {"type": "Feature", "properties": [1]}]},
    {"features": [{"type": "Feature", "geometry": {"type": "Point", "coordinates": 1}, "properties": None}]},
    {"features": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[["a"]]]}}]},
]


NO_GROUND: list[Any] = [
    {"features": [{"type": "Feature", "properties": {"unit": "a"}, "geometry": {"type": "Polygon"}}]},
    {
        "features": [
            {
                "type": "Feature",
                "properties": {"unit": "a"},
                "geometry": {"type": "Polygon", "coordinates": [[[10**400, 1], [1, 2], [2, 1], [1, 1]]]},
            }
        ]
    },
]


@pytest.mark.parametrize("body", NO_GROUND, ids=range(len(NO_GROUND)))
def test_what_is_no_ground_is_refused(client: TestClient, body: Any) -> None:
    answer = client.post("/v1/territories/import", json=body, params={"by": "Li"})
    assert (answer.status_code, answer.json()["field"]) == (422, "line 1: geometry")


@pytest.mark.parametrize("kind", ["units", "territories"])
@pytest.mark.parametrize("body", NOT_TABLES, ids=range(len(NOT_TABLES)))
def test_what_is_no_table_is_refused_with_a_mend(client: TestClient, kind: str, body: Any) -> None:
    answer = client.post(f"/v1/{kind}/import", json=body, params={"by": "Li"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["mend"]
    preview = client.post(f"/v1/{kind}/preview", json=body)
    assert preview.status_code in (200, 422)
    assert preview.status_code == 422 or preview.json()["diff"] is None


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        ("", CSV, 422),
        ("unit\n\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), CSV, 422),
        ("null", {"Content-Type": "application/json"}, 422),
        ("{", {"Content-Type": "application/json"}, 422),
        ("unit\na", {"Content-Type": "text/plain"}, 415),
    ],
)
def test_what_cannot_be_read_is_told(
    client: TestClient, content: str, headers: dict[str, str], status: int
) -> None:
    answer = post(client, "/v1/units/import", content, headers, by="Li")
    assert answer.status_code == status, answer.text
    assert "/tmp" not in answer.text


def collection(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def feature(ring: list[list[float]], **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


NORTH_MOVED = feature(
    square("x", "x", 31.19).geometry["coordinates"][0], territory="t-north", unit="north", duty_unit="gas"
)
NEW = feature(square("x", "x", 31.9).geometry["coordinates"][0], unit="west")
SAME = feature(square("x", "x", 31.1).geometry["coordinates"][0], territory="t-south", unit="south")


def test_what_territories_would_change_is_told(client: TestClient, store: Store) -> None:
    before = changed(store)
    told = post(client, "/v1/territories/preview", collection(NORTH_MOVED, NEW, SAME), GEOJSON).json()
    diff = told.pop("diff")
    assert told == {"rows": 3, "bad_rows": 0, "bad": [], "mended": []}
    moved, new = diff.pop("changes")
    assert diff == {"absent": [], "unchanged": 1, "new_units": ["west"], "moved": 1, "recent": 4}
    assert moved["details"] == [{"field": "duty_unit", "before": "", "after": "gas"}]
    assert moved["area_before_km2"] == pytest.approx(11.12 * 9.51, rel=0.01)
    assert (new["territory"], new["area_before_km2"]) == ("west#1", None)
    assert changed(store) == before


def test_territories_are_applied_with_the_units_that_they_name(client: TestClient, store: Store) -> None:
    answer = post(
        client, "/v1/territories/import", collection(NORTH_MOVED, NEW, SAME), GEOJSON, by="Li"
    ).json()
    assert answer == {"rows": 3, "changed": 2, "unchanged": 1, "new_units": ["west"], "mended": []}
    assert changed(store)[-2:] == [("Li", "units 1"), ("Li", "territories 2")]
    assert names(store)["west"] == "west"
    with store.read() as session:
        ground = {one.territory_id: one for one in session.territories()}
    assert ground["t-north"].duty_unit == "gas"
    assert set(ground) == {"t-north", "t-south", "west#1"}


def test_an_invalid_polygon_is_refused_or_mended(client: TestClient) -> None:
    crossed = collection(feature(BOW_TIE, unit="north", territory="bow"))
    told = post(client, "/v1/territories/preview", crossed, GEOJSON).json()
    assert [(one["line"], one["field"]) for one in told["bad"]] == [(1, "geometry")]
    assert post(client, "/v1/territories/import", crossed, GEOJSON, by="Li").status_code == 422
    mended = post(client, "/v1/territories/import", crossed, GEOJSON, by="Li", make_valid=True)
    assert (mended.status_code, mended.json()["mended"]) == (200, [1])


def test_territories_come_as_csv_too(client: TestClient) -> None:
    wkt = "unit;territory;geometry\nnorth;t9;POLYGON((121.4 31.2,121.5 31.2,121.5 31.3,121.4 31.2))\n"
    assert post(client, "/v1/territories/import", wkt, by="Li").json()["changed"] == 1


def test_where_the_ground_moves_tickets_follow(client: TestClient) -> None:
    service = client.app.state.desk.service  # type: ignore[attr-defined]
    there = {"latitude": IN_NORTH.latitude, "longitude": IN_NORTH.longitude, "rings": 0}
    post(client, "/v1/territories/import", collection({**NEW, "id": "t-north"}), GEOJSON, by="Li")
    service.refresh()
    (cell,) = client.get("/v1/map/owners", params=there).json()["cells"]
    assert cell["by"] == "history"

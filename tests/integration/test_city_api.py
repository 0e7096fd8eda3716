"""The city's screen over HTTP: map of tickets, owners of the ground, territories, vital signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import h3
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.access import Area, Role
from domain.dispatches import Dispatch
from domain.places import Point
from domain.time import Validity
from router.access import Wanted, issue
from router.ports import WriteSession
from router.service import RoutingService
from tests.serving import IN_NORTH, IN_SOUTH, NOW, Clock, a_ticket, furnished, serve, square

NOWHERE = {"text": "Something is broken"}
Get = Callable[..., Any]


def at(point: Point, **more: Any) -> dict[str, Any]:
    return {"text": "Pothole", "latitude": point.latitude, "longitude": point.longitude, **more}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def service(clock: Clock) -> RoutingService:
    return serve(clock=clock)


@pytest.fixture
def client(service: RoutingService) -> TestClient:
    return TestClient(create_app(service), raise_server_exceptions=False)


@pytest.fixture
def told(client: TestClient) -> TestClient:
    """Four tickets of the last hours: two in the north, one of them automatic and urgent; one south, one nowhere."""
    for body in (
        at(IN_NORTH, ticket_id="n1", text="Gas leak", category="Gas"),
        at(IN_NORTH, ticket_id="n2", received_at=(NOW - timedelta(hours=3)).isoformat()),
        at(IN_SOUTH, ticket_id="s1", received_at=(NOW - timedelta(minutes=1)).isoformat()),
        {**NOWHERE, "ticket_id": "x1", "received_at": (NOW - timedelta(minutes=2)).isoformat()},
    ):
        assert client.post("/v1/tickets", json=body).status_code == 201
    return client


def key_of(service: RoutingService, role: Role, **area: Any) -> Mapping[str, str]:
    """The header of a new key; the first one of all is an admin's."""
    wanted = Wanted(name=f"a {role}", role=role, area=Area(**{k: frozenset(v) for k, v in area.items()}))
    secret = issue(service.store, wanted, by="test", at=service.clock()).secret
    return {"Authorization": f"Bearer {secret}"}


def cell_of(point: Point, resolution: int = 8) -> str:
    finest = h3.latlng_to_cell(point.latitude, point.longitude, 10)
    return str(h3.cell_to_parent(finest, resolution))


def counts(client: TestClient, headers: Mapping[str, str] | None = None, **asked: Any) -> dict[str, int]:
    answer = client.get("/v1/map/tickets", params={"hours": 24, **asked}, headers=headers)
    assert answer.status_code == 200, answer.text
    return {one["cell"]: one["count"] for one in answer.json()["cells"]}


def test_tickets_are_counted_by_cell(told: TestClient, clock: Clock) -> None:
    clock.move(seconds=1)
    answer = told.get("/v1/map/tickets").json()
    north, south = answer.pop("cells")
    assert answer == {"at": "2024-05-01T09:00:01Z", "resolution": 8, "left_out": 0, "unplaced": 1}
    assert north["boundary"] == [list(corner) for corner in h3.cell_to_boundary(cell_of(IN_NORTH))]
    middle = h3.cell_to_latlng(cell_of(IN_NORTH))
    assert (north["cell"], north["latitude"], north["longitude"]) == (cell_of(IN_NORTH), *middle)
    marks = ("count", "automatic", "waiting", "overdue", "urgent")
    assert [north[mark] for mark in marks] == [2, 1, 1, 0, 1]
    assert [south[mark] for mark in marks] == [1, 0, 1, 0, 0]


def test_what_is_not_asked_for_is_not_counted(told: TestClient, clock: Clock) -> None:
    clock.move(seconds=1)
    north, south = cell_of(IN_NORTH), cell_of(IN_SOUTH)
    assert counts(told, hours=2) == {north: 1, south: 1}
    assert counts(told, category="gas") == {north: 1}
    assert counts(told, unit="gas") == {north: 1}
    assert counts(told, status="in_review") == {north: 1, south: 1}
    assert counts(told, south=31.2) == {north: 2}
    assert counts(told, north=31.2, west=121, east=122) == {south: 1}
    assert counts(told, resolution=5) == {cell_of(IN_NORTH, 5): 2, cell_of(IN_SOUTH, 5): 1}


@pytest.mark.parametrize(
    "asked", [{"resolution": 11}, {"hours": 0}, {"status": "lost"}, {"south": "nan"}, {"west": 200}]
)
def test_what_cannot_be_asked_is_told(client: TestClient, asked: dict[str, Any]) -> None:
    answer = client.get("/v1/map/tickets", params=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, f"query.{next(iter(asked))}")


def test_late_tickets_are_overdue_on_the_map_and_in_the_vitals(
    told: TestClient, clock: Clock, service: RoutingService
) -> None:
    clock.move(hours=1)
    assert told.get("/v1/vitals").json()["overdue"] == 0
    service.watch_clocks()
    cells = told.get("/v1/map/tickets").json()["cells"]
    assert [(one["count"], one["overdue"]) for one in cells] == [(2, 1), (1, 1)]
    assert told.get("/v1/vitals").json()["overdue"] == 3


def test_a_key_with_an_area_sees_the_tickets_of_its_area(
    told: TestClient, clock: Clock, service: RoutingService
) -> None:
    clock.move(seconds=1)
    north, south = cell_of(IN_NORTH), cell_of(IN_SOUTH)
    admin = key_of(service, Role.ADMIN)
    reviewer = key_of(service, Role.REVIEWER, territories=["t-south"])
    gas, crew = (key_of(service, Role.UNIT, units=[unit]) for unit in ("gas", "south"))
    told.app.state.doors.refresh()  # type: ignore[attr-defined]
    assert told.get("/v1/map/tickets").status_code == 401
    assert counts(told, admin) == {north: 2, south: 1}
    assert counts(told, reviewer) == {south: 1}
    assert counts(told, gas) == {north: 1}
    assert counts(told, crew) == {}
    own = told.get("/v1/vitals", headers=crew).json()
    assert (own["received"], own["by_unit"]) == (4, [])


def test_the_vital_signs(told: TestClient, clock: Clock) -> None:
    clock.move(minutes=30)
    stop = {"scope": "unit", "key": "gas", "by": "Li Wei", "reason": "the line is down"}
    assert told.post("/v1/automation/suspend", json=stop).status_code == 200
    found = told.get("/v1/vitals", params={"hours": 4}).json()
    series = found.pop("series")
    (suspended,) = found.pop("suspended")
    assert (suspended["by"], suspended["reason"]) == ("Li Wei", "the line is down")
    assert found == {
        "at": "2024-05-01T09:30:00Z",
        "hours": 4,
        "received": 4,
        "automatic_share": 0.25,
        "live_error": {"value": None, "low": 0.0, "high": 1.0, "n": 0},
        "alpha": None,
        "running": False,
        "waiting": 3,
        "oldest_minutes": 210.0,
        "overdue": 0,
        "delivery_failures": 0,
        "by_unit": [{"unit_id": "gas", "name": "Gas emergency", "open": 1, "received": 1}],
    }
    assert [one["received"] for one in series if one["received"]] == [1, 2, 1]
    assert [one["automatic"] for one in series if one["automatic"]] == [1]
    assert (series[0]["at"], len(series)) == ("2024-05-01T05:30:00Z", 48)


def test_an_installation_without_tickets_has_vital_signs_too(client: TestClient) -> None:
    found = client.get("/v1/vitals").json()
    assert (found["received"], found["automatic_share"], found["oldest_minutes"]) == (0, None, None)


def test_territories_are_geojson(client: TestClient, service: RoutingService) -> None:
    validity = Validity(valid_from=NOW, valid_to=NOW + timedelta(days=1))
    past = replace(square("t-lamps", "north", 31.2), validity=validity, kinds=frozenset({"lamps"}))
    service.store.write(lambda session: session.put_territories([replace(past, duty_unit="gas")]))
    answer = client.get("/v1/territories")
    assert answer.headers["content-type"] == "application/geo+json"
    found = answer.json()
    assert (found["type"], [one["id"] for one in found["features"]]) == (
        "FeatureCollection",
        ["t-lamps", "t-north", "t-south"],
    )
    lamps = found["features"][0]
    assert lamps["geometry"] == dict(past.geometry)
    assert lamps["properties"] == {
        "territory": "t-lamps",
        "unit": "north",
        "name": "North crew",
        "kinds": ["lamps"],
        "valid_from": "2024-05-01T09:00:00Z",
        "valid_to": "2024-05-02T09:00:00Z",
        "duty_unit": "gas",
    }
    of_unit = client.get("/v1/territories", params={"unit": "south"}).json()["features"]
    assert [one["id"] for one in of_unit] == ["t-south"]
    later = client.get("/v1/territories", params={"at": "2024-06-01T00:00:00Z"}).json()["features"]
    assert [one["id"] for one in later] == ["t-north", "t-south"]


def owners(client: TestClient, point: Point, **asked: Any) -> dict[str, tuple[Any, ...]]:
    asked = {"latitude": point.latitude, "longitude": point.longitude, "rings": 0, **asked}
    answer = client.get("/v1/map/owners", params=asked)
    assert answer.status_code == 200, answer.text
    return {
        one["cell"]: (one["unit_id"], one["by"], one["dispatches"], one["share"])
        for one in answer.json()["cells"]
    }


FAR = Point(latitude=31.9, longitude=121.9)


@pytest.fixture
def learnt(clock: Clock) -> TestClient:
    """Three of four past dispatches far from any territory went to the south crew, the lamp of them to gas."""

    def past(session: WriteSession) -> None:
        session.append_dispatches(
            Dispatch(
                ticket=a_ticket(f"p{n}", point=FAR, text="Pothole", category=kind, received_at=NOW),
                unit_id=unit,
                known_at=NOW + timedelta(seconds=n),
            )
            for n, (unit, kind) in enumerate(
                [("south", "road"), ("south", "road"), ("south", "road"), ("gas", "lamps"), ("old", "signs")]
            )
        )

    store = furnished()
    store.write(past)
    clock.move(minutes=1)
    return TestClient(create_app(serve(store, clock)), raise_server_exceptions=False)


@pytest.mark.parametrize("resolution", [6, 7, 8, 9, 10])
def test_where_no_territory_is_the_owner_is_who_had_most_of_what_happened(
    learnt: TestClient, resolution: int
) -> None:
    cell = cell_of(FAR, resolution)
    assert owners(learnt, FAR, resolution=resolution) == {cell: ("south", "history", 5, 0.6)}
    lamps = owners(learnt, FAR, resolution=resolution, kind="Lamps")
    assert lamps == {cell: ("gas", "history", 1, 1.0)}
    assert owners(learnt, FAR, resolution=resolution, kind="water") == {}


def test_an_heir_stands_in_for_a_closed_owner(learnt: TestClient) -> None:
    assert owners(learnt, FAR, kind="signs") == {cell_of(FAR, 9): ("north", "history", 1, 1.0)}


def test_a_territory_is_owned_though_nothing_happened_there(client: TestClient) -> None:
    found = owners(client, IN_NORTH, rings=2, resolution=9)
    assert len(found) == 19
    assert set(found.values()) == {("north", "territory", 0, None)}


def test_where_territories_overlap_it_is_said(client: TestClient, service: RoutingService) -> None:
    other = square("t-other", "gas", 31.2)
    service.store.write(lambda session: session.put_territories([other]))
    service.refresh()
    assert owners(client, IN_NORTH) == {cell_of(IN_NORTH, 9): ("gas", "overlap", 0, None)}


@pytest.mark.parametrize("asked", [{"rings": 13}, {"resolution": 5}, {"latitude": 91}, {"longitude": None}])
def test_no_more_cells_than_may_be_asked(client: TestClient, asked: dict[str, Any]) -> None:
    params = {"latitude": 0, "longitude": 0, **asked}
    assert client.get("/v1/map/owners", params=params).status_code == 422

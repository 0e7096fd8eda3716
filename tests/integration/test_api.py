"""The HTTP API on the memory store: answers, statuses, and problem details for whatever is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_app
from api.settings import Settings
from domain.errors import BundleDamaged, GridrouteError, StoreFull, StoreLocked, StoreUnavailable
from router.ports import BundleRecord, Pointers, Store, WriteSession
from router.service import RoutingService
from tests.serving import NOW, Clock, FailingStore, furnished, serve

SETTINGS = Settings(max_ticket_bytes=200_000, max_batch_bytes=2_000_000)
BODILESS = ("/rotate", "/retry", "/endpoint/test")
JSON = {"Content-Type": "application/json"}
GAS = {"ticket_id": "t1", "text": "Gas leak", "received_at": "2024-05-01T17:00:00+08:00"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with client_of(serve()) as client:
        yield client


def client_of(service: RoutingService) -> TestClient:
    return TestClient(create_app(service, SETTINGS), raise_server_exceptions=False)


def problem(response: Response, status: int) -> dict[str, Any]:
    """The problem details, after a check of their form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"]
    return body


def test_the_answer_has_all_that_was_decided(client: TestClient) -> None:
    response = client.post("/v1/tickets", json={**GAS, "account": "310042"})
    answer = response.json()
    assert response.status_code == 201
    assert (answer["verdict"], answer["status"], answer["unit"]) == ("dispatch", "dispatched", "gas")
    assert (answer["unit_name"], answer["probability"], answer["bundle"]) == ("Gas emergency", None, None)
    assert (answer["reasons"], answer["rules"]) == (["rule", "safety_gas_leak"], ["gas-leak"])
    assert (answer["history_sequence"], answer["received_at"]) == (0, "2024-05-01T09:00:00Z")
    assert {"kind": "rule", "key": "gas-leak"}.items() <= _evidence(answer, "gas").items()
    location = answer["location"]
    assert (location["source"], location["address"]) == ("account", "1 North Road")
    assert (location["latitude"], location["longitude"]) == (31.25, 121.45)
    assert list(location["cells"]) == ["7", "8", "9", "10"]
    assert all(cell.startswith("8") for cell in location["cells"].values())
    assert client.get("/v1/tickets/t1").json() == answer


@pytest.mark.parametrize("ticket_id", ["2024/0815", "热线-派工 1", "a?b#c%d", "x/review", "batch"])
def test_an_id_may_be_anything_printable(client: TestClient, ticket_id: str) -> None:
    from urllib.parse import quote

    assert client.post("/v1/tickets", json={**GAS, "ticket_id": ticket_id}).status_code == 201
    found = client.get(f"/v1/tickets/{quote(ticket_id, safe='')}")
    assert found.json()["ticket_id"] == ticket_id
    reviewed = client.post(f"/v1/tickets/{quote(ticket_id, safe='')}/review", json={"unit": "north"})
    assert reviewed.json()["unit"] == "north"


def test_an_id_is_made_where_none_is_given(client: TestClient) -> None:
    ids = {client.post("/v1/tickets", json={"text": "Gas leak"}).json()["ticket_id"] for _ in range(3)}
    assert len(ids) == 3


def test_the_same_post_again_is_200_and_another_content_409(client: TestClient) -> None:
    body = {"ticket_id": "t1", "text": "Gas leak"}  # without a time: each post is stamped anew
    first = client.post("/v1/tickets", json=body)
    again = client.post("/v1/tickets", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = problem(client.post("/v1/tickets", json={**body, "text": "Pothole"}), 409)
    assert other["type"] == "urn:gridroute:problem:duplicate-ticket"
    assert other["ticket_id"] == "t1"


@pytest.mark.parametrize(("crs", "shifted"), [("wgs84", False), ("gcj02", True), ("bd09", True)])
def test_coordinates_of_another_datum_are_shifted(client: TestClient, crs: str, shifted: bool) -> None:
    body = {"text": "Pothole", "latitude": 31.25, "longitude": 121.45, "crs": crs}
    content = client.post("/v1/tickets", json=body).json()["content"]
    assert ((content["latitude"], content["longitude"]) != (31.25, 121.45)) is shifted
    assert abs(content["latitude"] - 31.25) < 0.02


def test_zero_zero_is_no_place(client: TestClient) -> None:
    answer = client.post("/v1/tickets", json={"text": "Pothole", "latitude": 0, "longitude": 0}).json()
    assert answer["location"]["source"] == "none"
    assert answer["status"] == "on_hold"


def test_a_byte_order_mark_before_the_json_is_passed_over(client: TestClient) -> None:
    answer = client.post("/v1/tickets", content=b"\xef\xbb\xbf" + json.dumps(GAS).encode(), headers=JSON)
    assert (answer.status_code, answer.json()["unit"]) == (201, "gas")


BAD_TICKETS: list[tuple[bytes | dict[str, Any], str]] = [
    (b"", "body"),
    (b"{", "body"),
    (b"null", "body"),
    (b"[]", "body"),
    (b'"text"', "body"),
    (b'{"text": "\xff\xfe"}', "body"),
    (b'{"text": "\\ud800"}', "body"),
    (b"[" * 50_000, "body"),
    (b'{"attributes":' * 10_000 + b"1" + b"}" * 10_000, "body"),
    (b'{"text": "x", "latitude": ' + b"9" * 6_000 + b', "longitude": 1}', "body"),
    (b'{"text": "x", "latitude": ' + b"9" * 4_000 + b', "longitude": 1}', "latitude"),
    (b'{"text": "x", "latitude": NaN, "longitude": 1}', "latitude"),
    (b'{"text": "x", "latitude": 1, "longitude": -Infinity}', "longitude"),
    (b'{"text": "x", "latitude": 1e999, "longitude": 1}', "latitude"),
    ({}, "text"),
    ({"text": ""}, "text"),
    ({"text": " \n", "address": "\t", "phone": "13800000000"}, "text"),
    ({"text": 7}, "text"),
    ({"text": "a\0b"}, "text"),
    ({"text": "x" * 20_001}, "text"),
    ({"text": "x", "txet": "y"}, "txet"),
    ({"text": "x", "ticket_id": ""}, "ticket_id"),
    ({"text": "x", "ticket_id": 12}, "ticket_id"),
    ({"text": "x", "ticket_id": "a\nb"}, "ticket_id"),
    ({"text": "x", "ticket_id": "a" * 201}, "ticket_id"),
    ({"text": "x", "address": "a\0"}, "address"),
    ({"text": "x", "account": ["310042"]}, "account"),
    ({"text": "x", "latitude": 31.2}, "longitude"),
    ({"text": "x", "longitude": 121.4}, "latitude"),
    ({"text": "x", "latitude": 121.4, "longitude": 131.2}, "latitude"),
    ({"text": "x", "latitude": True, "longitude": 1}, "latitude"),
    ({"text": "x", "latitude": "31.2", "longitude": "121.4"}, "latitude"),
    ({"text": "x", "latitude": 31.2, "longitude": 121.4, "crs": "epsg:4326"}, "crs"),
    ({"text": "x", "attributes": {"ward": 3}}, "attributes.ward"),
    ({"text": "x", "attributes": {"wa\0rd": "3"}}, "attributes.wa\0rd.[key]"),
    ({"text": "x", "attributes": {str(i): "" for i in range(51)}}, "attributes"),
    ({"text": "x", "received_at": "2024-05-01T09:00:00"}, "received_at"),
    ({"text": "x", "received_at": "2024-05-01"}, "received_at"),
    ({"text": "x", "received_at": "yesterday"}, "received_at"),
    ({"text": "x", "received_at": 1714554000}, "received_at"),
    ({"text": "x", "received_at": "0001-01-01T00:00:00+14:00"}, "received_at"),
    ({"text": "x", "received_at": "9999-12-31T23:59:59-14:00"}, "received_at"),
    ({"text": "x", "received_at": "2024-05-02T09:00:00Z"}, "received_at"),
]


@pytest.mark.parametrize(("body", "field"), BAD_TICKETS, ids=lambda value: str(value)[:40])
def test_a_bad_body_is_told_with_field_problem_and_mend(
    client: TestClient, body: bytes | dict[str, Any], field: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = problem(client.post("/v1/tickets", content=content, headers=JSON), 422)
    assert told["field"] == field
    assert told["problem"]
    assert told["mend"]
    item = json.loads(content) if not isinstance(body, bytes) else None
    if item is not None:
        (answer,) = client.post("/v1/tickets/batch", json=[item]).json()["items"]
        assert answer["problem"]["field"] == field


def test_every_fault_of_a_body_is_told_and_an_unknown_field_names_its_neighbour(client: TestClient) -> None:
    told = problem(client.post("/v1/tickets", json={"adress": "x", "text": 1, "account": "\0"}), 422)
    assert {e["field"] for e in told["errors"]} == {"adress", "text", "account"}
    assert next(e for e in told["errors"] if e["field"] == "adress")["mend"] == "Did you mean 'address'?"


@pytest.mark.parametrize(
    ("method", "path", "kwargs", "status"),
    [
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/v1/tickets/unknown", {}, 404),
        ("GET", "/v1/tickets/a%00b", {}, 404),
        ("GET", "/v1/tickets/" + "a" * 500, {}, 404),
        ("GET", "/v1/tickets/%ff%fe", {}, 404),
        ("GET", "/v1/models/current", {}, 404),
        ("DELETE", "/v1/tickets/t1", {}, 405),
        ("PUT", "/v1/tickets", {"json": {}}, 405),
        ("POST", "/v1/units", {"json": {}}, 405),
        ("POST", "/v1/tickets", {"content": b"text=x"}, 415),
        ("POST", "/v1/tickets", {"data": {"text": "x"}}, 415),
        ("POST", "/v1/tickets", {"content": b"x" * 300_000, "headers": JSON}, 413),
        ("POST", "/v1/tickets/batch", {"json": {}}, 422),
        ("POST", "/v1/tickets/batch", {"json": [{}] * 1_001}, 422),
        ("POST", "/v1/tickets/unknown/review", {"json": {"unit": "north"}}, 404),
        ("POST", "/v1/tickets/t1/review", {"json": {}}, 422),
        ("POST", "/v1/tickets/t1/review", {"json": {"unit": "a\0"}}, 422),
    ],
)
def test_every_error_is_problem_details(
    client: TestClient, method: str, path: str, kwargs: dict[str, Any], status: int
) -> None:
    response = client.request(method, path, **kwargs)
    problem(response, status)
    if status == 405:
        assert response.headers["allow"]


def test_a_body_of_unknown_length_is_refused_when_it_grows_too_large(client: TestClient) -> None:
    problem(client.post("/v1/tickets", content=iter([b"x" * 150_000] * 2), headers=JSON), 413)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"unit": "old"}, 422, "unit-closed"),
        ({"unit": "nobody"}, 422, "invalid-input"),
        ({"unit": "north", "by": "Li Wei"}, 200, None),
        ({"unit": "north", "verdict": "confirm"}, 422, "invalid-input"),
    ],
)
def test_a_review(client: TestClient, body: dict[str, str], status: int, kind: str | None) -> None:
    client.post("/v1/tickets", json=GAS)
    response = client.post("/v1/tickets/t1/review", json=body)
    if kind is None:
        answer = response.json()
        assert (response.status_code, answer["status"], answer["unit"]) == (200, "dispatched", "north")
        assert answer["review"]["by"] == "Li Wei"
        assert answer == client.get("/v1/tickets/t1").json()
    else:
        assert problem(response, status)["type"] == f"urn:gridroute:problem:{kind}"


def test_a_second_review_is_refused_and_the_next_ticket_knows_the_first(client: TestClient) -> None:
    pothole = {"text": "Pothole", "category": "road", "latitude": 31.25, "longitude": 121.45}
    client.post("/v1/tickets", json={**pothole, "ticket_id": "t1"})
    assert client.post("/v1/tickets/t1/review", json={"unit": "south"}).status_code == 200
    refused = problem(client.post("/v1/tickets/t1/review", json={"unit": "south"}), 409)
    assert (refused["type"], refused["unit_id"]) == ("urn:gridroute:problem:already-decided", "south")
    following = client.post("/v1/tickets", json={**pothole, "ticket_id": "t2"}).json()
    assert following["history_sequence"] == 1
    assert "history" in {e["kind"] for c in following["candidates"] for e in c["evidence"]}


def test_a_batch_of_a_thousand_mixed_rows(client: TestClient) -> None:
    client.post("/v1/tickets", json=GAS)
    good = [{"ticket_id": f"b{n}", "text": "Gas leak", "received_at": GAS["received_at"]} for n in range(990)]
    odd: list[Any] = [GAS, {**GAS, "text": "Other"}, {"text": 1}, {}, None, 7, "x", [], good[0], {"a": "b"}]
    answer = client.post("/v1/tickets/batch", json=[*good, *odd]).json()
    statuses = [item["status"] for item in answer["items"]]
    assert statuses == [201] * 990 + [200, 409, 422, 422, 422, 422, 422, 422, 200, 422]
    assert (answer["accepted"], answer["refused"]) == (992, 8)
    assert answer["items"][5]["ticket"]["ticket_id"] == "b5"
    assert answer["items"][-2]["ticket"]["ticket_id"] == "b0"
    assert client.get("/v1/tickets/b989").json()["unit"] == "gas"


def test_an_empty_batch_is_answered(client: TestClient) -> None:
    assert client.post("/v1/tickets/batch", json=[]).json() == {"accepted": 0, "refused": 0, "items": []}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreFull(problem="the disk is full", mend="Free some"), 507),
        (StoreUnavailable(problem="gone", mend="Look"), 503),
        (StoreLocked(problem="busy", mend="Wait"), 503),
    ],
)
def test_where_the_store_fails_nothing_is_accepted(error: GridrouteError, status: int) -> None:
    store = FailingStore()
    with client_of(serve(store)) as client:
        store.error = error
        assert problem(client.post("/v1/tickets", json=GAS), status)["mend"]
        (item,) = client.post("/v1/tickets/batch", json=[GAS]).json()["items"]
        assert item["status"] == status
        store.error = None
        assert client.get("/v1/tickets/t1").status_code == 404
        assert client.post("/v1/tickets", json=GAS).status_code == 201


def test_too_many_at_once_are_refused_before_anything_is_accepted() -> None:
    app = create_app(serve(), Settings(max_in_flight=0))
    with TestClient(app) as client:
        response = client.post("/v1/tickets", json=GAS)
        problem(response, 429)
        assert response.headers["retry-after"] == "1"
        assert client.post("/v1/tickets/batch", json=[]).status_code == 200


def test_a_process_works_on_so_many_requests_at_once() -> None:
    with TestClient(create_app(serve(), Settings(max_requests=0))) as client:
        refused = client.get("/v1/units")
        problem(refused, 429)
        assert refused.headers["retry-after"] == "1"
        assert client.get("/healthz").status_code == 200


def test_batches_have_a_lane_of_their_own() -> None:
    with TestClient(create_app(serve(), Settings(max_batches=0))) as client:
        refused = client.post("/v1/tickets/batch", json=[GAS])
        problem(refused, 429)
        assert refused.headers["retry-after"] == "2"
        assert client.post("/v1/tickets", json=GAS).status_code == 201


def test_an_unexpected_error_is_problem_details_too(monkeypatch: pytest.MonkeyPatch) -> None:
    service = serve()
    monkeypatch.setattr(service, "units", lambda: 1 / 0)
    with client_of(service) as client:
        assert "ZeroDivision" not in json.dumps(problem(client.get("/v1/units"), 500))


def test_units_tell_whether_they_are_open(client: TestClient) -> None:
    units = {unit["unit"]: unit for unit in client.get("/v1/units").json()["units"]}
    assert [name for name, unit in units.items() if unit["open"]] == ["gas", "north", "south"]
    assert units["old"]["successors"] == ["north"]


def test_without_a_model_readyz_says_so_and_tickets_are_accepted(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    told = problem(client.get("/readyz"), 503)
    assert [p["code"] for p in told["problems"]] == ["no_history", "no_model"]
    assert all(p["mend"] for p in told["problems"])
    body = {"text": "Pothole", "latitude": 31.15, "longitude": 121.45}
    answer = client.post("/v1/tickets", json=body).json()
    assert (answer["verdict"], answer["unit"]) == ("review", "south")
    assert "no_model" in answer["reasons"]


def test_a_damaged_bundle_is_named_and_tickets_are_accepted() -> None:
    def load(_: object) -> Any:
        raise BundleDamaged(path="bundles/d", problem="ranker.txt differs from its digest")

    service = RoutingService(with_champion(furnished()), Clock(), load)
    with client_of(service) as client:
        damaged = [
            p for p in problem(client.get("/readyz"), 503)["problems"] if p["code"] == "bundle_damaged"
        ]
        assert "ranker.txt" in damaged[0]["problem"]
        assert "ranker.txt" in problem(client.get("/v1/models/current"), 503)["detail"]
        assert client.post("/v1/tickets", json=GAS).status_code == 201


def test_the_description_names_bodies_and_problems_and_no_page_loads_from_elsewhere(
    client: TestClient,
) -> None:
    document = client.get("/openapi.json").json()
    assert {"TicketIn", "ReviewIn", "Problem", "TicketOut"} <= set(document["components"]["schemas"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            kinds = {kind for r in operation["responses"].values() for kind in r.get("content", {})}
            assert "application/problem+json" in kinds, path
            assert ("requestBody" in operation) == (
                method in {"post", "put"} and not path.endswith(BODILESS)
            ), path
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])
    page = client.get("/")
    assert all(path in page.text for path in document["paths"])
    assert "<script" not in page.text
    assert "http" not in page.text.replace("http-equiv", "")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def with_champion(store: Store) -> Store:
    """The store with a bundle promoted."""

    def promote(session: WriteSession) -> None:
        record = BundleRecord(version=0, digest="d", path="bundles/d", registered_at=NOW)
        session.set_pointers(Pointers(champion=session.add_bundle(record).version))

    store.write(promote)
    return store


def _evidence(answer: dict[str, Any], unit: str) -> dict[str, Any]:
    found = next(c for c in answer["candidates"] if c["unit"] == unit)
    evidence: dict[str, Any] = found["evidence"][0]
    return evidence

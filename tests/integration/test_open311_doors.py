"""Open311: who may write, how often each may ask, and that jurisdictions are kept apart."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.open311 import access
from api.open311.settings import Open311Settings
from domain.access import Role
from router.access import revoke
from router.ports import Store
from store.memory import MemoryStore
from tests.integration.test_access_api import HERE, LOCAL, REMOTE, Office
from tests.open311 import BASE, GOOD, an_offer, endpoint, errors, get, report, send
from tests.serving import NOW, Clock, furnished

UPDATES = "servicerequestupdates"


def an_office(*, may_be_open: bool = True, **settings: Any) -> Office:
    told = Open311Settings(**{"offer": an_offer(), "offered_since": NOW, **settings})
    return Office(open311=told, may_be_open=may_be_open)


def an_update(request_id: str, **changes: str) -> dict[str, str]:
    return {
        "service_request_id": request_id,
        "update_id": "17",
        "status": "OPEN",
        "updated_datetime": "2024-05-01T09:00:00Z",
        "description": "Still there",
        **changes,
    }


def test_without_any_key_whoever_uses_this_machine_may_report() -> None:
    client = an_office().client(client=LOCAL, base_url=HERE)
    request_id = report(client)
    assert send(client, UPDATES, **an_update(request_id))
    assert report(client, api_key="whatever a platform calls itself")


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("why", ["made", "revoked", "not open"])
def test_where_the_service_needs_a_key_writing_does_too(form: str, why: str) -> None:
    office = an_office(may_be_open=why != "not open")
    client = office.client(client=LOCAL, base_url=HERE)
    request_id = report(an_office().client(client=LOCAL, base_url=HERE))
    if why != "not open":
        key = office.key(Role.ADMIN)
        if why == "revoked":
            revoke(office.store, key.key.key_id, by="root", at=office.clock())
    for path, fields in (("requests", GOOD), (UPDATES, an_update(request_id))):
        refused = client.post(f"{BASE}/{path}.{form}", data=fields)
        assert errors(refused, 403) == ["api_key was not provided, and this needs one."]
        wrong = client.post(f"{BASE}/{path}.{form}", data={**fields, "api_key": "none"})
        assert errors(wrong, 403) == ["The api_key received is not valid."]
    assert get(client, "requests") == []  # reading needs none
    if why == "made":
        assert report(client, api_key=key.secret)


def test_the_operator_may_welcome_reports_without_a_key() -> None:
    office = an_office(without_key=True, keys=frozenset({"xyz"}))
    office.key(Role.ADMIN)
    client = office.client(client=REMOTE, base_url="http://gridroute.example")
    request_id = report(client)
    assert send(client, UPDATES, **an_update(request_id))
    assert report(client, api_key="xyz")
    wrong = client.post(f"{BASE}/requests.json", data={**GOOD, "api_key": "yxz"})
    assert errors(wrong, 403)  # who shows a key means one


@pytest.mark.parametrize("form", ["xml", "json"])
def test_a_key_is_paced_as_everywhere(form: str) -> None:
    office = an_office()
    issued = office.key(Role.CALL_CENTRE, per_minute=2)
    client = office.client(client=REMOTE, base_url="http://gridroute.example")
    shown = {"api_key": issued.secret}
    assert client.post(f"{BASE}/requests.{form}", data={**GOOD, **shown}).status_code == 200
    assert client.get(f"{BASE}/requests.{form}", params=shown).status_code == 200
    for answer in (
        client.post(f"{BASE}/requests.{form}", data={**GOOD, **shown}),
        client.post(f"{BASE}/requests.{form}", params=shown, data=GOOD),
        client.get(f"{BASE}/services.{form}", params=shown),
        client.get(f"{BASE}/{UPDATES}.{form}", params=shown),
    ):
        assert errors(answer, 429) == ["More than 2 requests a minute."]
        assert int(answer.headers["retry-after"]) > 0
    assert client.get(f"{BASE}/requests.{form}").status_code == 200  # that is another's pace
    assert office.client(issued).get("/v1/tickets").status_code == 429  # the same requests count there


def test_a_key_in_the_address_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    office = an_office()
    client = office.client()
    shown = {"api_key": office.key(Role.CALL_CENTRE, per_minute=2).secret}
    for _ in range(2):
        assert client.post(f"{BASE}/requests.json", params=shown, data=GOOD).status_code == 200
    assert client.post(f"{BASE}/requests.json", params=shown, data=GOOD).status_code == 429


def test_the_keys_of_the_settings_are_paced_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "USUAL_PER_MINUTE", 1)
    client = an_office(keys=frozenset({"a", "b"})).client()
    for key in ("a", "b"):
        assert report(client, api_key=key)
        assert errors(client.get(f"{BASE}/services.json", params={"api_key": key}), 429)


@pytest.mark.parametrize("form", ["xml", "json"])
def test_who_has_no_key_is_paced_by_address(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "UNNAMED_PER_MINUTE", 2)
    office = an_office(without_key=True)
    office.key(Role.ADMIN)
    one, other = (office.client(client=(host, 1)) for host in ("192.0.2.7", "192.0.2.8"))
    assert one.get(f"{BASE}/requests.{form}").status_code == 200
    assert one.post(f"{BASE}/requests.{form}", data=GOOD).status_code == 200
    for answer in (
        one.get(f"{BASE}/requests/1.{form}"),
        one.get(f"{BASE}/requests.{form}", params={"api_key": "none"}),
        one.post(f"{BASE}/requests.{form}", data=GOOD),
    ):
        assert errors(answer, 429)
        assert int(answer.headers["retry-after"]) > 0
    assert other.get(f"{BASE}/requests.{form}").status_code == 200


def test_who_tries_keys_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.doors.FAILURES_PER_MINUTE", 2)
    office = an_office()
    office.key(Role.ADMIN)
    client = office.client()
    wrong = [client.post(f"{BASE}/requests.json", data={**GOOD, "api_key": f"x{n}"}) for n in range(3)]
    assert [answer.status_code for answer in wrong] == [403, 403, 429]


def of(jurisdiction: str) -> dict[str, str]:
    return {"jurisdiction_id": jurisdiction}


def ids(client: TestClient, **asked: str) -> set[str]:
    return {one["service_request_id"] for one in get(client, "requests", **asked)}


def two(store: Store, clock: Clock, *served: str) -> Any:
    return endpoint(store, clock, jurisdictions=served or ("a.gov", "b.gov"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return furnished(MemoryStore(clock))


def test_a_request_is_of_the_jurisdiction_that_it_was_sent_to(store: Store, clock: Clock) -> None:
    with two(store, clock) as client:
        request_id = report(client, **of("a.gov"), description="Gas leak")
        assert ids(client, **of("a.gov")) == {request_id}
        assert ids(client, **of("a.gov"), service_request_id=request_id) == {request_id}
        assert get(client, f"requests/{request_id}", **of("a.gov"))
        assert get(client, f"tokens/{request_id}", **of("a.gov"))
        assert len(get(client, UPDATES, **of("a.gov"))) == 1

        assert ids(client, **of("b.gov")) == set()
        assert ids(client, **of("b.gov"), service_request_id=request_id) == set()
        for path in (f"requests/{request_id}", f"tokens/{request_id}"):
            assert errors(client.get(f"{BASE}/{path}.json", params=of("b.gov")), 404)
        assert get(client, UPDATES, **of("b.gov")) == []


def test_an_update_is_taken_by_its_requests_jurisdiction_alone(store: Store, clock: Clock) -> None:
    with two(store, clock) as client:
        request_id = report(client, **of("a.gov"))
        elsewhere = client.post(f"{BASE}/{UPDATES}.json", data=an_update(request_id, **of("b.gov")))
        assert "service_request_id" in errors(elsewhere, 404)[0]
        assert send(client, UPDATES, **an_update(request_id, **of("a.gov")))
        assert len(get(client, UPDATES, **of("a.gov"))) == 1


def test_what_was_sent_while_none_were_told_apart_is_everybodys(store: Store, clock: Clock) -> None:
    with endpoint(store, clock) as client:
        before = report(client, **of("a.gov"))
    with two(store, clock, "a.gov") as client:
        alone = report(client)
        assert ids(client) == {before, alone}
    with two(store, clock) as client:
        assert ids(client, **of("a.gov")) == {before, alone}
        assert ids(client, **of("b.gov")) == {before}
        assert send(client, UPDATES, **an_update(before, **of("b.gov")))


def test_an_answer_is_not_taken_for_a_jurisdiction(store: Store, clock: Clock) -> None:
    answer = {"attribute[jurisdiction_id]": "b.gov"}
    with endpoint(store, clock) as client:
        before = report(client, **answer)
    with two(store, clock) as client:
        request_id = report(client, **of("a.gov"), **answer)
        assert (ids(client, **of("a.gov")), ids(client, **of("b.gov"))) == ({before, request_id}, {before})


def test_only_yes_and_no_say_whether_a_key_is_needed(tmp_path: Any) -> None:
    from domain.errors import InvalidInput

    for said, expected in (("yes", True), (" Yes", True), ("no", False), ("", False)):
        found = Open311Settings.of({"GRIDROUTE_OPEN311_WITHOUT_KEY": said}, tmp_path)
        assert found.without_key is expected
    with pytest.raises(InvalidInput, match="yes or no"):
        Open311Settings.of({"GRIDROUTE_OPEN311_WITHOUT_KEY": "perhaps"}, tmp_path)

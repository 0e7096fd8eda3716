"""Open311: what of people is told to nobody, and to whom it is told all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.access import Right, Role
from router.ports import Store
from store.memory import MemoryStore
from tests.integration.test_access_api import bearer, made
from tests.open311 import an_offer, endpoint, get, report, send
from tests.serving import Clock, furnished

PHONE, ACCOUNT, OTHER_ACCOUNT = "13812345678", "310042", "889977"
NUMBERS = (PHONE, ACCOUNT, OTHER_ACCOUNT)
SERVICES = """
account_from = "address_id"

[[service]]
code = "001"
name = "Cans"

[[service.attribute]]
code = "customer"
description = "Your customer number"
fills = "account"
public = true

[[service.attribute]]
code = "callback"
description = "Where do we call back?"
fills = "phone"
public = true

[[service.attribute]]
code = "seen"
description = "Who else has seen it?"
public = true
"""
SAID = {
    "description": f"Gas leak, call me: 138-1234-5678, I am {ACCOUNT}",
    "address_string": f"1 North Road, ring {PHONE}",
    "phone": PHONE,
    "address_id": ACCOUNT,
    "attribute[seen]": f"A neighbour, {PHONE}",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return furnished(MemoryStore(clock))


@pytest.fixture
def client(store: Store, clock: Clock) -> Iterator[TestClient]:
    with endpoint(store, clock, offer=an_offer(SERVICES), keys=frozenset({"platform"})) as client:
        yield client


def told(client: TestClient, request_id: str, **asked: str) -> list[Any]:
    """The request as each of the three questions tells it."""
    paths = (f"requests/{request_id}", "requests", "servicerequestupdates")
    return [get(client, path, extensions="true", **asked) for path in paths]


def an_update(request_id: str, **changes: str) -> dict[str, str]:
    return {
        "service_request_id": request_id,
        "update_id": "17",
        "status": "OPEN",
        "updated_datetime": "2024-05-01T09:00:00Z",
        "description": f"Still there. Tel. {PHONE}, no {ACCOUNT}",
        "api_key": "platform",
        **changes,
    }


def test_numbers_in_texts_are_told_to_nobody(client: TestClient) -> None:
    request_id = report(client, **SAID, api_key="platform")
    send(client, "servicerequestupdates", **an_update(request_id))
    (one,), (same,), (*_, update) = told(client, request_id)
    assert one == same
    assert one["description"] == "Gas leak, call me: •••••••5678, I am ••••42"
    assert one["address"] == "1 North Road, ring •••••••5678"
    assert one["attributes"] == [
        {"code": "seen", "label": "Who else has seen it?", "value": "A neighbour, •••••••5678"}
    ]
    assert update["description"] == "Still there. Tel. •••••••5678, no ••••42"


def test_numbers_of_somebody_else_are_hidden_too(client: TestClient) -> None:
    request_id = report(client, description="Ask 0361 555123 or customer no. 4711-9", api_key="platform")
    send(client, "servicerequestupdates", **an_update(request_id, description="Account 4711-9"))
    (one,), _, (*_, update) = told(client, request_id)
    assert one["description"] == "Ask ••••••5123 or customer no. ••••9"
    assert update["description"] == "Account ••••9"


def test_the_account_is_not_told_as_an_address_or_an_answer(client: TestClient) -> None:
    answers = {"attribute[customer]": OTHER_ACCOUNT, "attribute[callback]": PHONE}
    said = {**SAID, **answers, "description": f"{ACCOUNT} {OTHER_ACCOUNT}"}
    request_id = report(client, **said, api_key="platform")
    for found in told(client, request_id):
        assert not any(number in str(found) for number in NUMBERS)
    (one,), *_ = told(client, request_id)
    assert one["address_id"] is None
    assert [answer["code"] for answer in one["attributes"]] == ["seen"]


def test_what_was_an_account_once_is_not_told_when_the_file_says_otherwise(
    client: TestClient, store: Store, clock: Clock
) -> None:
    request_id = report(client, **SAID, api_key="platform")
    with endpoint(store, clock, offer=an_offer('[[service]]\ncode = "001"\nname = "Cans"')) as later:
        assert get(later, f"requests/{request_id}")[0]["address_id"] is None
        plain = report(later, address_id="plot 7")
        assert get(later, f"requests/{plain}")[0]["address_id"] == "plot 7"


SEES_NOTHING: list[tuple[Role, dict[str, Any]]] = [
    (Role.REVIEWER, {}),
    (Role.ENGINEER, {}),
    (Role.UNIT, {}),
    (Role.CALL_CENTRE, {"only": frozenset({Right.SUBMIT})}),
]


@pytest.mark.parametrize(("role", "wanted"), SEES_NOTHING)
def test_a_key_that_does_not_see_them_everywhere_does_not_here(
    client: TestClient, store: Store, clock: Clock, role: Role, wanted: dict[str, Any]
) -> None:
    request_id = report(client, **SAID, api_key="platform")
    secret = made(store, role, clock, **wanted).secret
    for key in (secret, "platform", "none"):
        for found in told(client, request_id, api_key=key):
            assert not any(number in str(found) for number in NUMBERS)


@pytest.mark.parametrize("role", [Role.CALL_CENTRE, Role.ADMIN])
def test_a_key_that_sees_them_elsewhere_sees_them_here(
    client: TestClient, store: Store, clock: Clock, role: Role
) -> None:
    request_id = report(client, **SAID, **{"attribute[callback]": PHONE}, api_key="platform")
    send(client, "servicerequestupdates", **an_update(request_id))
    key = made(store, role, clock)
    (one,), _, (*_, update) = told(client, request_id, api_key=key.secret)
    assert (one["description"], one["address_id"]) == (SAID["description"], ACCOUNT)
    assert [answer["code"] for answer in one["attributes"]] == ["callback", "seen"]
    assert PHONE in update["description"]
    inside = client.get(f"/v1/tickets/{request_id}", headers=bearer(key)).json()
    assert inside["content"]["text"] == one["description"]

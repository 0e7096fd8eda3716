"""Bodies that come slowly or not at all: they keep nobody else out, and are not waited for for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from api import bodies
from api.open311.settings import Open311Settings
from domain.access import Role
from tests.integration.test_access_api import Office, bearer
from tests.open311 import BASE, GOOD, an_offer, errors
from tests.serving import NOW

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
REPORT = b"service_code=001&address_string=1+North+Road"
TICKET = b'{"text": "Gas leak", "channel": "phone"}'


def an_office(**settings: Any) -> Office:
    return Office(open311=Open311Settings(offer=an_offer(), offered_since=NOW), **settings)


def client_of(office: Office) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(office.app), base_url="http://localhost")


async def slowly(body: bytes, rest: asyncio.Event, begun: asyncio.Event) -> AsyncIterator[bytes]:
    """Half of it; then the other half, when it is told to."""
    yield body[: len(body) // 2]
    begun.set()
    await rest.wait()
    yield body[len(body) // 2 :]


async def never(begun: asyncio.Event) -> AsyncIterator[bytes]:
    """The beginning, and nothing more."""
    async for part in slowly(b"----", asyncio.Event(), begun):
        yield part


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [(f"{BASE}/requests.json", FORM, REPORT), ("/v1/tickets", JSON, TICKET), ("/v1/preview", JSON, TICKET)],
)
def test_who_sends_slowly_takes_no_place_meanwhile(path: str, kind: dict[str, str], body: bytes) -> None:
    async def work() -> tuple[list[Response], Response]:
        rest, begun = asyncio.Event(), asyncio.Event()
        async with client_of(an_office(max_in_flight=1)) as client:
            slow = asyncio.create_task(client.post(path, headers=kind, content=slowly(body, rest, begun)))
            await begun.wait()
            others = [
                await client.post("/v1/tickets", headers=JSON, content=TICKET),
                await client.post(f"{BASE}/requests.json", headers=FORM, content=REPORT),
            ]
            rest.set()
            return others, await slow

    others, slow = asyncio.run(work())
    assert [answer.status_code for answer in others] == [201, 200]
    assert slow.status_code in (200, 201)


@pytest.mark.parametrize("path", ["/v1/tickets", "/v1/tickets/batch", "/v1/preview"])
def test_a_body_that_does_not_come_is_given_up(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = given_up(path, JSON, monkeypatch)
    assert answer.status_code == 408
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["status"] == 408


@pytest.mark.parametrize("kind", [FORM, {"Content-Type": "multipart/form-data; boundary=b"}])
@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("path", ["requests", "servicerequestupdates"])
def test_so_is_a_form(path: str, form: str, kind: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    answer = given_up(f"{BASE}/{path}.{form}", kind, monkeypatch)
    assert errors(answer, 408) == ["The body did not come in time."]
    assert answer.headers["connection"] == "close"


def given_up(path: str, kind: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Response:
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.01)

    async def work() -> Response:
        async with client_of(an_office()) as client:
            return await client.post(path, headers=kind, content=never(asyncio.Event()))

    return asyncio.run(work())


def test_what_keeps_coming_may_take_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(bodies, "SLOWEST", 1e-9)  # each byte buys years

    async def parts() -> AsyncIterator[bytes]:
        for byte in TICKET:
            yield bytes([byte])
            await asyncio.sleep(0)

    async def work() -> Response:
        async with client_of(an_office()) as client:
            return await client.post("/v1/tickets", headers=JSON, content=parts())

    assert asyncio.run(work()).status_code == 201


def test_nothing_is_read_of_who_shows_a_key_that_is_none() -> None:
    begun = asyncio.Event()

    async def work() -> Response:
        office = an_office()
        office.key(Role.ADMIN)
        async with client_of(office) as client:
            path = f"{BASE}/requests.json?api_key=none"
            return await client.post(path, headers=FORM, content=never(begun))

    assert errors(asyncio.run(work()), 403) == ["The api_key received is not valid."]
    assert not begun.is_set()


def test_forms_on_their_way_are_bounded_by_themselves() -> None:
    office = an_office(max_forms=0)
    with office.client() as client:
        refused = client.post(f"{BASE}/requests.json", data=GOOD)
        assert errors(refused, 400)
        assert (refused.json()[0]["code"], refused.headers["retry-after"]) == (429, "2")
        assert client.post("/v1/tickets", content=TICKET, headers=JSON).status_code == 201
        key = bearer(office.key(Role.ADMIN))
        assert client.get("/v1/tickets", headers=key).status_code == 200

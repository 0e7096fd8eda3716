"""The policy of the console's answers, whose requests it takes, and the service as it knows it."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from console.client import Service, at
from console.problems import Refused, Unreachable
from console.security import Protected, SameOrigin
from console.session import Sessions, Who
from console.signing import _own

PAGE = '<html><script>a()</script><script type="module">b()</script><p>no &lt;script&gt;</p></html>'


def ask(method: str, path: str, **headers: str) -> httpx.Response:
    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(PAGE)

    async def body(_: Request) -> JSONResponse:
        return JSONResponse({})

    routes = [Route("/", page, methods=["GET", "POST"]), Route("/json", body), Route("/_nicegui_ws/x", body)]
    middleware = [Middleware(SameOrigin), Middleware(Protected, tiles="https://*.tiles.example")]
    app = Starlette(routes=routes, middleware=middleware)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console:8322") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def test_every_script_of_a_page_has_the_nonce_of_its_answer() -> None:
    first, second = ask("GET", "/"), ask("GET", "/")
    nonces = re.findall(r'<script nonce="([^"]+)"', first.text)
    assert len(nonces) == 2
    assert len(set(nonces)) == 1
    policy = first.headers["content-security-policy"]
    assert f"'nonce-{nonces[0]}'" in policy
    assert nonces[0] not in second.headers["content-security-policy"]
    assert "img-src 'self' data: blob: https://*.tiles.example;" in policy
    assert "connect-src 'self' ws://console:8322 wss://console:8322;" in policy
    assert int(first.headers["content-length"]) == len(first.content)
    assert "content-security-policy" not in ask("GET", "/json").headers


def test_a_host_that_is_none_adds_nothing_to_the_policy() -> None:
    policy = ask("GET", "/", host="a;script-src *").headers["content-security-policy"]
    assert policy.count("script-src") == 1


@pytest.mark.parametrize(
    ("method", "path", "origin", "status"),
    [
        ("POST", "/", "http://console:8322", 200),
        ("POST", "/", "http://elsewhere.example", 403),
        ("POST", "/", "null", 403),
        ("GET", "/", "http://elsewhere.example", 200),
        ("GET", "/_nicegui_ws/x", "http://elsewhere.example", 403),
        ("GET", "/_nicegui_ws/x", "http://console:8322", 200),
    ],
)
def test_other_sites_change_nothing(method: str, path: str, origin: str, status: int) -> None:
    assert ask(method, path, origin=origin).status_code == status


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", 'x"y', "/a b", ""]
)
def test_sign_in_goes_on_to_our_own_pages_alone(path: str) -> None:
    assert _own(path) == "/"
    assert _own("/review?ticket=a") == "/review?ticket=a"


def answering(status: int, body: Any) -> Service:
    return Service("http://api", httpx.MockTransport(lambda _: httpx.Response(status, json=body)))


def test_a_problem_becomes_faults_that_a_page_can_show() -> None:
    fault = {"field": "unit", "problem": "is closed", "mend": "Name another."}
    body = {"type": "urn:gridroute:problem:invalid-input", "detail": "unit: is closed", "errors": [fault]}
    with pytest.raises(Refused) as caught:
        asyncio.run(answering(422, body).bearing("t").post("/v1/x"))
    assert (caught.value.status, caught.value.faults[0].mend) == (422, "Name another.")
    assert not caught.value.is_missing_endpoint
    with pytest.raises(Refused) as caught:
        asyncio.run(answering(404, {"type": "about:blank"}).bearing(None).get("/v1/x"))
    assert caught.value.is_missing_endpoint


def test_nobody_there_is_told_apart_and_the_token_goes_with_each_request() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer gs_1"
        raise httpx.ConnectError("refused")

    with pytest.raises(Unreachable):
        asyncio.run(Service("http://api", httpx.MockTransport(refuse)).bearing("gs_1").get("/v1/x"))
    assert at("v1", "tickets", "a/b c", "undo") == "/v1/tickets/a%2Fb%20c/undo"


def test_sessions_last_over_a_restart_in_a_file_of_the_owner_s(tmp_path: Path) -> None:
    service = answering(201, {"token": "gs_1", "expires_at": "2999-01-01T00:00:00+00:00"})
    file = tmp_path / "sessions.json"
    handle = asyncio.run(Sessions(service, file).open("gr_1"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = Sessions(service, file)
    found = again.of(handle)
    assert found is not None
    assert found.token == "gs_1"
    assert again.of("another") is again.of(None) is None
    asyncio.run(again.close(handle))
    assert Sessions(service, file).of(handle) is None


def test_a_session_that_ran_out_is_none() -> None:
    sessions = Sessions(answering(201, {"token": "gs_1", "expires_at": "2001-01-01T00:00:00+00:00"}))
    assert sessions.of(asyncio.run(sessions.open("gr_1"))) is None


def test_a_page_that_nobody_uses_signs_out(tmp_path: Path) -> None:
    service = answering(201, {"token": "gs_1", "expires_at": "2999-01-01T00:00:00+00:00"})
    now = [0.0]
    sessions = Sessions(service, tmp_path / "sessions.json", lambda: now[0])
    handle = asyncio.run(sessions.open("gr_1"))
    for hour in range(1, 4):
        now[0] = hour * 3_600.0
        assert sessions.of(handle) is not None
        sessions.use(handle)
    for hour in range(4, 6):  # a page looks by itself: that is no use
        now[0] = hour * 3_600.0
        assert sessions.of(handle) is not None
    now[0] = 5 * 3_600.0 + 1
    assert sessions.of(handle) is None


def test_rights_open_pages() -> None:
    reviewer = Who.of({"name": "Li", "role": "reviewer", "rights": ["review", "read"]})
    assert reviewer.may("review", "keys")
    assert not reviewer.may("keys")
    assert reviewer.may()
    assert Who(open=True).may("keys")

"""The service, as the console knows it: its HTTP API, asked with the bearer's own token."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from console.problems import Refused, Unreachable

Json = dict[str, Any]
Query = Mapping[str, str | int | float | bool | list[str] | None]

TIMEOUT = httpx.Timeout(20.0, connect=3.0)
# kept for less than servers keep them: one that is being closed would look like a service that is away
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=2.0)


class Service:
    """A service at an address, for all who use the console; the connections are shared, the tokens are not."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url, timeout=TIMEOUT, limits=LIMITS, transport=transport, trust_env=False
        )

    def bearing(self, token: str | None) -> Bearer:
        """The service as it answers the bearer of that token; without one, as it answers anybody."""
        return Bearer(self._http, token)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class Bearer:
    """One person's access. Every call raises Refused for a problem, Unreachable where nobody answers."""

    def __init__(self, http: httpx.AsyncClient, token: str | None) -> None:
        self.token = token
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, query: Query | None = None, *, patience_s: float | None = None) -> Any:
        """The answer's body; None for an empty one. `patience_s`: for what is known to take long."""
        return await self.ask("GET", path, query=query, patience_s=patience_s)

    async def post(self, path: str, body: object = None, query: Query | None = None) -> Any:
        """Send a body of JSON."""
        return await self.ask("POST", path, body={} if body is None else body, query=query)

    async def delete(self, path: str) -> Any:
        """Take away what is there."""
        return await self.ask("DELETE", path)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float | None = None,
    ) -> Any:
        """One request: `body` goes as JSON, `content` as it is."""
        timeout = TIMEOUT if patience_s is None else httpx.Timeout(patience_s, connect=TIMEOUT.connect)
        answer = await self._send(method, path, query, body, content, headers, timeout)
        if answer.is_success:
            return answer.json() if answer.content else None
        raise Refused.of(answer.status_code, _body(answer))

    @asynccontextmanager
    async def stream(
        self, path: str, query: Query | None = None, *, patience_s: float | None = None
    ) -> AsyncIterator[httpx.Response]:
        """An answer that comes piece by piece."""
        timeout = TIMEOUT if patience_s is None else httpx.Timeout(patience_s, connect=TIMEOUT.connect)
        try:
            async with self._http.stream(
                "GET", path, params=_told(query), headers=self._headers, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise Refused.of(answer.status_code, _body(answer))
                yield answer
        except httpx.TransportError as error:
            raise Unreachable(str(error)) from error

    async def events(self, after: int | None = None) -> AsyncIterator[Json]:
        """What happens, as it happens, from the event after that number on (None: from now on)."""
        headers = self._headers | ({"Last-Event-ID": str(after)} if after is not None else {})
        timeout = httpx.Timeout(5.0, read=60.0)
        try:
            async with self._http.stream("GET", "/v1/events", headers=headers, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise Refused.of(answer.status_code, _body(answer))
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line[5:])
        except httpx.TransportError as error:
            raise Unreachable(str(error)) from error

    async def steps(
        self, path: str, query: Query | None = None, *, patience_s: float | None = None
    ) -> AsyncGenerator[tuple[str, Json]]:
        """The server-sent events of some work and what each says, until the service ends the stream."""
        async with self.stream(path, query, patience_s=patience_s) as answer:
            name = ""
            async for line in answer.aiter_lines():
                field, _, text = line.partition(": ")
                if field == "event":
                    name = text
                elif field == "data":
                    yield name, json.loads(text)

    async def _send(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: object,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        timeout: httpx.Timeout,
    ) -> httpx.Response:
        try:
            return await self._http.request(
                method,
                path,
                params=_told(query),
                json=body,
                content=content,
                headers=self._headers | dict(headers or {}),
                timeout=timeout,
            )
        except httpx.TransportError as error:
            raise Unreachable(str(error)) from error


def at(*parts: str) -> str:
    """A path of these parts, each whatever characters it is made of: `at("v1", "tickets", "a/b", "undo")`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _told(query: Query | None) -> dict[str, Any] | None:
    return {name: value for name, value in query.items() if value not in (None, "")} if query else None


def _body(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return None

"""What pages fetch over HTTP rather than by the socket: large things, which the browser may keep for a while."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from nicegui import app
from starlette.responses import JSONResponse, Response

from console.client import Bearer
from console.problems import Refused, ServiceError
from console.session import NAME
from console.view import Office

Answer = TypeVar("Answer", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An address of the console's own; `show` gets the service as its reader may use it, then the query."""

    path: str
    show: Callable[..., Awaitable[Any]]
    fresh_s: int
    method: str


SOURCES: list[Source] = []


def answers(path: str, *, fresh_s: int = 0, method: str = "GET") -> Callable[[Answer], Answer]:
    """Add an address. The function answers something for JSON, or a Response; its parameters after the service are
    the path's and the query's. `fresh_s`: how long the reader's own browser may keep the answer.
    """

    def add(show: Answer) -> Answer:
        SOURCES.append(Source(path=path, show=show, fresh_s=fresh_s, method=method))
        return show

    return add


def serve(office: Office) -> None:
    """Answer for every address."""
    for one in SOURCES:
        app.api_route(one.path, methods=[one.method], include_in_schema=False)(_served(one, office))


def bearer_of(request: Request, office: Office) -> Bearer:
    """The service as the sender of a request may use it."""
    signed = office.sessions.of(request.session.get(NAME))
    return office.service.bearing(signed.token if signed else None)


def _served(one: Source, office: Office) -> Callable[..., Any]:
    async def answer(request: Request, **query: Any) -> Response:
        if one.method != "GET":
            office.sessions.use(request.session.get(NAME))
        try:
            found = await one.show(bearer_of(request, office), **query)
        except Refused as refused:
            return JSONResponse({"detail": refused.detail}, status_code=refused.status)
        except ServiceError as error:
            return JSONResponse({"detail": str(error)}, status_code=502)
        if isinstance(found, Response):
            return found
        # of this reader alone: what they may see is theirs
        kept = f"private, max-age={one.fresh_s}" if one.fresh_s else "no-store"
        return JSONResponse(found, headers={"Cache-Control": kept, "Vary": "Cookie"})

    signature = inspect.signature(one.show, eval_str=True)
    taken = [p for p in signature.parameters.values() if p.name != "service"]
    asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    answer.__signature__ = inspect.Signature([asked, *taken])  # type: ignore[attr-defined]
    return answer

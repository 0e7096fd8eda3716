"""The specification's errors: [{code, description}], with 403 for keys, 404 for what is not there, else 400."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.open311.wire import Format, format_of, rendered
from api.problems import STATUSES
from domain.errors import GridrouteError, InvalidInput, NotFound, Overloaded, StoreUnavailable

BAD, FORBIDDEN, ABSENT = 400, 403, 404
# of how it was asked, not of what: clients and proxies know these two, and wait or send again by themselves
AS_IN_HTTP = (408, 429)
AGAIN_SECONDS = 5.0
MOST_TOLD = 20
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Refusal(Exception):
    """A request that is not fulfilled, and each reason why; `codes` are more exact than the status may be."""

    def __init__(self, status: int, *descriptions: str, code: int | None = None) -> None:
        super().__init__(status, descriptions)
        self.status = status
        self.code = status if code is None else code
        self.descriptions = descriptions[:MOST_TOLD]


def missing(name: str) -> Refusal:
    """400 for a required argument that was not provided."""
    return Refusal(BAD, f"{name} was not provided.")


def not_found(name: str, value: str) -> Refusal:
    """404 for an argument that names nothing."""
    return Refusal(ABSENT, f"{name} {value[:100]!r} was not found.")


def error_answer(
    status: int,
    descriptions: tuple[str, ...],
    form: Format,
    *,
    code: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The errors as an HTTP answer."""
    told = status if code is None else code
    errors = [{"code": told, "description": text} for text in descriptions]
    return rendered("errors", errors, form, status=status, headers=headers)


class SpecRoute(APIRoute):
    """A route whose errors take the specification's form."""

    def get_route_handler(self) -> Handler:
        """The handler, with every expected error answered."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except (Refusal, GridrouteError, HTTPException, ClientDisconnect) as error:
                return _answer(error, format_of(request.url.path))

        return answered


def _answer(error: Exception, form: Format) -> Response:
    if isinstance(error, Refusal):
        return error_answer(error.status, error.descriptions, form, code=error.code)
    if isinstance(error, HTTPException):
        told = error.status_code
        status = told if told in AS_IN_HTTP else BAD
        return error_answer(status, (error.detail,), form, code=told, headers=error.headers)
    if isinstance(error, InvalidInput):
        return error_answer(BAD, (str(error),), form)
    if isinstance(error, NotFound):
        return error_answer(ABSENT, (f"{error}.",), form)
    if isinstance(error, (StoreUnavailable, Overloaded)):
        return not_now(error, form)
    if isinstance(error, GridrouteError):
        return error_answer(BAD, (str(error),), form)
    return error_answer(BAD, ("The client went away before the body was read.",), form)


def not_now(error: StoreUnavailable | Overloaded, form: Format) -> Response:
    """The specification has 400 for trouble of the server too; the code says which, and when to come again."""
    wait = error.retry_after if isinstance(error, Overloaded) else AGAIN_SECONDS
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    told = "Nothing was accepted, as the service cannot take it just now. Please send it again later."
    return error_answer(BAD, (told,), form, code=status, headers={"Retry-After": str(math.ceil(wait))})

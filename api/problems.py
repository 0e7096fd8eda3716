"""RFC 9457 problem details: the one place where errors become HTTP statuses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import fields
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.faults import fault_of
from domain.errors import (
    BundleDamaged,
    BundleIncompatible,
    Conflict,
    GridrouteError,
    IdempotencyConflict,
    InvalidInput,
    NotFound,
    Overloaded,
    RequestInFlight,
    StoreFull,
    StoreUnavailable,
    UnitClosed,
)

MEDIA_TYPE = "application/problem+json"
STATUSES: dict[type[GridrouteError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    IdempotencyConflict: 422,
    Conflict: 409,
    UnitClosed: 422,
    BundleDamaged: 503,
    BundleIncompatible: 503,
    StoreFull: 507,
    StoreUnavailable: 503,
    Overloaded: 429,
}
MAX_ERRORS = 20


class Fault(BaseModel):
    """What is wrong with one value, and how to mend it."""

    field: str
    problem: str
    mend: str


class Problem(BaseModel):
    """Problem details (RFC 9457). Members that do not apply are left out."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None
    problem: str | None = None
    mend: str | None = None
    errors: list[Fault] | None = None


class BodyError(Exception):
    """A body that cannot be accepted, with all its faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


def problem_of(error: GridrouteError) -> Problem:
    """The problem details of one of our errors."""
    kind = next(kind for kind in type(error).__mro__ if kind in STATUSES or kind is GridrouteError)
    status = STATUSES.get(kind, 500)
    # fields of the error are members of the problem: a client need not read prose
    return Problem(
        type=f"urn:gridroute:problem:{_kebab(type(error).__name__)}",
        title=_words(type(error).__name__),
        status=status,
        detail=str(error),
        **_members(error),
    )


def problem_of_faults(faults: Iterable[Fault]) -> Problem:
    """The problem details of a body with these faults; the first one is also told at the top."""
    listed = list(faults)[:MAX_ERRORS]
    first = listed[0]
    return Problem(
        type="urn:gridroute:problem:invalid-input",
        title="Invalid input",
        status=422,
        detail=f"{first.field}: {first.problem}. {first.mend}",
        errors=listed,
        **first.model_dump(),
    )


def plain_problem(status: int, detail: str, **members: Any) -> Problem:
    """Problem details of a plain HTTP error."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **members)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as an HTTP answer."""
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def handle_problems(app: FastAPI) -> None:
    """Every error that leaves a handler becomes problem details."""
    app.add_exception_handler(GridrouteError, _on_our_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(BodyError, _on_faulty_body)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected)


def headers_of(error: GridrouteError) -> dict[str, str] | None:
    """When to come again, where it may help."""
    wait = error.retry_after if isinstance(error, Overloaded) else 5.0
    wait = 1.0 if isinstance(error, RequestInFlight) else wait
    waits = isinstance(error, (Overloaded, RequestInFlight)) or problem_of(error).status == 503
    return {"Retry-After": str(math.ceil(wait))} if waits else None


async def _on_our_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, GridrouteError)
    return problem_response(problem_of(error), headers_of(error))


async def _on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(plain_problem(error.status_code, error.detail), dict(error.headers or {}))


async def _on_faulty_body(_: Request, error: Exception) -> Response:
    assert isinstance(error, BodyError)
    return problem_response(problem_of_faults(error.faults))


async def _on_invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(problem_of_faults(Fault(**fault_of(e)) for e in error.errors()))


async def _on_disconnect(_: Request, __: Exception) -> Response:
    return problem_response(plain_problem(400, "the client went away before the body was read"))


async def _on_unexpected(request: Request, _: Exception) -> Response:
    trace = getattr(request.state, "trace", None)  # beyond the middleware that answers with it
    headers = {"x-trace-id": trace.trace_id} if trace else None
    return problem_response(plain_problem(500, "an unexpected error; the server's log has more"), headers)


def _members(error: GridrouteError) -> dict[str, Any]:
    return {field.name: getattr(error, field.name) for field in fields(error)}


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def _kebab(name: str) -> str:
    return _words(name).lower().replace(" ", "-")

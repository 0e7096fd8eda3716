"""Request bodies: bounded, declared as JSON, validated; every fault told with its mend."""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.exceptions import HTTPException

from api.faults import fault_of
from api.problems import BodyError, Fault
from domain.errors import NotFound

Model = TypeVar("Model", bound=BaseModel)

LONGEST_ID = 200
PATIENCE_SECONDS = 10.0
"""What a body may take, be it on a bad mobile line: who sends none holds a place among those that are worked on."""
SLOWEST = 100_000
"""Bytes a second: large files may take longer than that, as long as they come on."""


async def read_body(request: Request, limit: int, *, also: str | None = None) -> bytes:
    """The whole body. Raises HTTPException 413 beyond `limit` bytes, 408, 415 where it is not declared as JSON.

    `also`: another type that it may be declared as. A page of another origin may post undeclared bodies without asking;
    it may not post JSON, nor CSV.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in ("application/json", also) and not declared.endswith("+json"):
        other = f" or {also}" if also else ""
        raise HTTPException(415, f"Send the header Content-Type: application/json{other}.")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in in_time(request):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def in_time(request: Request) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises HTTPException 408 where it takes longer than it may."""
    stream, clock = request.stream(), asyncio.get_running_loop().time
    latest = clock() + PATIENCE_SECONDS
    while True:
        try:
            # not one limit around the loop: what is done with a chunk is no fault of who sends
            async with asyncio.timeout_at(latest):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise _too_slow() from None
        latest += len(chunk) / SLOWEST
        yield chunk


def parse_json(body: bytes) -> Any:
    """The JSON value. Raises BodyError; never recurses, and takes no lone surrogates.

    A byte order mark is passed over, as RFC 8259 allows: some clients write one, and nobody sees it in what was sent.
    """
    try:
        return from_json(body.removeprefix(BOM_UTF8))
    except ValueError as error:
        problem = Fault(field="body", problem=f"not JSON: {error}", mend="Send valid JSON in UTF-8.")
        raise BodyError([problem]) from error


def validated(model: type[Model], value: Any) -> Model:
    """The value as a model. Raises BodyError."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        known = tuple(model.model_fields)
        found = error.errors(include_url=False, include_input=False)
        raise BodyError([Fault(**fault_of(e, known)) for e in found]) from error


def storable(ticket_id: str) -> str:
    """The id of an address. Raises NotFound for what no store can have."""
    if not ticket_id.isprintable() or len(ticket_id) > LONGEST_ID:
        raise NotFound(kind="ticket", key=ticket_id[:LONGEST_ID])
    return ticket_id


def _too_slow() -> HTTPException:
    return HTTPException(408, "The body did not come in time.", {"Connection": "close"})


def _too_large(limit: int) -> HTTPException:
    # the rest of the body is not read, so the connection cannot be used again
    return HTTPException(413, f"The body is larger than {limit} bytes.", {"Connection": "close"})

"""The `Idempotency-Key` of a request: a repeat is answered as the first time, and works once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.access import caller_of
from api.desk import Desk
from domain.errors import AlreadyAnswered, RequestInFlight
from router.idempotency import KeptAnswer, RequestKey

HEADER = "Idempotency-Key"
LONGEST = 255
# a string of RFC 9651, or the bare value that most clients send
_FORM = re.compile(rf'"(?P<quoted>[^"\\]{{1,{LONGEST}}})"|(?P<bare>[^"\\\s]{{1,{LONGEST}}})')

PARAMETER: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST + 2},
            "description": "Yours, new for each request (a UUID). A repeat within 7 days gets the first answer.",
        }
    ]
}


def request_key(request: Request, body: bytes) -> RequestKey | None:
    """The request's key; None where it has none. Raises HTTPException 400 for one that cannot be used."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    found = _FORM.fullmatch(given[0].strip()) if len(given) == 1 else None
    key = (found["quoted"] or found["bare"]) if found else ""
    if not (key.isascii() and key.isprintable() and key):
        raise HTTPException(
            400, f'{HEADER}: not a key. Send one of 1 to {LONGEST} ASCII characters, as "8e03978e-40d5".'
        )
    caller = caller_of(request).key
    whose = f" {caller.key_id}" if caller else ""  # two callers may both count from 1
    scope = f"{request.method} {request.url.path}{whose}"
    return RequestKey(scope=scope, key=key, fingerprint=sha256(body).hexdigest())


async def once(desk: Desk, key: RequestKey | None, answer: Callable[[], Awaitable[Response]]) -> Response:
    """The kept answer, else a new one. Raises IdempotencyConflict where the key stands for another body."""
    if key is None:
        return await answer()
    if (kept := await run_in_threadpool(desk.service.kept_answer, key)) is not None:
        return replayed(kept)
    try:
        return await answer()
    except AlreadyAnswered:  # another process had the same request, and was first
        if (kept := await run_in_threadpool(desk.service.kept_answer, key)) is None:
            raise RequestInFlight(key=key.key) from None
        return replayed(kept)


def replayed(kept: KeptAnswer) -> Response:
    """What the request was answered the first time."""
    headers = {"Idempotent-Replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type="application/json", headers=headers)

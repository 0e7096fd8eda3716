"""The outermost bound: a process works on so many requests at once, and refuses the next before it reads it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.open311.errors import not_now
from api.open311.wire import format_of
from api.problems import headers_of, problem_of, problem_response
from domain.errors import Overloaded

APART = frozenset({"/healthz", "/v1/events"})
"""Whether the process lives is asked when it is busy too; streams are counted by themselves."""

NUL = b"%00"


class Gate:
    """Middleware that answers 429 beyond `most` requests at once."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        _drop_nul(scope)
        if scope["type"] != "http" or scope["path"] in APART:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            await _refuse(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


def _drop_nul(scope: Scope) -> None:
    """Ask without NUL characters: nothing that is stored has one, and PostgreSQL takes none.

    Open311 has a rule of its own for them.
    """
    query = scope.get("query_string", b"")
    if NUL not in query or scope["path"].startswith("/open311/"):
        return
    while NUL in query:
        query = query.replace(NUL, b"")
    scope["query_string"] = query


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    error = Overloaded(retry_after=1.0)
    path = scope["path"]
    if path.startswith("/open311/"):
        answer = not_now(error, format_of(path))
    else:
        answer = problem_response(problem_of(error), headers_of(error))
    # the body is not read, so the connection cannot be used again
    answer.headers["Connection"] = "close"
    await answer(scope, receive, send)

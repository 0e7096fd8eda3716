"""Which request a log line belongs to: W3C trace contexts taken over from callers, or begun here.

Specification: www.w3.org/TR/trace-context (level 1), and level 2 for the header `traceresponse`.
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.tracing import CURRENT, Trace, trace_of

log = logging.getLogger("gridroute.http")

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds: their requests are logged as debugging alone."""


def current_trace() -> Trace | None:
    """The request that this thread or task works on."""
    return CURRENT.get()


def note_ticket(ticket_id: str) -> None:
    """The request is about this ticket."""
    if (trace := CURRENT.get()) is not None:
        trace.ticket_id = ticket_id


class Traced:
    """Middleware: every request has a trace, its answer names it, and the log has a line with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace, began, status = trace_of(Headers(scope=scope).get("traceparent")), time.perf_counter(), 500
        scope.setdefault("state", {})["trace"] = trace
        token = CURRENT.set(trace)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["traceresponse"] = trace.header
                headers["x-trace-id"] = trace.trace_id
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("unexpected error")  # here its trace is still known
            raise
        finally:
            _tell(scope, trace, status, time.perf_counter() - began)
            CURRENT.reset(token)


def _tell(scope: Scope, trace: Trace, status: int, seconds: float) -> None:
    """By the path's template: paths and queries hold what callers said of themselves."""
    path = getattr(scope.get("route"), "path", "none")
    level = logging.DEBUG if path in QUIET and status < 500 else logging.INFO
    if not log.isEnabledFor(level):
        return
    trace.ticket_id = trace.ticket_id or scope.get("path_params", {}).get("ticket_id")
    caller = scope.get("state", {}).get("caller")
    told = {
        "method": scope["method"],
        "path": path,
        "status": status,
        "seconds": round(seconds, 4),
        "key": getattr(caller, "name", None) or None,
    }
    log.log(level, "%s %s %d", scope["method"], path, status, extra={"told": told})

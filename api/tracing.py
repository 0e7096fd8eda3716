"""Which request a log line belongs to: W3C trace contexts taken over from callers, or begun here.

Specification: www.w3.org/TR/trace-context (level 1), and level 2 for the header `traceresponse`.
"""

from __future__ import annotations

import logging
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("gridroute.http")

_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds: their requests are logged as debugging alone."""


@dataclass(slots=True, kw_only=True)
class Trace:
    """One request on its way through this process; `ticket_id` is noted where it becomes known."""

    trace_id: str
    flags: str = "00"
    span_id: str = field(default_factory=lambda: token_hex(8))
    ticket_id: str | None = None

    @property
    def header(self) -> str:
        """As callers and answers bear it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[Trace | None] = ContextVar("gridroute_trace", default=None)


def current_trace() -> Trace | None:
    """The request that this thread or task works on."""
    return _current.get()


def note_ticket(ticket_id: str) -> None:
    """The request is about this ticket."""
    if (trace := _current.get()) is not None:
        trace.ticket_id = ticket_id


def trace_of(header: str | None) -> Trace:
    """The caller's trace, continued; a new one where the header is none, as the specification has it."""
    found = _FORM.fullmatch(header.strip()) if header else None
    valid = (
        found is not None
        and found["version"] != "ff"
        and (found["version"] != "00" or found["more"] is None)
        and set(found["trace"]) != {"0"}
        and set(found["parent"]) != {"0"}
    )
    if found is None or not valid:
        return Trace(trace_id=token_hex(16))
    sampled = int(found["flags"], 16) & 1
    return Trace(trace_id=found["trace"], flags=f"{sampled:02x}")


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
        token = _current.set(trace)

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
            _current.reset(token)


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

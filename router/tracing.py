"""The request that is being worked on, as its W3C trace context tells: what is queued meanwhile belongs to it too.

Specification: www.w3.org/TR/trace-context (level 1).
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex

_FORM = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


@dataclass(slots=True, kw_only=True)
class Trace:
    """One request on its way through this process; `ticket_id` is noted where it becomes known."""

    trace_id: str
    flags: str = "00"
    span_id: str = field(default_factory=lambda: token_hex(8))
    ticket_id: str | None = None

    @property
    def header(self) -> str:
        """As callers, answers and messages bear it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


CURRENT: ContextVar[Trace | None] = ContextVar("gridroute_trace", default=None)
"""Of this thread or task."""


def current_header() -> str | None:
    """The trace that this thread or task works on, for what is done later on its behalf."""
    trace = CURRENT.get()
    return trace.header if trace else None


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

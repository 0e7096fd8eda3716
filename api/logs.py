"""Log lines for programs (a JSON object each) or for people, with the ids of their ticket and trace.

What callers say of themselves (phone, account, address, words) stands in no line: nothing here logs a body, a query or
a path, and the store's errors hide their parameters.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from api.tracing import current_trace

LogFormat = Literal["text", "json"]
LEVELS = {"text": logging.WARNING, "json": logging.INFO}
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s%(ids)s"


class WithIds(logging.Filter):
    """Gives each record the ids of the request that it was logged in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never leaves one out."""
        trace = current_trace()
        ticket_id = getattr(record, "ticket_id", None) or (trace.ticket_id if trace else None)
        record.ticket_id = ticket_id
        record.trace_id = trace.trace_id if trace else None
        record.span_id = trace.span_id if trace else None
        named = (("ticket", ticket_id), ("trace", trace.trace_id if trace else None))
        ids = " ".join(f"{name}={_plain(value)}" for name, value in named if value)
        record.ids = f" [{ids}]" if ids else ""
        return True


class AsJson(logging.Formatter):
    """One object a line; members that do not apply are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": getattr(record, "trace_id", None),
            "span_id": getattr(record, "span_id", None),
            "ticket_id": getattr(record, "ticket_id", None),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        told = {name: value for name, value in line.items() if value is not None}
        return json.dumps(told, ensure_ascii=False, default=str)


def set_up_logs(form: LogFormat, level: int | None = None, stream: TextIO | None = None) -> None:
    """All of the process's log goes there, in this form; `level` default: what people, or programs, need."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(AsJson() if form == "json" else logging.Formatter(TEXT))
    handler.addFilter(WithIds())
    logging.basicConfig(handlers=[handler], level=LEVELS[form] if level is None else level, force=True)
    for noisy in ("httpx", "httpcore", "alembic"):  # their requests' addresses are nobody's business
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _plain(value: str) -> str:
    """A caller's id cannot begin a line of its own."""
    return "".join(one if one.isprintable() else "?" for one in value)

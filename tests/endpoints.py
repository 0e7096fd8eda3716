"""A unit's endpoint on the loopback: it answers as it is told and remembers what it was sent."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from api.webhooks.targets import Targets

LOOPBACK = Targets.of(["127.0.0.0/8"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        """What the message is called."""
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def ticket_id(self) -> str:
        """Whose it is."""
        return str(self.message["data"]["ticket_id"])


@dataclass
class UnitEndpoint:
    """`answer` gives the status of each request; `changed` is set with each."""

    answer: Callable[[Received], int] = lambda _: 200
    received: list[Received] = field(default_factory=list)
    reply: dict[str, str] = field(default_factory=dict)
    port: int = 0
    scheme: str = "http"
    changed: threading.Condition = field(default_factory=threading.Condition)

    def url(self, host: str = "127.0.0.1", path: str = "/hook") -> str:
        """Its address."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """As soon as there are so many requests."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, seconds), self.received
            return list(self.received)


@contextmanager
def unit_endpoint(tls: ssl.SSLContext | None = None) -> Iterator[UnitEndpoint]:
    """An endpoint that listens, by https where it has a certificate."""
    unit = UnitEndpoint(scheme="https" if tls else "http")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Received(path=self.path, headers=headers, body=body)
            status = unit.answer(one)
            with unit.changed:
                unit.received.append(one)
                unit.changed.notify_all()
            try:
                self.send_response(status)
                for name, value in unit.reply.items():
                    self.send_header(name, value)
                self.end_headers()
            except OSError:
                pass  # who asked is gone

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    unit.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield unit
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)

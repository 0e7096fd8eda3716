"""Clients that never give up, a reviewer, and a unit's endpoint that writes down what it gets."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

AGAIN_S = 0.05  # between two tries
TRY_S = 10.0
REFUSED_SHARE = 0.05  # of deliveries that the endpoint answers with 503
REVIEWER = "reviewer"


@dataclass(frozen=True, slots=True)
class Received:
    """A message at the unit's endpoint that it took."""

    at: float
    webhook_id: str
    ticket_id: str
    unit_id: str
    kind: str


@dataclass(slots=True)
class Told:
    """What clients were told: answers by ticket, reviewed units by ticket, and when each answer came."""

    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    reviewed: dict[str, str] = field(default_factory=dict)
    answered_at: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class Endpoint:
    """Listens on a port of this machine while entered."""

    def __init__(self, seed: int) -> None:
        self.received: list[Received] = []
        chance = random.Random(seed)
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                sent = self.rfile.read(length)
                if len(sent) < length:
                    self.close_connection = True  # the worker was killed while it sent
                    return
                body = json.loads(sent)
                if chance.random() < REFUSED_SHARE:
                    self.send_response(503)
                else:
                    data = body["data"]
                    message = self.headers["webhook-id"], data["ticket_id"], data["unit"], body["type"]
                    received.append(Received(time.monotonic(), *message))
                    self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing is said."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Endpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Clients:
    """Threads that submit tickets and one that reviews, from `start` to `stop`."""

    def __init__(self, url: str, tickets: Iterator[dict[str, Any]], units: list[str], count: int) -> None:
        self.told = Told()
        self._url, self._units = url, units
        self._tickets, self._taking = tickets, threading.Lock()
        self._over = threading.Event()
        works = [self._submit] * count + [self._review]
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new tickets; what was begun is seen through."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _submit(self) -> None:
        with httpx.Client(base_url=self._url, timeout=TRY_S) as client:
            while not self._over.is_set():
                with self._taking:
                    ticket = next(self._tickets)
                headers = {"Idempotency-Key": ticket["ticket_id"]}
                answer = self._ask(client, "/v1/tickets", ticket, headers)
                if answer.status_code in (200, 201):
                    self.told.accepted[ticket["ticket_id"]] = answer.json()
                else:
                    self.told.faults.append(answer.text)

    def _review(self) -> None:
        chance = random.Random(0)
        with httpx.Client(base_url=self._url, timeout=TRY_S) as client:
            while not self._over.is_set():
                time.sleep(AGAIN_S)
                try:
                    waiting = client.get("/v1/reviews", params={"limit": 3}).json()["reviews"]
                except (httpx.HTTPError, KeyError, ValueError):
                    continue
                for one in waiting:
                    unit = one["unit"] or chance.choice(self._units)
                    body = {"unit": unit, "by": REVIEWER}
                    answer = self._ask(client, f"/v1/tickets/{one['ticket_id']}/review", body, {})
                    if answer.status_code in (
                        200,
                        409,
                    ):  # 409: the try before was cut off after it had counted
                        self.told.reviewed[one["ticket_id"]] = unit
                    else:
                        self.told.faults.append(answer.text)

    def _ask(
        self, client: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> httpx.Response:
        """Ask until there is an answer that is final."""
        while True:
            try:
                answer = client.post(path, json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(AGAIN_S)
                continue
            in_flight = answer.status_code == 409 and "flight" in answer.text
            if answer.status_code in (429, 503) or in_flight:
                time.sleep(AGAIN_S)
                continue
            self.told.answered_at.append(time.monotonic())
            return answer

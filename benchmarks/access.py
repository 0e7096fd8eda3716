"""What the check of a key costs a request, and what looking the keys up again costs a process.

python -m benchmarks.access [--keys 1000] [--requests 4000] [--json FILE]

A SQLite store with that many keys, half of them revoked. Two routes that answer the same, one of them for who may
submit tickets, asked in turn through the whole application; the difference of the medians is what the check costs.
Budget: 200 microseconds. Then `refresh`, which each process does twice a second, where nothing changed and where a key
was revoked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.access import everybody, may
from api.app import create_app
from domain.access import Right, Role
from router.access import Wanted, issue, revoke, sign_in
from router.ports import Store
from store.clock import utc_now
from store.sql import open_store
from tests.serving import furnished, serve

WARM = 200
UNBOUNDED = 10_000_000  # a minute: a benchmark is not slowed down
BUDGET_US = 200.0


async def ask(app: FastAPI, path: str, secret: str) -> float:
    """Microseconds until the application has answered."""
    headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {secret}".encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.7", 1),
        "server": ("localhost", 80),
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    began = time.perf_counter()
    await app(scope, receive, send)  # type: ignore[arg-type]
    took = time.perf_counter() - began
    if statuses != [200]:
        raise RuntimeError(f"{path} was answered {statuses}")
    return took * 1e6


async def compared(app: FastAPI, secrets: dict[str, str], requests: int) -> dict[str, float]:
    """The median of each way to ask, in turn, in microseconds."""
    ways = {"nobody_asked": ("/free", "none"), **{name: ("/kept", one) for name, one in secrets.items()}}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WARM + requests):
        for name, (path, secret) in ways.items():
            one = await ask(app, path, secret)
            if number >= WARM:
                took[name].append(one)
    return {name: statistics.median(found) for name, found in took.items()}


def timed(work: Callable[[], object], times: int) -> float:
    """The median, in microseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1e6)
    return statistics.median(found)


def measure(store: Store, keys: int, requests: int) -> dict[str, float]:
    """All figures, in microseconds."""
    made = [
        issue(store, Wanted(name=f"Key {n}", role=Role.CALL_CENTRE), by="x", at=utc_now())
        for n in range(keys)
    ]
    for one in made[::2]:
        revoke(store, one.key.key_id, by="x", at=utc_now())
    admin = issue(store, Wanted(name="A", role=Role.ADMIN, per_minute=UNBOUNDED), by="x", at=utc_now())
    token = sign_in(store, admin.key, at=utc_now()).token
    service = serve(store, utc_now)  # type: ignore[arg-type]
    app = create_app(service)

    async def answer() -> dict[str, bool]:
        return {"ok": True}

    app.add_api_route("/free", answer, dependencies=[everybody()])
    app.add_api_route("/kept", answer, dependencies=[may(Right.SUBMIT)])
    doors = app.state.doors
    doors.refresh()
    found = asyncio.run(compared(app, {"key": admin.secret, "session": token}, requests))
    found["check_of_a_key"] = found["key"] - found["nobody_asked"]
    found["check_of_a_session"] = found["session"] - found["nobody_asked"]
    found["refresh_unchanged"] = timed(doors.refresh, 50)
    again = []
    for one in made[1:40:2]:
        revoke(store, one.key.key_id, by="x", at=utc_now())
        again.append(timed(doors.refresh, 1))
    found["refresh_changed"] = statistics.median(again)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(f"sqlite:///{folder}/store.db")) as store,
    ):
        found = measure(furnished(store), given.keys, given.requests)
    for name, value in found.items():
        print(f"{name:22} {value:9.1f} µs")
    kept = found["check_of_a_key"] <= BUDGET_US
    print(f"budget {BUDGET_US:.0f} µs: {'kept' if kept else 'not kept'}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

"""Tickets over HTTP, each durable before it is answered, beside the same server storing them without routing.

python -m benchmarks.http --seconds 10 [--store sqlite|postgresql] [--connections 16] [--json FILE]

Loopback only. First a load that is not counted, as long as processes beside the server need to begin. Then the two take
turns on one server; then batches of 500 on two connections.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.http_load import Answers, load
from benchmarks.served_city import await_answer, free_port, prepare, start, store_url
from cli.demo_stream import body
from cli.workspace import Workspace
from simulation.city import City

ROUTED, STORED, BATCH = "/v1/tickets", "/stored", "/v1/tickets/batch"
TURNS = 5
BATCH_TICKETS, BATCH_CONNECTIONS = 500, 2
WARM_S = {ROUTED: 6.0, STORED: 1.0}
MOST_SECONDS = 120.0
TEXTS = 4_000  # tickets of the city that are sent, under new ids


def measure(port: int, city: City, seconds: float, connections: int) -> dict[str, Any]:
    """Load the server that listens there."""
    routed, stored = Answers(), Answers()
    tickets = _bodies(city)
    for path, warm_s in WARM_S.items():
        load(port, path, tickets, connections=connections, seconds=warm_s)
    rates: dict[str, list[float]] = {ROUTED: [], STORED: []}
    for _ in range(TURNS):
        for path, answers in ((ROUTED, routed), (STORED, stored)):
            turn = load(port, path, tickets, connections=connections, seconds=seconds / TURNS)
            rates[path].append(turn.per_second)
            answers.add(turn)
    batches = load(port, BATCH, _batches(tickets), connections=BATCH_CONNECTIONS, seconds=seconds / 2)
    routed_rps, stored_rps = (statistics.median(rates[path]) for path in (ROUTED, STORED))
    cuts = statistics.quantiles(routed.seconds, n=100, method="inclusive")
    return {
        "routed_rps": round(routed_rps, 1),
        "stored_rps": round(stored_rps, 1),
        "ratio": round(routed_rps / stored_rps, 3),
        "p50_ms": round(1000 * cuts[49], 2),
        "p99_ms": round(1000 * cuts[98], 2),
        "batch_tickets_per_s": round(batches.per_second * BATCH_TICKETS, 1),
        "connections": connections,
        "refused": sum(sum(answers.refused.values()) for answers in (routed, stored, batches)),
    }


def _bodies(city: City) -> Iterator[bytes]:
    known = [body(ticket) for ticket, _ in itertools.islice(city.stream(), TEXTS)]
    for number, one in enumerate(itertools.cycle(known)):
        yield json.dumps(one | {"ticket_id": f"load-{number}"}).encode()


def _batches(tickets: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        yield b"[" + b",".join(itertools.islice(tickets, BATCH_TICKETS)) + b"]"


def main() -> None:
    """Prepare a city, serve it, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not 0 < given.seconds <= MOST_SECONDS or not 0 < given.connections <= 256:
        sys.exit(f"--seconds: up to {MOST_SECONDS:.0f}; --connections: up to 256")
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as directory, store_url(given.store, Path(directory)) as url:
        with console.status("a city of 10,000 past tickets, and its model"):
            city = prepare(Workspace(home=Path(directory)), url)
        port = free_port()
        server = start("benchmarks.http_server", ["--home", directory, "--store", url, "--port", str(port)])
        try:
            with console.status("load"):
                await_answer(f"http://127.0.0.1:{port}", server)
                figures = measure(port, city, given.seconds, given.connections)
        finally:
            server.terminate()
            server.wait(30)
    for name, value in figures.items():
        print(f"{name:22} {value}")
    if given.json:
        given.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()

"""A storm: tickets offered at a steady rate to one node, whether it keeps up or not.

python -m benchmarks.storm [--tickets 10000] [--seconds 60] [--store sqlite|postgresql] [--json FILE]

Each is offered once, when its time has come, over loopback; what is told 429 is counted and not sent again. Then the
store is compared: everything accepted has to be dispatched, in review or on hold three minutes later.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.http_load import HEAD
from benchmarks.served_city import await_answer, free_port, prepare, start, store_url
from cli.demo_stream import body
from cli.workspace import Workspace
from domain.tickets import TicketStatus
from simulation.city import City
from store.sql import open_store

CONNECTIONS = 512  # at most at once: beyond them offers come late, and `latest_s` says how late
PATIENCE_S = 180.0
TRY_S = 120.0
MOST_TICKETS = 100_000
DISTINCT = 4_000
ENDED = (TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD)


@dataclass(slots=True)
class Offered:
    """What became of each offer: who was accepted, the statuses, how long answers took, how late offers were."""

    accepted: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    latest: float = 0.0
    ended: float = 0.0


async def offer(port: int, bodies: list[tuple[str, bytes]], seconds: float) -> Offered:
    """Offer the tickets, evenly over so long."""
    told, queue = Offered(), asyncio.Queue[tuple[float, str, bytes] | None]()
    began = time.perf_counter()
    for number, (ticket_id, content) in enumerate(bodies):
        queue.put_nowait((began + seconds * number / len(bodies), ticket_id, content))
    for _ in range(CONNECTIONS):
        queue.put_nowait(None)
    await asyncio.gather(*(_connection(port, queue, told) for _ in range(CONNECTIONS)))
    told.ended = time.perf_counter() - began
    return told


async def _connection(
    port: int, queue: asyncio.Queue[tuple[float, str, bytes] | None], told: Offered
) -> None:
    reader = writer = None
    while (one := queue.get_nowait()) is not None:
        at, ticket_id, content = one
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        told.latest = max(told.latest, time.perf_counter() - at)
        sent = time.perf_counter()
        try:
            async with asyncio.timeout(TRY_S):
                if writer is None or reader is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HEAD.format(path="/v1/tickets", length=len(content)).encode() + content)
                status, stays = await _answer(reader)
        except (OSError, EOFError, TimeoutError) as error:
            told.statuses[type(error).__name__] += 1
            reader = writer = None
            continue
        told.statuses[str(status)] += 1
        told.seconds.append(time.perf_counter() - sent)
        if status in (200, 201):
            told.accepted.append(ticket_id)
        if not stays:
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head[9:12]), b"connection: close" not in head


def settled(url: str, accepted: list[str]) -> tuple[int, int]:
    """How many of them are stored; how many have gone on to a unit or a person."""
    stored = gone = 0
    with closing(open_store(url)) as store, store.read() as session:
        for ticket_id in accepted:
            ticket = session.ticket(ticket_id)
            stored += ticket is not None
            gone += ticket is not None and ticket.status in ENDED and ticket.decision is not None
    return stored, gone


def bodies_of(city: City, tickets: int) -> list[tuple[str, bytes]]:
    """The city's tickets, under new ids."""
    known = [body(ticket) for ticket, _ in itertools.islice(city.stream(), DISTINCT)]
    names = [f"storm-{number}" for number in range(tickets)]
    return [
        (name, json.dumps(one | {"ticket_id": name}).encode())
        for name, one in zip(names, itertools.cycle(known), strict=False)
    ]


def run(kind: str, tickets: int, seconds: float, console: Console) -> dict[str, Any]:
    """Serve a city, offer, look what became of it."""
    with tempfile.TemporaryDirectory() as directory, store_url(kind, Path(directory)) as url:
        home = Path(directory)
        with console.status("a city of 10,000 past tickets, and its model"):
            city = prepare(Workspace(home=home), url)
        shared = {} if kind == "sqlite" else {"GRIDROUTE_STORE": url}
        port = free_port()
        server = start("cli", ["serve", "--home", directory, "--port", str(port)], **shared)
        try:
            await_answer(f"http://127.0.0.1:{port}", server)
            with console.status(f"{tickets:,} tickets in {seconds:.0f} s"):
                began = time.monotonic()
                told = asyncio.run(offer(port, bodies_of(city, tickets), seconds))
                stored, gone = settled(url, told.accepted)
                while gone < len(told.accepted) and time.monotonic() - began < seconds + PATIENCE_S:
                    time.sleep(1.0)
                    stored, gone = settled(url, told.accepted)
                took = time.monotonic() - began
        finally:
            server.terminate()
            with suppress(TimeoutError):
                server.wait(60)
    cuts = statistics.quantiles(told.seconds, n=100, method="inclusive")
    return {
        "store": kind,
        "offered": tickets,
        "offered_in_s": seconds,
        "accepted": len(told.accepted),
        "told_429": told.statuses["429"],
        "other": {name: n for name, n in told.statuses.items() if name not in ("200", "201", "429")},
        "stored": stored,
        "dispatched_or_seen": gone,
        "lost": len(told.accepted) - stored,
        "waiting_for_nobody": stored - gone,
        "all_settled_s": round(took, 1),
        "answered_in_s": round(told.ended, 1),
        "p50_ms": round(1000 * cuts[49], 1),
        "p99_ms": round(1000 * cuts[98], 1),
        "latest_offer_s": round(told.latest, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not 2 <= given.tickets <= MOST_TICKETS or not 0 < given.seconds <= 600:
        sys.exit(f"--tickets: 2 to {MOST_TICKETS}; --seconds: up to 600")
    figures = run(given.store, given.tickets, given.seconds, Console(stderr=True))
    for name, value in figures.items():
        print(f"{name:20} {value}")
    if given.json:
        given.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()

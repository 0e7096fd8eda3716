"""Kill the API and the delivery worker at random moments under load; nothing may be lost, doubled or stuck.

python -m benchmarks.faults --kills N [--store sqlite|postgresql] [--seed 0] [--json FILE]

Clients repeat what was not answered, as real ones do; a reviewer decides what waits; a unit's endpoint writes down
what it gets and now and then refuses. In the end what clients were told is compared with the store and the endpoint.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.faults_clients import Clients, Endpoint, Received, Told
from benchmarks.served_city import await_answer, free_port, prepare, start, store_url
from cli.demo_stream import body
from cli.workspace import Workspace
from domain.dispatches import LabelSource
from domain.tickets import TicketStatus
from router.delivery_ports import DeliveryKind, DeliveryState, Secret
from router.delivery_ports import Endpoint as UnitEndpoint
from router.ports import Store
from simulation.city import City
from store.sql import open_store

ACCOUNTS, DISPATCHES = 600, 2_000
CLIENTS = 3
SHORTEST_S, LONGEST_S = 0.2, 2.0  # of life between two kills
PATIENCE_S, DRAIN_S = 60.0, 60.0
MOST_KILLS = 500
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
API_SHARE = 0.6  # of the kills


class Installation:
    """The API and the worker, each a process of its own that can be killed and started again."""

    def __init__(self, home: Path, store: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        shared = {} if store.startswith("sqlite") else {"GRIDROUTE_STORE": store}
        api = ["serve", "--home", str(home), "--port", str(self.port), "--no-deliver"]
        worker = ["deliver", "--home", str(home), "--deliver-to", "127.0.0.0/8"]
        self._begin = {
            name: partial(start, "cli", arguments, **shared)
            for name, arguments in (("api", api), ("worker", worker))
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Installation:
        for name, begin in self._begin.items():
            self._processes[name] = begin()
        await_answer(self.url, self._processes["api"])
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(60)

    def kill(self, name: str) -> None:
        """As the machine's power would, and start it again."""
        process = self._processes[name]
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended by itself with {process.returncode}")
        process.kill()
        process.wait()
        self._processes[name] = self._begin[name]()


def run(
    kills: int,
    store_kind: str,
    seed: int,
    console: Console,
    *,
    size: tuple[int, int] = (ACCOUNTS, DISPATCHES),
    longest: float = LONGEST_S,
) -> dict[str, Any]:
    """Kill so often and compare. `size`: accounts and dispatches of the city; `longest`: seconds between two kills."""
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as directory,
        store_url(store_kind, Path(directory)) as url,
        Endpoint(seed) as endpoint,
    ):
        workspace = Workspace(home=Path(directory))
        with console.status("a small city, and its model"):
            city = prepare(workspace, url, *size)
        with closing(open_store(url)) as store:
            _open_endpoints(store, city, endpoint.url)
            before = store_sequence(store)
        with Installation(Path(directory), url) as installation:
            clients = Clients(installation.url, _bodies(city), [u.unit_id for u in city.units], CLIENTS)
            clients.start()
            took = [
                _kill(installation, chance, clients.told, endpoint.received, longest)
                for _ in track(range(kills), "kills", console=console, transient=True)
            ]
            clients.stop()
            with closing(open_store(url)) as store:
                _await(lambda: _is_drained(store), DRAIN_S)
        with closing(open_store(url)) as store:
            found = compare(store, before, clients.told, endpoint.received)
    return {
        "kills": kills,
        "store": store_kind,
        **found,
        "recovery_p50_s": round(statistics.median(took), 2),
        "recovery_p99_s": _p99(took),
    }


def _kill(
    installation: Installation, chance: random.Random, told: Told, received: list[Received], longest: float
) -> float:
    """Kill one of the two; how long until the next answer, or the next delivery."""
    name = "api" if chance.random() < API_SHARE else "worker"
    time.sleep(chance.uniform(SHORTEST_S, longest))
    at = time.monotonic()
    installation.kill(name)
    seen: Callable[[], bool] = (
        (lambda: bool(told.answered_at) and told.answered_at[-1] > at)
        if name == "api"
        else (lambda: bool(received) and received[-1].at > at)
    )
    _await(seen, PATIENCE_S)
    return time.monotonic() - at


def compare(store: Store, before: int, told: Told, received: list[Received]) -> dict[str, Any]:
    """What was promised, against what is stored and what the endpoint got."""
    lost, stuck, doubled, reasons = set[str](), set[str](), 0, Counter[str]()
    arrived = Counter((one.ticket_id, one.unit_id) for one in _distinct(received))
    with store.read() as session:
        labels = Counter(
            entry.ticket.ticket_id
            for entry in session.dispatches(after=before)
            if entry.source is not LabelSource.IMPORT
        )
        rows = Counter(
            (one.ticket_id, one.unit_id)
            for one in session.deliveries(limit=10_000_000)
            if one.kind is DeliveryKind.DISPATCH and one.state is not DeliveryState.CANCELLED
        )
        for ticket_id, answer in told.accepted.items():
            stored = session.ticket(ticket_id)
            if stored is None or stored.decision is None or stored.decision.verdict != answer["verdict"]:
                lost.add(ticket_id)
                reasons["accepted, not stored"] += 1
            elif stored.status is TicketStatus.RECEIVED:
                stuck.add(ticket_id)
            elif (
                stored.status is TicketStatus.DISPATCHED and (ticket_id, stored.unit_id or "") not in arrived
            ):
                stuck.add(ticket_id)
                reasons["dispatched, not delivered"] += 1
        for ticket_id, unit_id in told.reviewed.items():
            stored = session.ticket(ticket_id)
            if (
                stored is None
                or stored.review is None
                or stored.review.unit_id != unit_id
                or not labels[ticket_id]
            ):
                lost.add(ticket_id)
                reasons["reviewed, not counted"] += 1
    for kind, counts in (("labels", labels), ("deliveries", rows), ("messages", arrived)):
        twice = sum(count - 1 for count in counts.values() if count > 1)
        doubled += twice
        reasons[f"doubled {kind}"] += twice
    return {
        "accepted": len(told.accepted),
        "reviewed": len(told.reviewed),
        "delivered": len(arrived),
        "lost": len(lost),
        "effects_doubled": doubled,
        "stuck": len(stuck),
        "refused": len(told.faults),
        "reasons": {name: count for name, count in reasons.items() if count},
    }


def store_sequence(store: Store) -> int:
    """How long the dispatch log is."""
    with store.read() as session:
        return session.last_sequence()


def _distinct(received: list[Received]) -> Iterator[Received]:
    """A receiver ignores a webhook-id that it has."""
    seen = set[str]()
    for one in received:
        if one.webhook_id not in seen and one.kind == "ticket.dispatched":
            seen.add(one.webhook_id)
            yield one


def _open_endpoints(store: Store, city: City, url: str) -> None:
    def work(session: Any) -> None:
        for unit in city.units:
            session.put_endpoint(UnitEndpoint(unit_id=unit.unit_id, url=url, secrets=(Secret(value=SECRET),)))

    store.write(work)


def _bodies(city: City) -> Iterator[dict[str, Any]]:
    known = [body(ticket) for ticket, _ in itertools.islice(city.stream(), 3_000)]
    for number, one in enumerate(itertools.cycle(known)):
        yield one | {"ticket_id": f"fault-{number}"}


def _is_drained(store: Store) -> bool:
    with store.read() as session:
        return session.outbox().pending == 0


def _await(happened: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not happened() and time.monotonic() < until:
        time.sleep(0.02)


def _p99(took: list[float]) -> float | None:
    if len(took) < 2:
        return round(took[0], 2) if took else None
    return round(statistics.quantiles(took, n=100, method="inclusive")[98], 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not 0 < given.kills <= MOST_KILLS:
        sys.exit(f"--kills: up to {MOST_KILLS}")
    figures = run(given.kills, given.store, given.seed, Console(stderr=True))
    for name, value in figures.items():
        print(f"{name:18} {value}")
    if given.json:
        given.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()

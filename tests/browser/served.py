"""A small trained city, its service and its console, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx

from benchmarks.served_city import await_answer, free_port
from cli.demo_city import FIRST_DAY, import_city, register_model
from cli.workspace import Workspace
from domain.access import Role
from models.bundle import load_bundle, write_bundle
from models.ranker import RankerSettings
from models.softmax import SoftmaxSettings
from router.access import Wanted, issue
from router.ports import BundleRecord
from simulation.city import build_city
from store.clock import utc_now
from store.sql import open_store
from tests.evaluations import evaluation
from training.fitting import Settings
from training.measuring import measured_of
from training.training import train

SEED, ACCOUNTS, DISPATCHES, COMING = 3, 200, 600, 160
UNSURE, LEAST_SECOND = 0.6, 0.1  # of the first, and of the second
DISPATCHED = 2  # with their units from the start: nobody need wait for the ten seconds of undoing again
UNCERTIFIED = 0.001  # no automatic dispatch but by rules: every other ticket goes to a reviewer
PEOPLE = {
    "caller": Role.CALL_CENTRE,
    "reviewer": Role.REVIEWER,
    "colleague": Role.REVIEWER,
    "engineer": Role.ENGINEER,
    "admin": Role.ADMIN,
}


def make_city(home: Path) -> None:
    """Fill the home: the city, a model that serves, the coming tickets as bodies."""
    city = build_city(SEED, ACCOUNTS, DISPATCHES, start=FIRST_DAY)
    workspace = Workspace(home=home).create()
    settings = Settings(
        alpha=UNCERTIFIED,
        seed=SEED,
        ranker_tickets=400,
        text=SoftmaxSettings(epochs=1, batch=256, rate=0.4, minimum_count=3, seed=SEED),
        ranker=RankerSettings(trees=20, rate=0.2, seed=SEED),
    )
    with closing(open_store(workspace.store_url)) as store:
        import_city(city, workspace, store, lambda _: None)
        result = train(
            store, workspace.bundles, settings, now=utc_now(), derived=workspace.derived(lambda *_: None)
        )
        register_model(result, store)
    coming = [_body(ticket) for ticket, _ in islice(city.stream(), COMING)]
    (home / "coming.json").write_text(json.dumps(coming))


def let_people_in(home: Path) -> dict[str, str]:
    """A key for each of the people; their secrets by name."""
    with closing(open_store(Workspace(home=home).store_url)) as store:
        return {
            name: issue(store, Wanted(name=name, role=role), by="test", at=utc_now()).secret
            for name, role in PEOPLE.items()
        }


@dataclass(kw_only=True)
class Served:
    """The running processes. A key of a unit is made when it is asked for."""

    home: Path
    secrets: dict[str, str]
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    with_crews: list[tuple[str, str]] = field(default_factory=list)  # ticket and unit

    @property
    def api(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def console(self) -> str:
        """Where the console answers."""
        return f"http://127.0.0.1:{self.ports[1]}"

    def start(self, *names: str) -> None:
        """Start the service and the console, or the named one of them."""
        for name in names or ("serve", "console"):
            port = self.ports[0] if name == "serve" else self.ports[1]
            more = ["--no-deliver", "--deliver-to", "127.0.0.0/8"] if name == "serve" else ["--api", self.api]
            self.processes[name] = _run(name, self.home, port, *more)
        for name in names or ("serve", "console"):
            if name == "serve":
                await_answer(self.api, self.processes[name])
            else:
                _await_page(f"{self.console}/sign-in", self.processes[name])

    def stop(self, *names: str) -> None:
        """End them; what they accepted they finish."""
        for name in names or tuple(self.processes):
            process = self.processes.pop(name)
            process.terminate()
            process.wait(timeout=30)

    def secret_of_unit(self, unit: str) -> str:
        """A key of that unit's."""
        if unit not in self.secrets:
            body = {"name": f"crew of {unit}", "role": Role.UNIT.value, "units": [unit]}
            self.secrets[unit] = self.ask("admin", "POST", "/v1/keys", body)["secret"]
        return self.secrets[unit]

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """What the service answers one of the people."""
        with httpx.Client(base_url=self.api, timeout=30, trust_env=False) as client:
            headers = {"Authorization": f"Bearer {self.secrets[name]}"}
            answer = client.request(method, path, json=body, headers=headers).raise_for_status()
            return answer.json() if answer.content else None

    def coming(self) -> list[dict[str, Any]]:
        """Bodies of tickets that nobody has submitted yet; each is given once."""
        file = self.home / "coming.json"
        found: list[dict[str, Any]] = json.loads(file.read_text())
        return found

    def submit(self, count: int, **changes: object) -> list[dict[str, Any]]:
        """Take in that many of the city's next tickets; the service's answers for those that wait for a person."""
        made: list[dict[str, Any]] = []
        rest = self.coming()
        while len(made) < count:
            body = rest.pop(0)
            ticket = self.ask("caller", "POST", "/v1/tickets", body | changes)
            if ticket["status"] == "in_review":
                made.append(ticket)
        (self.home / "coming.json").write_text(json.dumps(rest))
        return made

    def dispatch(self, count: int) -> None:
        """Decide that many tickets now: ten seconds later they are with their units."""
        for ticket in self.submit(count):
            ticket_id, unit = ticket["ticket_id"], ticket["candidates"][0]["unit"]
            self.ask("reviewer", "POST", f"/v1/tickets/{ticket_id}/review", {"unit": unit})
            self.with_crews.append((ticket_id, unit))

    def each_alike(self, count: int) -> Iterator[list[dict[str, Any]]]:
        """That many tickets of one trouble, then of the next: those of which the model is so unsure that a correction
        may turn the others.
        """
        for body in self.coming():
            found = self.ask("caller", "POST", "/v1/preview", {**body, "ticket_id": None})
            likely = [one["probability"] or 0.0 for one in found["candidates"]]
            if found["verdict"] == "review" and likely[0] < UNSURE and likely[1] > LEAST_SECOND:
                number = token_hex(3)
                yield [
                    self.ask("caller", "POST", "/v1/tickets", {**body, "ticket_id": f"{number}-{one}"})
                    for one in range(count)
                ]

    def stored(self, ticket_id: str) -> Any:
        """The ticket as it stands in the store."""
        with closing(open_store(Workspace(home=self.home).store_url)) as store, store.read() as session:
            return session.ticket(ticket_id)

    def events(self, ticket_id: str) -> list[Any]:
        """What happened to it, as the log has it."""
        with closing(open_store(Workspace(home=self.home).store_url)) as store, store.read() as session:
            return list(session.events(ticket_id))

    def log(self) -> list[Any]:
        """The whole event log."""
        with closing(open_store(Workspace(home=self.home).store_url)) as store, store.read() as session:
            return list(session.event_log())


@contextmanager
def serving(city: Path, home: Path) -> Iterator[Served]:
    """A service and a console on a copy of the city."""
    shutil.copytree(city, home, dirs_exist_ok=True)
    served = Served(home=home, secrets=let_people_in(home))
    served.start()
    try:
        served.dispatch(DISPATCHED)
        yield served
    finally:
        served.stop()


def _body(ticket: Any) -> dict[str, Any]:
    told: Mapping[str, Any] = {
        name: getattr(ticket, name)
        for name in ("ticket_id", "text", "category", "account", "phone", "address")
    }
    at = {"latitude": ticket.point.latitude, "longitude": ticket.point.longitude} if ticket.point else {}
    return {name: value for name, value in told.items() if value} | at


def _run(name: str, home: Path, port: int, *more: str) -> subprocess.Popen[bytes]:
    log = (home / f"{name}.log").open("ab")
    command = [sys.executable, "-m", "cli", name, "--home", str(home), "--port", str(port), *more]
    return subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"OMP_WAIT_POLICY": "passive"})


def _await_page(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the console ended with {process.returncode}")
        try:
            httpx.get(url, timeout=2.0, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the console does not answer")


def add_version(served: Served) -> BundleRecord:
    """Another bundle beside the one that serves, with curves of its own."""
    with closing(open_store(Workspace(home=served.home).store_url)) as store:
        with store.read() as session:
            first = session.bundles()[0]
        fitted = load_bundle(Path(first.path))
        changed = replace(fitted, history_sequence=fitted.history_sequence - 1)
        path = write_bundle(changed, Path(first.path).parent, measured_of(evaluation(900)))
        record = replace(first, digest=path.name, path=str(path), registered_at=utc_now())
        return store.write(lambda session: session.add_bundle(record))

"""A simulated city that serves, for load: its store filled, a model promoted, a server process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from cli.demo_city import Plan, import_city, register_model
from cli.workspace import Workspace
from simulation.city import City
from store.clock import utc_now
from store.sql import open_store
from training.training import train

SEED, ACCOUNTS, DISPATCHES = 3, 5_000, 10_000  # of the city, where no other size is asked
SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
START_S = 120.0


def prepare(workspace: Workspace, url: str, accounts: int = ACCOUNTS, dispatches: int = DISPATCHES) -> City:
    """Fill the store with a city and let a model of it serve."""
    plan = Plan.of(SEED, accounts, dispatches)
    city = plan.build()
    with closing(open_store(url)) as store:
        import_city(city, workspace.create(), store, lambda _: None)
        result = train(
            store,
            workspace.bundles,
            plan.settings(),
            now=utc_now(),
            derived=workspace.derived(lambda *_: None),
        )
        register_model(result, store)
    return city


@contextmanager
def store_url(kind: str, home: Path) -> Iterator[str]:
    """Where the store is: a file under `home`, or a schema of the test server's that is dropped afterwards."""
    if kind == "sqlite":
        yield Workspace(home=home).store_url
        return
    url = make_url(os.environ.get("GRIDROUTE_TEST_POSTGRES", SERVER))
    admin, name = create_engine(url, isolation_level="AUTOCOMMIT"), f"bench_{uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        own = url.update_query_dict({"options": f"-csearch_path={name}"})
        yield own.render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        admin.dispose()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(module: str, arguments: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
    """A process of its own that runs the module, silently but for its errors."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )


def await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers. Raises RuntimeError where it ends before, or takes too long."""
    began = time.monotonic()
    while time.monotonic() - began < START_S:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            httpx.get(f"{url}/healthz", timeout=2.0).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")

"""MLflow's aliases follow what is promoted through the service, in a process of its own: MLflow takes seconds and much
memory, and may be away, and serving neither waits for it nor imports it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Self

log = logging.getLogger("gridroute.mlflow")

PATIENCE_S, FAREWELL_S = 120.0, 10.0
MEND = "gridroute models verify --mend sets them"


@dataclass(eq=False, slots=True, kw_only=True)
class Mirroring:
    """Sets the aliases to what the store at `store_url` names, on each `wake` while the context is open."""

    store_url: str
    tracking_uri: str
    _awake: Event = field(default_factory=Event)
    _stopping: bool = False
    _thread: Thread | None = None
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._run, name="gridroute-mlflow", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is under way has some seconds to end."""
        assert self._thread is not None
        self._stopping = True
        self._awake.set()
        self._thread.join(FAREWELL_S)
        if self._process is not None:
            self._process.kill()

    def wake(self) -> None:
        """The pointers moved; returns at once, from any thread."""
        self._awake.set()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            self._awake.clear()  # a promotion from here on is looked at in the next round
            if self._stopping:
                return
            try:
                self._mirror()
            except (OSError, subprocess.TimeoutExpired) as error:
                log.warning("MLflow's aliases were not set (%s); %s", type(error).__name__, MEND)

    def _mirror(self) -> None:
        told = json.dumps([self.store_url, self.tracking_uri])  # arguments may be read by anybody here
        with subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", __name__],  # whatever stands in the directory where this was started
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as self._process:
            try:
                _, said = self._process.communicate(told, PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
        code, self._process = self._process.returncode, None
        if code and not self._stopping:
            log.warning(
                "MLflow's aliases were not set (%s); %s", (said.splitlines() or [str(code)])[-1], MEND
            )


def main() -> None:
    """Set the aliases of the store and MLflow that standard input names; exit code 1, and why, where it cannot be."""
    from domain.errors import GridrouteError
    from store.sql import open_store
    from training import promotion
    from training.tracking import ModelRegistry

    store_url, tracking_uri = json.load(sys.stdin)
    try:
        with closing(open_store(store_url)) as store:
            if promotion.is_tracked(store):
                promotion.mirror(store, ModelRegistry(tracking_uri=tracking_uri))
    except GridrouteError as error:
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main()

"""`python -m cli.keeping`: a process that folds the log as a start does, for what it keeps; and who begins one.

A process that serves cannot write its history down: that would have to stand still meanwhile.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

import typer

from cli.helping import LEAST_URGENT
from cli.signing import take_bundle_key
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from router.live import LiveWorld

LOOK_EVERY_SECONDS = 60.0

log = logging.getLogger(__name__)


class Keeper:
    """Has the history kept each time that it has grown so much that a start would feel it; ends what it began."""

    def __init__(self, command: Sequence[str], live: LiveWorld) -> None:
        self._command = list(command)
        self._live = live
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = Lock()

    def look(self) -> None:
        """Begin such a process where it is worth it and wait for it; one that fails is followed when there is more."""
        from router.folding import worth_keeping

        standing = self._live.standing
        known = len(standing.world.history)
        if not worth_keeping(known - standing.kept, standing.kept):
            return
        with self._lock:
            if self._closed:
                return
            standing.kept = known  # as far as anybody will try, until there is as much again
            try:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
            except OSError as error:
                log.warning("what was learnt could not be kept for the next start: %s", error)
                return
        code = self._process.wait()
        if code and not self._closed:
            log.warning("what was learnt could not be kept for the next start (exit code %s)", code)

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.terminate()
                self._process.wait()


def command(workspace: Workspace) -> list[str]:
    """What starts such a process."""
    return [sys.executable, "-P", "-m", "cli.keeping", "--home", str(workspace.home)]


def keep_history(home: HomeOption = DEFAULT_HOME) -> None:
    """Build the world as a start does, which keeps what is worth it, and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that serves, which ends this one
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, LEAST_URGENT)
    take_bundle_key()
    from domain.decisions import Policy
    from models.bundle import load_bundle
    from router.live import build_standing
    from router.uncollected import uncollected
    from store.sql import open_store

    workspace = Workspace.of(home)
    with uncollected(), closing(open_store(workspace.store_url)) as store, store.read() as session:
        build_standing(session, load_bundle, Policy(), workspace.derived())


if __name__ == "__main__":
    typer.run(keep_history)

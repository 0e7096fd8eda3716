"""`python -m cli.helping`: a process that decides beside one that serves. Nobody starts it but that one."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from threading import get_native_id
from typing import TYPE_CHECKING, Annotated

import typer

from cli.signing import take_bundle_key
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from router.service import RoutingService

LEAST_URGENT = 19  # of Unix's levels


def help_out(
    channel: Annotated[list[int], typer.Option(help="File descriptor of a socket to be asked on.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Decide tickets for the process that holds the other ends of the channels."""
    take_bundle_key()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process: this one ends with it
    channels = [socket.socket(fileno=number) for number in channel]
    with ExitStack() as open_things, ThreadPoolExecutor(1, initializer=_step_back) as builders:
        # on a thread that the others go before: tickets wait when this one is started
        service = builders.submit(_service, channels, Workspace.of(home), open_things).result()
        from api.beside import helper

        helper.help_out(service, channels)


def _step_back() -> None:
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), LEAST_URGENT)  # Linux: of this thread alone


def _service(channels: list[socket.socket], workspace: Workspace, open_things: ExitStack) -> RoutingService:
    from router.uncollected import settle, uncollected

    with uncollected():
        from api.beside.helper import end_with, warm_up
        from features.safety import safety_signals
        from models.bundle import load_bundle
        from router.service import RoutingService
        from store.clock import utc_now
        from store.sql import open_store

        end_with(channels[0])
        safety_signals("")  # its words are compiled once, which no ticket is to wait for
        store = open_things.enter_context(closing(open_store(workspace.store_url)))
        service = RoutingService(store, utc_now, load_bundle, derived=workspace.derived(), built=settle)
        warm_up(service)
        return service


def command(workspace: Workspace) -> list[str]:
    """What starts such a process, but for its channels."""
    return [sys.executable, "-P", "-m", "cli.helping", "--home", str(workspace.home)]


if __name__ == "__main__":
    typer.run(help_out)

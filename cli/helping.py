"""`gridroute help-out`: a process that routes beside one that serves. Nobody starts it but that one."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from contextlib import closing
from typing import Annotated

import typer

from cli.workspace import DEFAULT_HOME, HomeOption, Workspace


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(hidden=True)(help_out)


def help_out(
    channel: Annotated[list[int], typer.Option(help="File descriptor of a socket to be asked on.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Decide tickets for the process that holds the other ends of the channels."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process: this one ends with it
    channels = [socket.socket(fileno=number) for number in channel]
    from router.uncollected import uncollected

    with uncollected():
        from api.beside.helper import end_with, help_out
        from features.safety import safety_signals
        from models.bundle import load_bundle
        from router.service import RoutingService
        from store.clock import utc_now
        from store.sql import open_store

        end_with(channels[0])
        workspace = Workspace.of(home)
        safety_signals("")  # its words are compiled once, which no ticket is to wait for
    with closing(open_store(workspace.store_url)) as store:
        service = RoutingService(store, utc_now, load_bundle, derived=workspace.derived(), built=gc.freeze)
        help_out(service, channels)


def command(workspace: Workspace) -> list[str]:
    """What starts such a process, but for its channels."""
    return [sys.executable, "-P", "-m", "cli", "help-out", "--home", str(workspace.home)]

"""`gridroute console`: the web pages, a process of their own before a running service."""

from __future__ import annotations

import os
import signal
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

import typer

from cli.serving import listen
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    import socket
    from pathlib import Path

SECRET_BYTES = 32
GRACE_SECONDS = 5


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(console)


def console(
    api: Annotated[
        str, typer.Option("--api", envvar="GRIDROUTE_API", help="Where the service answers.")
    ] = "http://127.0.0.1:8321",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8322,
    tiles: Annotated[
        str,
        typer.Option(
            envvar="GRIDROUTE_TILES",
            help="URL template of your own map tiles, such as https://tiles.example/{z}/{x}/{y}.png. Left out: none.",
        ),
    ] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Serve the pages for call-takers, reviewers, units, engineers and administrators."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    with listen(host, port) as listener:
        run(listener, api, Workspace.of(home), tiles)


def run(listener: socket.socket, api: str, workspace: Workspace, tiles: str = "") -> None:
    """Serve the pages on the socket until the process is told to stop."""
    own = workspace.create().home / "console"
    own.mkdir(mode=0o700, exist_ok=True)
    os.environ["NICEGUI_STORAGE_PATH"] = str(own / "readers")  # read where the toolkit is imported
    import uvicorn

    from console.app import build

    app = build(api, secret=secret_in(own), sessions=own / "sessions.json", tiles=tiles)
    _tell(listener, api)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS, ws_max_size=2**21
    )
    uvicorn.Server(config).run(sockets=[listener])


def secret_in(directory: Path) -> str:
    """What signs the browsers' cookies: made once, so that a restart signs nobody out."""
    from secrets import token_urlsafe

    file = directory / "cookie-secret"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as opened:
        secret = token_urlsafe(SECRET_BYTES)
        opened.write(secret)
    return secret


def _tell(listener: socket.socket, api: str) -> None:
    from rich.console import Console

    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    out = Console(soft_wrap=True)
    out.print(f"[bold]gridroute console[/] at [bold]{url}[/], before the service at {api}  (Ctrl-C stops it)")
    if not ip_address(host).is_loopback:
        out.print("[yellow]Others can reach this:[/] put a proxy with TLS before it.")

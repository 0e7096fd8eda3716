"""`gridroute serve`: the HTTP service on one store."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import ExitStack, closing, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli import keeping
from cli.delivering import DeliverToOption, targets_of, worker_on
from cli.helping import command
from cli.keeping import Keeper
from cli.letting_in import AllowOriginOption, first_key, is_local, origins_of
from cli.logs import LogFormat, LogFormatOption, LogLevelOption, begin_log
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from router.service import RoutingService

HostOption = Annotated[
    str, typer.Option(help="Address to listen on. Where others can reach it, everybody needs a key.")
]
PortOption = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
MlflowUrlOption = Annotated[
    str,
    typer.Option(
        envvar="GRIDROUTE_MLFLOW_URL", help="Where people look at MLflow's own pages; links lead there."
    ),
]
GRACE_SECONDS = 30


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(serve)


def serve(
    home: HomeOption = DEFAULT_HOME,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8321,
    delivering: Annotated[
        bool,
        typer.Option("--deliver/--no-deliver", help="Deliver from here, or leave it to gridroute deliver."),
    ] = True,
    deliver_to: DeliverToOption = "",
    due: Annotated[
        float, typer.Option(help="Minutes until a person has to have seen a ticket.", min=0.1)
    ] = 30,
    due_urgent: Annotated[float, typer.Option(help="The same for urgent ones.", min=0.1)] = 3,
    allow_origin: AllowOriginOption = None,
    processes: Annotated[
        int,
        typer.Option(
            help="How many of these share the store: each grants a key its part of a minute.", min=1
        ),
    ] = 1,
    beside: Annotated[
        int | None,
        typer.Option(
            help="How many more processes here may decide tickets, each with the world in its own memory; they are "
            "started when many tickets wait.",
            min=0,
            show_default="one less than processors",
        ),
    ] = None,
    mlflow_url: MlflowUrlOption = "",
    log_format: LogFormatOption = LogFormat.TEXT,
    log_level: LogLevelOption = None,
) -> None:
    """Serve the HTTP API: accept tickets, route them, deliver them, learn from reviews."""
    begin_log(log_format, log_level)
    for stop in (signal.SIGINT, signal.SIGTERM):
        # uvicorn finishes its requests, then raises the signal again; the store is then still to be closed
        signal.signal(stop, lambda *_: sys.exit(0))
    listener = listen(host, port)  # first: a taken port is told before anything is loaded
    workspace = Workspace.of(home).create()
    with listener:
        run(
            workspace,
            listener,
            clocks=(due, due_urgent),
            delivering=delivering,
            deliver_to=deliver_to,
            mlflow_url=mlflow_url,
            allow_origins=origins_of(allow_origin or ()),
            processes=processes,
            beside=beside,
        )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises InvalidInput where the address cannot be had."""
    from domain.errors import InvalidInput

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InvalidInput(
            field="--host, --port",
            problem=f"cannot listen on {host}:{port} ({error.strerror})",
            mend="Choose another --port, or stop the process that has this one",
        ) from error


def run(
    workspace: Workspace,
    listener: socket.socket,
    *,
    clocks: tuple[float, float] = (30, 3),
    delivering: bool = True,
    deliver_to: str = "",
    mlflow_url: str = "",
    allow_origins: frozenset[str] = frozenset(),
    processes: int = 1,
    beside: int | None = None,
) -> None:
    """Serve the workspace's store on the socket until the process is told to stop; finishes what it accepted."""
    from router.uncollected import uncollected

    with ExitStack() as starting:
        starting.enter_context(uncollected())
        from api.open311.settings import Open311Settings
        from api.settings import Settings
        from training.mirroring import Mirroring

        mirroring = Mirroring(store_url=workspace.store_url, tracking_uri=workspace.mlflow_uri)
        targets = targets_of(deliver_to)
        settings = Settings(
            open311=Open311Settings.of(os.environ, workspace.home),
            targets=targets,
            mlflow_url=web_address("--mlflow-url", mlflow_url),
            promoted=lambda: mirroring.wake() if workspace.has_mlflow else None,
            may_be_open=is_local(listener),
            allow_origins=allow_origins,
            processes=processes,
        )
        with workspace.serving():
            import uvicorn

            from api.app import KeepFresh, create_app
            from api.beside.helpers import Helpers
            from api.server import Server
            from domain.decisions import Policy
            from models.bundle import load_bundle
            from router.forked import processors
            from router.service import RoutingService
            from router.uncollected import settle
            from store.clock import utc_now
            from store.sql import open_store

            store = open_store(workspace.store_url)
            try:
                due, due_urgent = (timedelta(minutes=one) for one in clocks)
                policy = Policy(due=due, due_urgent=due_urgent)
                service = RoutingService(
                    store,
                    utc_now,
                    load_bundle,
                    policy,
                    workspace.derived(),
                    built=settle,
                )
                config = uvicorn.Config(
                    create_app(service, settings),
                    log_config=None,
                    access_log=False,
                    timeout_graceful_shutdown=GRACE_SECONDS,
                )
                _tell(service, workspace, listener)
                first_key(store, listener)
                starting.close()
                helpers = Helpers(command(workspace), processors() - 1 if beside is None else beside)
                service.decider.beside = helpers
                delivery = worker_on(store, targets) if delivering else nullcontext()
                keeper = Keeper(keeping.command(workspace), service.live)
                looking = KeepFresh(keeper.look, keeping.LOOK_EVERY_SECONDS)
                with closing(helpers), mirroring, delivery, looking, keeper:
                    Server(config).run(sockets=[listener])
            finally:
                store.close()


def web_address(name: str, given: str) -> str | None:
    """The address without slashes at its end; None where none is given. Raises InvalidInput for what is no address."""
    from urllib.parse import urlsplit

    from domain.errors import InvalidInput

    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(
            field=name, problem=f"not a web address: {given}", mend="http://mlflow.example:5000"
        )
    return given.rstrip("/")


def _tell(service: RoutingService, workspace: Workspace, listener: socket.socket) -> None:
    from rich.console import Console
    from rich.table import Table

    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("store", workspace.store_name),
        ("what can be asked", f"{url}/"),
        ("is all there?", f"{url}/readyz"),
    ):
        grid.add_row(name, str(value))
    console = Console(soft_wrap=True)
    console.print(f"[bold]gridroute[/] serves at [bold]{url}[/]  (Ctrl-C stops it)")
    console.print(grid)
    for shortcoming in service.readiness().problems:
        console.print(
            f"[yellow]Not ready:[/] {shortcoming.problem}. Mend: {shortcoming.mend}", highlight=False
        )

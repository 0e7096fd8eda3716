"""`gridroute deliver`: hand dispatches to the units' endpoints."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cli.logs import LogFormat, LogFormatOption, LogLevelOption, begin_log
from cli.model_tables import say
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from api.webhooks.targets import Targets
    from api.webhooks.worker import DeliveryWorker
    from router.ports import Store

DeliverToOption = Annotated[
    str,
    typer.Option(
        "--deliver-to",
        envvar="GRIDROUTE_DELIVER_TO",
        help="Private networks that endpoints may lie in, as 10.0.0.0/8,192.168.7.0/24; there http will do.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(deliver)


def deliver(
    home: HomeOption = DEFAULT_HOME,
    deliver_to: DeliverToOption = "",
    log_format: LogFormatOption = LogFormat.TEXT,
    log_level: LogLevelOption = None,
) -> None:
    """Deliver what waits, until told to stop. Any number of these may run, beside `serve` too."""
    from store.sql import open_store

    begin_log(log_format, log_level)

    targets, stop = targets_of(deliver_to), threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stop.set())
    opened = open_store(Workspace.of(home).create().store_url)
    try:
        with worker_on(opened, targets):
            say("Delivering (Ctrl-C stops it)")
            stop.wait()
    finally:
        opened.close()


def targets_of(networks: str) -> Targets:
    """Where endpoints may lie. Raises InvalidInput."""
    from api.webhooks.targets import Targets

    return Targets.of(networks.split(","))


def worker_on(store: Store, targets: Targets) -> DeliveryWorker:
    """A worker, to be entered."""
    from api.webhooks.worker import DeliverySettings, DeliveryWorker
    from store.clock import utc_now

    return DeliveryWorker(store, utc_now, DeliverySettings(targets=targets))

"""The `gridroute` command: puts the commands together. Their modules import heavy things only when they run."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP, or idle threads spin

import sys

import typer
from rich.console import Console
from rich.markup import escape

from cli import (
    auditing,
    automation,
    backtesting,
    console,
    delivering,
    demo,
    doctor,
    explaining,
    history,
    importing,
    keys,
    locating,
    models,
    routing,
    serving,
    training,
    units,
)
from cli.signing import take_bundle_key
from domain.errors import GridrouteError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def gridroute() -> None:
    """Routes repair and complaint tickets to the unit that owns them, with a certified error budget."""
    take_bundle_key()


for module in (
    importing,
    units,
    history,
    training,
    backtesting,
    models,
    automation,
    auditing,
    keys,
    serving,
    console,
    delivering,
    doctor,
    routing,
    explaining,
    locating,
    demo,
):
    module.register(app)


def run() -> None:
    """Entry point: our own errors become one clear line and exit code 1."""
    try:
        app()
    except GridrouteError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]Error:[/] {escape(str(error))}", highlight=False)
        sys.exit(1)

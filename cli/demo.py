"""`gridroute demo`: a simulated city from files to routed tickets, in one command."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.workspace import DEFAULT_HOME, Workspace

if TYPE_CHECKING:
    from rich.console import Console

    from cli.demo_city import Plan
    from cli.demo_pages import Pages
    from cli.demo_stream import Figures
    from cli.demo_tracking import Tracked
    from router.ports import Store
    from simulation.city import City

TICKETS_WITHOUT_TERMINAL = 200
PACE, PACE_WITHOUT_TERMINAL = 1.0, 0.05
LEFT_FOR_PEOPLE = 12  # what the simulated reviewer has not decided yet, for whoever looks at the pages


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("demo")(demo)


def demo(
    home: Annotated[
        Path, typer.Option(file_okay=False, help="The demo's own directory; an earlier demo's is used again.")
    ] = DEFAULT_HOME / "demo",
    tickets: Annotated[
        int | None, typer.Option(min=1, help="End after so many. Default: never on a terminal, else 200.")
    ] = None,
    pace: Annotated[
        float | None, typer.Option(min=0.0, help="Seconds between tickets. Default: 1 on a terminal.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it serves; a free one if taken.")] = 8321,
    seed: Annotated[int, typer.Option(help="Another seed is another city.")] = 0,
    accounts: Annotated[int, typer.Option(min=500, help="Customers of the city.")] = 20_000,
    dispatches: Annotated[int, typer.Option(min=100, help="Its past tickets.")] = 30_000,
    first_day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Of the city's past, to have the same city on every day; its new tickets are of their own time then. "
            "Default: such that the past ends today.",
        ),
    ] = None,
    console: Annotated[
        bool, typer.Option("--console/--no-console", help="Whether the web pages are served too.")
    ] = True,
    console_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the pages are; a free port if taken.")
    ] = 8322,
) -> None:
    """Build a simulated city, import it, train, serve, and watch new tickets find their units."""
    began = time.perf_counter()
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    from rich.console import Console

    from store.locking import serve_lock

    out = Console()
    watched = out.is_terminal and not os.environ.get("CI")
    show = Show(
        console=out,
        workspace=Workspace(home=home).create(),
        watched=watched,
        tickets=tickets or (None if watched else TICKETS_WITHOUT_TERMINAL),
        pace=pace if pace is not None else PACE if watched else PACE_WITHOUT_TERMINAL,
        began=began,
        arrives_now=first_day is None,
        pages_port=console_port if console else None,
    )
    out.print("[bold]gridroute demo[/]: a simulated city, in", str(home), "(Ctrl-C ends it)", highlight=False)
    with serve_lock(show.workspace.store_file):
        _run(show, _plan(show, seed, accounts, dispatches, first_day), port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How and where the demo runs. `tickets` None: without end; `pace` is seconds between tickets.

    `arrives_now`: tickets are received as they are posted. `pages_port` None: without the web pages.
    """

    console: Console
    workspace: Workspace
    watched: bool
    tickets: int | None
    pace: float
    began: float
    arrives_now: bool
    pages_port: int | None


def _plan(show: Show, seed: int, accounts: int, dispatches: int, first_day: datetime | None) -> Plan:
    from cli.demo_city import Plan
    from simulation.seasons import LOCAL
    from store.clock import utc_now

    if first_day is not None:
        return Plan.of(seed, accounts, dispatches, first_day.date())
    today = utc_now().astimezone(LOCAL).date()
    return Plan.until_today(show.workspace, seed, accounts, dispatches, today)


def _run(show: Show, plan: Plan, port: int) -> None:
    from cli.demo_board import stage
    from cli.demo_city import clear
    from cli.demo_service import listen_near, served
    from store.sql import open_store

    with stage(show.console, "city") as say:
        city = plan.build()
        say(
            f"{len(city.units)} units, {len(city.accounts):,} accounts, {len(city.dispatches):,} past tickets"
        )
    found = plan.is_ready_in(show.workspace)
    if found:
        told = f"An earlier demo's store and model are used again. To start anew: rm -r {show.workspace.home}"
        show.console.print(told, soft_wrap=True, highlight=False, markup=False)
    else:
        if clear(show.workspace):
            show.console.print(
                "What an earlier demo left is of another kind, or unfinished: it is made anew."
            )
        plan.mark(show.workspace, ready=False)
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(show.workspace.store_url)))
        recording = None if found else _prepare(show, plan, city, store)
        with stage(show.console, "serve") as say:
            url = stack.enter_context(served(store, listen_near(port), show.workspace))
            say(url)
        _stream(show, city, store, url, recording)


def _prepare(show: Show, plan: Plan, city: City, store: Store) -> Tracked:
    """From the city to a model that serves; answers the MLflow recording that is still to be started."""
    from cli.certificates import certificate_line
    from cli.demo_board import stage
    from cli.demo_city import import_city, register_model
    from cli.demo_tracking import Tracked
    from cli.progress import stages
    from store.clock import utc_now
    from training.training import train

    with stage(show.console, "import") as say:
        import_city(city, show.workspace, store, say)
        say(f"the files in {show.workspace.home / 'city'}, as `gridroute import` does")
    with stage(show.console, "train", spins=False) as say, stages() as report:
        result = train(
            store,
            show.workspace.bundles,
            plan.settings(),
            now=utc_now(),
            report=report,
            derived=show.workspace.derived(report),
        )
        held_back, right, among = (result.metrics[name] for name in ("held_back_tickets", "accuracy", "top3"))
        say(f"right at first {right:.1%}, among three {among:.1%}, of {held_back:,.0f} later tickets")
    with stage(show.console, "register") as say:
        version = register_model(result, store)
        plan.mark(show.workspace, ready=True)
        say(f"version {version} serves: {certificate_line(result.certificate)}")
    return Tracked(show.workspace, store, result)


def _stream(show: Show, city: City, store: Store, url: str, recording: Tracked | None) -> None:
    import httpx

    from cli.demo_board import board
    from cli.demo_city import upcoming
    from cli.demo_pages import Pages
    from cli.demo_stream import Figures, route_all

    names = {unit.unit_id: unit.name for unit in city.units}
    figures = Figures()
    pages = Pages(show.workspace, url, show.pages_port) if show.pages_port is not None else None
    left = LEFT_FOR_PEOPLE if pages else 0

    def footer() -> str:
        mlflow = recording.outcome or "MLflow is being told of the training" if recording else ""
        return " · ".join(filter(None, (pages.url if pages else url, "Ctrl-C ends it", mlflow)))

    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            coming = route_all(client, upcoming(city, store), names, now=show.arrives_now, left=left)
            routed = islice(coming, show.tickets)
            first = next(routed)
            took = time.perf_counter() - show.began
            show.console.print(f"First ticket routed {took:.0f} s after the start.", style="bold")
            if pages:
                pages.start()
            _tell_where(show, url, pages)
            if recording:
                recording.start()
            with board(show.console, footer, live=show.watched) as put:
                for one in chain([first], routed):
                    figures.add(one)
                    put(one, figures)
                    time.sleep(show.pace)
    finally:
        if pages:
            pages.stop()
        _close(show, figures, recording)


def _tell_where(show: Show, url: str, pages: Pages | None) -> None:
    if pages:
        show.console.print(f"  {'the pages':<12}[bold]{pages.url}[/]", soft_wrap=True, highlight=False)
    home, gridroute = show.workspace.home, _program("gridroute")
    city = f"{home}/city/history.csv --mapping {home}/city/mapping.toml"
    for what, where in (
        ("the API", f"{url}/ and {url}/readyz"),
        ("the store", show.workspace.store_file),
        ("the models", f"{gridroute} models list --home {home}"),
        ("MLflow", f"{_program('mlflow')} ui --backend-store-uri {show.workspace.mlflow_uri}"),
        ("a report", f"{gridroute} backtest {city} --report {home}/report"),
    ):
        show.console.print(f"  {what:<12}{where}", soft_wrap=True, highlight=False, markup=False)


def _program(name: str) -> Path:
    """How to call a program of this installation from here."""
    path = Path(sys.executable).with_name(name)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _close(show: Show, figures: Figures, recording: Tracked | None) -> None:
    if not show.watched:  # the table's last line says it otherwise
        show.console.print(str(figures), style="bold", highlight=False, soft_wrap=True)
    if recording:
        with show.console.status("MLflow is being told of the training ..."):
            outcome = recording.finish()
        show.console.print(outcome, soft_wrap=True, highlight=False, markup=False)
    again = f"{_program('gridroute')} serve --home {show.workspace.home}"
    show.console.print(f"To serve it again: {again}", soft_wrap=True, highlight=False, markup=False)

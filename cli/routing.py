"""`gridroute route`: a file of tickets in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from cli.routed_file import Line
    from router.ports import Store
    from router.world import World

FileArgument = Annotated[Path, typer.Argument(help="CSV, XLSX, JSONL or Parquet, one ticket a row.")]
OutOption = Annotated[Path, typer.Option("--out", help="Where the answers go: .csv or .jsonl.")]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="TOML: which column is what. A history's mapping serves.")
]


WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Processes that route; left out: one for each processor, at most 8."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="route")(route_file)


def route_file(
    file: FileArgument,
    out: OutOption,
    mapping: MappingOption = None,
    workers: WorkersOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Route every ticket of a file; rows that are no tickets are told in the same output. Stores nothing."""
    from rich.console import Console

    from domain.errors import InvalidInput
    from router.forked import processors

    if out.resolve() == file.resolve():
        raise InvalidInput(field="--out", problem="is the file itself", mend="Name another file")
    counts = route_rows(file, out, mapping, Workspace.of(home), workers or processors())
    told = ", ".join(f"{count:,} {what}" for what, count in counts.most_common()) or "no rows"
    Console().print(f"{out}: {told}", soft_wrap=True, highlight=False)


@contextmanager
def open_workspace_store(workspace: Workspace) -> Iterator[Store]:
    """The workspace's store. Raises InvalidInput where there is none."""
    from domain.errors import InvalidInput
    from store.sql import open_store

    if not workspace.has_store:
        mend = "Name its directory by --home, or make one: gridroute import units FILE"
        raise InvalidInput(field="--home", problem=f"no store in {workspace.home}", mend=mend)
    store = open_store(workspace.store_url)
    try:
        yield store
    finally:
        store.close()


def present_world(workspace: Workspace) -> World:
    """The world of the workspace's store as it is now."""
    from domain.decisions import Policy
    from models.bundle import load_bundle
    from router.live import build_standing

    with open_workspace_store(workspace) as store, store.read() as session:
        return build_standing(session, load_bundle, Policy(), workspace.derived()).world


def route_rows(
    file: Path, out: Path, mapping: Path | None, workspace: Workspace, workers: int = 1
) -> Counter[str]:
    """Write a line for every row of `file`, in its order; answers how many came to which verdict."""
    from cli.progress import progress_bar
    from cli.routed_file import bad_line, routed_file, routed_line
    from domain.tickets import Ticket
    from router.forked import forked
    from router.route import route
    from store.clock import utc_now
    from store.importing.mapping import load_mapping
    from store.importing.tickets import TicketRow, read_tickets

    counts: Counter[str] = Counter()
    now = utc_now()
    columns = load_mapping(mapping)
    with routed_file(out) as write:  # before the world: what cannot be written is told at once
        world = present_world(workspace)

        def line_of(row: TicketRow) -> Line:
            if isinstance(row.ticket, Ticket):
                return routed_line(row.line, route(row.ticket, world, now))
            return bad_line(row.line, row.ticket_id, row.ticket)

        with forked(line_of, workers) as lines, progress_bar(f"Routing {file.name}") as progress:
            for line in lines(read_tickets(file, columns, now=now, progress=progress)):
                write(line)
                counts[line.get("verdict", "bad")] += 1
    return counts

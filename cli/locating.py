"""`gridroute locate` and `gridroute gazetteer`: where tickets are, and what is known of places."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import DEFAULT_LANG, LangOption, words_of
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from domain.places import Location
    from domain.tickets import Ticket
    from router.wording import Wording
    from router.world import World

FileArgument = Annotated[Path, typer.Argument(help="CSV, XLSX, JSONL or Parquet, one ticket a row.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where the places go: .csv or .jsonl.")]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="TOML: which column is what. A history's mapping serves.")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Print each stage of the first tickets.")]
EXPLAINED = 5
COLUMNS = (
    "line",
    "ticket_id",
    "source",
    "latitude",
    "longitude",
    "probability",
    "radius_m",
    "precision",
    "address",
    "cell",
    "reasons",
    "repairs",
    "other_places",
    "field",
    "problem",
    "mend",
)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="locate")(locate_file)
    group = typer.Typer(no_args_is_help=True, help="What is known of places.")
    group.command("build")(build)
    group.command("show")(show)
    app.add_typer(group, name="gazetteer")


def locate_file(
    file: FileArgument,
    out: OutOption = None,
    mapping: MappingOption = None,
    explain: ExplainOption = False,
    lang: LangOption = DEFAULT_LANG,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Where every ticket of a file is, how sure that is and what was repaired. Stores nothing."""
    from rich.console import Console

    from domain.errors import InvalidInput

    if out is None and not explain:
        raise InvalidInput(field="--out", problem="is missing", mend="Name a file, or give --explain")
    if out is not None and out.resolve() == file.resolve():
        raise InvalidInput(field="--out", problem="is the file itself", mend="Name another file")
    words = words_of(lang) if explain else None
    counts = _locate_rows(file, out, mapping, Workspace.of(home), words)
    told = ", ".join(f"{count:,} {what}" for what, count in counts.most_common()) or "no rows"
    Console().print(f"{out or file}: {told}", soft_wrap=True, highlight=False)


def _locate_rows(
    file: Path, out: Path | None, mapping: Path | None, workspace: Workspace, words: Wording | None
) -> Counter[str]:
    """`words`: to explain the first tickets in."""
    from contextlib import nullcontext

    from cli.progress import progress_bar
    from cli.routed_file import bad_line, line_file
    from cli.routing import present_world
    from domain.tickets import Ticket
    from router.locate import locate
    from store.clock import utc_now
    from store.importing.mapping import load_mapping
    from store.importing.tickets import read_tickets

    counts: Counter[str] = Counter()
    columns = load_mapping(mapping)
    target = line_file(out, COLUMNS) if out else nullcontext(_nowhere)
    with target as write:  # before the world: what cannot be written is told at once
        world = present_world(workspace)
        with progress_bar(f"Locating {file.name}") as progress:
            for row in read_tickets(file, columns, now=utc_now(), progress=progress):
                if not isinstance(row.ticket, Ticket):
                    write(bad_line(row.line, row.ticket_id, row.ticket))
                    counts["bad"] += 1
                    continue
                location = locate(row.ticket, world.atlas, world.history.callers)
                if words and counts.total() < EXPLAINED:
                    _print_stages(row.ticket, location, world, words)
                write(_line(row.line, row.ticket, location))
                counts[location.source.value] += 1
    return counts


def _nowhere(_: dict[str, Any]) -> None:
    """Write nothing."""


def _line(number: int, ticket: Ticket, location: Location) -> dict[str, Any]:
    import h3.api.basic_str as h3

    top = location.places[0] if location.places else None
    point = location.point
    return {
        "line": number,
        "ticket_id": ticket.ticket_id,
        "source": location.source.value,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "probability": round(top.probability, 4) if top else 0.0,
        "radius_m": round(top.radius_m) if top else None,
        "precision": top.precision.value if top else None,
        "address": location.address,
        "cell": h3.latlng_to_cell(point.latitude, point.longitude, 9) if point else None,
        "reasons": list(location.reasons),
        "repairs": [f"{r.field}={r.value}" for r in location.repairs],
        "other_places": [
            f"{p.point.latitude:.5f},{p.point.longitude:.5f} {p.probability:.2f}" for p in location.places[1:]
        ],
    }


def _print_stages(ticket: Ticket, location: Location, world: World, words: Wording) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.tree import Tree

    from router.explain_place import explain_place
    from router.ground import grounds

    tree = Tree(f"[bold]{escape(ticket.ticket_id)}[/] {escape(ticket.address or '')}")
    owned = grounds(location, world.territories, ticket.category, ticket.received_at)
    for stage in explain_place(ticket, location, world.atlas, owned, words):
        if stage.findings:
            branch = tree.add(words.word("stage", stage.name))
            for finding in stage.findings:
                branch.add(escape(finding))
    Console().print(tree)


def build(home: HomeOption = DEFAULT_HOME) -> None:
    """Build the gazetteer file from accounts, address book and dispatch history. Serving does so by itself."""
    from rich.console import Console

    from cli.progress import stages
    from cli.routing import open_workspace_store

    workspace = Workspace.of(home)
    with open_workspace_store(workspace) as store, stages() as report, store.read() as session:
        atlas = workspace.derived(report).atlas(session, session.last_sequence())
    Console().print(
        f"{len(atlas.gazetteer):,} known places, version {atlas.version[:12]}",
        highlight=False,
        soft_wrap=True,
    )


def show(home: HomeOption = DEFAULT_HOME) -> None:
    """What serving knows of places now."""
    from rich.console import Console

    from cli.routing import present_world

    atlas = present_world(Workspace.of(home)).atlas
    Console().print(
        f"{len(atlas.gazetteer):,} known places over {atlas.area_m2 / 1e6:,.0f} square kilometres, "
        f"version {atlas.version[:12]}",
        highlight=False,
        soft_wrap=True,
    )

"""`gridroute units`: which units there are, and what a new list of them would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.delivering import DeliverToOption
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from rich.console import Console

    from router.ports import ReadSession
    from router.units_diff import Closing, UnitsDiff


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="List units; see what a new list would do; set endpoints.")
    group.command("list")(list_units)
    group.command("diff")(diff)
    group.command("endpoint")(endpoint)
    app.add_typer(group, name="units")


def list_units(
    home: HomeOption = DEFAULT_HOME,
    everything: Annotated[bool, typer.Option("--all", help="Closed units too.")] = False,
) -> None:
    """List the units that are open, with what they take and how many past dispatches they have."""
    from collections import Counter

    from domain.dispatches import unretracted
    from router.units_diff import told
    from store.clock import utc_now

    now = utc_now()
    with _reading(home) as session:
        units = [unit for unit in session.units() if everything or unit.is_open(now)]
        counts = Counter(dispatch.unit_id for dispatch in unretracted(session.dispatches()))
    rows = [
        [u.unit_id, u.name, told(u.kinds), told(u.validity), told(u.successors), f"{counts[u.unit_id]:,}"]
        for u in units
    ]
    console = _console()
    _table(console, "", ("unit", "name", "kinds", "valid", "successors", "dispatches"), rows)
    console.print(f"{len(units):,} units.")


def diff(
    file: Annotated[Path, typer.Argument(help="The new list: CSV, XLSX, JSONL or Parquet.")],
    mapping: Annotated[Path | None, typer.Option(help="TOML file that names the columns.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what importing a unit list would do. Nothing is written; exit code 1 where rows are bad."""
    from cli.importing import bad_rows
    from domain.units import Unit
    from router.units_diff import units_diff
    from store.clock import utc_now
    from store.importing import load_mapping
    from store.importing.entities import read_entities

    found = read_entities(file, load_mapping(mapping, "units"))
    console = _console()
    if found.bad_rows:
        bad_lines = len({row.line for row in found.bad_rows})
        console.print(bad_rows(found.bad_rows))
        console.print(f"[red]Not compared:[/] {bad_lines:,} of {found.rows:,} rows are bad.")
        raise typer.Exit(1)
    units = [unit for unit in found.entities.values() if isinstance(unit, Unit)]
    with _reading(home) as session:
        _show(units_diff(session, units, utc_now()), console)


def endpoint(
    unit: Annotated[str, typer.Argument(help="The unit's id.")],
    url: Annotated[str | None, typer.Option(help="Deliver the unit's tickets there.")] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new secret; those before sign for a day.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Deliver nothing there any more.")] = False,
    deliver_to: DeliverToOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show where a unit takes its deliveries, or change it. A secret is shown once, when it is made."""
    from api.webhooks.signing import new_secret
    from cli.delivering import targets_of
    from cli.stores import opened_store
    from router.delivery_desk import endpoint_of, rotate_secret, set_endpoint
    from store.clock import utc_now

    made: str | None = None
    with opened_store(home) as store:
        if url is not None:
            set_url = str(targets_of(deliver_to).check_url(url))
            _, made = set_endpoint(store, unit, set_url, (), new_secret, getuser())
        if rotate:
            made = new_secret()
            rotate_secret(store, unit, made, utc_now(), getuser())
        if remove:
            store.write(lambda session: session.remove_endpoint(unit, getuser()))
            _console().print(f"{unit} is delivered nothing; it may fetch what waits.", highlight=False)
            return
        with store.read() as session:
            found = endpoint_of(unit, session)
    _console().print(f"{unit}: {found.url}", highlight=False, markup=False)
    if found.paused_until is not None:
        _console().print(
            f"failed {found.failures} times in a row; paused until {found.paused_until:%H:%M:%S} UTC"
        )
    if made is not None:
        _console().print(f"secret (shown this once): {made}", highlight=False, markup=False)


@contextmanager
def _reading(home: Path) -> Iterator[ReadSession]:
    from store.sql import open_store

    store = open_store(Workspace.of(home).create().store_url)
    try:
        with store.read() as session:
            yield session
    finally:
        store.close()


def _show(found: UnitsDiff, console: Console) -> None:
    from router.units_diff import ChangeKind

    for kind in ChangeKind:
        rows = [
            [
                change.unit.unit_id,
                change.unit.name,
                "\n".join(f"{f}: {a or '–'} → {b or '–'}" for f, a, b in change.details),
            ]
            for change in found.changes
            if change.kind is kind
        ]
        _table(console, kind.value.capitalize(), ("unit", "name", "what changes"), rows)
    _table(console, "What closing leaves behind", CLOSING_COLUMNS, map(_closing_row, found.closings))
    told = [f"{', '.join(units)} become {heir}" for heir, units in found.merged]
    told += [f"{unit} is split into {', '.join(into)}" for unit, into in found.split]
    told += [_counts(found), "Nothing was written. Apply it with: gridroute import units"]
    for line in told:
        console.print(line, highlight=False, markup=False)


def _counts(found: UnitsDiff) -> str:
    kept = f"{found.unchanged:,} units stay as they are"
    absent = f"; {len(found.absent):,} are not in the list and stay too" if found.absent else ""
    if not found.recent:
        return f"{kept}{absent}. There are no dispatches yet."
    share = found.moved / found.recent
    moved = f"{found.moved:,} of the last 90 days' {found.recent:,} dispatches ({share:.1%}) would go to another unit"
    return f"{kept}{absent}. {moved}."


CLOSING_COLUMNS = ("unit", "closes", "tickets", "dispatches", "of 90 days", "goes to", "still named by")


def _closing_row(one: Closing) -> list[str]:
    named = [
        *(f"territory {territory}" for territory in one.territories),
        *(f"rule {rule}" for rule in one.rules),
    ]
    counts = (f"{count:,}" for count in (one.tickets, one.dispatches, one.recent))
    heirs = "\n".join((*one.heirs, *(f"! {fault}" for fault in one.faults)))
    return [one.unit_id, f"{one.at:%Y-%m-%d %H:%M}", *counts, heirs, "\n".join(named)]


def _table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table, if it has rows."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, title=title or None, title_justify="left", box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))
    if table.row_count:
        console.print(table)


def _console() -> Console:
    from rich.console import Console

    return Console(soft_wrap=True)

"""`gridroute import`: files into the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from store.importing import BadRow, ImportReport

SHOWN_BAD_ROWS = 20


class What(StrEnum):
    """The kinds of files."""

    UNITS = "units"
    TERRITORIES = "territories"
    ACCOUNTS = "accounts"
    ADDRESSES = "addresses"
    RULES = "rules"
    HISTORY = "history"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("import")(import_)


def import_(
    what: Annotated[What, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, JSONL, Parquet or GeoJSON; TOML for rules.")],
    mapping: Annotated[Path | None, typer.Option(help="TOML file that names the columns.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the good rows, write the bad ones beside the file.")
    ] = False,
    make_valid: Annotated[
        bool,
        typer.Option("--make-valid", help="Mend invalid polygons of territories instead of refusing them."),
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Import units, territories, accounts, addresses, rules or history. Doing it twice changes nothing."""
    from cli.progress import progress_bar
    from store.importing import import_file, load_mapping
    from store.sql import open_store

    columns = None
    if what is not What.RULES:
        columns = replace(load_mapping(mapping, what.value), make_valid=make_valid)
    store = open_store(Workspace.of(home).create().store_url)
    try:
        with progress_bar(f"Importing {what.value}") as progress:
            report = import_file(
                store,
                what.value,
                file,
                columns,
                now=datetime.now(UTC),
                skip_bad=skip_bad,
                progress=progress,
                by=getuser(),
            )
    finally:
        store.close()
    _show(what, report)
    if report.refused:
        raise typer.Exit(1)


def _show(what: What, report: ImportReport) -> None:
    console = Console(soft_wrap=True)
    if report.bad:
        console.print(bad_rows(report.bad))
    if report.refused:
        bad_lines = len({row.line for row in report.bad})
        console.print(f"[red]Nothing was imported:[/] {bad_lines:,} of {report.rows:,} rows are bad.")
        console.print("Mend them, or give --skip-bad to import the others.")
        return
    console.print(f"{what.value}: {report.changed:,} new or changed, {report.unchanged:,} as they were.")
    if report.new_units:
        console.print(f"New units, added by their name alone: {len(report.new_units):,}.")
    if report.overruled:
        told = f"Tickets that another unit had told it had done: {report.overruled:,}"
        console.print(f"{told}. The file's unit counts now.")
    if report.mended:
        lines = ", ".join(f"{line:,}" for line in report.mended[:SHOWN_BAD_ROWS])
        more = ", …" if len(report.mended) > SHOWN_BAD_ROWS else ""
        console.print(
            f"Invalid polygons mended: {len(report.mended):,} (line {lines}{more}). Look at their ground."
        )
    if report.bad_file:
        console.print(f"Bad rows are in {escape(str(report.bad_file))}")


def bad_rows(bad: list[BadRow]) -> Table:
    """What is wrong with which rows, and how to mend them; the first SHOWN_BAD_ROWS."""
    more = f" (the first {SHOWN_BAD_ROWS} of {len(bad):,})" if len(bad) > SHOWN_BAD_ROWS else ""
    table = Table("line", "field", "problem", "mend", title=f"Bad rows{more}", title_justify="left")
    for row in bad[:SHOWN_BAD_ROWS]:
        table.add_row(str(row.line), escape(row.field), escape(row.problem), escape(row.mend))
    return table

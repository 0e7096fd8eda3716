"""`gridroute history`: looks at the dispatch log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from training.label_audit import Finding, LabelAudit

COLUMNS = ("ticket_id", "received_at", "recorded", "suggested", "suspicion", "why")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="Look at past dispatches.")
    group.command("audit")(audit_history)
    app.add_typer(group, name="history")


def audit_history(
    home: HomeOption = DEFAULT_HOME,
    out: Annotated[
        Path | None, typer.Option(help="CSV or JSONL file for all that was found.", dir_okay=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many findings to show.", min=0)] = 20,
    latest: Annotated[int, typer.Option(help="Look at the latest so many dispatches.", min=1)] = 50_000,
) -> None:
    """List past dispatches that look wrong, the most suspicious first, and estimate how many are."""
    from cli.progress import stages
    from cli.routed_file import line_file
    from store.sql import open_store
    from training.label_audit import audit, cases_of
    from training.training import read_material

    store = open_store(Workspace.of(home).create().store_url)
    try:
        with store.read() as session:
            material = read_material(session)
    finally:
        store.close()
    with stages() as report:
        cases = cases_of(material, latest, lambda share: report("places", share))
        found = audit(
            cases,
            material.surroundings.units,
            taken_back=material.taken_back,
            report=lambda share: report("models", share),
        )
    if out is not None:
        with line_file(out, COLUMNS) as write:
            for finding in found.findings:
                write(_line(finding))
    _show(found, limit, out)


def _line(finding: Finding) -> dict[str, Any]:
    return {
        "ticket_id": finding.ticket_id,
        "received_at": finding.received_at.isoformat(),
        "recorded": finding.recorded,
        "suggested": finding.suggested,
        "suspicion": round(finding.suspicion, 4),
        "why": "; ".join(finding.why),
    }


def _show(found: LabelAudit, limit: int, out: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(soft_wrap=True)
    shown = found.findings[:limit]
    if shown:
        table = Table("ticket", "recorded", "suggested", "suspicion", "why", box=None, header_style="bold")
        for one in shown:
            texts = map(escape, (one.ticket_id, one.recorded, one.suggested))
            table.add_row(*texts, f"{one.suspicion:.2f}", escape("\n".join(one.why)))
        console.print(table)
    more = f", {len(shown):,} shown" if len(shown) < len(found.findings) else ""
    told = [f"{found.tickets:,} tickets, {len(found.findings):,} look wrong{more}."]
    if out is not None:
        told.append(f"All of them are in {out}")
    console.print("\n".join(told), highlight=False, markup=False)
    _show_noise(found, console)


def _show_noise(found: LabelAudit, console: Any) -> None:
    from rich.table import Table

    noise = found.noise
    if noise.low is None or noise.high is None or found.agreement is None:
        return
    table = Table(
        "estimated by", "wrong records", "95 % interval", "tickets or pairs", box=None, header_style="bold"
    )
    for one in noise.estimates:
        table.add_row(
            one.method + (" (at most)" if one.ceiling else ""),
            f"{one.rate:.1%}",
            f"{one.low:.1%} – {one.high:.1%}",
            f"{one.rows:,}",
        )
    console.print(table)
    console.print(
        f"A model of words, kind and place agrees with the record on {found.agreement:.1%} of tickets that it did not"
        f" see; {noise.low:.1%} to {noise.high:.1%} of the records are estimated to be wrong.",
        highlight=False,
    )

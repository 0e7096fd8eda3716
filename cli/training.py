"""`gridroute train`: a model bundle from the imported history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from domain.decisions import Certificate
    from training.registering import Kept
    from training.results import TrainingResult


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("train")(train)


def train(
    alpha: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="Error budget of automatic dispatches.")
    ] = 0.01,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="Confidence of the certificate.")
    ] = 0.95,
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**31 - 1, help="Of everything random: the same seed gives the same bundle."),
    ] = 0,
    promote: Annotated[bool, typer.Option("--promote", help="Let it serve at once.")] = False,
    track: Annotated[bool, typer.Option(help="Record the run and the version in MLflow.")] = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Train on the imported history: text models, ranker, calibration, certificate; one bundle with digests."""
    from cli.progress import stages
    from store.sql import open_store
    from training.fitting import settings_of
    from training.registering import Tracking, keep
    from training.training import train as run

    workspace, console, now = Workspace(home=home).create(), Console(), datetime.now(UTC)
    tracking = Tracking(uri=workspace.mlflow_uri, artifact_root=workspace.mlflow_artifacts) if track else None
    settings = settings_of(alpha=alpha, confidence=confidence, seed=seed)
    store = open_store(workspace.store_url)
    try:
        with stages() as report:
            result = run(
                store,
                workspace.bundles,
                settings,
                now=now,
                report=report,
                load_atlas=workspace.atlases(report),
            )
            report("registering", 0.0)
            kept = keep(store, result, tracking=tracking, now=now, serve=promote)
    finally:
        store.close()
    show(console, result, kept)
    if not promote:
        console.print(f"Let it serve: gridroute models promote {kept.record.version}")


def show(console: Console, result: TrainingResult, kept: Kept) -> None:
    """What was trained and what it may do."""
    table = Table(
        title=f"Model version {kept.record.version}, bundle {result.bundle_digest[:12]}", show_header=False
    )
    for name in ("held_back_tickets", "accuracy", "top3", "candidate_recall", "calibration_error"):
        if name in result.metrics:
            table.add_row(name.replace("_", " "), f"{result.metrics[name]:,.4g}")
    table.add_row("certificate", certificate_line(result.certificate))
    for problem in result.missing:
        table.add_row("[yellow]missing[/]", escape(problem))
    console.print(table)
    if kept.untracked:
        console.print(f"[yellow]MLflow does not know of it:[/] {escape(str(kept.untracked))}")


def certificate_line(certificate: Certificate) -> str:
    """The certificate in one line."""
    terms = f"at most {certificate.alpha:.2%} wrong with {certificate.confidence:.0%} confidence"
    if certificate.threshold is None:
        needed = certificate.needed_rows
        more = (
            f"about {needed:,} more confirmed tickets needed"
            if needed
            else "not within reach at this error rate"
        )
        return f"{terms}: nothing certified, everything goes to review ({more})"
    seen = f"{certificate.errors} wrong of {certificate.rows:,}"
    return f"{terms}: {certificate.coverage:.1%} of tickets dispatched automatically ({seen} on the calibration slice)"

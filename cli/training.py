"""`gridroute train`: a model bundle from the imported history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.budget import AlphaOption, ByPlaceOption, ByUnitOption, ConfidenceOption, StrictOption, budget_of
from cli.certificates import certificate_lines
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from training.registering import Kept
    from training.results import TrainingResult


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("train")(train)


def train(
    alpha: AlphaOption = 0.01,
    confidence: ConfidenceOption = 0.95,
    strict: StrictOption = None,
    by_unit: ByUnitOption = False,
    by_place: ByPlaceOption = False,
    audit_share: Annotated[
        float,
        typer.Option(
            min=0.0, max=0.2, help="Share of would-be automatic dispatches that people review blind."
        ),
    ] = 0.02,
    alarms: Annotated[
        float,
        typer.Option(min=0.01, max=100.0, help="False alarms a month that are bearable, all tests together."),
    ] = 1.0,
    seed: Annotated[
        int,
        typer.Option(min=0, max=2**31 - 1, help="Of everything random: the same seed gives the same bundle."),
    ] = 0,
    promote: Annotated[bool, typer.Option("--promote", help="Let it serve at once.")] = False,
    track: Annotated[bool, typer.Option(help="Record the run and the version in MLflow.")] = True,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Train on the imported history: text models, ranker, calibration, certificates; one bundle with digests."""
    from cli.progress import stages
    from store.sql import open_store
    from training.certifying import Watch
    from training.fitting import settings_of
    from training.registering import Tracking, keep
    from training.training import train as run

    workspace, console, now = Workspace.of(home).create(), Console(), datetime.now(UTC)
    tracking = Tracking(uri=workspace.mlflow_uri, artifact_root=workspace.mlflow_artifacts) if track else None
    budget = budget_of(alpha=alpha, confidence=confidence, strict=strict, by_place=by_place, by_unit=by_unit)
    settings = settings_of(budget, seed=seed, watch=Watch(audit_share=audit_share, alarms=alarms))
    store = open_store(workspace.store_url)
    try:
        with stages() as report:
            result = run(
                store,
                workspace.bundles,
                settings,
                now=now,
                report=report,
                derived=workspace.derived(report),
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
    for name, told in certificate_lines(result.guarantee):
        table.add_row(name, told)
    for problem in result.missing:
        table.add_row("[yellow]missing[/]", escape(problem))
    for doubt in result.doubts:
        table.add_row("[yellow]history[/]", escape(doubt))
    console.print(table)
    if kept.untracked:
        console.print(f"[yellow]MLflow does not know of it:[/] {escape(str(kept.untracked))}")

"""`gridroute backtest`: how well would it have routed, measured on later tickets than it learnt from."""

from __future__ import annotations

import csv
import json
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.budget import AlphaOption, ByPlaceOption, ByUnitOption, ConfidenceOption, StrictOption, budget_of

if TYPE_CHECKING:
    from training.results import BacktestResult


class Baselines(StrEnum):
    """Which baselines run on the same split."""

    NONE = "none"
    FAST = "fast"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("backtest")(backtest)


def backtest(
    history: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Past tickets with their units.")
    ],
    mapping: Annotated[Path | None, typer.Option(exists=True, help="TOML that names the columns.")] = None,
    train_share: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Earlier share that is learnt from.")
    ] = 0.8,
    test_from: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Test from this day on, in the mapping's timezone."),
    ] = None,
    alpha: AlphaOption = 0.01,
    confidence: ConfidenceOption = 0.95,
    strict: StrictOption = None,
    by_unit: ByUnitOption = False,
    by_place: ByPlaceOption = False,
    label_delay: Annotated[float, typer.Option(min=0.0, help="Days until an outcome is known.")] = 0.0,
    baselines: Annotated[
        Baselines, typer.Option(help="fast leaves the slow published recipe out.")
    ] = Baselines.FAST,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of everything random.")] = 0,
    report: Annotated[Path | None, typer.Option(file_okay=False, help="Write an HTML report here.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", dir_okay=False, help="Write the figures here.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write each ticket's confidence and outcome here (CSV)."),
    ] = None,
) -> None:
    """Measure routing quality on a history file: learn from its earlier part, route the later part ticket by ticket."""
    from cli.progress import progress_bar, stages
    from store.importing.history import read_history
    from store.importing.mapping import load_mapping
    from training.backtest import Plan
    from training.backtest import backtest as run
    from training.fitting import settings_of

    budget = budget_of(alpha=alpha, confidence=confidence, strict=strict, by_place=by_place, by_unit=by_unit)
    started, columns = time.perf_counter(), load_mapping(mapping)
    with progress_bar("Reading") as progress:
        found = read_history(
            history,
            columns,
            now=datetime.now(UTC),
            progress=progress,
            label_delay=timedelta(days=label_delay),
            tolerant=True,
        )
    plan = Plan(
        train_share=train_share,
        test_from=test_from.replace(tzinfo=columns.timezone) if test_from else None,
        label_delay_days=label_delay,
        baselines=baselines.value,
        settings=settings_of(budget, seed=seed),
    )
    with stages() as stage:
        result = run(
            found.dispatches,
            found.digest,
            plan,
            rows=found.rows,
            rejected=found.rejected,
            import_seconds=time.perf_counter() - started,
            report=stage,
        )
    _show(Console(), result)
    if report is not None:
        from training.report import write_report

        typer.echo(f"Report: {write_report(result, report)}")
    if scores is not None:
        _write_scores(scores, result)
    if json_file is not None:
        text = json.dumps(result.as_json(), indent=2, ensure_ascii=False)
        json_file.write_text(f"{text}\n", encoding="utf-8")


def _write_scores(path: Path, result: BacktestResult) -> None:
    """Columns `ticket_id`, `confidence` and `correct` (1 or 0), in order of time."""
    found = result.evaluation
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("ticket_id", "confidence", "correct"))
        told = zip(found.ticket_id.tolist(), found.confidence.tolist(), found.correct.tolist(), strict=True)
        rows.writerows((ticket, confidence, int(right)) for ticket, confidence, right in told)


def _show(console: Console, result: BacktestResult) -> None:
    table = Table(
        title=f"{result.test_rows:,} tickets from {result.test_from[:10]}, {result.units} units",
        show_header=False,
    )
    figures, evaluation = result.as_json(), result.evaluation
    table.add_row("right at first (accuracy)", f"{evaluation.accuracy:.4f}")
    table.add_row("right among three (top 3)", f"{evaluation.top3:.4f}")
    table.add_row("wrong in the record itself", _noise(result))
    for error, share in figures["coverage_at_error"].items():
        table.add_row(f"coverage at {float(error):.1%} error", f"{share:.3f}")
    for share, precision in figures["precision_at_coverage"].items():
        table.add_row(f"precision at {float(share):.0%} coverage", f"{precision:.4f}")
    table.add_row("calibration error", f"{evaluation.calibration_error:.4f}")
    if result.delayed:
        late = (
            f"accuracy {result.delayed.evaluation.accuracy:.4f}, top 3 {result.delayed.evaluation.top3:.4f}"
        )
        table.add_row(f"with labels {result.delayed.days:g} days late", late)
    table.add_row("certificate", _certificate(result))
    for name, accuracy in result.baselines.items():
        table.add_row(f"baseline {name}", "not measured" if accuracy is None else f"{accuracy:.4f}")
    table.add_row("set aside", ", ".join(f"{n} {reason}" for reason, n in result.rejected.items()) or "none")
    table.add_row("tickets per second", f"{result.tickets_per_second or 0:.0f}")
    table.add_row("peak memory", f"{result.peak_rss_mb} MB")
    console.print(table)


def _noise(result: BacktestResult) -> str:
    noise, wrong = result.noise, 1.0 - result.evaluation.accuracy
    if noise.low is None or noise.high is None:
        return "cannot be told"
    most = min(noise.high / wrong, 1.0) if wrong else 0.0
    return f"{noise.low:.1%} to {noise.high:.1%} of tickets: up to {most:.0%} of what was wrong"


def _certificate(result: BacktestResult) -> str:
    certificate, outcome = result.outcome.certificate, result.outcome
    terms = f"at most {certificate.alpha:.2%} wrong with {certificate.confidence:.0%} confidence"
    if outcome.realised_error is None:
        needed = certificate.needed_rows
        more = (
            f"about {needed:,} more confirmed tickets needed"
            if needed
            else "not within reach at this error rate"
        )
        return f"{terms}: nothing certified ({more})"
    return f"{terms}: {outcome.coverage:.1%} dispatched, {outcome.realised_error:.2%} of those wrong"

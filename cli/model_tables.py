"""How `gridroute models` shows bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from domain.decisions import Certificate
    from router.ports import BundleRecord, Pointers

SHOWN_METRICS = ("accuracy", "top3", "coverage_at_error_0.01", "certificate_coverage")


def roles(version: int, pointers: Pointers) -> str:
    """What the store's pointers call that version."""
    named = {"champion": pointers.champion, "challenger": pointers.challenger, "previous": pointers.previous}
    return ", ".join(role for role, number in named.items() if number == version)


def print_bundles(records: Sequence[BundleRecord], pointers: Pointers) -> None:
    """One row per bundle."""
    from rich.table import Table

    if not records:
        say("No bundle is registered yet: gridroute train makes one.")
        return
    metrics = [name for name in SHOWN_METRICS if any(name in dict(record.metrics) for record in records)]
    table = Table(
        "version", "role", "registered", "digest", *metrics, "MLflow", box=None, header_style="bold"
    )
    for record in records:
        figures = dict(record.metrics)
        table.add_row(
            str(record.version),
            roles(record.version, pointers),
            f"{record.registered_at:%Y-%m-%d %H:%M}",
            record.digest[:12],
            *(f"{figures[name]:.4f}" if name in figures else "–" for name in metrics),
            record.mlflow_version or "–",
        )
    _console().print(table)


def print_bundle(record: BundleRecord, role: str) -> None:
    """Everything known of one bundle."""
    from rich.table import Table

    from models.bundle import load_bundle
    from training import promotion

    fault = promotion.fault(record)
    table = Table.grid("", "", padding=(0, 2))
    table.columns[1].overflow = "fold"  # a path is there to be copied
    rows = {
        "version": str(record.version),
        "role": role or "–",
        "registered": f"{record.registered_at:%Y-%m-%d %H:%M:%S %Z}",
        "digest": record.digest,
        "directory": record.path,
        "MLflow run": record.mlflow_run_id or "–",
        "MLflow version": record.mlflow_version or "–",
        "sound": "yes" if fault is None else f"no: {fault}",
    }
    if fault is None:
        rows |= _certificate_rows(load_bundle(Path(record.path)).certificate)
    rows |= {name: f"{value:.4f}" for name, value in record.metrics}
    for name, value in rows.items():
        table.add_row(name, value)
    _console().print(table)


def _certificate_rows(certificate: Certificate) -> dict[str, str]:
    level = f"{100 * certificate.alpha:g} % error, {100 * certificate.confidence:g} % confidence"
    if certificate.threshold is None:
        more = (
            ""
            if certificate.needed_rows is None
            else f"; about {certificate.needed_rows:,} more tickets are needed"
        )
        return {"certificate": f"nothing at {level}{more}"}
    held = f"{certificate.coverage:.1%} of {certificate.calibration_rows:,} tickets"
    return {
        "certificate": level,
        "threshold": f"{certificate.threshold:.6f}",
        "coverage": f"{held}, {certificate.errors} wrong",
        "expires": f"{certificate.expires_at:%Y-%m-%d}",
    }


def _console() -> Console:
    from rich.console import Console

    return Console(soft_wrap=True)


def say(told: str, style: str = "") -> None:
    """Print a line as it stands."""
    _console().print(told, style=style, highlight=False, markup=False)

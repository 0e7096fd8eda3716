"""How `gridroute models` shows bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.certificates import certificate_lines

if TYPE_CHECKING:
    from rich.console import Console

    from models.guarantee import Guarantee
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
    from store import promoting

    fault = promoting.fault(record)
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
        guarantee = load_bundle(Path(record.path)).guarantee
        rows |= dict(certificate_lines(guarantee)) | _threshold_rows(guarantee)
    rows |= {name: f"{value:.4f}" for name, value in record.metrics}
    for name, value in rows.items():
        table.add_row(name, value)
    _console().print(table)


def _threshold_rows(guarantee: Guarantee) -> dict[str, str]:
    certified = {group: guarantee.certificates[group] for group in guarantee.certified}
    found = {f"threshold {group}": f"{one.threshold:.6f}" for group, one in certified.items()}
    return found | {"data": guarantee.whole.data_digest, "audited": f"{guarantee.terms.audited:.1%}"}


def _console() -> Console:
    from rich.console import Console

    return Console(soft_wrap=True)


def say(told: str, style: str = "") -> None:
    """Print a line as it stands."""
    _console().print(told, style=style, highlight=False, markup=False)

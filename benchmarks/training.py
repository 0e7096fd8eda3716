"""How long a training takes, beside LightGBM's own part of it.

python -m benchmarks.training --rows N [--json FILE]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import json
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from features.gazetteer import Gazetteer
from features.territories import Territories
from router.atlas import Atlas
from simulation.city import build_city
from training.fitting import Surroundings, fit


def measure(rows: int) -> dict[str, Any]:
    """Fit on a simulated city's `rows` dispatches."""
    city = build_city(seed=1, dispatches=rows)
    around = Surroundings(
        atlas=Atlas(Gazetteer(city.accounts, city.addresses)),
        territories=Territories(city.territories),
        units={unit.unit_id: unit for unit in city.units},
    )
    stages = _Stages()
    started = time.perf_counter()
    fit(list(city.dispatches), "", around, issued_at=datetime.now(UTC), report=stages)
    total = time.perf_counter() - started
    lightgbm = stages.seconds("ranker") + stages.seconds("all tickets")
    return {
        "total_s": round(total, 2),
        "lightgbm_only_s": round(lightgbm, 2),
        "ratio": round(total / lightgbm, 2) if lightgbm else None,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


class _Stages:
    """A progress report that remembers when each stage was first and last heard of."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str, _share: float) -> None:
        now = time.perf_counter()
        first, _ = self._heard.get(stage, (now, now))
        self._heard[stage] = (first, now)

    def seconds(self, stage: str) -> float:
        """From the first to the last report."""
        first, last = self._heard.get(stage, (0.0, 0.0))
        return last - first


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.rows)
    for name, value in figures.items():
        print(f"{name:<18}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Whether the certificate keeps its word, and how soon the monitor notices that it no longer does.

python -m benchmarks.guarantee --trials 1000 [--scores FILE.npz|FILE.csv] [--alpha A] [--json FILE]

Calibration sets are drawn with replacement from a population of scored tickets whose truth is known: the held-back
tickets of a simulated city's model, or those of FILE (`confidence`, `correct`). The true error of automatic dispatch is
that of the whole population at the certified threshold.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import drift
from cli.progress import stages
from features.gazetteer import Gazetteer
from features.territories import Territories
from models.certificate import certify
from models.strata import Budget
from router.atlas import Atlas
from simulation.city import build_city
from training.fitting import Surroundings, fit, settings_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Report = Callable[[str, float], None]

ROWS = (4_000, 9_000)
ALPHAS = (0.01, 0.05)
CITY_DISPATCHES = 6_000
REACHED = 0.25
"""Oracle coverage from which a budget is within reach: below, a sample has too few such tickets to test anything."""
MONTHS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Scored tickets with their truth, each of shape (n,); those that may never be automatic have score -inf."""

    scores: Floats
    correct: Bools

    def true(self, threshold: float) -> tuple[float, float]:
        """(coverage, error) of automatic dispatch at that threshold."""
        taken = self.scores >= threshold
        return float(taken.mean()), float((~self.correct[taken]).mean()) if taken.any() else 0.0

    def oracle(self, alpha: float) -> float:
        """The most that can be dispatched at error alpha, by one who knows the truth."""
        order = np.argsort(-self.scores, kind="stable")
        scores, wrong = self.scores[order], np.cumsum(~self.correct[order])
        last = np.append(scores[1:] < scores[:-1], True) & np.isfinite(scores)  # equal scores go together
        fine = np.flatnonzero(last & (wrong <= alpha * np.arange(1, len(scores) + 1)))
        return float(fine[-1] + 1) / len(scores) if len(fine) else 0.0


def read_scores(path: Path) -> Population:
    """A file's columns `confidence` and `correct`, npz or csv."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            return Population(
                scores=arrays["confidence"].astype(np.float64), correct=arrays["correct"].astype(np.bool_)
            )
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(float(row["confidence"]), row["correct"].lower()) for row in csv.DictReader(file)]
    return Population(
        scores=np.array([score for score, _ in rows]),
        correct=np.array([word in ("1", "1.0", "true") for _, word in rows], np.bool_),
    )


def city_scores(seed: int, report: Report) -> Population:
    """Held-back tickets of a model fitted on a simulated city's past."""
    city = build_city(seed=seed, dispatches=CITY_DISPATCHES)
    around = Surroundings(
        atlas=Atlas(Gazetteer(city.accounts, city.addresses)),
        territories=Territories(city.territories),
        units={unit.unit_id: unit for unit in city.units},
    )
    settings = replace(
        settings_of(Budget(alpha=ALPHAS[0]), seed=seed),
        certificate_share=0.4,
        certificate_errors=10**6,
        text_blocks=4,
    )
    log = [replace(dispatch, sequence=i + 1) for i, dispatch in enumerate(city.dispatches)]
    fitted = fit(log, "", around, settings, issued_at=city.ends, report=report)
    assert fitted.evaluation is not None
    return Population(scores=fitted.evaluation.confidence, correct=fitted.evaluation.correct)


def resample(
    population: Population, rows: int, alpha: float, confidence: float, trials: int, seed: int, report: Report
) -> dict[str, Any]:
    """Certify on `trials` samples and look at the truth."""
    rng = np.random.default_rng((seed, rows))
    found = []
    for trial in range(trials):
        if trial % 20 == 0:
            report(f"{rows} tickets, error {alpha:g}", trial / trials)
        drawn, earlier = (rng.integers(len(population.scores), size=n) for n in (rows, rows // 2))
        threshold = certify(
            population.scores[drawn],
            population.correct[drawn],
            population.scores[earlier],
            population.correct[earlier],
            alpha,
            confidence,
        ).threshold
        found.append((0.0, 0.0) if threshold is None else population.true(threshold))
    coverage, error = np.array(found).T
    return {
        "alpha": alpha,
        "confidence": confidence,
        "rows": rows,
        "violations": float((error > alpha).mean()),
        "median_coverage": float(np.median(coverage)),
        "oracle_coverage": population.oracle(alpha),
        "trials": trials,
    }


def measure(
    population: Population,
    alphas: tuple[float, ...],
    trials: int,
    confidence: float,
    seed: int,
    report: Report,
) -> dict[str, Any]:
    """The stated figures at the strictest budget that the population can meet at all, the others under `runs`."""
    runs = [
        resample(population, rows, alpha, confidence, trials, seed, report)
        for alpha in alphas
        for rows in ROWS
    ]
    first = next((run for run in runs if run["oracle_coverage"] >= REACHED), runs[-1])
    drifting = drift.measure(alphas[0], months=MONTHS, trials=min(trials, 300), seed=seed, report=report)
    return {**first, "population": len(population.scores), "runs": runs, "drift": drifting}


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--scores", type=Path, help="npz or csv with columns confidence and correct")
    parser.add_argument("--alpha", type=float, help="error budget (default: 0.01 and 0.05)")
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    alphas = ALPHAS if asked.alpha is None else (asked.alpha,)
    with stages() as report:
        population = read_scores(asked.scores) if asked.scores else city_scores(asked.seed, report)
        figures = measure(population, alphas, asked.trials, asked.confidence, asked.seed, report)
    _show(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _show(figures: dict[str, Any]) -> None:
    print(f"{figures['population']:,} scored tickets, {figures['trials']:,} samples of each size")
    print(f"{'error':>7}{'rows':>7}{'violations':>12}{'median coverage':>17}{'oracle':>9}")
    for run in figures["runs"]:
        shares = f"{run['violations']:>12.4f}{run['median_coverage']:>17.3f}{run['oracle_coverage']:>9.3f}"
        print(f"{run['alpha']:>7g}{run['rows']:>7}{shares}")
    for name, value in figures["drift"].items():
        print(f"{name:<26}{value}")


if __name__ == "__main__":
    main()

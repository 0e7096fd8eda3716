"""What each group of features brings: the ranker is fitted again without it, on the earlier part of a history alone.

python -m benchmarks.ablation HISTORY --mapping MAP.toml [--train-share 0.8] [--only GROUP ...] [--json FILE]

Nothing after the first `--train-share` of the history is looked at. What is left is split by time once more, as for
training: rankers are fitted on the first part, their probabilities calibrated on the next, measured on the last. Each
figure stands beside that of all features; differences are of the same tickets, with two standard errors. `loss` is the
log loss of the first candidate's probability: it tells small differences that accuracy cannot.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.dispatches import Dispatch
from features.table import feature_names
from models.calibration import Calibrator
from models.ranker import Floats32, Ranker, RankerSettings
from router.atlas_building import build_atlas
from router.rules import RuleBook
from store.importing import read_history
from store.importing.mapping import load_mapping
from training.evaluation import Evaluation
from training.fitting import Settings, Surroundings, known_units
from training.held_back import Ranked, evaluate_ranked
from training.pairs import Ground, Pairs, pairs, stack
from training.prequential import fit_prequential
from training.replay import Case, Replay, prepare
from training.schema_choice import choose_schema

Floats = NDArray[np.float64]

RELATIVE = "ahead_"
GROUPS: Mapping[str, frozenset[str]] = {
    "counts by key": frozenset({"share", "count", "total"}),
    "decayed counts": frozenset({"recent_share", "unit_recent_share"}),
    "days since the last": frozenset({"age", "unit_age"}),
    "streaks": frozenset({"streak"}),
    "similar tickets": frozenset({"vote_share", "vote", "best"}),
    "text model": frozenset(
        {
            "text",
            "text_log",
            "text_best",
            "text_of_words",
            "text_of_title",
            "text_of_crosses",
            "text_of_place",
        }
    ),
    "words alone": frozenset({"words", "words_best"}),
    "words counted up to now": frozenset({"word_lift", "word_lift_best"}),
    "families of units": frozenset({"family", "of_family", "family_here"}),
    "names of units": frozenset({"name_said", "name_said_weight", "name_placed", "name_placed_weight"}),
    "how busy the unit is": frozenset({"unit_count", "unit_recent_share", "unit_age"}),
    "territory": frozenset({"territory", "territory_edge"}),
    "how sure the place is": frozenset({"place_radius", "place_probability"}),
    "number of candidates": frozenset({"candidates"}),
    "lead over the best other": frozenset(),  # whatever begins with RELATIVE
}
BY_KEY: Mapping[str, tuple[str, ...]] = {
    "street and address": ("street", "address"),
    "H3 cells": ("h3_",),
    "account": ("account",),
}
"""Across the groups: whatever is counted by such a key, alone or crossed with others."""


def columns_of(group: str, names: Sequence[str]) -> list[int]:
    """Where the features of a group, or of a kind of key, stand."""
    if group in BY_KEY:
        keys = [name.partition("[")[2] for name in names]
        return [i for i, key in enumerate(keys) if any(part in key for part in BY_KEY[group])]
    if not GROUPS[group]:
        return [i for i, name in enumerate(names) if name.startswith(RELATIVE)]
    own = GROUPS[group]
    return [i for i, name in enumerate(names) if name.removeprefix(RELATIVE).partition("[")[0] in own]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Every ticket of the fit part and, later, of the calibration and the measured part, with its candidates."""

    names: tuple[str, ...]
    fit: Sequence[Pairs]
    calibration: Sequence[tuple[Case, Pairs]]
    measured: Sequence[tuple[Case, Pairs]]


def material(dispatches: Sequence[Dispatch], settings: Settings | None = None) -> Material:
    """Candidates and rows of all features, as `fit` makes them."""
    settings = settings or Settings()
    ordered = sorted(dispatches, key=lambda d: (d.ticket.received_at, d.sequence))
    log = [replace(dispatch, sequence=i + 1) for i, dispatch in enumerate(ordered)]
    schema = choose_schema([dispatch.ticket for dispatch in log])
    cases = prepare(log, build_atlas(dispatches=log, report=lambda *_: None), schema)
    calibrating, certifying = settings.held_back(len(cases))
    last = len(cases) - certifying
    middle = last - calibrating
    models = fit_prequential(
        cases[:middle],
        settings.text,
        blocks=settings.text_blocks,
        latest=settings.ranker_tickets,
        known_by=cases[middle].dispatch.ticket.received_at,
        report=lambda _: None,
    )
    around = Surroundings()
    history = known_units(schema, around, models.final)
    ground = Ground(
        territories=around.territories, units=around.units, rules=RuleBook(()), limit=settings.max_candidates
    )
    found = [
        (case, pairs(case, history, models.of(position), ground))
        for position, case in enumerate(Replay(cases, history).walk(cases))
        if position >= models.first_end
    ]
    middle, last = middle - models.first_end, last - models.first_end
    return Material(
        names=feature_names(schema),
        fit=[one for _, one in found[:middle]],
        calibration=found[middle:last],
        measured=found[last:],
    )


def evaluate(known: Material, left_out: Collection[int], settings: RankerSettings) -> Evaluation:
    """How a ranker without these columns does on the measured part."""
    kept = [i for i in range(len(known.names)) if i not in set(left_out)]
    rows, labels = stack(known.fit, lambda one: one.truth in one.units)
    ranker = Ranker.fit(_only(rows, kept), labels, [known.names[i] for i in kept], settings)
    earlier = [_ranked(case, one, ranker, kept) for case, one in known.calibration]
    calibrator = Calibrator.fit(
        [one.scores for one in earlier if one.units],
        np.array([one.correct for one in earlier if one.units], np.bool_),
    )
    return evaluate_ranked([_ranked(case, one, ranker, kept) for case, one in known.measured], calibrator)


def _only(rows: Floats32, kept: Sequence[int]) -> Floats32:
    return np.ascontiguousarray(rows[:, kept])


def _ranked(case: Case, one: Pairs, ranker: Ranker, kept: Sequence[int]) -> Ranked:
    scores = ranker.scores(_only(one.rows, kept)) if len(one.rows) else np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    units = tuple(one.units[i] for i in order.tolist())
    return Ranked(case=case, units=units, scores=scores[order], certifiable=True)


def figures(found: Evaluation, of_all: Evaluation | None = None) -> dict[str, Any]:
    """What is shown of an evaluation; `of_all`: that with every feature, on the same tickets."""
    shown: dict[str, Any] = {
        "accuracy": round(found.accuracy, 4),
        "top3": round(found.top3, 4),
        "coverage_at_error": {str(e): round(found.coverage_at_error(e), 4) for e in (0.01, 0.1)},
        "precision_at_80": round(found.precision_at_coverage(0.8), 4),
        "log_loss": round(float(_losses(found).mean()), 4),
    }
    if of_all is not None:
        worse = of_all.correct.astype(float) - found.correct
        shown["brings"] = round(100.0 * float(worse.mean()), 2)
        shown["brings_error"] = round(200.0 * float(worse.std() / len(worse) ** 0.5), 2)
        longer = _losses(found) - _losses(of_all)
        shown["loss_saved"] = round(float(longer.mean()), 4)
        shown["loss_saved_error"] = round(2.0 * float(longer.std() / len(longer) ** 0.5), 4)
    return shown


def _losses(found: Evaluation) -> Floats:
    """Of each ticket: how surprised the calibrated probability of its first candidate was, in nats."""
    chance = np.clip(found.probability, 1e-6, 1.0 - 1e-6)
    return np.asarray(-np.log(np.where(found.correct, chance, 1.0 - chance)))


def measure(dispatches: Sequence[Dispatch], only: Sequence[str] = (), seed: int = 0) -> dict[str, Any]:
    """All features, then without each group."""
    known, settings = material(dispatches), RankerSettings(seed=seed)
    of_all = evaluate(known, (), settings)
    result: dict[str, Any] = {
        "fit_tickets": len(known.fit),
        "measured_tickets": len(known.measured),
        "features": len(known.names),
        "all": figures(of_all),
        "without": {},
    }
    _show("all features", len(known.names), result["all"])
    for group in only or (*GROUPS, *BY_KEY):
        columns = columns_of(group, known.names)
        result["without"][group] = figures(evaluate(known, columns, settings), of_all)
        result["without"][group]["features"] = len(columns)
        _show(f"without {group}", len(columns), result["without"][group])
    return result


def _show(name: str, count: int, shown: Mapping[str, Any]) -> None:
    brings = (
        f"  brings {shown['brings']:+.2f} ± {shown['brings_error']:.2f} points" if "brings" in shown else ""
    )
    coverage = ", ".join(f"{share:.3f} at {e}" for e, share in shown["coverage_at_error"].items())
    print(
        f"{name:<34}{count:>4} features  accuracy {shown['accuracy']:.4f}  top3 {shown['top3']:.4f}  "
        f"coverage {coverage}{brings}",
        flush=True,
    )


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("history", type=Path, help="a file of past dispatches")
    parser.add_argument("--mapping", type=Path, help="TOML file that names its columns")
    parser.add_argument("--train-share", type=float, default=0.8, help="how much of it may be looked at")
    parser.add_argument(
        "--only", nargs="*", default=[], choices=[*GROUPS, *BY_KEY], help="these groups alone"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures there")
    asked = parser.parse_args()
    found = read_history(asked.history, load_mapping(asked.mapping), now=datetime.now(UTC), tolerant=True)
    ordered = sorted(found.dispatches, key=lambda d: (d.ticket.received_at, d.sequence))
    result = measure(ordered[: round(len(ordered) * asked.train_share)], asked.only, asked.seed)
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

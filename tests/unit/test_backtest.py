"""A backtest: learned from the earlier part, measured on the later one, told in the published form."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.guarantee import read_scores
from cli.main import app
from domain.dispatches import Dispatch
from domain.errors import InvalidInput, NotEnoughData
from tests.estimators import QUICK, at, easy_log
from training.backtest import Plan, backtest
from training.results import BacktestResult

SETTINGS = replace(QUICK, alpha=0.05, certificate_share=0.6, calibration_share=0.1)
PLAN = Plan(baselines="none", settings=SETTINGS)


def run(log: Sequence[Dispatch], plan: Plan = PLAN) -> BacktestResult:
    """The backtest of a log."""
    return backtest(log, "ab" * 32, plan, rows=len(log), rejected={}, import_seconds=0.0)


@cache
def easy() -> BacktestResult:
    """Of a history that is easy to tell, with all baselines but the slow one."""
    return run(easy_log(700, errors=0.01), replace(PLAN, baselines="fast"))


CONTRACT: dict[str, Any] = {
    "rows": int,
    "rejected": dict,
    "train_rows": int,
    "test_rows": int,
    "units": int,
    "test_from": str,
    "accuracy": float,
    "top3": float,
    "macro_f1": float,
    "coverage_at_error": {"0.005": float, "0.01": float, "0.02": float, "0.05": float, "0.1": float},
    "precision_at_coverage": {"0.5": float, "0.8": float, "0.95": float},
    "calibration_error": float,
    "delayed": {"days": float, "accuracy": float, "top3": float, "coverage_at_error": {"0.01": float}},
    "certificate": {
        "alpha": float,
        "confidence": float,
        "threshold": float,
        "coverage": float,
        "realised_error": float,
        "strata": int,
    },
    "baselines": {
        "majority": float,
        "category": float,
        "category_cell": float,
        "signalen": type(None),
        "linear_text_place": float,
    },
    "seconds": {"import": float, "features": float, "fit": float, "replay": float},
    "tickets_per_second": float,
    "peak_rss_mb": int,
}


def assert_has(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    """Each key of the contract is there, with its type; a section has no other keys."""
    for key, expected in contract.items():
        if isinstance(expected, dict):
            assert set(figures[key]) == set(expected), key
            assert_has(figures[key], expected)
        else:
            assert type(figures[key]) is expected, key


def test_the_figures_are_those_of_the_published_form() -> None:
    assert_has(json.loads(json.dumps(easy().as_json())), CONTRACT)


def test_what_is_easy_is_told_right() -> None:
    result = easy()
    figures = result.as_json()
    assert (result.rows, result.train_rows, result.test_rows, result.units) == (700, 560, 140, 6)
    assert result.test_from == at(560).isoformat()
    assert figures["accuracy"] > 0.95
    assert figures["accuracy"] <= figures["top3"] <= figures["candidate_recall"]
    assert all(figures["accuracy"] >= value for value in figures["baselines"].values() if value is not None)
    assert figures["certificate"]["coverage"] > 0.5
    assert figures["certificate"]["strata"] == 1
    sent = figures["certificate"]["coverage"] * 140
    assert sent == pytest.approx(round(sent))
    assert figures["certificate"]["realised_error"] * sent == pytest.approx(
        round(figures["certificate"]["realised_error"] * sent)
    )


def test_how_much_of_the_record_is_wrong_is_told_beside_the_accuracy() -> None:
    clean, wrong = (run(easy_log(700, errors=errors)).as_json() for errors in (0.0, 0.2))
    assert 1.0 <= clean["candidates"] <= 24.0
    assert clean["label_noise"]["low"] == 0.0
    methods = {one["method"]: one for one in wrong["label_noise"]["estimates"]}
    assert "easiest tickets" in methods  # these streets hold no two tickets about one thing
    for one in methods.values():
        assert one["low"] <= 0.2 <= one["high"], one
    assert wrong["label_noise"]["low"] > clean["label_noise"]["low"]


def test_nothing_after_the_split_is_learned_but_by_the_history() -> None:
    log = easy_log(700, errors=0.01)
    other = [replace(d, unit_id="elsewhere") if i >= 560 else d for i, d in enumerate(log)]
    changed = run(other)
    assert changed.bundle_digest == easy().bundle_digest
    # a unit that the model never saw: its first ticket counts as an error, the next ones find it in the history
    assert changed.evaluation.rank[0] == 0
    assert changed.evaluation.recall > 0.9
    assert (changed.test_rows, changed.units) == (140, 7)


def test_labels_that_come_late_are_felt_late() -> None:
    log = easy_log(700)
    moved = [replace(d, unit_id=f"new {d.unit_id}") if i >= 560 else d for i, d in enumerate(log)]
    result = run(moved)
    assert result.delayed is not None
    assert result.delayed.days == 7
    assert result.delayed.evaluation.recall < result.evaluation.recall
    # an hour between tickets: for a week nothing of the new units is known
    assert (result.delayed.evaluation.rank[:100] == 0).all()
    assert (result.evaluation.rank[50:100] > 0).mean() > 0.9


@pytest.mark.parametrize(("days", "delayed"), [(0.0, True), (3.0, True), (7.0, False), (30.0, False)])
def test_a_delay_beyond_a_week_has_no_second_replay(days: float, delayed: bool) -> None:
    log = [replace(d, known_at=d.known_at + timedelta(days=days)) for d in easy_log(60)]
    result = run(log, replace(PLAN, label_delay_days=days))
    assert (result.as_json()["delayed"] is not None) is delayed
    assert result.as_json()["label_delay_days"] == days


def test_labels_known_only_after_the_split_are_not_trained_on() -> None:
    log = [replace(d, known_at=at(10_000)) for d in easy_log(60)]
    figures = run(log).as_json()
    assert figures["accuracy"] == 0.0
    assert figures["certificate"] == {
        "alpha": 0.05,
        "confidence": 0.95,
        "threshold": None,
        "coverage": 0.0,
        "realised_error": None,
        "strata": 0,
    }


def test_a_certificate_that_certifies_nothing_says_so() -> None:
    certificate = run(easy_log(700, errors=0.6)).as_json()["certificate"]
    assert (certificate["threshold"], certificate["realised_error"]) == (None, None)
    assert (certificate["coverage"], certificate["strata"]) == (0.0, 0)


@pytest.mark.parametrize(
    ("plan", "train_rows"),
    [
        (Plan(train_share=0.5), 50),
        (Plan(train_share=0.01), 1),
        (Plan(train_share=0.99), 99),
        (Plan(test_from=at(30)), 30),
        (Plan(test_from=at(29.5)), 30),
        (Plan(train_share=0.5, test_from=at(80)), 80),
    ],
)
def test_where_the_split_lies(plan: Plan, train_rows: int) -> None:
    result = run(easy_log(100), replace(plan, baselines="none", settings=SETTINGS))
    assert (result.train_rows, result.test_rows) == (train_rows, 100 - train_rows)


def test_tickets_of_one_moment_are_not_torn_apart() -> None:
    log = [
        replace(d, ticket=replace(d.ticket, received_at=at(i // 10)), known_at=at(40))
        for i, d in enumerate(easy_log(100))
    ]
    assert run(log, replace(PLAN, train_share=0.55)).train_rows == 60


@pytest.mark.parametrize(
    ("count", "plan", "option"),
    [
        (2, PLAN, "--train-share"),
        (50, replace(PLAN, test_from=at(-1)), "--test-from"),
        (50, replace(PLAN, test_from=at(50)), "--test-from"),
    ],
)
def test_a_split_that_leaves_one_side_empty_names_the_option(count: int, plan: Plan, option: str) -> None:
    with pytest.raises(InvalidInput, match=option):
        run(easy_log(count), plan)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_say_what_was_wrong_with_the_others(count: int) -> None:
    with pytest.raises(NotEnoughData, match=rf"{count} of 9 rows can be used \(set aside: missing_unit 8\)"):
        backtest(easy_log(count), "", PLAN, rows=9, rejected={"missing_unit": 8}, import_seconds=0.0)


def test_one_seed_gives_one_answer() -> None:
    log = easy_log(200, errors=0.1)
    one, same = run(log), run(log[::-1])
    assert one.bundle_digest == same.bundle_digest
    assert one.evaluation.confidence.tolist() == same.evaluation.confidence.tolist()


BAD_ROWS = [
    ["", "2025-01-06", "lamp", "x", "31.2", "121.4", "lamps"],
    ["b1", "", "lamp", "x", "31.2", "121.4", "lamps"],
    ["b2", "2025-01-06", "lamp", "x", "31.2", "121.4", ""],
    ["b3", "31/31/2025", "lamp", "x", "31.2", "121.4", "lamps"],
    ["t3", "2025-01-06", "lamp", "the same id with another text", "31.2", "121.4", "lamps"],
]
MAPPING = """[history]
ticket_id = "id"
received_at = "day"
timezone = "Asia/Shanghai"
category = "kind"
text = "words"
latitude = "lat"
longitude = "lon"
unit = "unit"
"""


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A CSV file with whole days and a mapping, and some rows that cannot be used."""
    with (tmp_path / "history.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "day", "kind", "words", "lat", "lon", "unit"])
        for number, dispatch in enumerate(easy_log(240)):
            ticket, point = dispatch.ticket, dispatch.ticket.point
            assert point is not None
            day = (datetime(2025, 1, 1) + timedelta(days=number // 4)).date().isoformat()
            where = (point.latitude, point.longitude)
            writer.writerow([ticket.ticket_id, day, ticket.category, ticket.text, *where, dispatch.unit_id])
        writer.writerows(BAD_ROWS)
    (tmp_path / "map.toml").write_text(MAPPING)
    return tmp_path / "history.csv"


def command(history: Path, *options: str) -> Result:
    """`gridroute backtest` on the file."""
    mapping, figures = str(history.parent / "map.toml"), str(history.parent / "figures.json")
    fixed = [str(history), "--mapping", mapping, "--json", figures, "--baselines", "none"]
    return CliRunner().invoke(app, ["backtest", *fixed, *options], env={"COLUMNS": "200"})


def figures_of(history: Path, *options: str) -> dict[str, Any]:
    """What the command wrote."""
    found = command(history, *options)
    assert found.exit_code == 0, found.output
    figures: dict[str, Any] = json.loads((history.parent / "figures.json").read_text(encoding="utf-8"))
    return figures


def test_rejected_rows_are_counted_by_reason_and_stop_nothing(history: Path) -> None:
    figures = figures_of(history, "--report", str(history.parent / "report"))
    assert figures["rows"] == 245
    assert sum(figures["rejected"].values()) == len(BAD_ROWS)
    assert len(figures["rejected"]) >= 4
    assert figures["train_rows"] + figures["test_rows"] == 240
    assert set(figures["baselines"].values()) == {None}
    assert list((history.parent / "report").glob("*.html"))
    assert_has(
        figures, {key: kind for key, kind in CONTRACT.items() if key not in ("baselines", "certificate")}
    )


def test_each_tested_ticket_s_confidence_and_outcome_can_be_written(history: Path) -> None:
    path = history.parent / "scores.csv"
    figures = figures_of(history, "--scores", str(path))
    population = read_scores(path)
    assert len(population.scores) == figures["test_rows"]
    assert population.correct.mean() == pytest.approx(figures["accuracy"])
    assert population.oracle(0.5) > 0.5


def test_a_day_is_tested_from_its_local_beginning(history: Path) -> None:
    figures = figures_of(history, "--test-from", "2025-02-20")
    assert figures["test_from"] == "2025-02-19T16:00:00+00:00"
    assert (figures["train_rows"], figures["test_rows"]) == (200, 40)


def test_a_label_delay_changes_the_figures(history: Path) -> None:
    lines = history.read_text(encoding="utf-8").splitlines()
    for number in range(len(lines) - len(BAD_ROWS) - 40, len(lines) - len(BAD_ROWS)):
        lines[number] = lines[number].rsplit(",", 1)[0] + ",a new crew"
    history.write_text("\n".join(lines), encoding="utf-8")
    options = ("--test-from", "2025-02-20")
    now, late = figures_of(history, *options), figures_of(history, *options, "--label-delay", "3")
    # four tickets on each whole day: without delay a label counts from the next day
    assert math.isclose(now["candidate_recall"], 36 / 40)
    assert math.isclose(late["candidate_recall"], 24 / 40)
    assert late["label_delay_days"] == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--seed", "-1"),
        ("--seed", str(2**31)),
        ("--train-share", "1"),
        ("--alpha", "0"),
        ("--label-delay", "-1"),
        ("--test-from", "yesterday"),
        ("--baselines", "some"),
    ],
)
def test_an_impossible_option_is_refused_before_anything_is_read(
    history: Path, options: tuple[str, str]
) -> None:
    found = command(history, *options)
    assert found.exit_code == 2
    assert options[0] in found.output

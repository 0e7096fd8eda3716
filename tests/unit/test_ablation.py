"""The ablation: every feature stands in a group and in the documentation; leaving out what tells costs accuracy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.ablation import BY_KEY, GROUPS, RELATIVE, columns_of, evaluate, figures, material
from features.table import feature_names
from models.ranker import RankerSettings
from tests.estimators import QUICK, SCHEMA, easy_log

NAMES = feature_names(SCHEMA)
DOCUMENT = Path(__file__).parents[2] / "docs" / "concepts" / "features.md"


def base(name: str) -> str:
    """A feature's name without the key or kernel it is of."""
    return name.removeprefix(RELATIVE).partition("[")[0]


def test_every_feature_is_in_a_group_and_every_group_has_some() -> None:
    grouped = {column for group in GROUPS for column in columns_of(group, NAMES)}
    assert [NAMES[i] for i in range(len(NAMES)) if i not in grouped] == []
    assert all(columns_of(group, NAMES) for group in GROUPS)
    assert {name for group in GROUPS.values() for name in group} <= set(map(base, NAMES))


def test_every_feature_and_group_is_documented() -> None:
    said = set(re.findall(r"`([^`]+)`", DOCUMENT.read_text(encoding="utf-8")))
    assert {base(name) for name in NAMES} - {base(name) for name in said} == set()
    rows = DOCUMENT.read_text(encoding="utf-8")
    assert [group for group in GROUPS if f"| {group} |" not in rows] == []


@pytest.mark.parametrize("group", ["families of units", "lead over the best other"])
def test_a_group_takes_what_is_relative_with_it(group: str) -> None:
    taken = {NAMES[i] for i in columns_of(group, NAMES)}
    assert any(name.startswith(RELATIVE) for name in taken)
    assert "share[category]" not in taken


def test_what_is_counted_by_a_key_is_left_out_across_the_groups() -> None:
    taken = {NAMES[i] for i in columns_of("street and address", NAMES)}
    assert {"share[street]", "count[category*address]", "ahead_recent_share[street]"} <= taken
    assert all("street" in name or "address" in name for name in taken)
    assert all(columns_of(group, NAMES) for group in BY_KEY)


def test_without_anything_that_tells_the_ranker_guesses() -> None:
    known = material(easy_log(800, errors=0.02), QUICK)
    settings = RankerSettings(trees=15, minimum_rows=10, threads=1)
    of_all = evaluate(known, (), settings)
    blind = evaluate(known, range(len(known.names) - 1), settings)
    assert len(of_all) == 128
    assert of_all.accuracy > 0.9 > blind.accuracy
    shown = figures(blind, of_all)
    assert shown["brings"] == pytest.approx(100 * (of_all.accuracy - blind.accuracy), abs=0.01)
    assert shown["loss_saved"] == pytest.approx(shown["log_loss"] - figures(of_all)["log_loss"], abs=2e-4)
    assert shown["loss_saved"] > 0.1
    assert figures(of_all, of_all)["brings"] == 0.0

"""The matcher of addresses: what a pair shares, and what is learnt from labelled pairs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from benchmarks.address_matching import fit, macro_f1, read_lists, top_exact
from domain.errors import BundleDamaged, BundleIncompatible, NotEnoughData, NotFound
from models.address_matcher import EXACT, FACTS, MODEL, NONE, PARTIAL, AddressMatcher, MatcherSettings
from models.address_pairs import beside_others, compare, feature_names
from models.address_sides import Weights, prepare

QUICK = MatcherSettings(trees=20, minimum_rows=5, folds=2)
_ROADS = ("海丰路", "滨康路", "文汇街", "宏远路", "天童北路", "将军路")
_ESTATES = ("翡翠花园", "万里小区", "春江苑", "先科大院")


def pairs() -> tuple[list[tuple[str, str]], list[int]]:
    """Each road's number 17 asked for: the number itself, its neighbour or road, another road's."""
    asked, labels = [], []
    for i, road in enumerate(_ROADS):
        for estate in _ESTATES:
            query, other = f"宁波市{road}17号{estate}", _ROADS[(i + 1) % len(_ROADS)]
            asked += [(query, f"{road}17号{estate}"), (query, f"{road}19号"), (query, f"{other}66号永辉超市")]
            labels += [EXACT, PARTIAL, NONE]
    return asked, labels


@pytest.fixture(scope="module")
def matcher() -> AddressMatcher:
    return AddressMatcher.fit(*pairs(), settings=QUICK)


def features(query: str, candidate: str) -> dict[str, float]:
    weights = Weights.fit([query, candidate], least=1)
    return compare(prepare(query, weights), prepare(candidate, weights), weights)


@pytest.mark.parametrize(
    ("query", "candidate", "name", "value"),
    [
        ("海丰路17号", "海丰路17号", "number house", 5),
        ("海丰路17号", "海丰路19号", "number house", 3),
        ("海丰路17号", "海丰路", "number house", 1),
        ("海丰路", "海丰路19号", "number house", 2),
        ("春江苑5幢", "春江苑5号楼", "number building", 5),
        ("春江苑五栋", "春江苑5栋2单元", "number unit", 2),
        ("海丰路17号", "滨康路17号", "roads shared", 0),
        ("海丰路17号", "海丰路21号翡翠花园", "road number", 4),
        ("祖冲之路", "祖充之路", "sound ratio", 100),
        ("海丰路17号", "海丰路17号", "query left 2", 0),
        ("慈溪市海丰路", "海丰路", "area city", 1),
        ("慈溪市海丰路", "余姚市海丰路", "area city", 3),
        ("海丰路与滨康路交叉口", "滨康路与海丰路交汇处", "candidate crossing", 1),
        ("翡翠花园", "海丰路17号翡翠花园(北门)", "own name in query", 100),
        ("翡翠花园", "海丰路17号翡翠花园(北门)", "gate", 1),
    ],
)
def test_features_of_a_pair(query: str, candidate: str, name: str, value: float) -> None:
    assert features(query, candidate)[name] == pytest.approx(value)


def test_a_rare_name_weighs_more_than_a_common_one() -> None:
    weights = Weights.fit(["海丰路", "滨康路", "宏远路", "康桥"], least=1)
    assert weights.sum(["康桥"]) > weights.sum(["路"])
    assert weights.sum(["从未"]) == pytest.approx(weights.rarest)


def test_the_same_place_is_told_from_its_neighbour_and_from_another(matcher: AddressMatcher) -> None:
    candidates = ["滨康路19号", "滨康路17号春江苑", "宏远路66号永辉超市"]
    scores = matcher.score("宁波市滨康路17号春江苑", candidates)
    assert scores.sum(axis=1) == pytest.approx(1)
    assert matcher.classify(scores).tolist() == [PARTIAL, EXACT, NONE]


def test_the_order_of_candidates_tells_nothing(matcher: AddressMatcher) -> None:
    candidates = ["滨康路19号", "滨康路17号春江苑", "宏远路66号永辉超市", "滨康路"]
    scores = matcher.score("滨康路17号", candidates)
    assert np.allclose(matcher.score("滨康路17号", candidates[::-1])[::-1], scores)


def test_no_candidates_no_scores(matcher: AddressMatcher) -> None:
    assert matcher.score("滨康路17号", []).shape == (0, 3)


@settings(max_examples=50)
@given(st.text(max_size=40), st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_any_text_is_scored(matcher: AddressMatcher, query: str, candidates: list[str]) -> None:
    scores = matcher.score(query, candidates)
    assert scores.shape == (len(candidates), 3)
    assert np.isfinite(scores).all()


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["海丰路17号", "春江苑5幢北门", "慈溪市", "滨康"]), min_size=1, max_size=5))
def test_gaps_to_the_best_other_are_what_a_slow_loop_says(candidates: list[str]) -> None:
    weights = Weights.fit(candidates, least=1)
    query, sides = prepare("慈溪市海丰路17号", weights), [prepare(c, weights) for c in candidates]
    rows = [compare(query, side, weights) for side in sides]
    listed = beside_others(query, sides, rows, weights)
    names = feature_names()
    assert listed.shape == (len(candidates), len(names))
    for i, row in enumerate(rows):
        others = [other["ratio"] for j, other in enumerate(rows) if j != i]
        expected = row["ratio"] - max(others) if others else 0
        assert listed[i, names.index("ratio to the best other")] == pytest.approx(expected, abs=1e-3)


def test_learning_twice_gives_one_model(matcher: AddressMatcher, tmp_path: Path) -> None:
    matcher.save(tmp_path / "a")
    AddressMatcher.fit(*pairs(), settings=QUICK).save(tmp_path / "b")
    for name in (MODEL, FACTS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_saved_matcher_answers_the_same(matcher: AddressMatcher, tmp_path: Path) -> None:
    matcher.save(tmp_path)
    scores = matcher.score("滨康路17号", ["滨康路17号春江苑", "滨康路"])
    assert np.array_equal(
        AddressMatcher.load(tmp_path).score("滨康路17号", ["滨康路17号春江苑", "滨康路"]), scores
    )


def test_a_damaged_missing_or_foreign_model_is_refused(matcher: AddressMatcher, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        AddressMatcher.load(tmp_path / "nowhere")
    matcher.save(tmp_path)
    facts = (tmp_path / FACTS).read_text(encoding="utf-8")
    (tmp_path / FACTS).write_text(facts.replace("set ratio", "odd ratio"), encoding="utf-8")
    with pytest.raises(BundleIncompatible):
        AddressMatcher.load(tmp_path)
    (tmp_path / FACTS).write_text("{", encoding="utf-8")
    with pytest.raises(BundleDamaged):
        AddressMatcher.load(tmp_path)
    (tmp_path / FACTS).write_text(facts, encoding="utf-8")
    (tmp_path / MODEL).write_text("tree", encoding="utf-8")
    with pytest.raises(BundleDamaged):
        AddressMatcher.load(tmp_path)


def test_a_class_that_is_missing_is_said() -> None:
    with pytest.raises(NotEnoughData):
        AddressMatcher.fit([("海丰路", "海丰路"), ("海丰路", "滨康路")], [EXACT, NONE])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
def test_macro_f1_is_the_usual_one(rows: list[tuple[int, int]]) -> None:
    labels, found = [a for a, _ in rows], [b for _, b in rows]
    assert macro_f1(labels, found) == pytest.approx(f1_score(labels, found, average="macro"))


@pytest.mark.parametrize(
    ("labels", "exact", "share"),
    [
        ([EXACT, NONE], [0.9, 0.1], 1),
        ([EXACT, NONE], [0.1, 0.9], 0),
        ([EXACT, NONE], [0.5, 0.5], 0.5),
        ([EXACT], [0.5], None),
        ([PARTIAL, NONE], [0.5, 0.1], None),
    ],
)
def test_a_tie_is_no_gain_by_order(labels: list[int], exact: list[float], share: float | None) -> None:
    scores = np.array([[0, 1 - p, p] for p in exact])
    assert top_exact(labels, scores) == share


@pytest.mark.real_data
@pytest.mark.skipif("GRIDROUTE_DATA" not in os.environ, reason="GRIDROUTE_DATA names no folder of real data")
def test_real_candidates_learnt_from_a_small_part() -> None:
    lists = read_lists(Path(os.environ["GRIDROUTE_DATA"]) / "address_matching_zh" / "queries.jsonl")
    matcher = fit(lists[:300], MatcherSettings(trees=40, rate=0.1, folds=2))
    tops = [top_exact(row.labels, matcher.score(row.query, row.candidates)) for row in lists[300:450]]
    counted = [top for top in tops if top is not None]
    assert sum(counted) / len(counted) > 0.6

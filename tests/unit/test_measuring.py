"""What is kept of an evaluation beside its bundle."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import h3
import numpy as np

from models.measured import Measured
from tests.evaluations import evaluation
from training.evaluation import Evaluation
from training.measuring import MOST_GROUPS, MOST_POINTS, measured_of


def kept(measured: Evaluation) -> Measured:
    found = measured_of(measured)
    assert found is not None
    return found


def test_nothing_is_kept_of_nothing() -> None:
    assert measured_of(None) is None
    assert measured_of(evaluation(0)) is None


def test_every_point_of_the_curve_is_one_of_the_evaluation() -> None:
    measured = evaluation(5_000)
    points = kept(measured).risk_coverage
    for point in points[:: len(points) // 7]:
        taken = measured.confidence >= point.confidence - 1e-6
        assert np.isclose(taken.mean(), point.coverage, atol=1e-3)
        assert np.isclose(1 - measured.correct[taken].mean(), point.error, atol=5e-3)
    assert (points[-1].coverage, points[-1].error) == (1.0, round(1 - measured.accuracy, 6))
    assert [one.coverage for one in points] == sorted({one.coverage for one in points})
    assert 50 < len(points) <= MOST_POINTS


def test_equal_confidences_are_one_point() -> None:
    measured = replace(evaluation(50), confidence=np.full(50, 0.5))
    assert [(one.coverage, one.confidence) for one in kept(measured).risk_coverage] == [(1.0, 0.5)]


def test_errors_are_counted_by_unit_kind_and_cell() -> None:
    measured = evaluation(3_000, 40)
    found = kept(measured)
    wrong = Counter(measured.truth[~measured.correct].tolist())
    assert {one.key: one.wrong for one in found.unit if one.wrong} == dict(wrong)
    assert sum(one.tickets for one in found.unit) == 3_000
    assert {one.key for one in found.kind} == {"street light", "pothole", "积水", ""}
    assert {h3.get_resolution(one.key) for one in found.cell} == {7}
    assert [one.wrong for one in found.cell] == sorted((one.wrong for one in found.cell), reverse=True)


def test_it_is_bounded_and_comes_back_from_json_as_it_was() -> None:
    measured = evaluation(20_000, 900)
    found = kept(measured)
    text = json.dumps(found.to_dict())
    assert Measured.from_dict(json.loads(text)) == found
    assert len(found.unit) == MOST_GROUPS
    assert len(text) < 150_000


def test_tickets_without_a_place_or_kind_are_no_group() -> None:
    measured = replace(evaluation(20), cell=np.full(20, ""), category=np.full(20, ""))
    found = kept(measured)
    assert (found.cell, found.kind, found.tickets) == ((), (), 20)

"""Pictures of an evaluation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.evaluations import backtest, certificate, evaluation
from training import curves
from training.confusion import confusion_matrix
from training.evaluation import Evaluation, Floats
from training.results import CertifiedOutcome

DRAWINGS: dict[str, Callable[[Evaluation], Figure]] = {
    "risk_coverage": curves.risk_coverage,
    "reliability": curves.reliability,
    "confusion": curves.confusion,
}


def _lines(figure: Figure) -> dict[str, Floats]:
    """Each labelled line's points, shape (n, 2)."""
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in figure.axes[0].lines}


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("tickets", [0, 1, 2, 500])
def test_every_size_is_drawn_both_ways(drawing: str, tickets: int) -> None:
    figure = DRAWINGS[drawing](evaluation(tickets, 5))
    assert ET.fromstring(curves.as_svg(figure)).tag.endswith("svg")
    assert curves.as_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_the_same_evaluation_gives_the_same_bytes(drawing: str) -> None:
    first, second = (DRAWINGS[drawing](evaluation(200, 5)) for _ in range(2))
    assert curves.as_svg(first) == curves.as_svg(second)
    assert curves.as_png(first) == curves.as_png(second)


def test_nothing_global_is_left_changed() -> None:
    before = dict(mpl.rcParams)
    curves.as_svg(curves.risk_coverage(evaluation(50, 3)))
    assert dict(mpl.rcParams) == before


def test_the_svg_follows_the_pages_colours() -> None:
    drawing = curves.as_svg(curves.risk_coverage(evaluation(50, 3)))
    assert "var(--accent, #1463d8)" in drawing
    assert ": #1463d8" not in drawing


def test_the_certificate_is_marked_where_it_came_out() -> None:
    result = backtest()
    lines = _lines(curves.risk_coverage(result.evaluation, outcome=result.outcome))
    assert lines["certified"].tolist() == [[0.31, 0.008]]


def test_no_certificate_no_mark() -> None:
    outcome = CertifiedOutcome(certificate=certificate(threshold=None), coverage=0.0, realised_error=None)
    lines = _lines(curves.risk_coverage(evaluation(50, 3), outcome=outcome))
    assert "certified" not in lines
    assert "allowed: 1 %" in lines


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    coverage = np.arange(1, 20_001) / 20_000
    lines = _lines(curves.risk_coverage(evaluation(50, 3), baselines={"other": (coverage, coverage / 10)}))
    assert len(lines["other"]) <= 400
    assert lines["other"][-1].tolist() == [1.0, 0.1]


def test_a_unit_named_like_a_formula_is_drawn_as_it_stands() -> None:
    odd = evaluation(30, 2)
    odd = replace(odd, truth=np.array(["$x^{<b>"] * 30), predicted=np.array(["$x^{<b>"] * 30))
    drawing = curves.as_svg(curves.confusion(odd))
    assert "$x^{&lt;b&gt;" in drawing
    curves.as_png(curves.confusion(odd))


def test_confusion_rows_sum_to_one_and_the_rest_is_other() -> None:
    measured = evaluation(800, 12)
    matrix = confusion_matrix(measured, top=3)
    assert matrix.shares.shape == (3, 4)
    assert matrix.shares.sum(axis=1) == pytest.approx(1.0)
    largest = measured.truth == matrix.units[0]
    outside = ~np.isin(measured.predicted[largest], matrix.units)
    assert matrix.shares[0, 3] == pytest.approx(outside.mean())


def test_a_name_without_letters_in_any_font_becomes_a_number() -> None:
    assert curves.drawable(4, "unit-07") == "unit-07"
    assert curves.drawable(4, "unit \U0010fffd") == "#5"

"""The HTML report of a backtest."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pytest

from tests.evaluations import backtest, certificate, evaluation
from training.report import facts, groups, render, write_report
from training.report.hexmap import draw_map
from training.results import BacktestResult, CertifiedOutcome


class Page(HTMLParser):
    """Collects what a page says and what it would fetch; refuses tags that do not match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.tags: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in {"meta", "link", "br"}:
            self._open.append(tag)
        self.fetched += [
            v for k, v in attrs if k in {"src", "href"} and v and not v.startswith(("#", "data:"))
        ]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def _uncertified(needed: int | None = 2900) -> CertifiedOutcome:
    return CertifiedOutcome(
        certificate=certificate(threshold=None, needed_rows=needed), coverage=0.0, realised_error=None
    )


RESULTS: dict[str, BacktestResult] = {
    "full": backtest(),
    "uncertified": backtest(outcome=_uncertified()),
    "empty": backtest(evaluation(0), delayed=None, baseline_curves={}),
    "one ticket": backtest(evaluation(1, 1), delayed=None),
    "not measured": backtest(
        baselines={}, importance={}, seconds={}, rejected={}, tickets_per_second=None, peak_rss_mb=None
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_the_page_is_whole_and_fetches_nothing(name: str) -> None:
    html = render(RESULTS[name])
    page = Page(html)
    assert page.fetched == []
    assert "script" not in page.tags
    assert "@import" not in html
    assert "url(" not in html.replace("url(#", "")
    assert not re.search(r"\bnan\b", page.text)


def test_it_is_written_where_asked(tmp_path: Path) -> None:
    page = write_report(RESULTS["one ticket"], tmp_path / "some" / "where")
    assert page == tmp_path / "some" / "where" / "index.html"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_same_result_gives_the_same_page() -> None:
    assert render(RESULTS["one ticket"]) == render(RESULTS["one ticket"])


def test_the_page_says_what_was_measured() -> None:
    result = RESULTS["full"]
    text = Page(render(result)).text
    for told in (
        "Of 100 tickets, 31 can be dispatched automatically with at most 1",
        "of 1,200 such tickets in the latest part of training, 5 were wrong",
        "labels 7 days late",
        "5 no unit, 2 no time",
        result.data_digest,
        result.bundle_digest,
        "静安区第0养护所",
        "linear model of text and place",
        "2025-03",
    ):
        assert told in text


def test_names_are_escaped() -> None:
    odd = evaluation(40, 3)
    odd = replace(odd, truth=np.array(["<script>alert(1)</script>"] * 40), category=np.array(["<b>"] * 40))
    page = Page(render(backtest(odd, rejected={"<img src=x>": 1})))
    assert not {"script", "img"} & page.tags
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "31 can be dispatched"),
        ({"outcome": _uncertified()}, "People decide every ticket"),
        (
            {"outcome": CertifiedOutcome(certificate=certificate(), coverage=0.004, realised_error=0.0)},
            "fewer than 1 can",
        ),
        ({"evaluation": evaluation(0)}, "no ticket to test on"),
    ],
)
def test_headline(changes: dict[str, Any], said: str) -> None:
    assert said in facts.headline(backtest(**changes))


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (_uncertified(needed=2900), "about 2,900 more are needed"),
        (_uncertified(needed=None), "more tickets will not mend"),
        (
            CertifiedOutcome(certificate=certificate(), coverage=0.3, realised_error=0.02),
            "more than promised",
        ),
        (
            CertifiedOutcome(certificate=certificate(), coverage=0.0, realised_error=None),
            "no error to tell of",
        ),
    ],
)
def test_the_certificate_is_told_plainly(outcome: CertifiedOutcome, said: str) -> None:
    assert said in facts.certificate_words(backtest(outcome=outcome)).outcome


def test_units_with_the_most_errors_come_first_with_their_rival() -> None:
    measured = replace(
        evaluation(6, 1),
        truth=np.array(["a", "a", "a", "b", "b", "c"]),
        predicted=np.array(["b", "b", "c", "b", "", "c"]),
        rank=np.array([2, 0, 3, 1, 0, 1]),
    )
    found = [(g.name, g.tickets, g.wrong, g.rival, g.rival_count) for g in groups.by_unit(measured)]
    assert found == [("a", 3, 3, "b", 2), ("b", 2, 1, "", 1), ("c", 1, 0, "", 0)]


def test_months_are_in_order_and_lose_no_ticket() -> None:
    months = groups.by_month(evaluation(500))
    assert [m.name for m in months] == sorted(m.name for m in months)
    assert sum(m.tickets for m in months) == 500


def test_no_categories_no_table() -> None:
    assert groups.by_category(replace(evaluation(5, 2), category=np.array([""] * 5))) == ()


def test_the_map_shows_every_near_cell_and_leaves_the_far_one_out() -> None:
    measured = evaluation(600)
    far = h3.latlng_to_cell(51.5, -0.1, 10)
    drawing = draw_map(replace(measured, cell=np.append(measured.cell[:-2], ["", far])))
    assert drawing is not None
    shown = sum(hexagon.group.tickets for hexagon in drawing.hexagons)
    assert shown + drawing.outside == 599
    assert 1 <= drawing.outside < 30
    corners = [float(v) for h in drawing.hexagons for point in h.points.split() for v in point.split(",")]
    assert min(corners) >= 0
    assert max(corners) <= max(drawing.width, drawing.height)


def test_no_place_no_map() -> None:
    assert draw_map(replace(evaluation(5, 2), cell=np.array([""] * 5))) is None


def test_a_hexagon_of_few_tickets_is_not_judged() -> None:
    cell = h3.latlng_to_cell(31.2, 121.5, 9)
    few = replace(evaluation(3, 2), cell=np.array([cell] * 3))
    many = replace(evaluation(40, 2), cell=np.array([cell] * 40), rank=np.array([1] * 30 + [2] * 10))
    assert [h.step for h in draw_map(few).hexagons] == [None]  # type: ignore[union-attr]
    assert [h.step for h in draw_map(many).hexagons] == [4]  # type: ignore[union-attr]

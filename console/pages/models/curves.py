"""How sure and how often wrong: the champion and another version on one picture, and what a budget would mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from console.charts import Palette, axis, legend, tip
from console.client import Json
from console.words import Words

STEPS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # percent between lines; about five of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A version's curves, and how they are drawn."""

    name: str
    curves: Json
    colour: str
    dashed: bool = False


def coverage_at(curves: Json, alpha: float) -> float:
    """The largest share of the held-back tickets that goes out with at most this share of it wrong."""
    points = curves["risk_coverage"]
    return max((float(one["coverage"]) for one in points if one["error"] <= alpha), default=0.0)


def picture(
    drawn: Sequence[Drawn], alpha: float, colours: Palette, words: Words, *, narrow: bool
) -> dict[str, Any]:
    """Options for ECharts: to the left error by coverage with the budget, to the right what was said and what held."""
    grids, titles = _grids(narrow), (words("models.risk_title"), words("models.reliability_title"))
    top = ("26", "52%") if narrow else ("26", "26")
    left = ("0", "0") if narrow else ("0", "54%")
    return {
        "title": [
            {
                "text": text,
                "left": left[number],
                "top": top[number],
                "textStyle": {"fontSize": 13, "fontWeight": 600, "color": colours.quiet},
                "padding": 0,
            }
            for number, text in enumerate(titles)
        ],
        "legend": legend(colours, top=0, left=0, data=[one.name for one in drawn]),
        "tooltip": tip(colours, trigger="item"),
        "grid": grids,
        "xAxis": [
            axis(colours, type="value", min=0, max=100, name=words("models.coverage"), gridIndex=0)
            | _named(),
            axis(colours, type="value", min=0, max=100, name=words("models.predicted"), gridIndex=1)
            | _named(),
        ],
        "yAxis": [
            axis(
                colours,
                type="value",
                min=0,
                gridIndex=0,
                name=words("models.error"),
                max=_highest(drawn, alpha),
            )
            | _above(colours),
            axis(colours, type="value", min=0, max=100, gridIndex=1, name=words("models.observed"))
            | _above(colours),
        ],
        "series": [
            *(_risk(one) for one in drawn),
            _budget(drawn, alpha, colours, words),
            *(_reliability(one) for one in drawn),
            _diagonal(colours, words),
        ],
    }


def _grids(narrow: bool) -> list[dict[str, Any]]:
    if narrow:
        return [
            {"left": 4, "right": 12, "top": 74, "height": "30%", "containLabel": True},
            {"left": 4, "right": 12, "top": "62%", "bottom": 24, "containLabel": True},
        ]
    return [
        {"left": 4, "width": "45%", "top": 74, "bottom": 24, "containLabel": True},
        {"left": "54%", "right": 12, "top": 74, "bottom": 24, "containLabel": True},
    ]


def _named() -> dict[str, Any]:
    return {"nameLocation": "middle", "nameGap": 24}


def _above(colours: Palette) -> dict[str, Any]:
    """A name above its axis, from there on to the right: to the left is no room."""
    return {"nameTextStyle": {"color": colours.quiet, "fontSize": 12, "align": "left"}, "nameGap": 12}


def _highest(drawn: Sequence[Drawn], alpha: float) -> float:
    found = max((point["error"] for one in drawn for point in one.curves["risk_coverage"]), default=0.0)
    highest = 115 * max(found, alpha)
    step = next((step for step in STEPS if highest <= 5 * step), STEPS[-1])
    return ceil(highest / step) * step


def _line(one: Drawn, number: int, points: list[list[float]], **rest: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": "line",
        "xAxisIndex": number,
        "yAxisIndex": number,
        "data": points,
        "showSymbol": False,
        "lineStyle": {"color": one.colour, "width": 2.5, "type": "dashed" if one.dashed else "solid"},
        "itemStyle": {"color": one.colour},
        **rest,
    }


def _risk(one: Drawn) -> dict[str, Any]:
    points = [[_percent(p["coverage"]), _percent(p["error"])] for p in one.curves["risk_coverage"]]
    return _line(one, 0, points)


def _reliability(one: Drawn) -> dict[str, Any]:
    points = [[_percent(p["predicted"]), _percent(p["observed"])] for p in one.curves["reliability"]]
    return _line(one, 1, points, showSymbol=True, symbolSize=6)


def _budget(drawn: Sequence[Drawn], alpha: float, colours: Palette, words: Words) -> dict[str, Any]:
    """The budget as a line across, and where each curve meets it."""
    return {
        "type": "scatter",
        "name": "α",
        "xAxisIndex": 0,
        "yAxisIndex": 0,
        "symbolSize": 11,
        "data": [
            {
                "value": [_percent(coverage_at(one.curves, alpha)), _percent(alpha)],
                "itemStyle": {"color": one.colour, "borderColor": colours.card, "borderWidth": 2},
            }
            for one in drawn
        ],
        "markLine": {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"color": colours.bad, "type": "dashed"},
            "label": {
                "formatter": words("models.alpha_is", percent=_percent(alpha)),
                "position": "insideEndTop",
                "color": colours.bad,
            },
            "data": [{"yAxis": _percent(alpha)}],
        },
    }


def _diagonal(colours: Palette, words: Words) -> dict[str, Any]:
    return {
        "type": "line",
        "name": words("models.honest"),
        "xAxisIndex": 1,
        "yAxisIndex": 1,
        "data": [[0, 0], [100, 100]],
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"color": colours.soft, "width": 1.5, "type": "dotted"},
    }


def _percent(share: float) -> float:
    return round(100 * share, 2)

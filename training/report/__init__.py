"""One self-contained HTML page that tells a person how a backtest went."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from training import curves
from training.report import facts, groups, wording
from training.report.hexmap import draw_map
from training.results import BacktestResult


def write_report(result: BacktestResult, directory: Path) -> Path:
    """Write `directory`/index.html (made where missing) and answer its path."""
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / "index.html"
    page.write_text(render(result), encoding="utf-8")
    return page


def render(result: BacktestResult) -> str:
    """The page: no script, no request to anywhere, light or dark as the reader's system is."""
    evaluation = result.evaluation
    environment = Environment(
        loader=PackageLoader("training.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": wording.percent, "count": wording.count, "day": wording.day}
    style = resources.files("training.report").joinpath("style.css").read_text(encoding="utf-8")
    return environment.get_template("page.html.j2").render(
        result=result,
        style=style,
        headline=facts.headline(result),
        certificate=facts.certificate_words(result),
        tiles=facts.tiles(result),
        baselines=facts.baseline_rows(result),
        figures=facts.figure_rows(result),
        importance=facts.importance_shares(result),
        months=groups.by_month(evaluation),
        categories=groups.by_category(evaluation),
        units=groups.by_unit(evaluation),
        worst_cells=groups.worst_cells(evaluation),
        hexmap=draw_map(evaluation),
        pictures=_pictures(result),
    )


def _pictures(result: BacktestResult) -> dict[str, str]:
    baselines = {
        facts.BASELINE_NAMES.get(name, name): curve for name, curve in result.baseline_curves.items()
    }
    drawn = {
        "risk_coverage": curves.risk_coverage(result.evaluation, baselines=baselines, outcome=result.outcome),
        "reliability": curves.reliability(result.evaluation),
        "confusion": curves.confusion(result.evaluation),
    }
    return {name: curves.as_svg(figure) for name, figure in drawn.items()}

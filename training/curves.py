"""Pictures of an evaluation: risk–coverage, reliability, confusion by unit.

Figures are drawn once and rendered twice: as SVG, whose colours are CSS variables and whose letters are text in the
reader's own fonts, and as PNG for MLflow. Object-oriented matplotlib only; nothing global is left changed.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping
from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from training import evaluation as measures
from training.confusion import confusion_matrix
from training.evaluation import Evaluation, Floats
from training.results import CertifiedOutcome

PALETTE = {
    "ink": "#1f2328",
    "muted": "#667080",
    "grid": "#d9dee5",
    "accent": "#1463d8",
    "good": "#12805c",
    "bad": "#c43d1b",
    "series-1": "#8a5fbf",
    "series-2": "#b7791f",
    "series-3": "#54657a",
    "series-4": "#a8487f",
    "series-5": "#7a7f36",
}
_CJK_FONTS = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei")
_DASHES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_ERROR_TICKS = (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
_POINTS = 400

Label = Callable[[int, str], str]


def risk_coverage(
    evaluation: Evaluation,
    *,
    baselines: Mapping[str, tuple[Floats, Floats]] | None = None,
    outcome: CertifiedOutcome | None = None,
) -> Figure:
    """Error among the tickets dispatched automatically, by how many are; the certificate's point is marked."""
    figure, axes = _canvas(7.2, 4.4)
    if not len(evaluation):
        return _nothing(figure, axes)
    model = _thinned(*evaluation.risk_coverage())
    axes.plot(*model, color=PALETTE["accent"], lw=2.4, zorder=3, label="gridroute")
    for place, (name, (coverage, error)) in enumerate((baselines or {}).items()):
        colour = PALETTE[f"series-{place % 5 + 1}"]
        marker = "o" if len(coverage) == 1 else None
        style = _DASHES[place % len(_DASHES)]
        axes.plot(*_thinned(coverage, error), color=colour, ls=style, lw=1.2, marker=marker, ms=4, label=name)
    if outcome is not None:
        _mark_certificate(axes, outcome)
    _error_axis(axes)
    axes.set_xlabel("share of all tickets dispatched automatically")
    axes.set_ylabel("misrouted among those")
    figure.legend(loc="outside lower center", frameon=False, ncols=3, labelcolor=PALETTE["ink"], fontsize=9)
    return figure


def reliability(evaluation: Evaluation, bins: int = 15) -> Figure:
    """Stated probability against the observed share right, in equal-mass bins with their 95 % binomial spread."""
    figure, axes = _canvas(4.8, 4.4)
    if not len(evaluation):
        return _nothing(figure, axes)
    found = measures.reliability(evaluation.probability, evaluation.correct, bins)
    stated, observed = np.array([b.predicted for b in found]), np.array([b.observed for b in found])
    spread = 1.96 * np.sqrt(observed * (1 - observed) / np.array([b.share * len(evaluation) for b in found]))
    low, high = np.minimum(spread, observed), np.minimum(spread, 1 - observed)
    axes.plot([0, 1], [0, 1], color=PALETTE["muted"], ls="--", lw=1)
    axes.errorbar(stated, observed, yerr=[low, high], fmt="o", ms=5, color=PALETTE["accent"], elinewidth=1)
    _percent(axes)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("probability stated")
    axes.set_ylabel("share right")
    return figure


def confusion(evaluation: Evaluation, top: int = 20, label: Label = lambda _, unit: unit) -> Figure:
    """Where the tickets of the `top` largest units were sent, each row summing to 1 with "other" last."""
    matrix = confusion_matrix(evaluation, top)
    size = 0.28 * len(matrix.units) + 2.6
    figure, axes = _canvas(size + 0.6, size)
    if not matrix.units:
        return _nothing(figure, axes)
    names = [_shortened(label(place, unit)) for place, unit in enumerate(matrix.units)]
    for (row, column), share in np.ndenumerate(matrix.shares):
        if share > 0:
            colour = PALETTE["good"] if row == column else PALETTE["bad"]
            strength = 0.12 + 0.88 * float(share) ** 0.6  # a few per cent of confusion must still be seen
            axes.add_patch(Rectangle((column, row), 1, 1, color=colour, alpha=strength, lw=0))
    axes.set_xlim(0, len(names) + 1)
    axes.set_ylim(len(names), 0)
    axes.set_aspect("equal")
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8, parse_math=False)
    columns = [*names, "other"]
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90, fontsize=8, parse_math=False)
    axes.set_xlabel("sent to")
    axes.set_ylabel("belongs to")
    return figure


def as_svg(figure: Figure) -> str:
    """An <svg> that shrinks with its page: letters as text, colours as `var(--name, fallback)`; deterministic."""
    sheet = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gridroute"}), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing"
        )  # the reader's fonts draw the letters, not ours
        figure.savefig(sheet, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawing = sheet.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    names = {colour: name for name, colour in PALETTE.items()}
    coloured = re.sub("|".join(names), lambda m: f"var(--{names[m[0]]}, {m[0]})", drawing)
    sized = f'style="max-width: {100 * figure.get_figwidth():.0f}px; background: var(--card, #ffffff)"'
    return re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", coloured, count=2).replace(
        "<svg", f"<svg {sized}", 1
    )


def as_png(figure: Figure) -> bytes:
    """The figure on white."""
    sheet = io.BytesIO()
    figure.savefig(sheet, format="png", dpi=130, facecolor="white", metadata={"Software": None})
    return sheet.getvalue()


def drawable(place: int, unit: str) -> str:
    """The unit's name where an installed font has its letters, else its number in the picture (the SVG names it)."""
    return unit if set(map(ord, unit)) <= _glyphs() else f"#{place + 1}"


@cache
def _fonts() -> tuple[str, ...]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _CJK_FONTS if name in installed))


@cache
def _glyphs() -> frozenset[int]:
    paths = (font_manager.findfont(name) for name in _fonts())
    return frozenset(code for path in paths for code in font_manager.get_font(path).get_charmap())


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    style = {
        "font.family": list(_fonts()),
        "font.size": 10,
        "text.color": PALETTE["ink"],
        "axes.labelcolor": PALETTE["ink"],
        "axes.edgecolor": PALETTE["grid"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "xtick.color": PALETTE["grid"],
        "ytick.color": PALETTE["grid"],
        "xtick.labelcolor": PALETTE["muted"],
        "ytick.labelcolor": PALETTE["muted"],
        "grid.color": PALETTE["grid"],
        "grid.linewidth": 0.6,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot()


def _nothing(figure: Figure, axes: Axes) -> Figure:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no tickets to show", ha="center", va="center", color=PALETTE["muted"])
    return figure


def _thinned(coverage: Floats, error: Floats) -> tuple[Floats, Floats]:
    """At most 400 points, the last one among them; the first half per cent of the tickets is noise and left out."""
    start = int(np.searchsorted(coverage[:-1], 0.005))
    kept = np.unique(np.linspace(start, len(coverage) - 1, _POINTS).astype(int))
    return coverage[kept], error[kept]


def _mark_certificate(axes: Axes, outcome: CertifiedOutcome) -> None:
    alpha = outcome.certificate.alpha
    axes.axhline(alpha, color=PALETTE["good"], lw=1, ls="--", label=f"allowed: {100 * alpha:g} %")
    if outcome.realised_error is not None:
        axes.plot(
            [outcome.coverage],
            [outcome.realised_error],
            "D",
            ms=8,
            color=PALETTE["good"],
            zorder=4,
            label="certified",
        )


def _error_axis(axes: Axes) -> None:
    """Logarithmic above 0.2 %, linear below: a curve may well start at no error at all."""
    axes.set_yscale("symlog", linthresh=0.002, linscale=0.5)
    axes.set_yticks(_ERROR_TICKS)
    axes.minorticks_off()
    _percent(axes)
    axes.set_ylim(0, 1.02)


def _percent(axes: Axes) -> None:
    axes.set_xlim(0, 1.01)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.grid(visible=True)


def _shortened(name: str, limit: int = 28) -> str:
    return name if len(name) <= limit else name[: limit - 1] + "…"

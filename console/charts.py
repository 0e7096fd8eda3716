"""Charts in the page's own colours: ECharts does not follow the dark by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nicegui import app, ui

from console.browser import asked
from console.view import View

FONT = 'Roboto, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", sans-serif'


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours that are told apart on the page's ground, by whoever sees colours otherwise too."""

    ink: str
    quiet: str
    line: str
    card: str
    main: str
    other: str
    bad: str
    soft: str


LIGHT = Palette(
    ink="#16202a",
    quiet="#4c5a66",
    line="#d5dce1",
    card="#ffffff",
    main="#0b6b62",
    other="#c26a12",
    bad="#b3261e",
    soft="#b9c6cd",
)
DARK = Palette(
    ink="#e6ecf0",
    quiet="#a7b4be",
    line="#35424a",
    card="#1b2429",
    main="#5cc8bb",
    other="#f2a65c",
    bad="#ff9d94",
    soft="#51626c",
)


async def palette(view: View) -> Palette:
    """The colours that the reader has chosen, or their system."""
    dark = app.storage.user.get("dark")
    if dark is None:
        dark = await asked(view, "Quasar.Dark.isActive", otherwise=False)
    return DARK if dark else LIGHT


def chart(options: dict[str, Any], *, label: str, colours: Palette) -> ui.echart:
    """A chart; `label` says in words what it shows."""
    base = {
        "textStyle": {"fontFamily": FONT, "color": colours.quiet},
        "animation": False,  # what is read is there at once, also for whoever wants no motion
    }
    made = ui.echart(base | options, renderer="svg").classes("gr-chart")
    made.props(f'role=img aria-label="{label}"')
    return made


def axis(colours: Palette, **rest: Any) -> dict[str, Any]:
    """An axis with quiet lines."""
    return {
        "axisLine": {"lineStyle": {"color": colours.line}},
        "axisTick": {"show": False},
        "axisLabel": {"color": colours.quiet, "fontSize": 12, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": colours.line, "opacity": 0.6}},
        "nameTextStyle": {"color": colours.quiet, "fontSize": 12},
        **rest,
    }


def tip(colours: Palette, **rest: Any) -> dict[str, Any]:
    """What is shown where the pointer rests."""
    return {
        "trigger": "axis",
        "backgroundColor": colours.card,
        "borderColor": colours.line,
        "textStyle": {"color": colours.ink, "fontSize": 13},
        "confine": True,
        **rest,
    }


def legend(colours: Palette, **rest: Any) -> dict[str, Any]:
    """What the lines are."""
    return {
        "textStyle": {"color": colours.ink},
        "icon": "roundRect",
        "itemWidth": 14,
        "itemHeight": 8,
        **rest,
    }

"""The models page: may the new one go live?"""

from __future__ import annotations

import asyncio
from functools import partial
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from console.browser import asked
from console.charts import Palette, chart, palette
from console.client import Json, at
from console.maps import Map, Shape, polygon
from console.moments import clock_time
from console.pages.models.curves import Drawn, coverage_at, picture
from console.pages.models.promoting import Promoting
from console.pages.models.tables import errors_html, groups_html, suspension_html
from console.registry import page
from console.tables import acting_row, acting_table
from console.view import View

VERSION_COLUMNS = ("version", "aliases", "created", "accuracy", "top3", "digest", "actions")
SPLITS = ("unit", "kind", "cell")
ALPHAS = (0.1, 20.0, 0.1)  # percent: from, to, step
USUAL_ALPHA = 0.01
SLIDE_S = 0.05
DAYS = 7
NARROW_PX = 760


@page("models", "/models", icon="insights", any_of=("watch",), place=40)
async def show(view: View, version: int = 0) -> None:
    """Versions, curves, errors, certificates. `version`: the one that is compared with the champion."""
    screen = Models(view)
    await screen.load(version)
    screen.build()
    await screen.draw()


class Models:
    """What stands on the page."""

    def __init__(self, view: View) -> None:
        self.view, self.words = view, view.words
        self.versions: list[Json] = []
        self.details: dict[int, Json] = {}
        self.other: int | None = None
        self.names: dict[str, str] = {}
        self.automation: Json = {}
        self.per_day = 0.0
        self.colours: Palette | None = None
        self.chart: ui.echart | None = None
        self.narrow = False

    async def load(self, version: int) -> None:
        """All that the page tells."""
        service = self.view.service
        found, units, automation, vitals = await asyncio.gather(
            service.get("/v1/models"),
            service.get("/v1/units"),
            service.get("/v1/automation"),
            service.get("/v1/vitals", {"hours": 24 * DAYS}),
        )
        self.automation = automation
        self.versions = found["versions"]
        self.names = {one["unit"]: one["name"] or one["unit"] for one in units["units"]}
        self.per_day = _per_day(vitals)
        self.champion = self._named("champion")
        self.previous = self._named("previous")
        known = {one["version"] for one in self.versions}
        others = [one["version"] for one in self.versions if one["version"] != self.champion]
        challenger = self._named("challenger")
        self.other = version if version in known and version != self.champion else challenger
        if self.other is None and others:
            self.other = others[0]
        for number in filter(None, (self.champion, self.other)):
            self.details[number] = await service.get(at("v1", "models", str(number)))
        alphas = [one["certificate"]["alpha"] for one in self.automation["groups"]]
        self.alpha = float(alphas[0]) if alphas else USUAL_ALPHA

    def build(self) -> None:
        """Lay it out."""
        words = self.words
        if not self.versions:
            ui.label(words("models.none")).classes("gr-empty")
            return
        self.promoting = Promoting(self.view, self.names, self._again)
        self._versions()
        self._curves()
        with ui.element("div").classes("gr-two"):
            self._errors()
            self._drift()

    async def draw(self) -> None:
        """The picture: the browser says first how dark and how wide it is."""
        if not self.versions or not self._drawable():
            return
        self.colours = await palette(self.view)
        self.narrow = await asked(self.view, "window.innerWidth", otherwise=NARROW_PX) < NARROW_PX
        if self.view.client.is_deleted:
            return
        self._tell()  # in the picture's colours
        with self.place:
            self.chart = chart(self._picture(), label=self.words("models.picture"), colours=self.colours)
            self.chart.classes("gr-curves")

    def _versions(self) -> None:
        words = self.words
        with (
            _card(words("models.versions")),
            ui.element("div").classes("gr-scroll"),
            acting_table([words(f"models.column.{name}") for name in VERSION_COLUMNS]),
        ):
            for one in self.versions:
                self._version(one)

    def _version(self, one: Json) -> None:
        words, may = self.words, self.view.who.may("promote")
        badges = "".join(
            f'<span class="gr-badge {"gr-badge-good" if name == "champion" else ""}">'
            f"{escape(words.either(f'models.alias.{name}', name))}</span> "
            for name in one["aliases"]
        )
        metrics = one["metrics"]
        told = (
            f"<strong>{one['version']}</strong>",
            badges,
            clock_time(one["created_at"]),
            _share(metrics.get("accuracy")),
            _share(metrics.get("top3")),
            f'<span class="gr-quiet" title="{escape(one["digest"])}">{escape(one["digest"][:10])}</span>',
        )
        with acting_row([words(f"models.column.{name}") for name in VERSION_COLUMNS], told):
            if one["version"] not in (self.champion, self.other):
                ui.link(words("models.compare"), f"/models?version={one['version']}").classes("gr-file")
            if may and one["version"] != self.champion:
                opened = partial(self.promoting.open, int(one["version"]), self.champion)
                button = ui.button(words("models.promote_this"), on_click=self.view.acting(opened))
                button.props(
                    f'outline dense no-caps aria-label="{words("models.promote_title", version=one["version"])}"'
                )
                button.classes("gr-act")
            if may and one["version"] == self.champion and self.previous is not None:
                back = partial(self.promoting.open_back, self.previous)
                button = ui.button(words("models.rollback_this"), on_click=self.view.acting(back))
                button.props("outline dense no-caps color=negative").classes("gr-act")
            if one["mlflow_url"]:
                ui.link("MLflow", one["mlflow_url"], new_tab=True).classes("gr-file")

    def _curves(self) -> None:
        words = self.words
        with _card(words("models.curves")):
            if not self._drawable():
                ui.label(words("models.no_curves")).classes("gr-quiet")
                self._problems()
                return
            with ui.element("div").classes("gr-line gr-slider"):
                ui.label("α").classes("gr-strong")
                first, last, step = ALPHAS
                # the browser's own: its arrows, Home, End and pages are known to hands and screen readers
                slider = ui.html(
                    f'<input type="range" min="{first}" max="{last}" step="{step}" value="{100 * self.alpha:.1f}" '
                    f'aria-label="{escape(words("models.alpha"), quote=True)}">',
                    sanitize=False,
                ).classes("gr-grow gr-range")
                slider.on(
                    "input", self._slide, js_handler="(event) => emit(event.target.value)", throttle=SLIDE_S
                )
                self.alpha_said = ui.label("").classes("gr-strong gr-figure")
            self.meaning = ui.html("").classes("gr-wide").props("role=status")
            self.place = ui.element("div").classes("gr-wide gr-curves")
            told = self._drawable()[0].curves
            ui.label(
                words(
                    "models.held_back",
                    tickets=f"{told['tickets']:,}",
                    since=str(told["since"])[:10],
                    until=str(told["until"])[:10],
                )
            ).classes("gr-quiet")
            self._problems()
            self._tell()

    def _problems(self) -> None:
        for number, detail in self.details.items():
            if detail["problem"]:
                told = self.words("models.problem", version=number, problem=detail["problem"])
                ui.label(told).classes("gr-alert")

    def _errors(self) -> None:
        words = self.words
        with _card(words("models.errors")):
            detail = self._errors_of()
            if detail is None:
                ui.label(words("models.no_curves")).classes("gr-quiet")
                return
            with ui.element("div").classes("gr-line"):
                split = ui.toggle({one: words(f"models.split.{one}") for one in SPLITS}, value="unit")
                split.props(
                    f'no-caps unelevated dense padding="4px 10px" aria-label="{words("models.errors")}"'
                )
                numbers = [one for one in self.details if self.details[one]["errors"]]
                chosen = ui.select(
                    {one: words("models.of_version", version=one) for one in numbers}, value=numbers[0]
                )
                chosen.props(f'outlined dense options-dense aria-label="{words("models.column.version")}"')
                chosen.classes("gr-filter")
            table = ui.html("").classes("gr-wide gr-scroll")
            ground = ui.element("div").classes("gr-wide")
            with ground:
                found = Map(self.view, label=words("models.error_map"))
                ui.label(words("models.error_map_how")).classes("gr-quiet")

            def put() -> None:
                groups = self.details[chosen.value]["errors"][split.value]
                table.content = errors_html(groups, self.names, words) if split.value != "cell" else ""
                ground.set_visibility(split.value == "cell")
                if split.value == "cell":
                    found.draw({"cells": [_cell(one, self.names, words) for one in groups]}, fit=["cells"])

            split.on_value_change(put)
            chosen.on_value_change(put)
            put()

    def _drift(self) -> None:
        words, state = self.words, self.automation
        with _card(words("models.drift")):
            if not state["suspensions"]:
                ui.label(words("models.nothing_suspended")).classes("gr-quiet")
            for one in state["suspensions"]:
                ui.html(suspension_html(one, self.names, words)).classes("gr-wide")
            if state["groups"]:
                ui.html(groups_html(state["groups"], words)).classes("gr-wide gr-scroll")

    def _slide(self, event: GenericEventArguments) -> None:
        self.alpha = float(event.args) / 100
        self._tell()
        if self.chart is not None:
            self.chart.options.update(self._picture())
            self.chart.update()

    def _tell(self) -> None:
        """What the budget would mean."""
        words = self.words
        self.alpha_said.text = f"{100 * self.alpha:.1f} %"
        told = []
        for one in self._drawable():
            coverage = coverage_at(one.curves, self.alpha)
            reviews = round(self.per_day * (1 - coverage))
            text = words("models.meaning", coverage=f"{coverage:.1%}", reviews=f"{reviews:,}")
            told.append(
                f'<li><span class="gr-swatch" style="background:{one.colour}"></span>'
                f"<strong>{escape(one.name)}</strong> {escape(text)}</li>"
            )
        how = words("models.meaning_how", per_day=f"{self.per_day:,.0f}")
        self.meaning.content = (
            f'<ul class="gr-meanings">{"".join(told)}</ul><p class="gr-quiet gr-flat">{escape(how)}</p>'
        )

    def _picture(self) -> dict[str, Any]:
        assert self.colours is not None
        return picture(self._drawable(), self.alpha, self.colours, self.words, narrow=self.narrow)

    def _drawable(self) -> list[Drawn]:
        main, other = (self.colours.main, self.colours.other) if self.colours else ("#0b6b62", "#c26a12")
        drawn = []
        for number, colour in ((self.champion, main), (self.other, other)):
            detail = self.details.get(number) if number is not None else None
            if detail is not None and detail["curves"]:
                name = self.words("models.of_version", version=number)
                if number == self.champion:
                    name += f" · {self.words('models.alias.champion')}"
                drawn.append(
                    Drawn(name=name, curves=detail["curves"], colour=colour, dashed=number != self.champion)
                )
        return drawn

    def _errors_of(self) -> Json | None:
        return next((one["errors"] for one in self.details.values() if one["errors"]), None)

    def _named(self, alias: str) -> int | None:
        return next((int(one["version"]) for one in self.versions if alias in one["aliases"]), None)

    async def _again(self) -> None:
        ui.navigate.to("/models")


def _per_day(vitals: Json) -> float:
    """Tickets a day, from the first of them on."""
    series = vitals["series"]
    first = next((number for number, one in enumerate(series) if one["received"]), len(series) - 1)
    days = max((len(series) - first) / len(series) * DAYS, 1.0)
    return float(vitals["received"]) / days


def _cell(one: Json, names: dict[str, str], words: Any) -> Shape:
    share = one["wrong"] / one["tickets"]
    tip = words("models.cell", wrong=one["wrong"], tickets=one["tickets"], percent=f"{100 * share:.0f}")
    if one["rival"]:
        tip += f" · {words('models.column.rival')}: {names.get(one['rival'], one['rival'])}"
    return polygon(
        [one["boundary"]], tip, color="#b3261e", weight=0.8, fillOpacity=0.08 + 0.8 * min(share * 2, 1.0)
    )


def _card(name: str) -> ui.element:
    card = ui.element("section").classes("gr-card").props(f'aria-label="{name}"')
    with card:
        ui.label(name).props("role=heading aria-level=2").classes("gr-h2")
    return card


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"

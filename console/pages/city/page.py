"""The city page: what goes on, where, and whether it goes well; it stays true by itself."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from console.charts import Palette, axis, chart, legend, palette, tip
from console.client import Json
from console.follower import FOLLOWER
from console.maps import Map
from console.moments import when
from console.pages.city.automation import Automation
from console.pages.city.cells import SHOWS
from console.pages.city.signs import latest_html, loads_html, signs_html
from console.problems import Refused, ServiceError, Unreachable
from console.registry import page
from console.shared import know, shared
from console.view import View

HOURS = (1, 24, 168, 744)
LATEST = 8
TICK_S = 2.0
ANYWAY_S = 15.0  # asked again even where nothing is known to have happened
MAP_S = 4.0


@page("city", "/city", icon="location_city", any_of=("read", "watch"), place=30)
async def show(view: View, hours: int = 24) -> None:
    """Figures above, the map to the left; automation, arrivals and loads to the right."""
    screen = City(view, hours if hours in HOURS else 24)
    know(view)
    vitals = await shared(view.service, "/v1/vitals", {"hours": screen.hours})
    screen.build(await _units(view), vitals)
    FOLLOWER.join(view)
    ui.timer(TICK_S, screen.look, immediate=False)
    await screen.draw_chart()


class City:
    """What stands on the page."""

    def __init__(self, view: View, hours: int) -> None:
        self.view, self.words, self.hours = view, view.words, hours
        self.show, self.kind = SHOWS[0], ""
        self.seen = FOLLOWER.happened
        self.looked_at = self.mapped_at = self.known_at = time.monotonic()
        self.may_list = view.who.may("read")
        self.may_deliver = view.who.may("deliver")
        self.colours: Palette | None = None
        self.arrivals: ui.echart | None = None
        self.vitals: Json = {}

    def build(self, units: list[Json], vitals: Json) -> None:
        """Lay the page out with what is known."""
        words = self.words
        kinds = sorted({kind for one in units for kind in one["kinds"]})
        names = {one["unit"]: one["name"] or one["unit"] for one in units}
        self.signs = ui.html("").classes("gr-wide")
        with ui.element("div").classes("gr-city"):
            with ui.element("div").classes("gr-city-side"):
                self._ground(kinds)
                if self.may_list:
                    with _card(words("city.latest")).classes("gr-newest"):
                        self.latest = ui.html("").classes("gr-wide")
            with ui.element("div").classes("gr-city-side"):
                self.automation = Automation(self.view, names, kinds, self._refresh)
                with _card(words("city.arrivals")):
                    self.chart_place = ui.element("div").classes("gr-wide gr-chart-place")
                with _card(words("city.loads")):
                    self.loads = ui.html("").classes("gr-wide")
        self._put(vitals)
        self._draw_map(fit=True)
        if self.may_list:
            ui.timer(0.1, self.view.acting(self._look_at_latest), once=True)

    async def draw_chart(self) -> None:
        """The arrivals; the browser says first whether it is dark."""
        self.colours = await palette(self.view)
        if self.view.client.is_deleted:
            return
        with self.chart_place:
            latest = self._arrivals(self.vitals)
            self.arrivals = chart(latest, label=self._told(self.vitals), colours=self.colours)

    async def look(self) -> None:
        """Ask again where something happened, or it is long ago."""
        now = time.monotonic()
        has_happened = self.seen != FOLLOWER.happened
        if not has_happened and now - self.looked_at < ANYWAY_S:
            return
        self.seen = FOLLOWER.happened
        try:
            if now - self.known_at > ANYWAY_S:
                await self.view.service.get("/v1/who")  # whoever is signed out sees no more
                self.known_at = now
            know(self.view)
            await self._refresh()
        except Unreachable:
            return  # the light in the header says so; what is shown stays
        except ServiceError as error:
            self.view.tell(error)

    async def _refresh(self) -> None:
        self.looked_at = time.monotonic()
        vitals = await shared(self.view.service, "/v1/vitals", {"hours": self.hours})
        if self.view.client.is_deleted:
            return
        self._put(vitals)
        if self.may_list:
            await self._look_at_latest()
        if self.arrivals is not None:
            fresh = self._arrivals(vitals)
            self.arrivals.options.update(fresh)
            self.arrivals.props(f'aria-label="{self._told(vitals)}"')
            self.arrivals.update()
        if self.looked_at - self.mapped_at > MAP_S:
            self._draw_map()

    def _put(self, vitals: Json) -> None:
        self.vitals = vitals
        root, words = self.view.root, self.words
        told = signs_html(vitals, root, words, may_list=self.may_list, may_deliver=self.may_deliver)
        self.signs.content = f'<ul class="gr-signs">{told}</ul>'
        self.loads.content = loads_html(vitals, root, words, may_list=self.may_list)
        self.automation.show(vitals)

    async def _look_at_latest(self) -> None:
        found = await shared(self.view.service, "/v1/tickets", {"limit": LATEST})
        self.latest.content = latest_html(found["tickets"], self.words)

    def _ground(self, kinds: list[str]) -> None:
        """The map, what is on it, and what its colours mean."""
        words = self.words
        place = ui.element("section").classes("gr-card gr-city-map")
        with place.props(f'aria-label="{words("city.map")}"'):
            self._filters(kinds)
            self.map = Map(self.view, label=words("city.map"))
            self.map.load(self.view.url("/data/city/borders"))
            self.map.on_shape(self.view.acting(self._open))
            with ui.element("div").classes("gr-line"):
                self.legend = ui.label("").classes("gr-quiet gr-grow")
                self.said = ui.label("").classes("gr-quiet")

    def _filters(self, kinds: list[str]) -> None:
        words = self.words
        with ui.element("div").classes("gr-line gr-filters"):
            shown = ui.toggle({one: words(f"city.show.{one}") for one in SHOWS}, value=self.show)
            shown.props(f'no-caps unelevated dense padding="4px 10px" aria-label="{words("city.show_what")}"')
            shown.on_value_change(lambda event: self._choose(show=str(event.value)))
            kind = ui.select([*kinds], label=words("city.kind"), with_input=True, clearable=True)
            kind.props("outlined dense options-dense").classes("gr-filter")
            kind.on_value_change(lambda event: self._choose(kind=event.value or ""))
            hours = ui.select({one: words(f"city.hours.{one}") for one in HOURS}, value=self.hours)
            hours.props(f'outlined dense options-dense aria-label="{words("city.since")}"').classes(
                "gr-filter"
            )
            hours.on_value_change(lambda event: ui.navigate.to(f"/city?hours={event.value}"))

    def _choose(self, show: str | None = None, kind: str | None = None) -> None:
        self.show = show if show is not None else self.show
        self.kind = kind if kind is not None else self.kind
        self._draw_map()

    def _draw_map(self, *, fit: bool = False) -> None:
        self.mapped_at = time.monotonic()
        told = {
            "url": self.view.url("/data/city"),
            "query": {
                "lang": self.view.language,
                "hours": self.hours,
                "show": self.show,
                "category": self.kind,
            },
            "legend": self.legend.id,
            "said": self.said.id,
        }
        if fit:
            told["fit"] = True
        code = f"gridroute.city.ask({self.map.element.id}, {json.dumps(told, ensure_ascii=False)})"
        if not self.view.client.is_deleted:
            self.view.client.run_javascript(code)

    def _open(self, value: Any) -> None:
        if not self.may_list:
            return
        since = datetime.now(UTC) - timedelta(hours=self.hours)
        asked = {"since": since.isoformat(timespec="seconds"), "category": self.kind}
        if "unit" in value:
            asked = {"unit": str(value["unit"]), "status": "dispatched"}
        else:
            asked |= {"cell": str(value["cell"])}
            asked |= {"waiting": {"status": "in_review"}, "overdue": {"overdue": "true"}}.get(self.show, {})
        told = {name: text for name, text in asked.items() if text}
        ui.navigate.to(f"/tickets?{urlencode(told)}")

    def _arrivals(self, vitals: Json) -> dict[str, Any]:
        assert self.colours is not None
        colours, words = self.colours, self.words
        series = vitals["series"]
        shape = "%H:%M" if vitals["hours"] <= 24 else "%m-%d"
        moments = [at.strftime(shape) if (at := when(one["at"])) else "" for one in series]
        bars = {
            "automatic": ([one["automatic"] for one in series], colours.main),
            "by_people": ([one["received"] - one["automatic"] for one in series], colours.other),
        }
        return {
            "grid": {"left": 4, "right": 8, "top": 34, "bottom": 2, "containLabel": True},
            "tooltip": tip(colours),
            "legend": legend(colours, top=0, left=0),
            "xAxis": axis(colours, type="category", data=moments, splitLine={"show": False}),
            "yAxis": axis(colours, type="value", minInterval=1),
            "series": [
                {
                    "name": words(f"city.{name}"),
                    "type": "bar",
                    "stack": "all",
                    "data": values,
                    "itemStyle": {"color": colour},
                    "barCategoryGap": "20%",
                }
                for name, (values, colour) in bars.items()
            ],
        }

    def _told(self, vitals: Json) -> str:
        automatic = sum(one["automatic"] for one in vitals["series"])
        return self.words("city.arrivals_told", received=vitals["received"], automatic=automatic)


def _card(name: str) -> ui.element:
    card = ui.element("section").classes("gr-card").props(f'aria-label="{name}"')
    with card:
        ui.label(name).props("role=heading aria-level=2").classes("gr-h2")
    return card


async def _units(view: View) -> list[Json]:
    """All units; none for whoever may not ask."""
    try:
        return list((await view.service.get("/v1/units"))["units"])
    except Refused:
        return []

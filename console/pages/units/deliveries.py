"""Where a unit's tickets are delivered to: its address, its secret, a test; and deliveries that were given up."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from console.client import Json, at
from console.moments import clock_time
from console.problems import Refused
from console.said import said
from console.view import View

MOST_DEAD = 100


async def fill(view: View, known: list[Json]) -> None:
    """A unit's endpoint, and the dead letters of all."""
    Endpoints(view, known)
    await Dead(view, known).draw()


class Endpoints:
    """The endpoint of the unit that is chosen."""

    def __init__(self, view: View, known: list[Json]) -> None:
        self.view, self.unit = view, ""
        words = view.words
        names = {one["unit"]: one["name"] or one["unit"] for one in known if one["open"]}
        with _card(words("units.endpoint")):
            chosen = ui.select(names, label=words("units.column.unit"), with_input=True)
            chosen.props("outlined dense options-dense").classes("gr-wide")
            self.place = ui.element("div").classes("gr-wide gr-diff").props("role=status")
            chosen.on_value_change(view.acting(lambda event: self._choose(str(event.value or ""))))

    async def _choose(self, unit: str) -> None:
        self.unit = unit
        if unit:
            await self._draw()

    async def _draw(self, secret: str | None = None, told: str = "") -> None:
        words, view = self.view.words, self.view
        found = await self._found()
        self.place.clear()
        with self.place:
            url = ui.input(words("units.url"), value=found["url"] if found else "", placeholder="https://")
            url.props("outlined dense maxlength=2000").classes("gr-wide")
            if found is None:
                ui.label(words("units.no_endpoint")).classes("gr-quiet")
            elif found["failures"]:
                ui.label(words("units.failing", count=found["failures"])).classes("gr-note")
            if told:
                ui.label(told).classes("gr-answer")
            if secret:
                secret_shown(view, secret)
            with ui.element("div").classes("gr-line"):
                save = ui.button(
                    words("units.save"), on_click=view.acting(lambda: self._save(url.value or ""))
                )
                save.props("unelevated no-caps")
                if found is not None:
                    for name, does, look in (
                        ("test", self._test, "outline"),
                        ("rotate", self._rotate, "outline"),
                        ("remove", self._remove, "flat color=negative"),
                    ):
                        ui.button(words(f"units.{name}"), on_click=view.acting(does)).props(f"{look} no-caps")

    async def _found(self) -> Json | None:
        try:
            found: Json = await self.view.service.get(self._path())
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return found

    async def _save(self, url: str) -> None:
        found = await self.view.service.ask("PUT", self._path(), body={"url": url.strip()})
        await self._draw(found["secret"], self.view.words("units.saved"))

    async def _rotate(self) -> None:
        found = await self.view.service.post(self._path("rotate"))
        await self._draw(found["secret"], self.view.words("units.rotated"))

    async def _remove(self) -> None:
        await self.view.service.delete(self._path())
        await self._draw(told=self.view.words("units.removed"))

    async def _test(self) -> None:
        words = self.view.words
        try:
            found = await self.view.service.post(self._path("test"))
        except Refused as refused:
            if not refused.is_missing_endpoint:
                raise
            await self._draw(told=words("units.no_test"))
            return
        spent = round(found["milliseconds"])
        if found["problem"]:
            told = words("units.test_failed", problem=said(found["problem"], words), milliseconds=spent)
        else:
            told = words("units.test_went", milliseconds=spent)
        await self._draw(told=told)

    def _path(self, *more: str) -> str:
        return at("v1", "units", self.unit, "endpoint", *more)


class Dead:
    """Deliveries that were given up, each to be sent again."""

    def __init__(self, view: View, known: list[Json]) -> None:
        self.view = view
        self.names = {one["unit"]: one["name"] or one["unit"] for one in known}
        with _card(view.words("units.dead")):
            self.place = ui.element("div").classes("gr-wide gr-diff")

    async def draw(self) -> None:
        """List them."""
        words = self.view.words
        found = await self.view.service.get("/v1/deliveries", {"state": "dead", "limit": MOST_DEAD})
        self.place.clear()
        with self.place:
            if not found["deliveries"]:
                ui.label(words("units.no_dead")).classes("gr-quiet")
            for one in found["deliveries"]:
                with ui.element("div").classes("gr-suspension"):
                    with ui.element("div").classes("gr-grow"):
                        ui.label(f"{self.names.get(one['unit'], one['unit'])} · {one['ticket_id']}").classes(
                            "gr-strong"
                        )
                        ui.label(said(one["error"] or "", words))
                        tried = words("units.tried", count=one["attempts"], at=clock_time(one["settled_at"]))
                        ui.label(tried).classes("gr-quiet")
                    again = partial(self._retry, one["delivery"])
                    button = ui.button(words("units.retry"), on_click=self.view.acting(again))
                    button.props("flat no-caps dense").classes("gr-act")
                    button.props["aria-label"] = f"{words('units.retry')}: {one['ticket_id']}"

    async def _retry(self, delivery: int) -> None:
        await self.view.service.post(at("v1", "deliveries", str(delivery), "retry"))
        await self.draw()


def secret_shown(view: View, secret: str) -> None:
    """A secret, for the only time."""
    words = view.words
    with ui.element("div").classes("gr-secret"):
        ui.label(words("units.secret_once")).classes("gr-strong")
        ui.label(secret).classes("gr-code").props("data-secret")
        copied = partial(view.say, "units.copied")

        def copy() -> None:
            ui.clipboard.write(secret)
            copied()

        ui.button(words("units.copy"), icon="content_copy", on_click=copy).props("flat no-caps dense")


def _card(name: str) -> ui.element:
    card = ui.element("section").classes("gr-card").props(f'aria-label="{name}"')
    with card:
        ui.label(name).props("role=heading aria-level=2").classes("gr-h2")
    return card

"""Who is signed in now; each session can be ended."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from console.client import Json, at
from console.moments import clock_time
from console.view import View

COLUMNS = ("name", "role", "signed_in", "seen", "until", "actions")


async def fill(view: View, known: list[Json]) -> None:  # noqa: ARG001 -- each tab is filled alike
    """The sessions, a line each."""
    with ui.element("section").classes("gr-card").props(f'aria-label="{view.words("units.tab.sessions")}"'):
        place = ui.element("div").classes("gr-scroll")
    await _draw(view, place)


async def _draw(view: View, place: ui.element) -> None:
    words = view.words
    found = (await view.service.get("/v1/sessions"))["sessions"]
    place.clear()
    with place:
        if not found:
            ui.label(words("units.no_sessions")).classes("gr-quiet")
            return
        with ui.element("table").classes("gr-table"):
            with ui.element("thead"), ui.element("tr"):
                for name in COLUMNS:
                    with ui.element("th").props("scope=col"):
                        ui.label(words(f"units.column.{name}"))
            with ui.element("tbody"):
                for one in found:
                    _line(view, place, one)


def _line(view: View, place: ui.element, one: Json) -> None:
    words = view.words

    async def end(session: str) -> None:
        await view.service.delete(at("v1", "sessions", session))
        await _draw(view, place)

    told = (
        f"<strong>{escape(one['name'])}</strong>",
        escape(words.either(f"frame.role.{one['role']}", one["role"])),
        *(escape(clock_time(one[name])) for name in ("made_at", "seen_at", "expires_at")),
    )
    with ui.element("tr"):
        for cell in told:
            with ui.element("td"):
                ui.html(cell)
        with ui.element("td"):
            button = ui.button(words("units.end"), on_click=view.acting(partial(end, one["session"])))
            button.props(
                f'flat dense no-caps color=negative aria-label="{words("units.end")}: {escape(one["name"])}"'
            )

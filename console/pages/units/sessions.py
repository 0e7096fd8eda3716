"""Who is signed in now; each session can be ended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

from nicegui import ui

from console.client import Json, at
from console.moments import clock_time
from console.tables import acting_row, acting_table
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
        head = [words(f"units.column.{name}") for name in COLUMNS]
        with acting_table(head):
            for one in found:
                _line(view, place, head, one)


def _line(view: View, place: ui.element, head: Sequence[str], one: Json) -> None:
    words = view.words

    async def end(session: str) -> None:
        await view.service.delete(at("v1", "sessions", session))
        await _draw(view, place)

    told = (
        f"<strong>{escape(one['name'])}</strong>",
        escape(words.either(f"frame.role.{one['role']}", one["role"])),
        *(escape(clock_time(one[name])) for name in ("made_at", "seen_at", "expires_at")),
    )
    with acting_row(head, told):
        button = ui.button(words("units.end"), on_click=view.acting(partial(end, one["session"])))
        button.props("flat dense no-caps color=negative")
        button.props["aria-label"] = f"{words('units.end')}: {one['name']}"

"""The administrator's page: a tab for each of the things that change seldom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from console.client import Json
from console.pages.units import deliveries, grounds, keys, listing, sessions
from console.registry import page
from console.view import View

Fill = Callable[[View, list[Json]], Awaitable[None]]
TABS: dict[str, tuple[Fill, str]] = {
    "units": (listing.fill, "units"),
    "territories": (grounds.fill, "units"),
    "deliveries": (deliveries.fill, "deliver"),
    "keys": (keys.fill, "keys"),
    "sessions": (sessions.fill, "keys"),
}


@page("units", "/units", icon="domain", any_of=("units", "deliver", "keys"), place=50)
async def show(view: View, tab: str = "") -> None:
    """The tabs that this person may see; each is filled when it is opened."""
    mine = {name: fill for name, (fill, right) in TABS.items() if view.who.may(right)}
    chosen = tab if tab in mine else next(iter(mine))
    known = (await view.service.get("/v1/units"))["units"]
    with ui.tabs().props("dense no-caps align=left outside-arrows mobile-arrows") as tabs:
        for name in mine:
            ui.tab(name, label=view.words(f"units.tab.{name}"))
    tabs.classes("gr-tabs").set_value(chosen)
    places = {name: ui.element("div").classes("gr-tab") for name in mine}
    filled: set[str] = set()

    async def open_tab(name: str) -> None:
        for other, place in places.items():
            place.set_visibility(other == name)
        if name not in filled:
            filled.add(name)
            with places[name]:
                await mine[name](view, known)

    opened = view.acting(open_tab)  # guarded as every handler is
    tabs.on_value_change(lambda event: opened(str(event.value)))
    await open_tab(chosen)

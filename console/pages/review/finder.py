"""Any unit by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from console.words import Words

MOST = 8


class Finder:
    """A search box over all open units; Enter takes the first, a click any."""

    def __init__(self, words: Words, pick: Callable[..., Any]) -> None:
        self._names: Mapping[str, str] = {}
        self._all: Sequence[str] = ()
        self._pick = pick
        self._words = words
        with ui.element("div").classes("gr-finder") as self.box:
            self.input = ui.input(words("review.find"), on_change=self._typed).props(
                "outlined dense clearable"
            )
            self.input.classes("gr-wide").on("keydown.enter", self._first).on("keydown.esc", self.close)
            self.found = ui.element("div").classes("gr-found").props("aria-live=polite")
        self.box.set_visibility(False)
        self._units: list[str] = []

    def know(self, units: Sequence[str], names: Mapping[str, str]) -> None:
        """The units that there are to find, and what they are called."""
        self._all, self._names = units, names

    def open(self) -> None:
        """Show it, ready to type."""
        self.box.set_visibility(True)
        self.input.value = ""
        self._list("")
        self.input.run_method("focus")

    def close(self) -> None:
        """Put it away."""
        self.box.set_visibility(False)

    def _typed(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._list(event.value or "")

    def _list(self, wanted: str) -> None:
        names = self._names
        parts = wanted.casefold().split()
        self._units = [
            unit for unit in self._all if all(part in f"{names[unit]} {unit}".casefold() for part in parts)
        ][:MOST]
        self.found.clear()
        with self.found:
            if not self._units:
                ui.label(self._words("review.no_such_unit")).classes("gr-quiet")
            for unit in self._units:
                button = ui.element("button").classes("gr-choice").props("type=button")
                button.on("click", lambda unit=unit: self._take(unit))
                with button:
                    ui.label(names[unit]).classes("gr-choice-name")
                    ui.label(unit).classes("gr-choice-share")

    async def _first(self) -> None:
        if self._units:
            await self._take(self._units[0])

    async def _take(self, unit: str) -> None:
        self.close()
        ui.run_javascript("document.activeElement?.blur()")
        await self._pick(unit)

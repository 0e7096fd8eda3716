"""A text field that suggests known places while one types; arrows and Enter choose, so does a click."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from console.client import Json
from console.problems import ServiceError
from console.view import View

PAUSE_S = 0.12
MOST = 6

Find = Callable[[str], Awaitable[list[Json]]]
Chosen = Callable[[Json], None]


class Suggesting:
    """The field. `find` answers suggestions, each with a `label`; `chosen` hears which one was taken."""

    def __init__(
        self,
        view: View,
        label: str,
        name: str,
        *,
        find: Find,
        typed: Callable[[str, str], None],
        chosen: Chosen,
    ) -> None:
        self._view, self.name = view, name
        self._find, self._typed, self._chosen = find, typed, chosen
        self._shown: list[Json] = []
        self._at = -1
        self._waits: asyncio.Task[None] | None = None
        self._is_filled = False  # by a choice: that is not typing
        with ui.element("div").classes("gr-suggesting"):
            self.input = ui.input(label, on_change=self._on_typed).classes("gr-wide")
            self.input.props(
                f"outlined dense clearable autocomplete=off name={name} role=combobox aria-autocomplete=list "
                f"aria-expanded=false aria-controls=gr-list-{name}"
            )
            for key, step in (("down", 1), ("up", -1)):
                self.input.on(f"keydown.{key}.prevent", lambda step=step: self._move(step))
            self.input.on("keydown.enter.exact.prevent", self._enter)
            self.input.on("keydown.esc", self.close)
            self.list = ui.element("div").classes("gr-suggestions").props(f"id=gr-list-{name} role=listbox")
            self.list.props(f'aria-label="{view.words("intake.suggestions")}"')
        self.list.set_visibility(False)

    def fill(self, value: str) -> None:
        """Put a value in without asking for suggestions."""
        self._is_filled = True
        self.input.value = value
        self._is_filled = False

    def close(self) -> None:
        """Put the suggestions away."""
        self._shown, self._at = [], -1
        self.list.clear()
        self.list.set_visibility(False)
        self.input.props("aria-expanded=false")

    def _on_typed(self, event: ValueChangeEventArguments[str | None]) -> None:
        text = event.value or ""
        self._typed(self.name, text)
        if self._waits is not None:
            self._waits.cancel()
        if self._is_filled or len(text.strip()) < 2:
            self.close()
            return
        self._waits = asyncio.create_task(self._look(text.strip()))

    async def _look(self, text: str) -> None:
        await asyncio.sleep(PAUSE_S)
        try:
            found = await self._find(text)
        except ServiceError:
            return  # typing goes on without
        if self._view.client.is_deleted:
            return
        with self._view.client:
            self._show(found[:MOST])

    def _show(self, found: list[Json]) -> None:
        self.close()
        self._shown = found
        if not found:
            return
        with self.list:
            for number, one in enumerate(found):
                line = ui.element("div").classes("gr-suggestion").props("role=option aria-selected=false")
                line.on("mousedown.prevent", lambda number=number: self._take(number))
                with line:
                    ui.label(one["label"])
                    if one.get("more"):
                        ui.label(one["more"]).classes("gr-quiet")
        self.list.set_visibility(True)
        self.input.props("aria-expanded=true")

    def _move(self, step: int) -> None:
        if self._shown:
            self._at = (self._at + step) % len(self._shown)
            for number, line in enumerate(self.list.default_slot.children):
                line.props(f"aria-selected={'true' if number == self._at else 'false'}")

    def _enter(self, _: Any = None) -> None:
        if self._shown:
            self._take(max(self._at, 0))

    def _take(self, number: int) -> None:
        if number < len(self._shown):
            taken = self._shown[number]
            self.close()
            self._chosen(taken)

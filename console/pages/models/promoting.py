"""Promotion and the way back: what would change is shown first, and a reason is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

from console.client import Json, at
from console.pages.models.tables import changes_html
from console.problems import ServiceError
from console.view import View

LAST = 300
PATIENCE_S = 120.0


class Promoting:
    """The dialog of one page; opened for one version at a time."""

    def __init__(self, view: View, names: Mapping[str, str], changed: Callable[[], Awaitable[None]]) -> None:
        self._view, self._names, self._changed = view, names, changed
        self._version: Json = {}
        self._champion: int | None = None
        self._has_seen = False
        words = view.words
        with ui.dialog() as self.dialog, ui.card().classes("gr-dialog gr-dialog-wide"):
            self.title = ui.label("").props("role=heading aria-level=2").classes("gr-strong")
            self.told = ui.element("div").classes("gr-wide").props("role=status")
            self.reason = (
                ui.input(words("city.reason")).props("outlined dense maxlength=500").classes("gr-wide")
            )
            self.older = ui.checkbox(words("models.older"))
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=self.dialog.close).props("flat no-caps")
                self.button = ui.button(words("models.promote"), on_click=view.acting(self._promote))
                self.button.props("unelevated no-caps")
        self.reason.on_value_change(self._weigh)
        self.older.on_value_change(self._weigh)
        with ui.dialog() as self.back, ui.card().classes("gr-dialog"):
            self.back_title = ui.label("").props("role=heading aria-level=2").classes("gr-strong")
            ui.label(words("models.rollback_how")).classes("gr-quiet")
            self.why = (
                ui.input(words("city.reason"))
                .props("outlined dense autofocus maxlength=500")
                .classes("gr-wide")
            )
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=self.back.close).props("flat no-caps")
                button = ui.button(words("models.rollback"), on_click=view.acting(self._roll_back))
                button.props("unelevated no-caps color=negative")
                button.bind_enabled_from(self.why, "value", lambda told: bool((told or "").strip()))

    async def open(self, version: Json, champion: int | None) -> None:
        """Ask what would change, and then whether to promote."""
        words = self._view.words
        self._version, self._champion, self._has_seen = version, champion, False
        self.title.text = words("models.promote_title", version=version["version"])
        self.reason.value, self.older.value = "", False
        self.older.set_visibility(self._is_older())
        self._weigh()
        self.told.clear()
        with self.told, ui.element("div").classes("gr-line"):
            ui.spinner(size="sm")
            ui.label(words("models.rehearsing", last=LAST))
        self.dialog.open()
        path = at("v1", "models", str(version["version"]), "changes")
        try:
            found = await self._view.service.get(path, {"last": LAST}, patience_s=PATIENCE_S)
        except ServiceError:
            self.dialog.close()  # nobody promotes what they have not seen
            raise
        self.told.clear()
        with self.told:
            ui.label(words("models.compares", tickets=found["tickets"])).classes("gr-quiet")
            ui.html(changes_html(found, self._names, words)).classes("gr-wide")
        self._has_seen = True
        self._weigh()

    def open_back(self, previous: int) -> None:
        """Ask whether to go back."""
        self.why.value = ""
        self.back_title.text = self._view.words("models.rollback_title", version=previous)
        self.back.open()

    def _weigh(self) -> None:
        is_meant = not self._is_older() or bool(self.older.value)
        has_reason = bool((self.reason.value or "").strip())
        self.button.set_enabled(self._has_seen and has_reason and is_meant)

    def _is_older(self) -> bool:
        return self._champion is not None and int(self._version["version"]) < self._champion

    async def _promote(self) -> None:
        version = self._version["version"]
        body = {"by": self._view.name, "reason": self.reason.value, "older": self._is_older()}
        await self._view.service.post(at("v1", "models", str(version), "promote"), body)
        self.dialog.close()
        self._view.say("models.promoted", version=version)
        await self._changed()

    async def _roll_back(self) -> None:
        found = await self._view.service.post(
            "/v1/models/rollback", {"by": self._view.name, "reason": self.why.value}
        )
        self.back.close()
        self._view.say("models.promoted", version=found["champion"])
        await self._changed()

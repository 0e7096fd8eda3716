"""Promotion and the way back: what would change is shown first, and a reason is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

from nicegui import ui

from console.browser import drafted, drop, restore
from console.client import Json, at
from console.pages.models.tables import changes_html
from console.problems import Refused, ServiceError
from console.view import View

LAST = 300
DRAFT = "models.promote"  # a reason, as the browser keeps it
PATIENCE_S = 120.0


class Promoting:
    """The dialog of one page; opened for one version at a time."""

    def __init__(self, view: View, names: Mapping[str, str], changed: Callable[[], Awaitable[None]]) -> None:
        self._view, self._names, self._changed = view, names, changed
        self._version = 0
        self._is_back = self._is_older = self._has_seen = False
        words = view.words
        named = ui.dialog().props(f'aria-label="{words("models.what_changes")}"')
        with named as self.dialog, ui.card().classes("gr-dialog gr-dialog-wide"):
            self.title = ui.label("").props("role=heading aria-level=2").classes("gr-strong")
            self.how = ui.label(words("models.rollback_how")).classes("gr-note")
            self.told = ui.element("div").classes("gr-wide gr-diff").props("role=status")
            self.reason = (
                ui.input(words("city.reason")).props("outlined dense maxlength=500").classes("gr-wide")
            )
            self.older = ui.checkbox(words("models.older"))
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=self.dialog.close).props("flat no-caps")
                self.button = ui.button("", on_click=view.acting(self._let_serve))
                self.button.props("unelevated no-caps")
        drafted(self.reason, DRAFT, "reason")
        self.reason.on_value_change(self._weigh)
        self.older.on_value_change(self._weigh)

    async def open(self, version: int, champion: int | None) -> None:
        """Ask what would change, and then whether to promote."""
        self._is_back, self._is_older = False, champion is not None and version < champion
        await self._show(version, "models.promote_title", "models.promote")

    async def open_back(self, previous: int) -> None:
        """Ask what would change, and then whether to go back."""
        self._is_back, self._is_older = True, False
        await self._show(previous, "models.rollback_title", "models.rollback")

    async def _show(self, version: int, title: str, button: str) -> None:
        words = self._view.words
        self._version, self._has_seen = version, False
        self.title.text, self.button.text = words(title, version=version), words(button)
        self.button.props(f"color={'negative' if self._is_back else 'primary'}")
        self.how.set_visibility(self._is_back)
        self.reason.value, self.older.value = "", False
        self.older.set_visibility(self._is_older)
        self._weigh()
        self.told.clear()
        self.dialog.open()
        try:
            found = await self._rehearsed(version)
        except ServiceError:
            self.dialog.close()  # nobody promotes what they have not seen
            raise
        if found is None:
            return
        self.told.clear()
        with self.told:
            ui.label(words("models.compares", tickets=found["tickets"])).classes("gr-quiet")
            ui.html(changes_html(found, self._names, words)).classes("gr-wide")
        self._has_seen = True
        self._weigh()
        await restore(self._view, self.reason, DRAFT, "reason")

    async def _rehearsed(self, version: int) -> Json | None:
        """What would change; meanwhile how far the work is. None: the dialog was closed, and the work ends."""
        words = self._view.words
        with self.told:
            said = ui.label(words("models.rehearsing", last=LAST))
            bar = ui.linear_progress(value=0, show_value=False)
            bar.props(f'aria-label="{words("models.progress")}"').classes("gr-progress")
        path = at("v1", "models", str(version), "changes", "stream")
        async with aclosing(self._view.service.steps(path, {"last": LAST}, patience_s=PATIENCE_S)) as steps:
            async for name, told in steps:
                if self._version != version or not self.dialog.value or self._view.client.is_deleted:
                    return None
                if name == "changes":
                    return told
                bar.value = told["share"]
                said.text = f"{words('models.rehearsing', last=LAST)} {told['share']:.0%}"
        raise Refused(status=503, detail=words("models.broken_off"))

    def _weigh(self) -> None:
        is_meant = not self._is_older or bool(self.older.value)
        has_reason = bool((self.reason.value or "").strip())
        self.button.set_enabled(self._has_seen and has_reason and is_meant)

    async def _let_serve(self) -> None:
        body = {"by": self._view.name, "reason": self.reason.value}
        if self._is_back:
            path = "/v1/models/rollback"
        else:
            path = at("v1", "models", str(self._version), "promote")
            body["older"] = self._is_older
        await self._view.service.post(path, body)
        drop(self._view, DRAFT)
        self.dialog.close()
        self._view.say("models.promoted", version=self._version)
        await self._changed()

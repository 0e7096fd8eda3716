"""The stop button of automatic dispatch, and what is suspended and why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from console.client import Json
from console.moments import clock_time
from console.shared import forget
from console.view import View

SCOPES = ("all", "kind", "unit")


class Automation:
    """What of automatic dispatch is stopped. Whoever may, stops it and lets it go on, each with a reason."""

    def __init__(self, view: View, changed: Callable[[], object]) -> None:
        self._view = view
        self._changed = changed
        self._drawn: object = None
        self._may = view.who.may("suspend")
        self._lifting: Json | None = None
        words = view.words
        if self._may:
            self._stopping = self._stop_dialog()
            self._resuming = self._resume_dialog()
        with ui.element("section").classes("gr-card").props(f'aria-label="{words("city.automation")}"'):
            with ui.element("div").classes("gr-line"):
                self._dot = ui.element("span").classes("gr-dot").props("aria-hidden=true")
                self._state = ui.label("…").classes("gr-strong gr-grow").props("role=status")
                if self._may:
                    stop = ui.button(words("city.stop"), icon="front_hand", on_click=self._stopping.open)
                    stop.props("outline no-caps color=negative").classes("gr-act")
            self._list = ui.element("div").classes("gr-suspensions")

    def show(self, vitals: Json) -> None:
        """Show the state; the list is made anew only where it has changed."""
        words, suspended = self._view.words, vitals["suspended"]
        running = vitals["running"]
        whole = any(one["scope"] == "all" for one in suspended)
        key = (
            "running"
            if running
            else "stopped_all"
            if whole
            else "none_certified"
            if not suspended
            else "stopped"
        )
        self._state.text = words(f"city.state.{key}")
        self._dot.classes(replace=f"gr-dot {'gr-dot-good' if running else 'gr-dot-warn'}")
        drawn = [one["suspension"] for one in suspended]
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._list.clear()
        with self._list:
            for one in suspended:
                self._suspension(one)

    def _suspension(self, one: Json) -> None:
        words = self._view.words
        of = words(f"city.scope.{one['scope']}") + (f" {one['key']}" if one["key"] else "")
        with ui.element("div").classes("gr-suspension"):
            with ui.element("div").classes("gr-grow"):
                ui.label(of).classes("gr-strong")
                ui.label(one["reason"])
                who = words("city.monitor") if one["cause"] != "person" else one["by"]
                ui.label(f"{who} · {clock_time(one['at'])}").classes("gr-quiet")
            if self._may:
                button = ui.button(words("city.resume"), on_click=partial(self._ask_to_resume, one))
                button.props("flat no-caps dense").classes("gr-act")
                button.props["aria-label"] = f"{words('city.resume')}: {of}"

    def _stop_dialog(self) -> ui.dialog:
        words = self._view.words
        with ui.dialog() as dialog, ui.card().classes("gr-dialog"):
            ui.label(words("city.stop_title")).props("role=heading aria-level=2").classes("gr-strong")
            ui.label(words("city.stop_how")).classes("gr-quiet")
            scope = ui.select(
                {one: words(f"city.scope.{one}") for one in SCOPES}, value="all", label=words("city.of_what")
            ).props("outlined dense")
            scope.classes("gr-wide")
            key = ui.input(words("city.which")).props("outlined dense maxlength=200").classes("gr-wide")
            key.bind_visibility_from(scope, "value", lambda chosen: chosen != "all")
            reason = (
                ui.input(words("city.reason"))
                .props("outlined dense autofocus maxlength=500")
                .classes("gr-wide")
            )
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=dialog.close).props("flat no-caps")

                async def stop() -> None:
                    of = "" if scope.value == "all" else key.value or ""
                    await self._stop(str(scope.value), of, reason.value or "")
                    dialog.close()
                    reason.value = ""

                button = ui.button(words("city.stop_now"), on_click=self._view.acting(stop))
                button.props("unelevated no-caps color=negative")
                button.bind_enabled_from(reason, "value", lambda told: bool((told or "").strip()))
        return dialog

    def _resume_dialog(self) -> ui.dialog:
        words = self._view.words
        with ui.dialog() as dialog, ui.card().classes("gr-dialog"):
            ui.label(words("city.resume_title")).props("role=heading aria-level=2").classes("gr-strong")
            reason = (
                ui.input(words("city.reason"))
                .props("outlined dense autofocus maxlength=500")
                .classes("gr-wide")
            )
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=dialog.close).props("flat no-caps")

                async def resume() -> None:
                    await self._resume(reason.value or "")
                    dialog.close()
                    reason.value = ""

                button = ui.button(words("city.resume"), on_click=self._view.acting(resume)).props(
                    "unelevated no-caps"
                )
                button.bind_enabled_from(reason, "value", lambda told: bool((told or "").strip()))
        return dialog

    def _ask_to_resume(self, one: Json) -> None:
        self._lifting = one
        self._resuming.open()

    async def _stop(self, scope: str, key: str, reason: str) -> None:
        body = {"scope": scope, "key": key, "by": self._view.name, "reason": reason}
        await self._tell("suspend", body)

    async def _resume(self, reason: str) -> None:
        assert self._lifting is not None
        body = {"suspension": self._lifting["suspension"], "by": self._view.name, "reason": reason}
        await self._tell("resume", body)

    async def _tell(self, what: str, body: Json) -> None:
        await self._view.service.post(f"/v1/automation/{what}", body)
        forget("/v1/vitals")
        self._view.say(f"city.told.{what}")
        done = self._changed()
        if done is not None:
            await done  # type: ignore[misc]

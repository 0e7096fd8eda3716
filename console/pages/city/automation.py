"""The stop button of automatic dispatch, and what is suspended and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from console.browser import drafted, drop, restore
from console.client import Json
from console.moments import clock_time
from console.shared import forget
from console.suspensions import reason_of, scope_of, who_of
from console.view import View

SCOPES = ("all", "kind", "unit")
STOPPING, RESUMING = "city.stop", "city.resume"  # drafts, as the browser keeps them


class Automation:
    """What of automatic dispatch is stopped. Whoever may, stops it and lets it go on, each with a reason."""

    def __init__(
        self, view: View, units: Mapping[str, str], kinds: Sequence[str], changed: Callable[[], object]
    ) -> None:
        self._view, self._units, self._kinds = view, units, kinds
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
        self._state.text = words(f"city.state.{state_of(suspended, running=running)}")
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
        of = scope_of(one, self._units, words)
        with ui.element("div").classes("gr-suspension"):
            with ui.element("div").classes("gr-grow"):
                ui.label(of).classes("gr-strong")
                ui.label(reason_of(one, words))
                ui.label(f"{who_of(one, words)} · {clock_time(one['at'])}").classes("gr-quiet")
            if self._may:
                button = ui.button(words("city.resume"), on_click=partial(self._ask_to_resume, one))
                button.props("flat no-caps dense").classes("gr-act")
                button.props["aria-label"] = f"{words('city.resume')}: {of}"

    def _stop_dialog(self) -> ui.dialog:
        words = self._view.words
        named = ui.dialog().props(f'aria-label="{words("city.stop_title")}"')
        with named as dialog, ui.card().classes("gr-dialog"):
            ui.label(words("city.stop_title")).props("role=heading aria-level=2").classes("gr-strong")
            ui.label(words("city.stop_how")).classes("gr-quiet")
            scope = ui.select(
                {one: words(f"city.scope.{one}") for one in SCOPES}, value="all", label=words("city.of_what")
            ).props("outlined dense")
            scope.classes("gr-wide")
            key = ui.select({}, label=words("city.which"), with_input=True, clearable=True)
            key.props("outlined dense options-dense").classes("gr-wide").set_visibility(False)

            def choose(event: ValueChangeEventArguments[str | None]) -> None:
                named = self._units if event.value == "unit" else {one: one for one in self._kinds}
                key.set_options(dict(named), value=None)
                key.set_visibility(event.value != "all")

            scope.on_value_change(choose)
            reason = (
                ui.input(words("city.reason"))
                .props("outlined dense autofocus maxlength=500")
                .classes("gr-wide")
            )
            self._typed_in(dialog, reason, STOPPING)
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=dialog.close).props("flat no-caps")

                async def stop() -> None:
                    of = "" if scope.value == "all" else key.value or ""
                    await self._stop(str(scope.value), of, reason.value or "")
                    drop(self._view, STOPPING)
                    dialog.close()
                    reason.value = ""

                button = ui.button(words("city.stop_now"), on_click=self._view.acting(stop))
                button.props("unelevated no-caps color=negative")

                def weigh() -> None:
                    is_named = scope.value == "all" or bool(key.value)
                    button.set_enabled(is_named and bool((reason.value or "").strip()))

                for one in (scope, key, reason):
                    one.on_value_change(weigh)
                weigh()
        return dialog

    def _resume_dialog(self) -> ui.dialog:
        words = self._view.words
        named = ui.dialog().props(f'aria-label="{words("city.resume_title")}"')
        with named as dialog, ui.card().classes("gr-dialog"):
            ui.label(words("city.resume_title")).props("role=heading aria-level=2").classes("gr-strong")
            reason = (
                ui.input(words("city.reason"))
                .props("outlined dense autofocus maxlength=500")
                .classes("gr-wide")
            )
            self._typed_in(dialog, reason, RESUMING)
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=dialog.close).props("flat no-caps")

                async def resume() -> None:
                    await self._resume(reason.value or "")
                    drop(self._view, RESUMING)
                    dialog.close()
                    reason.value = ""

                button = ui.button(words("city.resume"), on_click=self._view.acting(resume)).props(
                    "unelevated no-caps"
                )
                button.bind_enabled_from(reason, "value", lambda told: bool((told or "").strip()))
        return dialog

    def _typed_in(self, dialog: ui.dialog, reason: ui.input, draft: str) -> None:
        """What is typed there and not sent is there again when the dialog is opened anew."""
        drafted(reason, draft, "reason")

        async def opened() -> None:
            if dialog.value:
                await restore(self._view, reason, draft, "reason")

        dialog.on_value_change(opened)

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


def state_of(suspended: Sequence[Json], *, running: bool) -> str:
    """What is to be said of automatic dispatch; `running`: some tickets may still go out by it."""
    scopes = {one["scope"] for one in suspended}
    if running:
        return "stopped" if suspended else "running"
    if "all" in scopes:
        return "stopped_all"
    return "stopped_certified" if "group" in scopes else "none_certified"

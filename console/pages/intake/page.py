"""The intake page: a call comes in, is written down, and is on its way."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from nicegui import background_tasks, ui

from console.browser import drop, keep, kept
from console.client import Json, at
from console.maps import Map
from console.pages.intake.draft import Draft, new_number
from console.pages.intake.finding import Finding
from console.pages.intake.form import DRAFT, CallForm
from console.pages.intake.importing import Importing
from console.pages.intake.preview import Preview
from console.pages.intake.telling import told_of
from console.pages.review import ground
from console.problems import Refused, ServiceError
from console.registry import page
from console.view import View

PAUSE_S = 0.3


@page("intake", "/intake", icon="headset_mic", any_of=("submit",), place=10)
async def show(view: View) -> None:
    """Find an earlier ticket; take a new one in; today's tickets and files of them."""
    await Intake(view).resume()


class Intake:
    """What stands on the page, and what it does."""

    def __init__(self, view: View) -> None:
        self.view, self.words = view, view.words
        self.number = new_number()  # of this call: sent twice, it is taken once
        self.waits: asyncio.Task[None] | None = None
        words = self.words
        Finding(view)
        with ui.element("div").classes("gr-intake"):
            with ui.element("section").classes("gr-card").props(f'aria-label="{words("intake.call")}"'):
                ui.label(words("intake.call")).props("role=heading aria-level=2").classes("gr-h2")
                self.form = CallForm(view, self._changed)
                with ui.element("div").classes("gr-line"):
                    self.send = ui.button(words("intake.submit"), on_click=view.acting(self._submit))
                    self.send.props("unelevated no-caps icon=send aria-keyshortcuts=Control+Enter")
                    ui.button(words("intake.clear"), on_click=self._clear).props("flat no-caps")
                    ui.label(words("intake.shortcut")).classes("gr-quiet gr-for-keys")
            with (
                ui.element("section")
                .classes("gr-card gr-thoughts")
                .props(f'aria-label="{words("intake.preview")}"')
            ):
                self.answer = ui.element("div").classes("gr-wide").props("role=status")
                self.preview = Preview(view, self._join)
            with (
                ui.element("section").classes("gr-card gr-where").props(f'aria-label="{words("intake.map")}"')
            ):
                self.map = Map(view, label=words("intake.map"))
                self.map.on_click(self.form.pin)
                self._look_at_all()
                ui.label(words("intake.map_how")).classes("gr-quiet")
        Importing(view)
        ui.on("gr-submit", view.acting(self._submit))
        ui.add_body_html(SUBMIT_KEY)

    async def resume(self) -> None:
        """Go on with the call that was being taken when the page went away."""
        found = await kept(self.view, DRAFT)
        if self.form.draft.says_something:  # another call has begun meanwhile
            drop(self.view, DRAFT)
            keep(self.view, DRAFT, number=self.number, **asdict(self.form.draft))
            return
        if any(found.get(name) for name in ("text", "address", "account", "phone", "category", "point")):
            self.number = str(found.get("number") or self.number)
            self.form.restore(found)
            self.view.say("intake.resumed")
        keep(self.view, DRAFT, number=self.number)

    def _changed(self) -> None:
        if self.waits is not None:
            self.waits.cancel()
        self.waits = background_tasks.create(self._look(self.form.draft))

    async def _look(self, draft: Draft) -> None:
        await asyncio.sleep(PAUSE_S)
        found: Json | None = None
        if draft.says_something:
            try:
                query = {"lang": self.view.language}
                found = await self.view.service.post("/v1/preview", draft.body(), query)
            except Refused as refused:
                if not refused.is_missing_endpoint:
                    self.view.tell(refused)
                return
            except ServiceError as error:
                self.view.tell(error)
                return
        if self.view.client.is_deleted or draft is not self.form.draft:
            return  # typed on meanwhile
        with self.view.client:
            self.preview.show(found)
            if found is not None:
                self._draw(found["location"])

    def _draw(self, place: Json) -> None:
        self.map.draw({"possible": ground.possible(place, self.words)}, fit=["possible"])
        url = ground.around_url(place, self.words, self.form.draft.category)
        if url:
            self.map.load(self.view.url(url))

    async def _submit(self) -> None:
        ticket = await self._taken()
        if ticket is not None:
            self._tell(ticket)

    async def _join(self, into: str) -> None:
        """Take the call in as one more caller of that ticket."""
        ticket = await self._taken()
        if ticket is not None:
            body = {"into": into, "by": self.view.name}
            joined = await self.view.service.post(at("v1", "tickets", ticket["ticket_id"], "join"), body)
            self._tell(joined)

    async def _taken(self) -> Json | None:
        draft = self.form.draft
        if not draft.says_something:
            self.view.say("intake.says_nothing")
            return None
        self.send.disable()
        try:
            body = draft.body() | {"ticket_id": self.number}
            ticket: Json = await self.view.service.post("/v1/tickets", body)
        finally:
            self.send.enable()
        return ticket

    def _tell(self, ticket: Json) -> None:
        self.answer.clear()
        with self.answer, ui.element("div").classes("gr-answer"):
            ui.label(self.words("intake.tell_caller")).props("role=heading aria-level=2").classes("gr-h2")
            for line in told_of(ticket, self.words):
                ui.label(line)
        self._clear()

    def _clear(self) -> None:
        self.number = new_number()
        self.form.clear()
        drop(self.view, DRAFT)
        keep(self.view, DRAFT, number=self.number)
        self.preview.show(None)
        self.map.draw({"possible": [], "owners": []})
        self._look_at_all()

    def _look_at_all(self) -> None:
        """The whole city, while nobody knows where the trouble is."""
        self.map.load(self.view.url("/data/city/borders"), fit=["borders"])


# Ctrl+Enter sends from whichever field one is in
SUBMIT_KEY = """<script>
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) emitEvent("gr-submit");
});
</script>"""

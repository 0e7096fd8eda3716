"""An earlier ticket, for a caller who asks what became of it; and today's tickets as a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from nicegui import ui
from nicegui.events import GenericEventArguments, ValueChangeEventArguments
from starlette.responses import StreamingResponse

from console import data
from console.client import Bearer, at
from console.pages.intake.found import found_html
from console.pages.intake.telling import told_of
from console.problems import ServiceError
from console.view import View

PAUSE_S, LEAST, MOST = 0.2, 2, 12
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TICKET_OF_LINE = (
    '(event) => { const b = event.target.closest("[data-ticket]"); if (b) emit(b.dataset.ticket) }'
)


class Finding:
    """The search field at the top, what it found, and the day's tables."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._waits: asyncio.Task[None] | None = None
        words = view.words
        with ui.element("section").classes("gr-card").props(f'aria-label="{words("intake.find")}"'):
            with ui.element("div").classes("gr-line gr-find"):
                box = ui.input(words("intake.find"), on_change=self._typed).classes("gr-grow")
                box.props("outlined dense clearable type=search autocomplete=off data-field=find")
                with box.add_slot("prepend"):
                    ui.icon("search").props("aria-hidden=true")
                ui.label(words("intake.today")).classes("gr-quiet")
                for kind in KINDS:
                    link = ui.link(kind.upper(), view.url(f"/data/today.{kind}")).classes("gr-file")
                    link.props(f'download aria-label="{words("intake.today")} {kind.upper()}"')
            self.told = ui.element("div").classes("gr-wide").props("role=status")
            self.found = ui.html("").classes("gr-wide gr-finds")
            self.found.on("click", view.acting(self._open), js_handler=TICKET_OF_LINE)

    def _typed(self, event: ValueChangeEventArguments[str | None]) -> None:
        if self._waits is not None:
            self._waits.cancel()
        self._waits = asyncio.create_task(self._look((event.value or "").strip()))

    async def _look(self, text: str) -> None:
        await asyncio.sleep(PAUSE_S)
        lines = []
        if len(text) >= LEAST:
            try:
                lines = (await self._view.service.get("/v1/tickets", {"q": text, "limit": MOST}))["tickets"]
            except ServiceError as error:
                self._view.tell(error)
                return
        if not self._view.client.is_deleted:
            with self._view.client:
                self.told.clear()
                self.found.content = found_html(lines, self._view.words) if len(text) >= LEAST else ""

    async def _open(self, event: GenericEventArguments) -> None:
        ticket = await self._view.service.get(at("v1", "tickets", str(event.args)))
        self.told.clear()
        with self.told, ui.element("div").classes("gr-answer"):
            ui.label(self._view.words("intake.tell_caller")).props("role=heading aria-level=2").classes(
                "gr-h2"
            )
            for line in told_of(ticket, self._view.words):
                ui.label(line)


def midnight() -> datetime:
    """When today began, where the console runs."""
    now = datetime.now().astimezone()
    return now - timedelta(
        hours=now.hour, minutes=now.minute, seconds=now.second, microseconds=now.microsecond
    )


@data.answers("/data/today.{kind}")
async def today(service: Bearer, kind: str) -> StreamingResponse:
    """Today's tickets, as the service makes the table."""
    kind = kind if kind in KINDS else "csv"
    since = midnight()
    stream = service.stream(f"/v1/tickets.{kind}", {"since": since.isoformat()})
    answer = await stream.__aenter__()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in answer.aiter_bytes():
                yield piece
        finally:
            await stream.__aexit__(None, None, None)

    name = f"tickets-{since:%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(), media_type=KINDS[kind], headers=headers)

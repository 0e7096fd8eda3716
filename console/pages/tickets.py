"""The tickets behind a figure or a cell of the map: a list, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import urlencode

from nicegui import ui

from console.client import Json
from console.moments import clock_time
from console.registry import page
from console.tables import table
from console.view import View
from console.words import Words

MOST = 100
COLUMNS = ("received", "title", "address", "status", "unit", "number")


@page("tickets", "/tickets", icon="list", any_of=("read",), in_menu=False)
async def show(
    view: View,
    status: str = "",
    unit: str = "",
    category: str = "",
    cell: str = "",
    overdue: bool = False,
    since: str = "",
    hours: int = 0,
    cursor: str = "",
) -> None:
    """Tickets, newest first."""
    if hours and not since:
        since = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
    asked = {"status": status, "unit": unit, "category": category, "cell": cell, "since": since}
    asked["overdue"] = "true" if overdue else ""
    words, told = view.words, {name: text for name, text in asked.items() if text}
    found = await view.service.get("/v1/tickets", {**told, "limit": MOST, "cursor": cursor})
    with ui.element("div").classes("gr-line"):
        for text in _filters(told, await _names(view) if unit else {}, words):
            ui.label(text).classes("gr-badge")
        ui.link(words("tickets.back"), "/city").classes("gr-file")
    with ui.element("section").classes("gr-card").props(f'aria-label="{words("tickets.title")}"'):
        if not found["tickets"]:
            ui.label(words("tickets.none")).classes("gr-empty")
            return
        may_review = view.who.may("review")
        ui.html(table_html(found["tickets"], view.root, words, may_review=may_review)).classes(
            "gr-wide gr-scroll"
        )
        if found["next"]:
            ui.link(
                words("tickets.more"), f"/tickets?{urlencode({**told, 'cursor': found['next']})}"
            ).classes("gr-file")


async def _names(view: View) -> dict[str, str]:
    found = await view.service.get("/v1/units")
    return {one["unit"]: one["name"] or one["unit"] for one in found["units"]}


def table_html(tickets: list[Json], root: str, words: Words, *, may_review: bool) -> str:
    """The tickets as a table; one that waits leads to its review."""
    head = [words(f"intake.column.{name}") for name in COLUMNS]
    return table(head, [_line(one, root, words, may_review) for one in tickets])


def _line(one: Json, root: str, words: Words, may_review: bool) -> list[str]:
    title = escape(one["title"] or words("review.untitled"))
    if may_review and one["status"] in {"in_review", "on_hold"}:
        href = escape(f"{root}/review?{urlencode({'ticket': one['ticket_id']})}", quote=True)
        title = f'<a href="{href}">{title}</a>'
    status = escape(words.either(f"intake.status.{one['status']}", one["status"]))
    status = f'<span class="gr-nowrap">{status}</span>'
    if one["overdue"]:
        status += f' <span class="gr-badge gr-badge-bad">{escape(words("review.overdue"))}</span>'
    if one["priority"] == "urgent":
        status += f' <span class="gr-badge gr-badge-bad">{escape(words("review.priority.urgent"))}</span>'
    unit = one["unit_name"] if one["status"] == "dispatched" else ""
    cells: dict[str, str] = {
        "received": clock_time(one["received_at"]),
        "title": title,
        "address": escape(one["address"] or ""),
        "status": status,
        "unit": escape(unit or ""),
        "number": f'<span class="gr-nowrap">{escape(one["ticket_id"])}</span>',
    }
    return [cells[name] for name in COLUMNS]


def _filters(told: dict[str, str], names: Mapping[str, str], words: Words) -> list[str]:
    shown = []
    for name, text in told.items():
        if name == "since":
            text = clock_time(text)
        elif name == "status":
            text = words.either(f"intake.status.{text}", text)
        elif name == "unit":
            text = names.get(text, text)
        elif name == "overdue":
            shown.append(words("review.overdue"))
            continue
        shown.append(f"{words(f'tickets.filter.{name}')}: {text}")
    return shown

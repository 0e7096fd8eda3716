"""All units, and a file of units that is looked at before it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from nicegui import ui

from console.client import Json
from console.moments import when
from console.pages.units.importing import Importing
from console.tables import table
from console.view import View
from console.words import Words

COLUMNS = ("number", "name", "kinds", "state", "valid", "successors")
KINDS_SHOWN = 4


async def fill(view: View, known: list[Json]) -> None:
    """The list, and the import."""
    words = view.words
    names = {one["unit"]: one["name"] or one["unit"] for one in known}
    Importing(view, "units", names)
    with ui.element("section").classes("gr-card").props(f'aria-label="{words("units.tab.units")}"'):
        with ui.element("div").classes("gr-line"):
            box = ui.input(words("units.find")).props("outlined dense clearable").classes("gr-grow")
            count = ui.label("").classes("gr-quiet").props("role=status")
        told = ui.html("").classes("gr-wide gr-scroll")

        def put() -> None:
            found = _matching(known, box.value or "")
            count.text = words("units.count", shown=len(found), all=len(known))
            told.content = units_html(found, names, words)

        box.on_value_change(put)
        put()


def units_html(units: Sequence[Json], names: Mapping[str, str], words: Words) -> str:
    """The units as a table."""
    head = [words(f"units.column.{name}") for name in COLUMNS]
    return table(head, [_line(one, names, words) for one in units])


def day(text: object) -> str:
    """The day of the service's time."""
    at = when(text) if text else None
    return f"{at:%Y-%m-%d}" if at else ""


def validity(one: Json, words: Words) -> str:
    """From when to when."""
    begins, ends = day(one["valid_from"]), day(one["valid_to"])
    if begins and ends:
        return f"{begins} – {ends}"
    if begins:
        return words("units.from", day=begins)
    return words("units.until", day=ends) if ends else words("units.always")


def _matching(known: Sequence[Json], typed: str) -> list[Json]:
    parts = typed.casefold().split()
    return [
        one
        for one in known
        if all(part in f"{one['unit']} {one['name']} {' '.join(one['kinds'])}".casefold() for part in parts)
    ]


def _line(one: Json, names: Mapping[str, str], words: Words) -> tuple[str, ...]:
    kinds = one["kinds"][:KINDS_SHOWN]
    more = f" +{len(one['kinds']) - KINDS_SHOWN}" if len(one["kinds"]) > KINDS_SHOWN else ""
    tone, state = ("gr-badge-good", "open") if one["open"] else ("", "closed")
    return (
        f'<span class="gr-quiet">{escape(one["unit"])}</span>',
        escape(one["name"]),
        escape(", ".join(kinds) + more),
        f'<span class="gr-badge {tone}">{escape(words(f"units.{state}"))}</span>',
        escape(validity(one, words)),
        escape(", ".join(names.get(unit, unit) for unit in one["successors"])),
    )

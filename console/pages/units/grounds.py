"""Territories on the map, as of a day, and a file of them that is looked at before it is taken."""

from __future__ import annotations

from datetime import datetime
from html import escape
from urllib.parse import urlencode

from nicegui import ui

from console import data
from console.client import Bearer, Json
from console.maps import Map, Shape, owner_colour, polygon, rings
from console.pages.units.importing import Importing
from console.pages.units.listing import validity
from console.tables import table
from console.view import View
from console.words import Words

COLUMNS = ("territory", "unit", "kinds", "valid")
MOST_LINES = 200


async def fill(view: View, known: list[Json]) -> None:
    """The map and the list, for a day and perhaps a unit."""
    words = view.words
    names = {one["unit"]: one["name"] or one["unit"] for one in known}
    Importing(view, "territories", names)
    with ui.element("section").classes("gr-card").props(f'aria-label="{words("units.tab.territories")}"'):
        with ui.element("div").classes("gr-line"):
            unit = ui.select(names, label=words("units.column.unit"), with_input=True, clearable=True)
            unit.props("outlined dense options-dense").classes("gr-filter")
            kinds = sorted({kind for one in known for kind in one["kinds"]})
            kind = ui.select(kinds, label=words("city.kind"), with_input=True, clearable=True)
            kind.props("outlined dense options-dense").classes("gr-filter")
            on = ui.input(words("units.valid_on"), value=f"{datetime.now().astimezone():%Y-%m-%d}")
            on.props("outlined dense type=date stack-label").classes("gr-filter")
        drawn = Map(view, label=words("units.map"))
        drawn.element.classes("gr-tall")
        ui.label(words("units.map_how")).classes("gr-quiet")
        told = ui.html("").classes("gr-wide gr-scroll")

    async def put() -> None:
        query = {"unit": unit.value or "", "at": _moment(on.value)}
        asked = urlencode({"lang": view.language, "kind": kind.value or "", **query})
        drawn.load(view.url(f"/data/territories?{asked}"), fit=["ground"])
        found = await view.service.get("/v1/territories", query)
        told.content = territories_html(of_kind(found["features"], kind.value or ""), words)

    for box in (unit, kind, on):
        box.on_value_change(view.acting(put))
    await put()


@data.answers("/data/territories")
async def territories(
    service: Bearer, lang: str, unit: str = "", at: str = "", kind: str = ""
) -> dict[str, list[Shape]]:
    """Territories as shapes in their owners' colours."""
    words, found = Words(lang), await service.get("/v1/territories", {"unit": unit, "at": at})
    return {"ground": [_shape(one, words) for one in of_kind(found["features"], kind)]}


def of_kind(features: list[Json], kind: str) -> list[Json]:
    """Those that are for this kind of trouble; none named: all."""
    if not kind:
        return features
    return [one for one in features if kind in (one["properties"]["kinds"] or [kind])]


def territories_html(features: list[Json], words: Words) -> str:
    """The territories as a table."""
    head = [words(f"units.column.{name}") for name in COLUMNS]
    lines = [
        (
            f'<span class="gr-quiet">{escape(one["territory"])}</span>',
            escape(one["name"]),
            escape(", ".join(one["kinds"]) or words("units.all_kinds")),
            escape(validity(one, words)),
        )
        for one in (feature["properties"] for feature in features[:MOST_LINES])
    ]
    return table(head, lines)


def _shape(feature: Json, words: Words) -> Shape:
    one = feature["properties"]
    kinds = ", ".join(one["kinds"]) or words("units.all_kinds")
    tip = f"{one['name']} · {kinds} · {validity(one, words)}"
    colour = owner_colour(one["unit"])
    return polygon(rings(feature["geometry"]), tip, color=colour, weight=1.2, fillOpacity=0.12)


def _moment(text: str | None) -> str:
    """Noon of that day; empty: all that ever held."""
    try:
        return datetime.fromisoformat(f"{text}T12:00:00").astimezone().isoformat() if text else ""
    except ValueError:
        return ""

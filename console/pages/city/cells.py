"""What the city's map shows: tickets by cell, or whose the ground is and how much they have to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from console import data
from console.client import Bearer, Json
from console.maps import Shape, owner_colour, polygon, rings
from console.shared import shared
from console.words import Words

SHOWS = ("received", "waiting", "overdue", "load")
COUNTED = {"received": "count", "waiting": "waiting", "overdue": "overdue"}
COLOURS = {"received": "#0b7f95", "waiting": "#c77700", "overdue": "#c2332a"}
PALEST, DARKEST = 0.22, 0.88
OWNER_RESOLUTIONS, MOST_RINGS = (7, 9), 12
EDGE_M = {7: 1_406.0, 8: 531.0, 9: 201.0}  # of a cell, as H3 has them
MOST_BORDERS = 600
DEGREE_M = 111_000.0


@data.answers("/data/city")
async def city(
    service: Bearer,
    lang: str,
    resolution: int = 8,
    hours: int = 24,
    show: str = "received",
    category: str = "",
    south: float | None = None,
    west: float | None = None,
    north: float | None = None,
    east: float | None = None,
) -> Json:
    """Cells as shapes, with a line for the legend and one for who does not see the map."""
    words, box = Words(lang), (south, west, north, east)
    if show == "load" and None not in box:
        return await _loads(service, words, resolution, hours, category, [side or 0.0 for side in box])
    query: dict[str, Any] = {"resolution": resolution, "hours": hours, "category": category}
    query |= {"status": "in_review"} if show == "waiting" else {}
    # a box of whole hundredths: people who look at the same part of the city share the answer
    sides = zip(("south", "west", "north", "east"), box, strict=True)
    query |= {name: round(side, 2) for name, side in sides if side is not None}
    found = await shared(service, "/v1/map/tickets", query)
    return _tickets(found, show if show in COUNTED else "received", words)


@data.answers("/data/city/borders", fresh_s=300)
async def borders(service: Bearer) -> dict[str, list[Shape]]:
    """Whose ground ends where, as quiet lines that the cells lie on."""
    found = (await shared(service, "/v1/territories", {"at": today()}))["features"]
    return {"borders": [_border(one["geometry"]) for one in found[:MOST_BORDERS]]}


def _border(geometry: Json) -> Shape:
    return polygon(rings(geometry), color="#7d8d98", weight=0.8, opacity=0.55, fill=False, interactive=False)


def today() -> str:
    """The beginning of the day, so that the answer may be shared."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()


def _tickets(found: Json, show: str, words: Words) -> Json:
    counted = [(one, int(one[COUNTED[show]])) for one in found["cells"] if one[COUNTED[show]]]
    most = max((count for _, count in counted), default=0)
    total = sum(count for _, count in counted)
    return {
        "cells": [_cell(one, count / most, show, words) for one, count in counted],
        "legend": words(f"city.legend.{show}", most=most) if most else words("city.legend.none"),
        "said": words("city.said", total=total, cells=len(counted), unplaced=found["unplaced"]),
    }


def _cell(one: Json, share: float, show: str, words: Words) -> Shape:
    told = [words("city.cell.count", count=one["count"], automatic=one["automatic"])]
    told += [
        words(f"city.cell.{name}", count=one[name]) for name in ("waiting", "overdue", "urgent") if one[name]
    ]
    presses = one["overdue"] or (one["urgent"] and one["waiting"])
    return polygon(
        [one["boundary"]],
        " · ".join(told),
        {"cell": one["cell"]},
        color="#b3261e" if presses else COLOURS[show],
        weight=2 if presses else 0.8,
        fillColor=COLOURS[show],
        fillOpacity=PALEST + (DARKEST - PALEST) * share**0.6,
    )


async def _loads(
    service: Bearer, words: Words, resolution: int, hours: int, category: str, box: Sequence[float]
) -> Json:
    resolution = min(max(resolution, OWNER_RESOLUTIONS[0]), OWNER_RESOLUTIONS[1])
    south, west, north, east = box
    across = max((north - south), (east - west) * 0.85) * DEGREE_M / 2
    while resolution > OWNER_RESOLUTIONS[0] and across > MOST_RINGS * 1.7 * EDGE_M[resolution]:
        resolution -= 1
    asked: dict[str, Any] = {
        "latitude": round((south + north) / 2, 2),
        "longitude": round((west + east) / 2, 2),
        "resolution": resolution,
        "rings": MOST_RINGS,
        "kind": category,
    }
    owners, vitals = await asyncio.gather(
        shared(service, "/v1/map/owners", asked), shared(service, "/v1/vitals", {"hours": hours})
    )
    loads = {one["unit_id"]: int(one["open"]) for one in vitals["by_unit"]}
    most = max(loads.values(), default=0)
    return {
        "cells": [_owned(one, loads, most, words) for one in owners["cells"]],
        "legend": words("city.legend.load", most=most),
        "said": words("city.said_units", units=len({one["unit_id"] for one in owners["cells"]})),
    }


def _owned(one: Json, loads: Mapping[str, int], most: int, words: Words) -> Shape:
    load = loads.get(one["unit_id"], 0)
    tip = words("city.cell.load", name=one["name"], count=load)
    if one["share"] is not None:
        tip += f" · {words('city.cell.share', percent=round(100 * one['share']))}"
    colour = owner_colour(one["unit_id"])
    return polygon(
        [one["boundary"]],
        tip,
        {"unit": one["unit_id"]},
        color=colour,
        weight=0.6,
        opacity=0.6,
        fillOpacity=0.1 + 0.7 * (load / most if most else 0.0),
    )

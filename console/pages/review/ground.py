"""What lies around a ticket: who owns which ground, where it may be, what was dispatched near by."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from console import data
from console.client import Bearer, Json
from console.maps import Shape, circle, dot, owner_colour, pin, polygon, rings
from console.problems import Refused
from console.words import Words

RESOLUTION, RINGS = 9, 7
NEAR_DEG = 0.06  # a border is drawn where its box comes so near
FRESH_S = 120


def around_url(place: Json | None, words: Words, kind: str | None = None) -> str | None:
    """Where the browser fetches the ground around the place, as owned for that kind of trouble; None: nobody knows
    where that is.
    """
    if not place or place.get("latitude") is None:
        return None
    # rounded: tickets of one neighbourhood share what the browser keeps
    at = {name: f"{place[name]:.3f}" for name in ("latitude", "longitude")}
    return f"/data/ground?{urlencode({**at, 'kind': kind or '', 'lang': words.language})}"


def possible(place: Json | None, words: Words) -> list[Shape]:
    """The places where the ticket may be, each with its radius; a pin at the likeliest."""
    if not place or place.get("latitude") is None:
        return []
    shapes = [
        circle(
            (one["latitude"], one["longitude"]),
            max(one["radius_m"], 15.0),
            f"{one['address'] or ''} {words('review.map.likely', percent=round(100 * one['probability']))}".strip(),
            color="#b3261e",
            fillOpacity=0.06 + 0.12 * one["probability"],
            dashArray=None if number == 0 else "4 4",
        )
        for number, one in enumerate(place["places"])
    ]
    return [*shapes, pin((place["latitude"], place["longitude"]), place["address"] or "")]


def past(nearby: Sequence[Json], names: Mapping[str, str]) -> list[Shape]:
    """Past dispatches near by, coloured by who had them."""
    return [
        dot(
            (one["latitude"], one["longitude"]),
            f"{names.get(one['unit_id'], one['unit_id'])} · {one['category'] or ''} · {str(one['known_at'])[:10]}",
            color="#ffffff",
            fillColor=owner_colour(one["unit_id"]),
            fillOpacity=0.95,
            radius=4.5,
        )
        for one in nearby
        if one.get("latitude") is not None
    ]


@data.answers("/data/ground", fresh_s=FRESH_S)
async def ground(
    service: Bearer, latitude: float, longitude: float, lang: str, kind: str = ""
) -> dict[str, list[Shape]]:
    """Owners by H3 cell and the borders of territories, as shapes."""
    owners, borders, names = await asyncio.gather(
        _owners(service, latitude, longitude, kind), _borders(service), _names(service)
    )
    words = Words(lang)
    return {
        "owners": [_cell(one, names, words) for one in owners if one.get("unit_id")],
        "borders": [
            polygon(
                rings(one["geometry"]),
                color="#5b6b77",
                weight=1.5,
                dashArray="6 4",
                fill=False,
                interactive=False,
            )
            for one in borders
            if _is_near(one["geometry"], latitude, longitude)
        ],
    }


def _cell(one: Json, names: Mapping[str, str], words: Words) -> Shape:
    name, share = names.get(one["unit_id"], one["unit_id"]), one.get("share")
    tip = name if share is None else words("review.map.owner", name=name, percent=round(100 * share))
    colour = owner_colour(one["unit_id"])
    return polygon([one["boundary"]], tip, color=colour, weight=0.6, opacity=0.5, fillOpacity=0.2)


async def _owners(service: Bearer, latitude: float, longitude: float, kind: str) -> list[Json]:
    asked: Json = {
        "resolution": RESOLUTION,
        "latitude": latitude,
        "longitude": longitude,
        "rings": RINGS,
        "kind": kind,
    }
    found = await _or(service, "/v1/map/owners", {"cells": []}, asked)
    return list(found["cells"])


async def _borders(service: Bearer) -> list[Json]:
    return list((await _or(service, "/v1/territories", {"features": []}))["features"])


async def _names(service: Bearer) -> dict[str, str]:
    return {one["unit"]: one["name"] for one in (await service.get("/v1/units"))["units"]}


async def _or(service: Bearer, path: str, otherwise: Json, query: dict[str, Any] | None = None) -> Json:
    try:
        found: Json = await service.get(path, query)
    except Refused:
        return otherwise  # the map does without
    return found


def _is_near(geometry: Json, latitude: float, longitude: float) -> bool:
    corners = [point for one in rings(geometry) for ring in one for point in ring]
    south, north = min(lat for lat, _ in corners), max(lat for lat, _ in corners)
    west, east = min(lon for _, lon in corners), max(lon for _, lon in corners)
    return bool(
        south - NEAR_DEG <= latitude <= north + NEAR_DEG and west - NEAR_DEG <= longitude <= east + NEAR_DEG
    )

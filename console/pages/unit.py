"""The unit's own page, for a phone in one hand: what is with us, ours or not, done. It bears a bad line."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui

from console import data
from console.client import Bearer, Json, at
from console.moments import clock_time
from console.registry import page
from console.view import View
from console.words import Words

MOST = 200
SAYS = ("accept", "reject", "done")
REASONS = ("ground", "kind", "private", "twice")
TEXTS = (
    "accept", "reject", "done", "map", "call", "why", "back", "waiting", "sending", "nothing", "offline", "new", "ours",
    "refresh", "problem",
)  # fmt: skip


@page("unit", "/dispatches", icon="engineering", any_of=("take",), place=15)
async def show(view: View, unit: str = "") -> None:
    """The dispatches of one's unit; whoever serves several chooses."""
    units = await _units(view)
    if not units:
        ui.label(view.words("unit.no_unit")).classes("gr-empty")
        return
    chosen = unit if unit in units else next(iter(units))
    if len(units) > 1:
        box = ui.select(units, value=chosen, label=view.words("unit.which"), with_input=True)
        box.on_value_change(lambda event: ui.navigate.to(f"/dispatches?unit={event.value}"))
        box.props("outlined dense").classes("gr-wide gr-unit-choice")
    else:
        ui.label(units[chosen]).classes("gr-strong")
    place = ui.element("div").classes("gr-dispatches").props("aria-live=polite")
    told = {
        "unit": chosen,
        "root": view.url("/data/dispatches"),
        "by": view.name,
        "words": {name: view.words(f"unit.{name}") for name in TEXTS},
        "reasons": [view.words(f"unit.reason.{name}") for name in REASONS],
        "lang": view.language,
    }
    ui.run_javascript(f"gridroute.dispatches.start({place.id}, {json.dumps(told, ensure_ascii=False)})")


async def _units(view: View) -> dict[str, str]:
    found = (await view.service.get("/v1/units"))["units"]
    names = {one["unit"]: one["name"] or one["unit"] for one in found if one["open"]}
    mine = view.who.units or (names if view.who.may("keys") else ())
    return {unit: names.get(unit, unit) for unit in mine}


@data.answers("/data/dispatches")
async def dispatches(service: Bearer, unit: str, lang: str) -> Json:
    """What is with the unit: not answered yet, and accepted."""
    path, words = at("v1", "units", unit, "dispatches"), Words(lang)
    found = {}
    for name, accepted in (("new", "false"), ("ours", "true")):
        answer = await service.get(path, {"accepted": accepted, "limit": MOST})
        found[name] = [_card(one, words) for one in answer["dispatches"]]
    return found


@data.answers("/data/dispatches/{says}", method="POST")
async def say(service: Bearer, says: str, unit: str, dispatch: int, by: str = "", reason: str = "") -> Any:
    """What the unit says of a dispatch; the same again changes nothing."""
    says = says if says in SAYS else "acknowledge"
    body = {"by": by} | ({"reason": reason} if says == "reject" else {})
    return await service.post(at("v1", "units", unit, "dispatches", str(dispatch), says), body)


def _card(one: Json, words: Words) -> Json:
    ticket = one["ticket"]
    title, _, rest = str(ticket["text"]).partition("\n")
    place = ticket["place"] or {}
    badges = [words.either(f"review.danger.{kind}", kind) for kind in ticket["signals"]]
    if ticket["priority"] != "normal":
        badges.insert(0, words.either(f"review.priority.{ticket['priority']}", ticket["priority"]))
    return {
        "dispatch": one["dispatch"],
        "title": title or ticket["category"] or ticket["ticket_id"],
        "text": rest,
        "badges": badges,
        "address": ticket["address"] or place.get("address") or "",
        "phone": ticket["phone"] or "",
        "at": clock_time(one["dispatched_at"]),
        "number": ticket["ticket_id"],
        "latitude": place.get("latitude"),
        "longitude": place.get("longitude"),
    }

"""Keys: who may come in, as what, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

from nicegui import ui

from console.client import Json, at
from console.pages.city.cells import today
from console.pages.units.deliveries import secret_shown
from console.pages.units.listing import day
from console.tables import acting_row, acting_table
from console.view import View

ROLES = ("call-centre", "reviewer", "unit", "engineer", "admin")
DAYS = (1, 30, 90, 365)
COLUMNS = ("name", "role", "area", "made", "expires", "state", "actions")


async def fill(view: View, known: list[Json]) -> None:
    """A form for a new key, and all that were made."""
    found = (await view.service.get("/v1/territories", {"at": today()}))["features"]
    await Keys(view, known, [one["id"] for one in found]).start()


class Keys:
    """What stands on the tab."""

    def __init__(self, view: View, known: list[Json], territories: Sequence[str]) -> None:
        self.view = view
        words = view.words
        self.names = {one["unit"]: one["name"] or one["unit"] for one in known}
        with ui.element("section").classes("gr-card").props(f'aria-label="{words("units.new_key")}"'):
            ui.label(words("units.new_key")).props("role=heading aria-level=2").classes("gr-h2")
            with ui.element("div").classes("gr-line gr-form"):
                self.name = (
                    ui.input(words("units.key_name")).props("outlined dense maxlength=200").classes("gr-grow")
                )
                self.role = ui.select(
                    {one: words(f"frame.role.{one}") for one in ROLES},
                    value="reviewer",
                    label=words("units.column.role"),
                )
                self.role.props("outlined dense options-dense").classes("gr-filter")
                self.units = ui.select(
                    self.names, label=words("units.key_units"), with_input=True, multiple=True
                )
                self.units.props("outlined dense options-dense use-chips").classes("gr-grow")
                self.territories = ui.select(
                    list(territories), label=words("units.key_territories"), with_input=True, multiple=True
                )
                self.territories.props("outlined dense options-dense use-chips").classes("gr-grow")
                self.days = ui.select(
                    {one: words("frame.days", count=one) for one in DAYS},
                    value=365,
                    label=words("units.key_days"),
                )
                self.days.props("outlined dense options-dense").classes("gr-filter")
                make = ui.button(words("units.make"), on_click=view.acting(self._make)).props(
                    "unelevated no-caps"
                )
                make.bind_enabled_from(self.name, "value", lambda told: bool((told or "").strip()))
            self.made = ui.element("div").classes("gr-wide").props("role=status")
        with ui.element("section").classes("gr-card").props(f'aria-label="{words("units.tab.keys")}"'):
            self.place = ui.element("div").classes("gr-scroll")
        named = ui.dialog().props(f'aria-label="{words("units.revoke")}"')
        with named as self.dialog, ui.card().classes("gr-dialog"):
            self.asked = ui.label("").classes("gr-strong")
            ui.label(words("units.revoke_how")).classes("gr-quiet")
            with ui.element("div").classes("gr-line gr-end"):
                ui.button(words("city.cancel"), on_click=self.dialog.close).props("flat no-caps")
                ui.button(words("units.revoke"), on_click=view.acting(self._revoke)).props(
                    "unelevated no-caps color=negative"
                )
        self.leaving = ""

    async def start(self) -> None:
        """List the keys."""
        found = (await self.view.service.get("/v1/keys"))["keys"]
        words = self.view.words
        self.place.clear()
        head = [words(f"units.column.{name}") for name in COLUMNS]
        if found:
            with self.place, acting_table(head):
                for one in reversed(found):
                    self._line(head, one)
        if not found:
            with self.place:
                ui.label(words("units.no_keys")).classes("gr-quiet")

    def _line(self, head: Sequence[str], one: Json) -> None:
        words = self.view.words
        area = [self.names.get(unit, unit) for unit in one["units"]] + one["territories"]
        tone = "gr-badge-good" if one["state"] == "valid" else ""
        state = f"units.state.{one['state']}"
        told = (
            f"<strong>{escape(one['name'])}</strong>",
            escape(words.either(f"frame.role.{one['role']}", one["role"])),
            escape(", ".join(area) or words("units.everything")),
            escape(f"{day(one['made_at'])} · {one['made_by']}"),
            escape(day(one["expires_at"]) or words("units.never")),
            f'<span class="gr-badge {tone}">{escape(words(state))}</span>',
        )
        with acting_row(head, told):
            if one["state"] == "valid":
                button = ui.button(words("units.revoke"), on_click=partial(self._ask, one))
                button.props("flat dense no-caps color=negative")
                button.props["aria-label"] = f"{words('units.revoke')}: {one['name']}"

    def _ask(self, one: Json) -> None:
        self.leaving = one["key"]
        self.asked.text = self.view.words("units.revoke_title", name=one["name"])
        self.dialog.open()

    async def _make(self) -> None:
        body = {
            "name": self.name.value,
            "role": self.role.value,
            "units": self.units.value or [],
            "territories": self.territories.value or [],
            "days": self.days.value,
        }
        found = await self.view.service.post("/v1/keys", body)
        self.made.clear()
        with self.made:
            secret_shown(self.view, found["secret"])
        self.name.value, self.units.value, self.territories.value = "", [], []
        await self.start()

    async def _revoke(self) -> None:
        await self.view.service.delete(at("v1", "keys", self.leaving))
        self.dialog.close()
        self.view.say("units.revoked")
        await self.start()

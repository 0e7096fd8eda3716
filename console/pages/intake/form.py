"""The form of a call: the trouble, the place, the caller. Every change is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nicegui import ui

from console.browser import drafted, keep
from console.client import Json
from console.pages.intake.draft import Draft
from console.pages.intake.suggest import Suggesting
from console.view import View

PHONE_DIGITS = 4
DRAFT = "intake"  # as the browser keeps it


class CallForm:
    """The fields; `changed` hears of each change."""

    def __init__(self, view: View, changed: Callable[[], None]) -> None:
        self._view, self._changed = view, changed
        self.draft = Draft()
        words = view.words
        self.text = ui.textarea(words("intake.text"), on_change=lambda e: self._typed("text", e.value or ""))
        self.text.props("outlined autogrow autofocus maxlength=20000").classes("gr-wide")
        self.address = self._place("address", words("intake.address"))
        with ui.element("div").classes("gr-pair"):
            self.account = self._place("account", words("intake.account"))
            self.phone = Suggesting(
                view,
                words("intake.phone"),
                "phone",
                find=self._callers,
                typed=self._typed,
                chosen=self._caller_chosen,
            )
        self.category = ui.input(
            words("intake.category"), on_change=lambda e: self._typed("category", e.value or "")
        )
        self.category.props("outlined dense clearable maxlength=200").classes("gr-wide")
        drafted(self.text, DRAFT, "text")
        drafted(self.category, DRAFT, "category")
        self.places = (self.address, self.account, self.phone)
        for one in self.places:
            drafted(one.input, DRAFT, one.name)
        with ui.element("div").classes("gr-line") as self.pinned:
            ui.icon("place").props("aria-hidden=true")
            ui.label(words("intake.pinned")).classes("gr-grow gr-quiet")
            ui.button(words("intake.unpin"), on_click=self.unpin).props("flat dense no-caps")
        self.pinned.set_visibility(False)

    def pin(self, latitude: float, longitude: float) -> None:
        """The call-taker clicked the map: the trouble is there."""
        self._set(replace(self.draft, point=(round(latitude, 6), round(longitude, 6))))
        keep(self._view, DRAFT, point=self.draft.point)

    def unpin(self) -> None:
        """Take the pin away."""
        self._set(replace(self.draft, point=None))
        keep(self._view, DRAFT, point=None)

    def restore(self, kept: Json) -> None:
        """Put back what a page that is no more had in its form."""
        for one in self.places:
            one.fill(str(kept.get(one.name) or ""))
        self.text.value, self.category.value = (str(kept.get(name) or "") for name in ("text", "category"))
        point = kept.get("point")
        self._set(replace(self.draft, point=(float(point[0]), float(point[1])) if point else None))

    def clear(self) -> None:
        """For the next call."""
        self.text.value = self.category.value = ""
        for one in self.places:
            one.fill("")
        self._set(Draft())
        self.text.run_method("focus")

    def _place(self, name: str, label: str) -> Suggesting:
        return Suggesting(
            self._view, label, name, find=self._places, typed=self._typed, chosen=self._place_chosen
        )

    def _typed(self, name: str, value: str) -> None:
        changes: dict[str, Any] = {name: value}
        self.draft = replace(self.draft, **changes)
        if not value:  # emptied by its button, which is no typing
            keep(self._view, DRAFT, **changes)
        self._changed()

    def _fill(self, field: Suggesting, value: str) -> None:
        field.fill(value)
        keep(self._view, DRAFT, **{field.name: value})

    def _set(self, draft: Draft) -> None:
        self.draft = draft
        self.pinned.set_visibility(draft.point is not None)
        self._changed()

    async def _places(self, text: str) -> list[Json]:
        found = await self._view.service.get("/v1/places", {"q": text, "limit": 6})
        return [
            {
                **one,
                "label": " ".join(part for part in (one["address"], one["name"]) if part),
                "more": ", ".join(one["accounts"][:2]),
            }
            for one in found["places"]
        ]

    async def _callers(self, text: str) -> list[Json]:
        """Where this phone called about before."""
        if sum(letter.isdigit() for letter in text) < PHONE_DIGITS:
            return []
        found = await self._view.service.get("/v1/tickets", {"q": text, "limit": 20})
        seen = {one["address"]: one for one in reversed(found["tickets"]) if one["address"]}
        return [
            {"label": address, "more": one["title"], "address": address, "accounts": []}
            for address, one in reversed(seen.items())
        ]

    def _place_chosen(self, place: Json) -> None:
        accounts = place["accounts"]
        self._fill(self.address, place["address"])
        if len(accounts) == 1 or (self.draft.account and accounts):
            self._fill(self.account, accounts[0])

    def _caller_chosen(self, place: Json) -> None:
        self._fill(self.address, place["address"])

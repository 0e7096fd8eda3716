"""A file of units or territories: first what it would change, then changing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from nicegui import events, ui

from console.client import Json
from console.pages.intake.importing import BadRow, bad_html
from console.tables import table
from console.view import View
from console.words import Words

LARGEST = 40_000_000
SHOWN = 100
TYPES = {"csv": "text/csv", "json": "application/json", "geojson": "application/json"}


class Importing:
    """The upload, the difference, and the button that applies it."""

    def __init__(self, view: View, what: str, names: Mapping[str, str]) -> None:
        self._view, self._what, self._names = view, what, names
        self._content, self._type = b"", ""
        words = view.words
        with ui.expansion(words(f"units.import_{what}"), icon="upload_file").classes("gr-card gr-import"):
            ui.label(words(f"units.import_{what}_how")).classes("gr-quiet")
            self.upload = ui.upload(
                label=words("units.choose_file"),
                auto_upload=True,
                max_files=1,
                max_file_size=LARGEST,
                on_upload=view.acting(self._look),
            )
            self.upload.props('accept=".csv,.json,.geojson" flat').classes("gr-wide gr-upload")
            self.told = ui.element("div").classes("gr-wide gr-diff").props("role=status")

    async def _look(self, event: events.UploadEventArguments) -> None:
        self._content = await event.file.read()
        self._type = TYPES.get(event.file.name.lower().rpartition(".")[2], "text/csv")
        self.upload.reset()
        self.told.clear()
        found = await self._ask("preview", "")
        words = self._view.words
        with self.told:
            if found["diff"] is None:
                ui.label(words("units.bad_rows", count=found["bad_rows"], rows=found["rows"])).classes(
                    "gr-alert"
                )
                bad = [
                    BadRow(**{name: one[name] for name in ("line", "field", "problem", "mend")})
                    for one in found["bad"]
                ]
                ui.html(bad_html(bad, words)).classes("gr-wide gr-scroll")
                return
            ui.html(diff_html(found["diff"], self._names, words)).classes("gr-wide")
            if found["diff"]["changes"]:
                ui.button(words("units.apply"), on_click=self._view.acting(self._apply)).props(
                    "unelevated no-caps"
                )

    async def _apply(self) -> None:
        found = await self._ask("import", self._view.name)
        self.told.clear()
        with self.told:
            ui.label(self._view.words("units.applied", changed=found["changed"])).classes(
                "gr-answer gr-strong"
            )
            ui.button(self._view.words("units.again"), on_click=self._again).props("flat no-caps")

    def _again(self) -> None:
        ui.navigate.to(f"/units?tab={self._what}")

    async def _ask(self, step: str, by: str) -> Json:
        headers = {"Content-Type": self._type}
        found: Json = await self._view.service.ask(
            "POST", f"/v1/{self._what}/{step}", content=self._content, headers=headers, query={"by": by}
        )
        return found


def diff_html(diff: Json, names: Mapping[str, str], words: Words) -> str:
    """What the list would change."""
    figures = {
        "changes": len(diff["changes"]),
        "unchanged": diff["unchanged"],
        "absent": len(diff["absent"]),
        "moved": f"{diff['moved']} / {diff['recent']}",
    }
    told = "".join(
        f"<div><dt>{escape(words(f'units.diff.{name}'))}</dt><dd class=gr-strong>{value}</dd></div>"
        for name, value in figures.items()
    )
    text = f'<dl class="gr-facts">{told}</dl>'
    text += "".join(
        f'<p class="gr-note gr-flat">{escape(line)}</p>' for line in _warnings(diff, names, words)
    )
    if diff["changes"]:
        head = [words(f"units.column.{name}") for name in ("change", "unit", "field", "before", "after")]
        lines = [line for one in diff["changes"][:SHOWN] for line in _change(one, names, words)]
        text += f'<div class="gr-scroll">{table(head, lines)}</div>'
    return text


def _warnings(diff: Json, names: Mapping[str, str], words: Words) -> list[str]:
    told = []
    for one in diff.get("closings", ()):
        told.append(
            words(
                "units.closing",
                unit=_named(one["unit"], names),
                tickets=one["tickets"],
                recent=one["recent"],
                heirs=_all_named(one["heirs"], names) or "–",
            )
        )
        told += one["faults"]
    for one in diff.get("merged", ()):
        told.append(
            words("units.merged", units=_all_named(one["units"], names), into=_named(one["into"], names))
        )
    for one in diff.get("split", ()):
        told.append(
            words("units.split", unit=_named(one["unit"], names), into=_all_named(one["into"], names))
        )
    if diff.get("new_units"):
        told.append(words("units.new_units", units=", ".join(diff["new_units"])))
    return told


def _named(unit: str, names: Mapping[str, str]) -> str:
    name = names.get(unit, unit)
    return unit if name == unit else f"{name} ({unit})"


def _all_named(units: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(_named(unit, names) for unit in units)


def _change(one: Json, names: Mapping[str, str], words: Words) -> Sequence[tuple[str, ...]]:
    kind = one.get("kind") or ("opened" if one["area_before_km2"] is None else "changed")
    name = one.get("territory") or _named(one["unit"], names)
    badge = f'<span class="gr-badge">{escape(words.either(f"units.kind.{kind}", kind))}</span>'
    details = list(one["details"])
    if one.get("area_before_km2") is not None and one["area_before_km2"] != one["area_km2"]:
        before, after = (f"{one[key]:.3f} km²" for key in ("area_before_km2", "area_km2"))
        details.append({"field": words("units.area"), "before": before, "after": after})
    if not details:
        details = [{"field": "", "before": "", "after": one.get("name") or one["unit"]}]
    return [
        (
            badge if number == 0 else "",
            escape(name) if number == 0 else "",
            escape(words.either(f"units.detail.{detail['field']}", detail["field"])),
            escape(detail["before"]),
            escape(detail["after"]),
        )
        for number, detail in enumerate(details)
    ]

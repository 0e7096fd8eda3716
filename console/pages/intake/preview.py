"""What the service thinks of a call while it is being typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape

from nicegui import ui

from console.client import Json
from console.moments import clock_time
from console.view import View
from console.words import Words

Join = Callable[[str], Awaitable[None]]
SHOWN, SENTENCES_FROM = 3, 1


class Preview:
    """The panel beside the form."""

    def __init__(self, view: View, join: Join) -> None:
        self._view, self._join = view, join
        words = view.words
        self.alarm = ui.label("").classes("gr-alert gr-strong").props("role=alert")
        self.unit = ui.html("").classes("gr-wide").props("aria-live=polite")
        self.missing = ui.html("").classes("gr-wide").props("aria-live=polite")
        self.alike = ui.element("div").classes("gr-alike")
        with ui.expansion(words("intake.why")).classes("gr-wide") as self.why:
            self.sentences = ui.html("").classes("gr-wide")
        self.show(None)

    def show(self, found: Json | None) -> None:
        """Show that; None: nothing was said yet."""
        words = self._view.words
        dangers = [
            words.either(f"review.danger.{one['kind']}", one["kind"])
            for one in (found or {}).get("signals", ())
        ]
        self.alarm.text = words("intake.danger", dangers=", ".join(dangers)) if dangers else ""
        self.alarm.set_visibility(bool(dangers))
        self.unit.content = unit_html(found, words)
        self.missing.content = missing_html(found, words)
        self.why.set_visibility(bool(found))
        told = (found or {}).get("sentences", [])[SENTENCES_FROM:]
        self.sentences.content = (
            f'<ul class="gr-lines">{"".join(f"<li>{escape(one)}</li>" for one in told)}</ul>'
        )
        self._show_alike((found or {}).get("alike", []))

    def _show_alike(self, alike: list[Json]) -> None:
        words = self._view.words
        self.alike.clear()
        if not alike:
            return
        with self.alike:
            ui.label(words("intake.alike")).props("role=heading aria-level=2").classes("gr-h2")
            for one in alike[:SHOWN]:
                with ui.element("div").classes("gr-line gr-like"):
                    with ui.element("div").classes("gr-grow"):
                        ui.label(one["text"] or one["ticket_id"]).classes("gr-strong")
                        status = words.either(f"intake.status.{one['status']}", one["status"])
                        told = words("intake.metres", metres=round(one["distance_m"]))
                        ui.label(f"{told} · {clock_time(one['received_at'])} · {status}").classes("gr-quiet")
                    join = ui.button(
                        words("intake.join"),
                        on_click=self._view.acting(lambda one=one: self._join(one["ticket_id"])),
                    )
                    join.props("outline dense no-caps")


def unit_html(found: Json | None, words: Words) -> str:
    """Who would get it and how sure that is."""
    if not found:
        return f'<p class="gr-empty">{escape(words("intake.nothing_yet"))}</p>'
    if not found["unit"]:
        return f'<p class="gr-note">{escape(words("intake.nobody"))}</p>'
    chance = found["probability"]
    percent = "" if chance is None else f"{100 * chance:.0f}%"
    verdict = words("intake.would_go" if found["verdict"] == "dispatch" else "intake.would_be_checked")
    others = "".join(
        f"<li><span>{escape(one['name'])}</span><span>{100 * one['probability']:.0f}%</span></li>"
        for one in found["candidates"][: SHOWN + 1]
        if one["unit_id"] != found["unit"]["unit_id"] and (one["probability"] or 0) >= 0.005
    )
    return (
        f'<p class="gr-quiet gr-flat">{escape(words("intake.would_get"))}</p>'
        f'<p class="gr-unit"><span>{escape(found["unit"]["name"])}</span><span>{percent}</span></p>'
        f'<div class="gr-meter"><span style="width:{100 * (chance or 0):.0f}%"></span></div>'
        f'<p class="gr-flat">{escape(verdict)}</p><ul class="gr-others">{others}</ul>'
    )


def missing_html(found: Json | None, words: Words) -> str:
    """What to ask the caller for."""
    asked = (found or {}).get("missing", [])[:SHOWN]
    if not asked:
        return ""
    told = "".join(f"<li>{escape(one['sentence'])}</li>" for one in asked)
    return f'<div class="gr-note"><b>{escape(words("intake.ask"))}</b><ul class="gr-lines">{told}</ul></div>'

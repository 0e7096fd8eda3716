"""What stands on the review page, and what the acts on it are called; `page` says what they do."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments, KeyEventArguments

from console.client import Json
from console.maps import Map
from console.pages.review import ground
from console.pages.review.buttons import choice_button, key_button
from console.pages.review.case import Case, Choice
from console.pages.review.finder import Finder
from console.pages.review.keys import keys_dialog
from console.pages.review.parts import counts_html, facts_html, head_html, lines_html, queue_html
from console.view import View

UNDO_SHOWN_S = 10.0
TICKET_OF_BUTTON = (
    '(event) => { const b = event.target.closest("[data-ticket]"); if (b) emit(b.dataset.ticket) }'
)

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a reviewer can do, as the page does it."""

    open: Callable[[GenericEventArguments], Awaitable[None]]
    pick: Callable[[str], Awaitable[None]]
    accept: Act
    hold: Act
    skip: Act
    undo: Act
    reroute: Act
    key: Callable[[KeyEventArguments], Awaitable[None]]


class Screen:
    """The queue, the ticket, the ground; it draws what it is told to."""

    def __init__(self, view: View, acts: Acts) -> None:
        self.view, self.acts, self.words = view, acts, view.words
        self.drawn: tuple[Choice, ...] | None = None
        self.shown_at = 0.0
        with ui.element("div").classes("gr-review"):
            self._queue()
            self._ticket()
            self._ground()
        self.said = ui.label("").classes("gr-hidden").props("role=status aria-live=polite")
        ui.keyboard(acts.key, repeating=False, ignore=["input", "select", "textarea"])
        self.help = keys_dialog(self.words)

    def draw_queue(self, found: Json, current: str | None) -> None:
        """What waits."""
        self.counts.content = counts_html(found, self.words)
        self.queue.content = queue_html(found, current, self.words)

    def clear(self) -> None:
        """Another ticket comes."""
        self.drawn = None
        self.shown_at = time.monotonic()
        self.strip.clear()

    def draw(self, case: Case | None) -> None:
        """The ticket before the reviewer; None: nothing waits."""
        if case is None:
            self.head.content = f'<p class="gr-empty">{self.words("review.empty")}</p>'
            self.facts.content = self.lines.content = ""
            self.choices.clear()
            self.accept.disable()
            return
        self.head.content = head_html(case)
        self.facts.content, self.lines.content = facts_html(case), lines_html(case)
        self.accept.set_enabled(case.proposal is not None)
        if self.drawn != case.choices:
            self.drawn = case.choices
            self._draw_choices(case)

    def draw_ground(self, ticket: Json | None) -> None:
        """The ground around the ticket."""
        if ticket is None:
            self.map.draw({"possible": [], "past": [], "owners": [], "borders": []})
            return
        place = ticket["location"]
        self.map.draw({"possible": ground.possible(place, self.words), "past": []}, fit=["possible"])
        url = ground.around_url(place, self.words, ticket["content"]["category"])
        if url:
            self.map.load(self.view.url(url))

    def ask(self, reasons: tuple[str, ...], group: str, title: str, done: Callable[[str], object]) -> None:
        """One tap: why."""
        self.finder.close()
        self.strip.clear()
        with self.strip:
            ui.label(title).classes("gr-strong").props("role=alert")
            for number, reason in enumerate(reasons, 1):
                text = self.words(f"review.{group}.{reason}")
                act = self.view.acting(lambda reason=reason: done(reason))
                key_button(text, str(number), act, "outline")

    def notice_sent(self, name: str, is_last: Callable[[], bool]) -> None:
        """It is sent; for some seconds it may be taken back."""
        self.notice.clear()
        with self.notice, ui.element("div").classes("gr-sent gr-line") as told:
            ui.icon("check_circle").props("aria-hidden=true")
            ui.label(self.words("review.sent", name=name)).classes("gr-grow")
            key_button(self.words("review.undo"), "U", self.view.acting(self.acts.undo), "flat")
            ui.element("span").classes("gr-seconds").props("aria-hidden=true")

        def over() -> None:
            if is_last() and not told.is_deleted:
                told.delete()

        with self.notice:
            ui.timer(UNDO_SHOWN_S, over, once=True)

    def notice_affected(self, count: int) -> None:
        """Others like it would change."""
        with self.notice, ui.element("div").classes("gr-note gr-line").props("role=status"):
            ui.label(self.words("review.affects", count=count)).classes("gr-grow")
            key_button(self.words("review.reroute"), "R", self.view.acting(self.acts.reroute), "unelevated")

    def _queue(self) -> None:
        with _section("gr-card gr-side", self.words("review.queue")):
            self.counts = ui.html("").classes("gr-badges")
            self.queue = ui.html("").classes("gr-scrolling")
            self.queue.on("click", self.view.acting(self.acts.open), js_handler=TICKET_OF_BUTTON)

    def _ticket(self) -> None:
        with _section("gr-card gr-case", self.words("review.ticket")):
            self.notice = ui.element("div").classes("gr-notices")
            self.head = ui.html("").classes("gr-wide")
            self.choices = ui.element("div").classes("gr-choices-list")
            self.strip = ui.element("div").classes("gr-strip")
            self._bar()
            self.finder = Finder(self.words, self.view.acting(self.acts.pick))
            self.facts = ui.html("").classes("gr-wide")
            self.lines = ui.html("").classes("gr-wide")

    def _ground(self) -> None:
        with ui.element("section").classes("gr-ground"):
            self.map = Map(self.view, label=self.words("review.map.label"))
            ui.label(self.words("review.map.legend")).classes("gr-quiet")

    def _bar(self) -> None:
        words, acting = self.words, self.view.acting
        bar = ui.element("div").classes("gr-bar")
        with bar.props(f'role=toolbar aria-label="{words("review.actions")}"'):
            self.accept = key_button(words("review.accept"), "A", acting(self.acts.accept), "unelevated")
            key_button(words("review.search"), "/", self._search, "outline")
            key_button(words("review.hold"), "H", acting(self.acts.hold), "outline")
            key_button(words("review.next"), "N", acting(self.acts.skip), "outline")
            help_ = key_button(words("review.keys"), "?", self._help, "flat")
            help_.classes("gr-for-keys")

    def _search(self) -> None:
        self.finder.open()

    def _help(self) -> None:
        self.help.open()

    def _draw_choices(self, case: Case) -> None:
        proposed = case.proposal.unit if case.proposal else None
        self.choices.clear()
        with self.choices:
            if proposed is None:
                ui.label(self.words("review.choose_near" if case.choices else "review.choose")).classes(
                    "gr-quiet"
                )
            for number, one in enumerate(case.choices, 1):
                act = self.view.acting(lambda unit=one.unit: self.acts.pick(unit))
                choice_button(one, number, self.words, act, proposed=one.unit == proposed)


def _section(classes: str, label: str) -> ui.element:
    return ui.element("section").classes(classes).props(f'aria-label="{label}"')

"""The review page: one ticket at a time, by the keyboard, without ever leaving the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments, KeyEventArguments

from console.client import Json
from console.maps import Map
from console.pages.review import ground
from console.pages.review.case import Case, Choice, case_of
from console.pages.review.desk import UNDO_S, Done, ReviewDesk
from console.pages.review.finder import Finder
from console.pages.review.keys import keys_dialog
from console.pages.review.parts import (
    MORE,
    counts_html,
    facts_html,
    head_html,
    lines_html,
    queue_html,
    without,
)
from console.problems import ServiceError
from console.registry import page
from console.view import View

REASONS = ("wrong_place", "wrong_kind", "boundary", "reorganised", "other")
HOLD_REASONS = ("caller", "visit", "unclear")
QUEUE_S, RENEW_S = 12.0, 120.0
LINES, MORE_LINES, MOST_LINES, FEW_LINES = 25, 75, 1_000, 12
SETTLE_S = 0.15  # a key that was meant for the ticket before does not decide this one
TICKET_OF_BUTTON = (
    '(event) => { const b = event.target.closest("[data-ticket]"); if (b) emit(b.dataset.ticket) }'
)

Chosen = Callable[[str], Awaitable[None]]
T = TypeVar("T")


@page("review", "/review", icon="fact_check", any_of=("review",), place=20)
async def show(view: View, ticket: str = "") -> None:
    """The queue, the ticket, the ground."""
    screen = Screen(view)
    screen.build()
    await screen.start(ticket)


class Screen:
    """What stands on the page, and what keys and clicks do."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.words = view.words
        self.desk = ReviewDesk(view)
        self.case: Case | None = None
        self.nearby: list[Json] = []
        self.receipt: Json | None = None
        self.chosen: tuple[tuple[str, ...], str, Chosen] | None = None  # reasons that keys 1.. pick
        self.found: Json = {"queues": [], "reviews": []}
        self.most = LINES
        self.drawn: tuple[Choice, ...] | None = None
        self.shown_at = 0.0
        self.is_busy = False
        self.to_reroute: Done | None = None

    def build(self) -> None:
        """Lay the page out, empty."""
        words = self.words
        with ui.element("div").classes("gr-review"):
            with (
                ui.element("section")
                .classes("gr-card gr-side")
                .props(f'aria-label="{words("review.queue")}"')
            ):
                self.counts = ui.html("").classes("gr-badges")
                self.queue = ui.html("").classes("gr-scrolling")
                self.queue.on("click", self.view.acting(self._open), js_handler=TICKET_OF_BUTTON)
            with (
                ui.element("section")
                .classes("gr-card gr-case")
                .props(f'aria-label="{words("review.ticket")}"')
            ):
                self.notice = ui.element("div").classes("gr-notices")
                self.head = ui.html("").classes("gr-wide")
                self.choices = ui.element("div").classes("gr-choices-list")
                self.strip = ui.element("div").classes("gr-strip")
                self._bar()
                self.finder = Finder(self.desk, self.words, self.view.acting(self._pick))
                self.facts = ui.html("").classes("gr-wide")
                self.lines = ui.html("").classes("gr-wide")
            with ui.element("section").classes("gr-ground"):
                self.map = Map(self.view, label=words("review.map.label"))
                self.legend = ui.label(words("review.map.legend")).classes("gr-quiet")
        self.said = ui.label("").classes("gr-hidden").props("role=status aria-live=polite")
        ui.keyboard(self._key, repeating=False, ignore=["input", "select", "textarea"])
        self.help = keys_dialog(words)

    async def start(self, ticket: str) -> None:
        """Take the ticket that was asked for, or the next one; go on looking after the queue."""
        await self.desk.load_units()
        if ticket:
            await self.desk.take(ticket)
        else:
            self.desk.current = await self.desk.next()
        self._show()
        await self._look()
        ui.timer(QUEUE_S, self.view.acting(self._look), immediate=False)
        ui.timer(RENEW_S, self.view.acting(self.desk.renew), immediate=False)
        self.view.client.on_delete(lambda: background_tasks.create(self._leave()))

    async def _leave(self) -> None:
        try:
            await self.desk.lay_back()
        except ServiceError:
            return  # signed out meanwhile; the claim runs out by itself

    def _bar(self) -> None:
        words, acting = self.words, self.view.acting
        with (
            ui.element("div").classes("gr-bar").props(f'role=toolbar aria-label="{words("review.actions")}"')
        ):
            self.accept = _button(words("review.accept"), "A", acting(self._accept), "unelevated")
            _button(words("review.search"), "/", acting(self._search), "outline")
            _button(words("review.hold"), "H", acting(self._hold), "outline")
            _button(words("review.next"), "N", acting(self._skip), "outline")
            _button(words("review.keys"), "?", self.help_keys, "flat").classes("gr-for-keys")

    async def _look(self) -> None:
        self.found = await self.desk.queue(self.most)
        self._draw_queue()
        if self.desk.current is None and self.found["reviews"] and not self.is_busy:
            self.desk.current = await self.desk.next()
            if self.desk.current is not None:
                self._show()

    def _draw_queue(self) -> None:
        current = self.desk.current["ticket_id"] if self.desk.current else None
        self.counts.content = counts_html(self.found, self.words)
        self.queue.content = queue_html(self.found, current, self.words)

    def _show(self) -> None:
        """The present ticket at once; its evidence when it comes."""
        self.receipt, self.nearby, self.chosen, self.drawn = None, [], None, None
        self.shown_at = time.monotonic()
        self.strip.clear()
        self._draw()
        ticket = self.desk.current
        if ticket is None:
            self.map.draw({"possible": [], "past": [], "owners": [], "borders": []})
            return
        place = ticket["location"]
        self.map.draw({"possible": ground.possible(place, self.words), "past": []}, fit=["possible"])
        url = ground.around_url(place, self.words, ticket["content"]["category"])
        if url:
            self.map.load(self.view.url(url))
        background_tasks.create(self._complete(ticket))

    async def _complete(self, ticket: Json) -> None:
        try:
            receipt, nearby = await asyncio.gather(self.desk.receipt(ticket), self.desk.nearby(ticket))
        except ServiceError as error:
            self.view.tell(error)
            return
        if self.desk.current is ticket and not self.view.client.is_deleted:
            self.receipt, self.nearby = receipt, nearby
            with self.view.client:
                self._draw()
                self.map.draw({"past": ground.past(nearby, self.desk.names)})

    def _draw(self) -> None:
        ticket = self.desk.current
        if ticket is None:
            self.case = None
            self.head.content = f'<p class="gr-empty">{self.words("review.empty")}</p>'
            self.facts.content = self.lines.content = ""
            self.choices.clear()
            self.accept.disable()
            return
        self.case = case = case_of(ticket, self.receipt, self.nearby, self.desk.names, self.words)
        self.head.content, self.facts.content, self.lines.content = (
            head_html(case),
            facts_html(case),
            lines_html(case),
        )
        self.accept.set_enabled(case.proposal is not None)
        self._draw_choices(case)

    def _draw_choices(self, case: Case) -> None:
        if self.drawn == case.choices:
            return
        self.drawn = case.choices
        self.choices.clear()
        with self.choices:
            if case.proposal is None:
                key = "review.choose_near" if case.choices else "review.choose"
                ui.label(self.words(key)).classes("gr-quiet")
            for number, one in enumerate(case.choices, 1):
                button = ui.element("button").classes("gr-choice").props("type=button")
                button.on("click", self.view.acting(lambda unit=one.unit: self._pick(unit)))
                share = one.probability if one.probability is not None else one.near / max(one.near_all, 1)
                told = (
                    f"{100 * one.probability:.1f}%"
                    if one.probability is not None
                    else self.words("review.near", near=one.near, all=one.near_all)
                    if one.near_all
                    else ""
                )
                with button:
                    ui.element("span").classes("gr-fill").style(f"width:{100 * share:.1f}%")
                    ui.label(str(number)).classes("gr-key").props("aria-hidden=true")
                    ui.label(one.name).classes("gr-choice-name")
                    ui.label(told).classes("gr-choice-share")
                if case.proposal is not None and one.unit == case.proposal.unit:
                    button.classes("gr-proposed")

    # what people do

    async def _open(self, event: GenericEventArguments) -> None:
        if event.args == MORE:
            self.most = min(self.most + MORE_LINES, MOST_LINES)
            await self._look()
        elif self.desk.current is None or event.args != self.desk.current["ticket_id"]:
            await self._alone(lambda: self.desk.take(str(event.args)))
            self._show()
            await self._look()

    async def _accept(self) -> None:
        if self.case is not None and self.case.proposal is not None:
            await self._decide(self.case.proposal.unit, "")

    async def _pick(self, unit: str) -> None:
        proposed = self.case.proposal.unit if self.case and self.case.proposal else None
        if proposed is None or unit == proposed:
            await self._decide(unit, "")
            return

        async def because(reason: str) -> None:
            await self._decide(unit, reason)

        self._ask(REASONS, "review.why", because, name=self.desk.names.get(unit, unit))

    async def _hold(self) -> None:
        async def because(reason: str) -> None:
            await self._alone(lambda: self.desk.hold(self.words(f"review.hold_for.{reason}")))
            self.view.say("review.held")
            self._show()
            await self._look()

        if self.case is not None:
            self._ask(HOLD_REASONS, "review.why_hold", because)

    async def _skip(self) -> None:
        await self._alone(self.desk.skip)
        self._show()
        await self._look()

    def _search(self) -> None:
        self.finder.open()

    def help_keys(self) -> None:
        """Show the keys."""
        self.help.open()

    def _ask(self, reasons: tuple[str, ...], title: str, because: Chosen, **values: object) -> None:
        """One tap: why. Keys 1.. pick, Escape leaves all as it is."""
        group = "hold_for" if title == "review.why_hold" else "reason"
        self.chosen = (reasons, title, because)
        self.finder.close()
        self.strip.clear()
        with self.strip:
            ui.label(self.words(title, **values)).classes("gr-strong").props("role=alert")
            for number, reason in enumerate(reasons, 1):
                _button(
                    self.words(f"review.{group}.{reason}"),
                    str(number),
                    self.view.acting(lambda reason=reason: self._answer(reason)),
                    "outline",
                )

    async def _answer(self, reason: str) -> None:
        if self.chosen is not None:
            _, _, because = self.chosen
            self.chosen = None
            self.strip.clear()
            await because(reason)

    async def _decide(self, unit: str, reason: str) -> None:
        done = await self._alone(lambda: self.desk.decide(unit, reason))
        if done is None:
            return
        name = self.desk.names.get(unit, unit)
        self.found = without(self.found, done.ticket["ticket_id"])
        self._show()
        self._draw_queue()
        following = self.case.title if self.case else self.words("review.empty")
        self.said.text = self.words("review.sent_next", name=name, title=following)
        self._notice_sent(done, name)
        background_tasks.create(self._after(done))

    async def _after(self, done: Done) -> None:
        """What a decision brings with it: the queue is shorter, and others like it may change."""
        try:
            if len(self.found["reviews"]) < FEW_LINES:
                await self._look()
            count = await self.desk.affected(done) if done.reassigned else 0
        except ServiceError as error:
            self.view.tell(error)
            return
        if count and not self.view.client.is_deleted:
            self.to_reroute = done
            with self.notice, ui.element("div").classes("gr-note gr-line gr-affected").props("role=status"):
                ui.label(self.words("review.affects", count=count)).classes("gr-grow")
                _button(self.words("review.reroute"), "R", self.view.acting(self._reroute), "unelevated")

    async def _reroute(self) -> None:
        done, self.to_reroute = self.to_reroute, None
        if done is not None:
            found = await self.desk.reroute(done)
            self.notice.clear()
            self.view.say("review.rerouted", count=found["rerouted"], sent=found["dispatched"])
            await self._look()

    async def _undo(self) -> None:
        if self.desk.last is None or not self.desk.last.may_be_undone:
            self.view.say("review.nothing_to_undo")
            return
        await self._alone(self.desk.undo)
        self.notice.clear()
        self._show()
        self.said.text = self.words("review.undone")
        await self._look()

    def _notice_sent(self, done: Done, name: str) -> None:
        self.notice.clear()
        with self.notice, ui.element("div").classes("gr-sent gr-line") as told:
            ui.icon("check_circle").props("aria-hidden=true")
            ui.label(self.words("review.sent", name=name)).classes("gr-grow")
            _button(self.words("review.undo"), "U", self.view.acting(self._undo), "flat")
            ui.element("span").classes("gr-seconds").props("aria-hidden=true")

        def over() -> None:
            if self.desk.last is done and not told.is_deleted:
                told.delete()

        with self.notice:
            ui.timer(UNDO_S, over, once=True)

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """One thing at a time: a second key waits for a ticket to be there."""
        if self.is_busy:
            return None
        self.is_busy = True
        try:
            return await work()
        finally:
            self.is_busy = False

    async def _key(self, event: KeyEventArguments) -> None:
        modifiers = event.modifiers
        if not event.action.keydown or modifiers.ctrl or modifiers.alt or modifiers.meta or self.help.value:
            return
        await self.view.acting(lambda: self._pressed(event.key.name))()  # type: ignore[misc]

    async def _pressed(self, key: str) -> None:
        if key.isdigit() and key != "0":
            await self._digit(int(key))
        elif key == "Escape":
            self.chosen = None
            self.strip.clear()
            self.finder.close()
        else:
            does: dict[str, Callable[[], Awaitable[None] | None]] = {
                "a": self._accept,
                "h": self._hold,
                "n": self._skip,
                "u": self._undo,
                "r": self._reroute,
                "/": self._search,
                "?": self.help_keys,
            }
            done = does.get(key.lower())
            if done is not None and (key.lower() in "ur/?" or self._has_settled()):
                asked = done()
                if asked is not None:
                    await asked

    async def _digit(self, number: int) -> None:
        if self.chosen is not None:
            reasons = self.chosen[0]
            if number <= len(reasons):
                await self._answer(reasons[number - 1])
        elif self.case is not None and number <= len(self.case.choices) and self._has_settled():
            await self._pick(self.case.choices[number - 1].unit)

    def _has_settled(self) -> bool:
        return time.monotonic() - self.shown_at > SETTLE_S


def _button(text: str, key: str, done: Callable[..., object], look: str) -> ui.button:
    """A button that says which key does the same."""
    button = ui.button(on_click=done).props(f"{look} no-caps dense aria-keyshortcuts={key}").classes("gr-act")
    with button:
        ui.label(text)
        ui.label(key).classes("gr-key").props("aria-hidden=true")
    return button

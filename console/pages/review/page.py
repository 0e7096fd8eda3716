"""The review page: one ticket at a time, by the keyboard, without ever leaving the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments, KeyEventArguments

from console.browser import drop, keep, kept
from console.client import Json
from console.pages.review import ground
from console.pages.review.case import Case, case_of
from console.pages.review.desk import Done, ReviewDesk
from console.pages.review.parts import MORE, without
from console.pages.review.screen import Acts, Screen
from console.problems import Refused, ServiceError
from console.registry import page
from console.view import View

REASONS = ("wrong_place", "wrong_kind", "boundary", "reorganised", "other")
HOLD_REASONS = ("caller", "visit", "unclear")
QUEUE_S, RENEW_S = 12.0, 120.0
LINES, MORE_LINES, MOST_LINES, FEW_LINES = 25, 75, 1_000, 12
SETTLE_S = 0.15  # a key that was meant for the ticket before does not decide this one
WITHOUT_A_TICKET = frozenset("ur/?")

DRAFT = "review"  # as the browser keeps it

Chosen = Callable[[str], Awaitable[None]]


@page("review", "/review", icon="fact_check", any_of=("review",), place=20)
async def show(view: View, ticket: str = "") -> None:
    """The queue, the ticket, the ground."""
    await Reviewing(view).start(ticket)


class Reviewing:
    """What keys and clicks do."""

    def __init__(self, view: View) -> None:
        self.view, self.words = view, view.words
        self.desk = ReviewDesk(view)
        self.case: Case | None = None
        self.evidence: tuple[Json | None, list[Json]] = (None, [])
        self.reasons: tuple[tuple[str, ...], Chosen] | None = None  # that the keys 1.. pick now
        self.found: Json = {"queues": [], "reviews": []}
        self.most = LINES
        self.is_busy = False
        self.to_reroute: Done | None = None
        self.screen = Screen(
            view,
            Acts(
                open=self._open,
                pick=self._pick,
                accept=self._accept,
                hold=self._hold,
                skip=self._skip,
                undo=self._undo,
                reroute=self._reroute,
                key=self._key,
            ),
        )

    async def start(self, ticket: str) -> None:
        """Take the ticket that was asked for, or the next one; go on looking after the queue."""
        await self.desk.load_units()
        self.screen.finder.know(self.desk.open_units, self.desk.names)
        try:
            if ticket:
                await self.desk.take(ticket)
        except Refused as refused:  # an old link: decided meanwhile, or in other hands
            self.view.tell(refused)
        if self.desk.current is None:
            self.desk.current = await self.desk.next()
        self._show()
        await self._look()
        ui.timer(QUEUE_S, self.view.acting(self._watch, quiet=True), immediate=False)
        ui.timer(RENEW_S, self.view.acting(self.desk.renew, quiet=True), immediate=False)
        self.view.client.on_delete(lambda: background_tasks.create(self._leave()))
        await self._resume(ticket)

    async def _resume(self, ticket: str) -> None:
        """Ask again what was being asked when the page went away, of the same ticket."""
        found = await kept(self.view, DRAFT)
        number = found.get("ticket")
        if not number or (ticket and ticket != number) or self.reasons is not None or self.is_busy:
            return
        try:
            if self.desk.current is None or self.desk.current["ticket_id"] != number:
                await self._then_show(lambda: self.desk.take(number))
        except Refused:  # decided meanwhile, or in other hands
            drop(self.view, DRAFT)
            return
        if found.get("unit"):
            await self._pick(found["unit"])
        else:
            await self._hold()

    async def _leave(self) -> None:
        try:
            await self.desk.lay_back()
        except ServiceError:
            return  # signed out meanwhile; the claim runs out by itself

    async def _look(self) -> None:
        self.found = await self.desk.queue(self.most)
        self._draw_queue()
        if self.desk.current is None and self.found["reviews"] and not self.is_busy:
            self.desk.current = await self.desk.next()
            if self.desk.current is not None:
                self._show()

    async def _watch(self) -> None:
        await self._look()
        await self._look_again()
        self._draw(*self.evidence)  # how long it has waited

    async def _look_again(self) -> None:
        """Show the present ticket as it stands now, or the next one where somebody else has dealt with it."""
        if self.is_busy or not await self.desk.has_changed():
            return
        shown = self.desk.current
        if await self._then_show(self.desk.take_again) and shown is not None:
            is_same = self.desk.current is not None and self.desk.current["ticket_id"] == shown["ticket_id"]
            self.view.say("review.changed" if is_same else "review.gone")

    def _draw_queue(self) -> None:
        current = self.desk.current
        self.screen.draw_queue(self.found, current["ticket_id"] if current else None)

    def _show(self) -> None:
        """The present ticket at once; its evidence when it comes."""
        self._unask()
        self.screen.clear()
        ticket = self.desk.current
        self.evidence = (None, [])
        self._draw(*self.evidence)
        self.screen.draw_ground(ticket)
        if ticket is not None:
            background_tasks.create(self._complete(ticket))

    def _draw(self, receipt: Json | None, nearby: list[Json]) -> None:
        ticket = self.desk.current
        self.case = case_of(ticket, receipt, nearby, self.desk.names, self.words) if ticket else None
        self.screen.draw(self.case)

    async def _complete(self, ticket: Json) -> None:
        try:
            receipt, nearby = await asyncio.gather(self.desk.receipt(ticket), self.desk.nearby(ticket))
        except ServiceError as error:
            self.view.tell(error)
            return
        if self.desk.current is ticket and not self.view.client.is_deleted:
            with self.view.client:
                self.evidence = (receipt, nearby)
                self._draw(*self.evidence)
                self.screen.map.draw({"past": ground.past(nearby, self.desk.names)})

    async def _open(self, event: GenericEventArguments) -> None:
        if event.args == MORE:
            self.most = min(self.most + MORE_LINES, MOST_LINES)
            await self._look()
        elif self.desk.current is None or event.args != self.desk.current["ticket_id"]:
            await self._then_show(lambda: self.desk.take(str(event.args)))

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

        self._note(unit=unit)
        self._ask(REASONS, "reason", self.words("review.why", name=self.desk.names.get(unit, unit)), because)

    async def _hold(self) -> None:
        async def because(reason: str) -> None:
            if await self._settled(lambda: self.desk.hold(self.words(f"review.hold_for.{reason}"))):
                self._show()
                await self._look()
                self.view.say("review.held")

        if self.case is not None:
            self._note(unit="")
            self._ask(HOLD_REASONS, "hold_for", self.words("review.why_hold"), because)

    async def _skip(self) -> None:
        await self._then_show(self.desk.skip)

    def _note(self, unit: str) -> None:
        """The browser keeps the question until it is answered."""
        if self.desk.current is not None:
            keep(self.view, DRAFT, ticket=self.desk.current["ticket_id"], unit=unit)

    def _ask(self, reasons: tuple[str, ...], group: str, title: str, because: Chosen) -> None:
        """One tap: why. Keys 1.. pick, Escape leaves all as it is."""
        self.reasons = (reasons, because)
        self.screen.ask(reasons, group, title, self._answer)

    async def _answer(self, reason: str) -> None:
        if self.reasons is not None:
            _, because = self.reasons
            self._unask()
            await because(reason)

    def _unask(self) -> None:
        if self.reasons is not None:
            self.reasons = None
            self.screen.strip.clear()
            drop(self.view, DRAFT)

    async def _decide(self, unit: str, reason: str) -> None:
        if not await self._settled(lambda: self.desk.decide(unit, reason)):
            return
        done = self.desk.last
        assert done is not None
        name = self.desk.names.get(unit, unit)
        self.found = without(self.found, done.ticket["ticket_id"])
        self._show()
        self._draw_queue()
        following = self.case.title if self.case else self.words("review.empty")
        self.screen.said.text = self.words("review.sent_next", name=name, title=following)
        self.screen.notice_sent(name, lambda: self.desk.last is done)
        background_tasks.create(self._after(done))

    async def _after(self, done: Done) -> None:
        """What a decision brings with it: the queue is shorter, and others like it may change."""
        try:
            with self.view.client:
                if len(self.found["reviews"]) < FEW_LINES:
                    await self._look()
                count = await self.desk.affected(done) if done.reassigned else 0
        except ServiceError as error:
            self.view.tell(error)
            return
        if count and not self.view.client.is_deleted:
            self.to_reroute = done
            self.screen.notice_affected(count)

    async def _reroute(self) -> None:
        done, self.to_reroute = self.to_reroute, None
        if done is not None:
            found = await self.desk.reroute(done)
            self.screen.notice.clear()
            self.view.say("review.rerouted", count=found["rerouted"], sent=found["dispatched"])
            await self._watch()  # the ticket that lies here may be one of them

    async def _undo(self) -> None:
        if self.desk.last is None or not self.desk.last.may_be_undone:
            self.view.say("review.nothing_to_undo")
        elif await self._then_show(self.desk.undo):
            self.to_reroute = None  # nothing follows from it any more
            self.screen.notice.clear()
            self.screen.said.text = self.words("review.undone")

    async def _settled(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Do that with the present ticket; where that is refused, look whether it is still ours."""
        try:
            return await self._alone(work)
        except Refused as refused:
            self.view.tell(refused)
            await self._look_again()
            return False

    async def _then_show(self, work: Callable[[], Awaitable[object]]) -> bool:
        """Do that and show what lies here then. False: something else was on its way."""
        done = await self._alone(work)
        if done:
            self._show()
            await self._look()
        return done

    async def _alone(self, work: Callable[[], Awaitable[object]]) -> bool:
        """One thing at a time: a second key waits for a ticket to be there."""
        if self.is_busy:
            return False
        self.is_busy = True
        try:
            await work()
        finally:
            self.is_busy = False
        return True

    async def _key(self, event: KeyEventArguments) -> None:
        modifiers, key = event.modifiers, event.key.name
        chord = modifiers.ctrl or modifiers.alt or modifiers.meta
        if event.action.keydown and not chord and not self.screen.help.value:
            await self.view.acting(lambda: self._pressed(key))()

    async def _pressed(self, key: str) -> None:
        if key.isdigit() and key != "0":
            await self._digit(int(key))
        elif key == "Escape":
            self._unask()
            self.screen.finder.close()
        elif key == "/":
            self.screen.finder.open()
        elif key == "?":
            self.screen.help.open()
        else:
            does = {
                "a": self._accept,
                "h": self._hold,
                "n": self._skip,
                "u": self._undo,
                "r": self._reroute,
            }
            done = does.get(key.lower())
            if done is not None and (key.lower() in WITHOUT_A_TICKET or self._has_settled()):
                await done()

    async def _digit(self, number: int) -> None:
        if self.reasons is not None:
            reasons, _ = self.reasons
            if number <= len(reasons):
                await self._answer(reasons[number - 1])
        elif self.case is not None and number <= len(self.case.choices) and self._has_settled():
            await self._pick(self.case.choices[number - 1].unit)

    def _has_settled(self) -> bool:
        return time.monotonic() - self.screen.shown_at > SETTLE_S

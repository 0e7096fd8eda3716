"""Drafts -> decisions, which nobody else knows of yet: in this process, or in one beside it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import TypeAlias

from domain.tickets import Ticket
from router.beside import Beside, Elsewhere, NobodyBeside, Standpoint
from router.live import LiveWorld
from router.observing import StopWatch
from router.route import route
from router.submission import Draft, Keep, Routed, decided

TOGETHER = 16  # tickets of a batch that are decided and written at once
QUIET_S = 1.0  # after a single ticket no batch is decided where the next one would wait for it

Part: TypeAlias = tuple[list[tuple[Draft, None]], Future[list[Routed | Exception]]]


class Decider:
    """Asks no store. `beside`: the other processes that may be asked. Safe to call from many threads."""

    def __init__(self, live: LiveWorld, clock: Callable[[], datetime]) -> None:
        self._live = live
        self._clock = clock
        self._last_single = -math.inf
        self.beside: Beside = NobodyBeside()

    def decide(self, draft: Draft, keep: Keep | None = None, *, bulk: bool = False) -> Routed:
        """Route the ticket here."""
        self._hear(bulk=bulk)
        at = self._clock()
        with self._live.routing(bulk=bulk) as world:
            watch = StopWatch()
            stored = decided(draft.ticket, route(draft.ticket, world, at, watch), at, world.policy)
        return Routed(draft=draft, stored=stored, watch=watch, keep=keep)

    def decide_all(
        self, drafts: Sequence[tuple[Draft, Keep | None]], *, bulk: bool = False
    ) -> list[Routed | Exception]:
        """As `decide`, each by itself: by a process beside this one, or here where nobody there is free.

        Where one is, this process has enough to do with what comes in and what is written.
        """
        self._hear(bulk=bulk)
        at, tickets = self._clock(), [draft.ticket for draft, _ in drafts]
        found = self.beside.decide(tickets, at, self._live.standpoint)
        if found is None:
            return [self._attempted(draft, keep, bulk=bulk) for draft, keep in drafts]
        policy = self._live.world.policy
        return [
            Routed(
                draft=draft,
                stored=decided(draft.ticket, one.decision, at, policy),
                watch=StopWatch(one.seconds),
                keep=keep,
                written=one.written,
            )
            for (draft, keep), one in zip(drafts, found, strict=True)
        ]

    def in_parts(self, drafts: Sequence[Draft]) -> Iterator[list[Routed | Exception]]:
        """Decide in bulk, in their order: as many parts at a time as processes beside this one take, and one here.

        The one here only while no single ticket comes: it would wait for the interpreter.
        """
        told = [(draft, None) for draft in drafts]
        parts = [told[start : start + TOGETHER] for start in range(0, len(told), TOGETHER)]
        places = self.beside.places
        if not places:
            yield from (self.decide_all(part, bulk=True) for part in parts)
            return
        made = [Future[list[Routed | Exception]]() for _ in parts]
        left = deque(zip(parts, made, strict=True))
        with ThreadPoolExecutor(places + 1, "gridroute-batch") as hands:
            for _ in range(places):
                hands.submit(self._work_off, left, lambda: True)
            hands.submit(self._work_off, left, self._is_quiet)
            for one in made:
                yield one.result()

    def _work_off(self, left: deque[Part], may_go_on: Callable[[], bool]) -> None:
        """Decide part after part, until none is left."""
        while may_go_on():
            try:
                part, made = left.popleft()
            except IndexError:
                return
            try:
                made.set_result(self.decide_all(part, bulk=True))
            except Exception as error:  # noqa: BLE001 - whoever waits for the part hears of it
                made.set_exception(error)

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._last_single > QUIET_S

    def decide_for(
        self, tickets: Sequence[Ticket], at: datetime, standpoint: Standpoint
    ) -> list[Elsewhere] | None:
        """What a process is answered that stands there and has this one decide; None: this one stands elsewhere."""
        if not self._live.comes_to(standpoint):
            return None
        made = []
        for ticket in tickets:
            with self._live.routing() as world:
                watch = StopWatch()
                decision = route(ticket, world, at, watch)
            made.append(Elsewhere(decision=decision, seconds=watch.seconds))
        return made

    def _hear(self, *, bulk: bool) -> None:
        if not bulk:
            self._last_single = time.monotonic()

    def _attempted(self, draft: Draft, keep: Keep | None, *, bulk: bool) -> Routed | Exception:
        try:
            return self.decide(draft, keep, bulk=bulk)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for this ticket
            return error

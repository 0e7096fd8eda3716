"""The lane of single tickets: what waits is decided and written together."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from router.ports import StoredTicket
from router.service import RoutingService
from router.submission import Draft, Keep, Routed

T = TypeVar("T")
MOST = 16  # works taken together: bounds what the first of them waits for


@dataclass(slots=True, kw_only=True)
class _Waiting:
    read: Callable[[], tuple[Draft, Keep | None]]
    answer: Callable[[Routed], Any]
    told: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)  # of the request: its trace
    outcome: Any = None
    error: Exception | None = None


class Lane:
    """Works of many requests, first come first served. Used on the event loop's thread only.

    Threads share one interpreter. Where each request has its own, and the store writes beside them, they spend as
    long on stopping and waking each other as on routing. Here those that wait are read and decided, one after another,
    then all are handed to the store, which writes them in one commit; only then come the next. One thread does that;
    where processes beside this one decide, as many as they take groups at once.
    """

    def __init__(self, service: RoutingService) -> None:
        self._service = service
        self._waiting: deque[_Waiting] = deque()
        self._hands: set[asyncio.Task[None]] = set()
        self._threads: anyio.CapacityLimiter | None = None  # their own: slow reads may have all the others

    async def through(
        self, read: Callable[[], tuple[Draft, Keep | None]], answer: Callable[[Routed], T]
    ) -> tuple[Routed, T, Future[StoredTicket]]:
        """What was decided, what `answer` makes of it, and what was written, which is done. Raises what these raise.

        Once begun it is done to its end, also where nobody waits for it any more.
        """
        told: asyncio.Future[tuple[Routed, T, Future[StoredTicket]]] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting.append(_Waiting(read=read, answer=answer, told=told))
        if len(self._hands) < self._most_hands():
            self._hands.add(asyncio.create_task(self._work()))
        return await told

    async def _work(self) -> None:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(math.inf)
        try:
            while self._waiting:
                self._service.decider.beside.press(len(self._waiting))
                group = [self._waiting.popleft() for _ in range(min(MOST, self._share()))]
                await anyio.to_thread.run_sync(_do, group, self._service, limiter=self._threads)
                for one in group:
                    _tell(one)
        finally:
            hand = asyncio.current_task()
            assert hand is not None
            self._hands.discard(hand)

    def _most_hands(self) -> int:
        return max(1, self._service.decider.beside.places)

    def _share(self) -> int:
        """How many of those that wait a hand takes: it leaves the others theirs."""
        return math.ceil(len(self._waiting) / self._most_hands())


def _do(group: list[_Waiting], service: RoutingService) -> None:
    for one in group:
        _attempt(one, one.read)
    read = [one for one in group if one.error is None]
    try:
        made = service.decider.decide_all([one.outcome for one in read])
    except Exception as error:  # noqa: BLE001 - nobody waits for ever
        made = [error] * len(read)
    for one, routed in zip(read, made, strict=True):
        if isinstance(routed, Exception):
            one.error = routed
        else:
            _attempt(one, _answered, one, routed)
    handed = []
    for one in read:
        if one.error is None:
            routed, answer = one.outcome
            _attempt(one, service.hand_over, routed)
            if one.error is None:
                handed.append(one.outcome)
                one.outcome = routed, answer, one.outcome
    wait(handed)


def _answered(one: _Waiting, routed: Routed) -> tuple[Routed, Any]:
    return routed, one.answer(routed)


def _attempt(one: _Waiting, work: Callable[..., Any], *arguments: Any) -> None:
    try:
        one.outcome = one.context.run(work, *arguments)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for this one
        one.error = error


def _tell(one: _Waiting) -> None:
    if one.told.done():
        return  # whoever asked has gone
    if one.error is not None:
        one.told.set_exception(one.error)
    else:
        one.told.set_result(one.outcome)

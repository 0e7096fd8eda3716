"""The lane of single tickets: what waits is decided and written together, by one thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")
U = TypeVar("U")
MOST = 16  # works taken together: bounds what the first of them waits for


@dataclass(slots=True, kw_only=True)
class _Waiting:
    prepare: Callable[[], Any]
    hand_over: Callable[[Any], Future[Any]]
    answer: asyncio.Future[Any]
    context: Context = field(default_factory=copy_context)  # of the request: its trace
    outcome: Any = None
    error: Exception | None = None


class Lane:
    """Works of many requests, first come first served. Used on the event loop's thread only.

    Threads share one interpreter. Where each request has its own, and the store writes beside them, they spend as
    long on stopping and waking each other as on routing. Here all that wait are prepared, one after another, then
    all are handed to the store, which writes them in one commit; only then come the next.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None
        self._thread: anyio.CapacityLimiter | None = None  # its own: slow reads may have all the others

    async def through(
        self, prepare: Callable[[], T], hand_over: Callable[[T], Future[U]]
    ) -> tuple[T, Future[U]]:
        """What `prepare` answers, and what `hand_over` makes of it, which is done. Raises what these two raise.

        Once begun it is done to its end, also where nobody waits for it any more.
        """
        answer: asyncio.Future[tuple[T, Future[U]]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(prepare=prepare, hand_over=hand_over, answer=answer))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await answer

    async def _work(self) -> None:
        if self._thread is None:
            self._thread = anyio.CapacityLimiter(1)
        try:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                await anyio.to_thread.run_sync(_do, group, limiter=self._thread)
                for one in group:
                    _tell(one)
        finally:
            self._working = None


def _do(group: list[_Waiting]) -> None:
    for one in group:
        _attempt(one, one.prepare)
    handed = []
    for one in group:
        if one.error is None:
            prepared = one.outcome
            _attempt(one, one.hand_over, prepared)
            if one.error is None:
                handed.append(one.outcome)
                one.outcome = prepared, one.outcome
    wait(handed)


def _attempt(one: _Waiting, work: Callable[..., Any], *arguments: Any) -> None:
    try:
        one.outcome = one.context.run(work, *arguments)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for this one
        one.error = error


def _tell(one: _Waiting) -> None:
    if one.answer.done():
        return  # whoever asked has gone
    if one.error is not None:
        one.answer.set_exception(one.error)
    else:
        one.answer.set_result(one.outcome)

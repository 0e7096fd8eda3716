"""The lane of single tickets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial
from itertools import chain
from types import SimpleNamespace
from typing import Any, cast

from api.lane import MOST, Lane
from router.beside import NobodyBeside
from router.service import RoutingService

WHO = ContextVar("WHO", default="nobody")


def done(value: object) -> Future[object]:
    future: Future[object] = Future()
    future.set_result(value)
    return future


class Beside(NobodyBeside):
    """As many places as are told, and what it heard of tickets that wait."""

    def __init__(self, places: int = 0) -> None:
        self.places = places
        self.heard: list[int] = []

    def press(self, waiting: int, /) -> None:
        self.heard.append(waiting)


def lane_of(
    decide: Callable[[Any], Any] = lambda draft: draft,
    hand_over: Callable[[Any], Future[object]] = done,
    beside: Beside | None = None,
) -> Any:
    """A lane whose service decides each draft so, and whose store writes so."""

    def attempted(draft: Any) -> Any:
        try:
            return decide(draft)
        except Exception as error:  # noqa: BLE001
            return error

    def decide_all(drafts: Sequence[Any]) -> list[Any]:
        return [attempted(draft) for draft in drafts]

    decider = SimpleNamespace(beside=beside or Beside(), decide_all=decide_all)
    return Lane(cast("RoutingService", SimpleNamespace(decider=decider, hand_over=hand_over)))


def test_what_waits_is_read_and_decided_first_and_then_handed_over_together() -> None:
    did: list[str] = []
    begun, go_on = threading.Event(), threading.Event()
    beside = Beside()

    def held() -> str:
        begun.set()
        go_on.wait(10)
        return "first"

    def step(what: str, name: str) -> str:
        did.append(f"{what} {name}")
        return name

    def hand_over(name: str) -> Future[object]:
        return done(step("hand over", name).upper())

    async def scenario() -> list[tuple[str, str, object]]:
        lane = lane_of(partial(step, "decide"), hand_over, beside)
        first = asyncio.create_task(lane.through(held, str.title))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(lane.through(partial(step, "read", n), str.title)) for n in "abc"]
        await asyncio.sleep(0)
        go_on.set()
        found = await asyncio.gather(first, *others)
        return [(name, answer, written.result()) for name, answer, written in found]

    assert asyncio.run(scenario()) == [
        ("first", "First", "FIRST"),
        *((name, name.upper(), name.upper()) for name in "abc"),
    ]
    assert did == [
        "decide first",
        "hand over first",
        *(f"{what} {name}" for what in ("read", "decide", "hand over") for name in "abc"),
    ]
    assert beside.heard == [1, 3]


def test_an_answer_comes_only_when_what_was_handed_over_is_done() -> None:
    written: Future[object] = Future()

    async def scenario() -> object:
        waiting = asyncio.create_task(lane_of(hand_over=lambda _: written).through(lambda: 1, str))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        written.set_result("durable")
        return await waiting

    assert asyncio.run(scenario()) == (1, "1", written)


def test_what_fails_fails_alone() -> None:
    refused: Future[object] = Future()
    refused.set_exception(OSError("the store's word"))

    def unread() -> int:
        raise ValueError("this one")

    def decide(draft: int) -> int:
        if draft == 1:
            raise LookupError("that one")
        return draft

    def answer(routed: int) -> int:
        if routed == 2:
            raise ArithmeticError("the next")
        return -routed

    def hand_over(routed: int) -> Future[object]:
        if routed == 3:
            raise KeyError("the last")
        return refused if routed == 4 else done(routed)

    async def scenario() -> list[object]:
        lane = lane_of(decide, hand_over)
        reads = [unread, *(partial(int, n) for n in range(1, 6))]
        found = await asyncio.gather(*(lane.through(read, answer) for read in reads), return_exceptions=True)
        return [*found]

    *failed, told, fine = asyncio.run(scenario())
    assert [type(one) for one in failed] == [ValueError, LookupError, ArithmeticError, KeyError]
    assert told == (4, -4, refused)
    assert cast("tuple[int, int, object]", fine)[:2] == (5, -5)


def test_nobody_waits_for_ever_where_deciding_fails_as_a_whole() -> None:
    async def scenario() -> list[object]:
        lane = lane_of()
        lane._service.decider.decide_all = lambda _: 1 // 0
        return [*await asyncio.gather(*(lane.through(int, str) for _ in range(3)), return_exceptions=True)]

    assert [type(one) for one in asyncio.run(scenario())] == [ZeroDivisionError] * 3


def test_there_are_as_many_hands_as_others_take_groups_and_each_leaves_some_to_the_others() -> None:
    both, groups = threading.Barrier(2, timeout=10), []

    async def scenario() -> None:
        lane = lane_of(beside=Beside(places=2))

        def decide_all(drafts: Sequence[Any]) -> list[Any]:
            groups.append(sorted(drafts))
            both.wait()  # would break, were there one hand
            return [*drafts]

        lane._service.decider.decide_all = decide_all
        found = [asyncio.create_task(lane.through(partial(int, n), str)) for n in range(8)]
        await asyncio.gather(*found)

    asyncio.run(scenario())
    assert sorted(map(len, groups)) == [1, 1, 2, 4]
    assert sorted(chain.from_iterable(groups)) == list(range(8))


def test_each_is_done_in_its_own_context_and_to_its_end_when_nobody_waits() -> None:
    seen: list[str] = []

    def hand_over(name: str) -> Future[object]:
        seen.append(f"{name} {WHO.get()}")
        return done(name)

    async def one(lane: Lane, who: str) -> None:
        WHO.set(who)
        await cast("Any", lane).through(WHO.get, str)

    async def scenario() -> None:
        lane = lane_of(hand_over=hand_over)
        tasks = [asyncio.create_task(one(lane, f"r{n}")) for n in range(MOST + 2)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())
    assert seen == [f"r{n} r{n}" for n in range(MOST + 2)]

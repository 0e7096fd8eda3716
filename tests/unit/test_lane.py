"""The lane of single tickets."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial

from api.lane import MOST, Lane

WHO = ContextVar("WHO", default="nobody")


def done(value: object) -> Future[object]:
    future: Future[object] = Future()
    future.set_result(value)
    return future


def test_what_waits_is_prepared_first_and_then_handed_over_together() -> None:
    did: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def held() -> str:
        begun.set()
        go_on.wait(10)
        return "first"

    def prepare(name: str) -> str:
        did.append(f"prepare {name}")
        return name

    def hand_over(name: str) -> Future[object]:
        did.append(f"hand over {name}")
        return done(name.upper())

    async def scenario() -> list[tuple[str, object]]:
        lane = Lane()
        first = asyncio.create_task(lane.through(held, hand_over))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(lane.through(partial(prepare, n), hand_over)) for n in "abc"]
        await asyncio.sleep(0)
        go_on.set()
        return [(name, written.result()) for name, written in await asyncio.gather(first, *others)]

    assert asyncio.run(scenario()) == [("first", "FIRST"), ("a", "A"), ("b", "B"), ("c", "C")]
    assert did == [
        "hand over first",
        *(f"prepare {name}" for name in "abc"),
        *(f"hand over {name}" for name in "abc"),
    ]


def test_an_answer_comes_only_when_what_was_handed_over_is_done() -> None:
    written: Future[object] = Future()

    async def scenario() -> object:
        waiting = asyncio.create_task(Lane().through(lambda: 1, lambda _: written))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        written.set_result("durable")
        return await waiting

    assert asyncio.run(scenario()) == (1, written)


def test_what_fails_fails_alone() -> None:
    def fails() -> int:
        raise ValueError("this one")

    def refuses(_: int) -> Future[object]:
        raise KeyError("that one")

    refused: Future[object] = Future()
    refused.set_exception(OSError("the store's word"))

    async def scenario() -> list[object]:
        lane = Lane()
        found = await asyncio.gather(
            lane.through(fails, done),
            lane.through(lambda: 1, refuses),
            lane.through(lambda: 2, lambda _: refused),
            lane.through(lambda: 3, done),
            return_exceptions=True,
        )
        return [*found]

    failed, unwritten, told, fine = asyncio.run(scenario())
    assert isinstance(failed, ValueError)
    assert isinstance(unwritten, KeyError)
    assert told == (2, refused)
    assert isinstance(fine, tuple)
    assert fine[0] == 3


def test_each_is_done_in_its_own_context_and_to_its_end_when_nobody_waits() -> None:
    seen: list[str] = []

    async def one(lane: Lane, who: str) -> None:
        def hand_over(name: str) -> Future[object]:
            seen.append(f"{name} {WHO.get()}")
            return done(name)

        WHO.set(who)
        await lane.through(WHO.get, hand_over)

    async def scenario() -> None:
        lane = Lane()
        tasks = [asyncio.create_task(one(lane, f"r{n}")) for n in range(MOST + 2)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())
    assert seen == [f"r{n} r{n}" for n in range(MOST + 2)]

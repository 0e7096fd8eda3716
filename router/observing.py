"""Who watches tickets on their way: how long each stage took, what was decided. Watching changes nothing."""

from __future__ import annotations

import time
from typing import Protocol

from domain.decisions import Decision

STAGES = ("parse", "locate", "facts", "retrieve", "rank", "decide", "store")


class Watch(Protocol):
    """Called as each of STAGES ends."""

    def __call__(self, stage: str) -> None: ...


class Observer(Protocol):
    """Hears of every ticket that was routed and durably stored. Called from many threads."""

    def routed(self, decision: Decision, seconds: dict[str, float]) -> None:
        """With the seconds that each stage took."""
        ...


class Unobserved:
    """Nobody watches."""

    def routed(self, decision: Decision, seconds: dict[str, float]) -> None:
        """Not watched."""


class StopWatch:
    """Seconds of each stage since the one before."""

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self.seconds = seconds or {}
        self._last = time.perf_counter()

    def __call__(self, stage: str) -> None:
        """The stage has ended."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now


def unwatched(stage: str) -> None:
    """A watch that nobody reads."""

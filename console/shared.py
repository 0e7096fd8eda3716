"""Answers that many open pages show alike are asked for once: for all who may see the same of the city."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from console.client import Bearer, Json, Query
from console.view import View

Area = tuple[str, tuple[str, ...], tuple[str, ...]]

KNOWN_S = 30.0  # so long a token's area is believed; an open page says it again in time
SHARE = 20.0  # an answer that took a second is asked for again after so many
FRESH_S, OLDEST_S = 1.5, 15.0
MOST_KEPT = 2_000


@dataclass(slots=True)
class _Answer:
    """What was answered, or is being; `until`: how long it is fresh."""

    task: asyncio.Future[Json]
    until: float


_areas: OrderedDict[str | None, tuple[Area, float]] = OrderedDict()
_answers: OrderedDict[tuple[object, ...], _Answer] = OrderedDict()


def know(view: View) -> None:
    """Note what the page's reader may see: to be called after the service has said who they are."""
    who = view.who
    area = (who.role, tuple(sorted(who.units)), tuple(sorted(who.territories)))
    token = view.signed.token if view.signed else None
    _areas[token] = (area, time.monotonic() + KNOWN_S)
    _areas.move_to_end(token)
    _shorten(_areas)


async def shared(service: Bearer, path: str, query: Query | None = None) -> Json:
    """The service's answer, perhaps some seconds old. Who is not known is answered alone."""
    area, until = _areas.get(service.token, (None, 0.0))
    if area is None or until < time.monotonic():
        found: Json = await service.get(path, query)
        return found
    key = (area, path, tuple(sorted((name, str(value)) for name, value in (query or {}).items())))
    kept = _answers.get(key)
    if kept is None or kept.until < time.monotonic() or _has_failed(kept.task):
        kept = _Answer(task=asyncio.ensure_future(service.get(path, query)), until=float("inf"))
        _answers[key] = kept
        _answers.move_to_end(key)
        _shorten(_answers)
        return await _timed(kept, kept.task)
    return await asyncio.shield(kept.task)


def forget(path: str) -> None:
    """What is answered there has just changed."""
    for key in [key for key in _answers if key[1] == path]:
        del _answers[key]


async def _timed(kept: _Answer, task: Awaitable[Json]) -> Json:
    began = time.monotonic()
    try:
        return await asyncio.shield(task)
    finally:
        now = time.monotonic()
        kept.until = now + min(max(SHARE * (now - began), FRESH_S), OLDEST_S)


def _has_failed(task: asyncio.Future[Json]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _shorten(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)

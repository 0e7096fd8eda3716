"""One stream of events for the whole process; pages are told only that something happened, and ask for themselves."""

from __future__ import annotations

import asyncio

from nicegui import background_tasks

from console.problems import Refused, ServiceError
from console.view import View

PAUSE_S = 1.0  # before the stream is taken up again
TOO_MANY = 429


class Follower:
    """Follows the service while a page is open, with the token of the reader who sees most."""

    def __init__(self) -> None:
        self.happened = 0
        self._views: dict[str, View] = {}
        self._refused: set[str] = set()
        self._last: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._with: str | None = None

    def join(self, view: View) -> None:
        """Follow for this page too, until it is closed."""
        if not view.who.may("follow"):
            return
        key = view.client.id
        self._views[key] = view
        view.client.on_delete(lambda: self._leave(key))
        if self._task is None or self._task.done():
            self._task = background_tasks.create(self._run(), name="events")

    def _leave(self, key: str) -> None:
        self._views.pop(key, None)
        self._refused.discard(key)
        if self._with == key and self._task is not None:
            self._task.cancel()
            self._task = background_tasks.create(self._run(), name="events") if self._views else None

    async def _run(self) -> None:
        while (key := self._widest()) is not None:
            self._with = key
            try:
                async for event in self._views[key].service.events(self._last):
                    self._last = event["event"]
                    self.happened += 1
            except Refused as refused:
                if refused.status != TOO_MANY:
                    self._refused.add(key)
            except ServiceError:
                pass  # it comes back
            await asyncio.sleep(PAUSE_S)

    def _widest(self) -> str | None:
        able = {key: view for key, view in self._views.items() if key not in self._refused}
        return min(able, key=lambda key: _narrowness(able[key]), default=None)


def _narrowness(view: View) -> int:
    return bool(view.who.units) + bool(view.who.territories)


FOLLOWER = Follower()

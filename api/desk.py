"""What the handlers share: the service, its settings, and the count of what is on its way in, by lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from api.lane import Lane
from api.settings import Settings
from domain.errors import Overloaded, RequestInFlight
from router.idempotency import RequestKey
from router.service import RoutingService

T = TypeVar("T")


class Desk:
    """Lives in `app.state`; what it counts is entered on the event loop's thread only."""

    def __init__(self, service: RoutingService, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self.lane = Lane(service)
        self._in_flight = self._batches = self._forms = 0
        self._bulk: anyio.CapacityLimiter | None = None
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Refuse before accepting: raises Overloaded where too many requests wait already."""
        if self._in_flight >= self.settings.max_in_flight:
            raise Overloaded(retry_after=1.0)
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    @contextmanager
    def batch_admitted(self) -> Iterator[None]:
        """The same for batches, which have a lane of their own."""
        if self._batches >= self.settings.max_batches:
            raise Overloaded(retry_after=2.0)
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1

    @contextmanager
    def form_admitted(self) -> Iterator[None]:
        """The same for forms that are on their way: of those who send them no key is known yet."""
        if self._forms >= self.settings.max_forms:
            raise Overloaded(retry_after=2.0)
        self._forms += 1
        try:
            yield
        finally:
            self._forms -= 1

    async def in_bulk(self, work: Callable[[], T]) -> T:
        """Do the work on one of few threads that are for batches alone: single tickets keep theirs."""
        if self._bulk is None:
            self._bulk = anyio.CapacityLimiter(self.settings.batch_threads)
        return await anyio.to_thread.run_sync(work, limiter=self._bulk)

    @contextmanager
    def alone(self, request: RequestKey | None) -> Iterator[None]:
        """One request of a key at a time: raises RequestInFlight where another is being worked on."""
        if request is None:
            yield
            return
        key = request.scope, request.key
        if key in self._keys:
            raise RequestInFlight(key=request.key)
        self._keys.add(key)
        try:
            yield
        finally:
            self._keys.discard(key)


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk

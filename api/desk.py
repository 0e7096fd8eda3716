"""What the handlers share: the service, its settings, and the count of tickets that are on their way in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from api.settings import Settings
from domain.errors import Overloaded, RequestInFlight
from router.idempotency import RequestKey
from router.service import RoutingService


class Desk:
    """Lives in `app.state`; `admitted` and `alone` are entered on the event loop's thread only."""

    def __init__(self, service: RoutingService, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self._in_flight = 0
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

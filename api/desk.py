"""What the handlers share: the service, its settings, and the count of tickets that are on their way in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from api.settings import Settings
from domain.errors import Overloaded
from router.service import RoutingService


class Desk:
    """Lives in `app.state`; `admitted` is entered on the event loop's thread alone."""

    def __init__(self, service: RoutingService, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self._in_flight = 0

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


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk

"""The HTTP application."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from api import (
    automation,
    city,
    claims,
    corrections,
    endpoints,
    ground,
    importing,
    intake,
    inventory,
    joins,
    keys,
    lists,
    metrics,
    pages,
    places,
    preview,
    pulling,
    receipts,
    rehearsing,
    reviews,
    same_trouble,
    sessions,
    stream,
    tickets,
    trial,
    undoing,
    versions,
)
from api.access import rules_of
from api.desk import Desk
from api.doors import Doors
from api.gate import Gate
from api.metrics import Meters, Timed
from api.open311 import routes as open311
from api.openapi import describe
from api.problems import handle_problems
from api.settings import Settings
from api.stream import Feed
from api.tracing import Traced
from api.veil import Veiled
from domain.errors import StoreUnavailable
from features.safety import safety_signals
from router.service import RoutingService

log = logging.getLogger("gridroute.api")

MODULES = (
    intake,
    lists,
    receipts,
    preview,
    same_trouble,
    corrections,
    tickets,
    undoing,
    claims,
    joins,
    reviews,
    places,
    automation,
    city,
    ground,
    importing,
    trial,
    endpoints,
    pulling,
    keys,
    sessions,
    inventory,
    versions,
    rehearsing,
    metrics,
    stream,
    open311,
    pages,
)
"""What is asked most first: a path is compared with one after another. Receipts before tickets, whose ids may hold
slashes."""


def create_app(service: RoutingService, settings: Settings | None = None) -> FastAPI:
    """An application around the service; while it runs, changes in the store are picked up twice a second."""
    settings = settings or Settings()
    doors = Doors(service, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        seconds = settings.refresh_seconds
        safety_signals("")  # its words are compiled once, which no ticket is to wait for
        # apart: a new world may take long to build, a revoked key or a stop is to be felt in a second
        stop = service.live.look_at_suspensions
        with (
            KeepFresh(doors.refresh, seconds),
            KeepFresh(stop, seconds),
            KeepFresh(service.watch_clocks, seconds),
            KeepFresh(service.refresh, seconds),
        ):
            yield

    app = FastAPI(
        title="gridroute",
        version=version("gridroute"),
        description="Routes repair and complaint tickets to the unit that owns them.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = Desk(service, settings)
    app.state.doors = doors
    service.observer = app.state.meters = Meters(service)
    app.add_middleware(Gate, most=settings.max_requests)
    app.add_middleware(Veiled)
    if settings.allow_origins:
        app.add_middleware(CORSMiddleware, **cross_origin(settings.allow_origins))
    app.add_middleware(Timed, meters=app.state.meters)
    app.add_middleware(Traced)
    app.state.feed = Feed(service.store, settings)
    app.state.rules = {}
    for module in MODULES:
        app.state.rules |= rules_of(module.routes.routes)
        # include_router would build each route once more, and look for a request's with two layers more
        app.router.routes += module.routes.routes
    app.router.routes.append(Route("/open311/{rest:path}", open311.Elsewhere(), include_in_schema=False))
    handle_problems(app)
    describe(app)
    return app


def cross_origin(origins: Iterable[str]) -> dict[str, Any]:
    """What pages of these origins may do: ask with a key, never with a browser's own credentials."""
    return {
        "allow_origins": sorted(origins),
        "allow_methods": ["GET", "POST", "PUT", "DELETE"],
        "allow_headers": ["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
        "expose_headers": ["Retry-After", "Idempotent-Replayed", "Content-Disposition"],
    }


class KeepFresh:
    """A thread that does some work now and then, while the context is open."""

    def __init__(self, work: Callable[[], object], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gridroute-refresh", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        away = False
        while not self._stop.wait(self._seconds):
            try:
                self._work()
                away = False
            except StoreUnavailable as error:
                if not away:  # said once, not twice a second
                    log.warning("could not refresh: %s", error)
                away = True
            except Exception:  # the thread outlives any one failure; the next round may do better
                log.exception("could not refresh from the store")

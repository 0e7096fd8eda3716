"""The HTTP application."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import Route

from api import (
    automation,
    endpoints,
    inventory,
    lists,
    metrics,
    pages,
    places,
    pulling,
    receipts,
    reviews,
    same_trouble,
    stream,
    tickets,
    undoing,
)
from api.desk import Desk
from api.metrics import Meters, Timed
from api.open311 import routes as open311
from api.openapi import describe
from api.problems import handle_problems
from api.settings import Settings
from api.stream import Feed
from router.service import RoutingService

log = logging.getLogger("gridroute.api")


def create_app(service: RoutingService, settings: Settings | None = None) -> FastAPI:
    """An application around the service; while it runs, changes in the store are picked up twice a second."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with KeepFresh(service, settings.refresh_seconds):
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
    service.observer = app.state.meters = Meters(service)
    app.add_middleware(Timed, meters=app.state.meters)
    app.state.feed = Feed(service.store, settings)
    # receipts before tickets, whose ids may hold slashes
    for module in (
        lists,
        receipts,
        same_trouble,
        tickets,
        undoing,
        reviews,
        places,
        automation,
        endpoints,
        pulling,
        inventory,
        metrics,
        stream,
        open311,
        pages,
    ):
        app.include_router(module.routes)
    app.router.routes.append(Route("/open311/{rest:path}", open311.Elsewhere(), include_in_schema=False))
    handle_problems(app)
    describe(app)
    return app


class KeepFresh:
    """A thread that refreshes the service and looks after the clocks now and then, while the context is open."""

    def __init__(self, service: RoutingService, seconds: float) -> None:
        self._service = service
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gridroute-refresh", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            try:
                self._service.refresh()
                self._service.watch_clocks()
            except Exception:  # the thread outlives any one failure; the next round may do better
                log.exception("could not refresh from the store")

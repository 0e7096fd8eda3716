"""The HTTP application."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import inventory, pages, places, tickets
from api.desk import Desk
from api.openapi import describe
from api.problems import handle_problems
from api.settings import Settings
from router.service import RoutingService

log = logging.getLogger("gridroute.api")


def create_app(service: RoutingService, settings: Settings | None = None) -> FastAPI:
    """An application around the service; while it runs, changes in the store are picked up every second."""
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
    for module in (tickets, places, inventory, pages):
        app.include_router(module.routes)
    handle_problems(app)
    describe(app)
    return app


class KeepFresh:
    """A thread that refreshes the service now and then, while the context is open."""

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
            except Exception:  # the thread outlives any one failure; the next round may do better
                log.exception("could not refresh from the store")

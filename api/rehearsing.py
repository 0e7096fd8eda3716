"""`/v1/models/{version}/changes/stream`: what a promotion would change, with how far the work is while it goes on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.access import may
from api.desk import desk_of
from api.openapi import problems
from api.stream import HEADERS, MEDIA_TYPE
from api.versions import REHEARSING, ChangesOut
from domain.access import Right
from domain.errors import Overloaded
from router.rehearsal import MOST_TICKETS
from router.service import RoutingService

routes = APIRouter(prefix="/v1/models", tags=["models"])

Heard = float | ChangesOut | Exception


class _Abandoned(Exception):
    """Whoever asked has gone."""


@routes.get(
    "/{version:int}/changes/stream",
    dependencies=[may(Right.PROMOTE)],
    responses={
        200: {
            "content": {MEDIA_TYPE: {}},
            "description": "Server-sent events: `progress` with the `share` done, then `changes` with a ChangesOut",
        },
        **problems(404, 422, 429, 503),
    },
    response_class=StreamingResponse,
)
async def changes_as_they_come(
    request: Request, version: int, last: Annotated[int, Query(ge=1, le=MOST_TICKETS)] = 500
) -> StreamingResponse:
    """What promoting it would change, as `changes` answers, and before that how far the work is. Hang up to end it."""
    if not REHEARSING.acquire(blocking=False):
        raise Overloaded(retry_after=10.0)
    work = _Work(desk_of(request).service, version, last)
    task = asyncio.create_task(run_in_threadpool(work.run))
    task.add_done_callback(lambda _: REHEARSING.release())
    first = await work.heard.get()
    if isinstance(first, Exception):
        raise first
    return StreamingResponse(work.lines(first, task), media_type=MEDIA_TYPE, headers=HEADERS)


class _Work:
    """A rehearsal in a thread, and what is heard of it."""

    def __init__(self, service: RoutingService, version: int, last: int) -> None:
        self._service, self._version, self._last = service, version, last
        self._loop = asyncio.get_running_loop()
        self._gone = threading.Event()
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()

    def run(self) -> None:
        """To its end, or until nobody listens."""
        try:
            self._tell(ChangesOut.of(self._service.rehearse(self._version, self._last, self._report)))
        except _Abandoned:
            return
        except Exception as error:  # noqa: BLE001 -- the boundary of the thread: the request answers it
            self._tell(error)

    async def lines(self, first: Heard, task: asyncio.Task[None]) -> AsyncIterator[str]:
        """The stream's text."""
        one = first
        try:
            while isinstance(one, float):
                yield f"event: progress\ndata: {json.dumps({'share': one})}\n\n"
                one = await self.heard.get()
            if isinstance(one, Exception):
                raise one
            yield f"event: changes\ndata: {one.model_dump_json()}\n\n"
        finally:
            self._gone.set()
            await asyncio.shield(task)

    def _report(self, share: float) -> None:
        if self._gone.is_set():
            raise _Abandoned
        self._tell(share)

    def _tell(self, what: Heard) -> None:
        self._loop.call_soon_threadsafe(self.heard.put_nowait, what)

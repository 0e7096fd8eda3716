"""`/v1/units/{id}/endpoint/test`: whether a unit's endpoint takes a message, tried now."""

from __future__ import annotations

import asyncio
import time
from typing import Literal
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, may
from api.desk import desk_of
from api.endpoints import unit_of
from api.openapi import problems
from api.webhooks.messages import TrialMessageOut, TrialOut
from domain.access import Right
from domain.errors import Overloaded
from router.delivery_desk import endpoint_of
from router.delivery_ports import Endpoint

routes = APIRouter(prefix="/v1", tags=["deliveries"])

MOST_AT_ONCE = 4  # each may take ten seconds
UNDER_WAY = asyncio.Semaphore(MOST_AT_ONCE)


class TriedOut(BaseModel):
    """Whether the endpoint took the message (answered 2xx), how long that took, and what went wrong if it did not."""

    status: Literal["delivered", "failed"]
    milliseconds: float
    problem: str | None


@routes.post(
    "/units/{unit_id:path}/endpoint/test",
    dependencies=[may(Right.DELIVER)],
    response_model=TriedOut,
    responses=problems(404, 429, 503, 507),
)
async def try_endpoint(request: Request, unit_id: str) -> TriedOut:
    """Send a signed `endpoint.test` there now, once, under the rules that hold for deliveries. Nothing is queued.

    The event log says who did.
    """
    endpoint = await run_in_threadpool(_endpoint, request, unit_of(unit_id))
    if UNDER_WAY.locked():
        raise Overloaded(retry_after=5.0)
    async with UNDER_WAY:
        tried = await _sent(request, endpoint)
    await run_in_threadpool(_note, request, endpoint.unit_id, tried)
    return tried


def _endpoint(request: Request, unit_id: str) -> Endpoint:
    with desk_of(request).service.store.read() as session:
        return endpoint_of(unit_id, session)


def _note(request: Request, unit_id: str, tried: TriedOut) -> None:
    store, by = desk_of(request).service.store, acting(request, "", "api")
    store.write(lambda session: session.note_trial(unit_id, tried.status, by))


async def _sent(request: Request, endpoint: Endpoint) -> TriedOut:
    desk = desk_of(request)
    now = desk.service.clock()
    message = TrialMessageOut(timestamp=now, data=TrialOut(unit=endpoint.unit_id))
    import httpx  # a start without deliveries goes without it

    from api.webhooks.courier import Courier

    tls = await run_in_threadpool(httpx.create_ssl_context)
    async with Courier(desk.settings.targets, tls) as courier:
        began = time.perf_counter()
        body = message.model_dump_json().encode()
        outcome = await courier.send(endpoint, f"test_{uuid4().hex}", body, now)
    return TriedOut(
        status="delivered" if outcome.error is None else "failed",
        milliseconds=round((time.perf_counter() - began) * 1000, 1),
        problem=outcome.error,
    )

"""Who decides which ticket: claims, so that no two people decide one, and tickets that are kept back for a while."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access import acting, may, sight_of_caller
from api.answers import TicketOut
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.openapi import json_body, problems
from api.schemas import ByIn, HoldIn, NextIn
from domain.access import Right
from router.claiming import claim, claim_next, release
from router.holding import Hold, hold

routes = APIRouter(prefix="/v1", tags=["reviews"])

CHANGING = problems(404, 409, 413, 415, 422, 429, 503, 507)


@routes.post(
    "/reviews/claim",
    dependencies=[may(Right.REVIEW)],
    response_model=TicketOut,
    responses={
        204: {"description": "Nothing waits that nobody holds"},
        **problems(413, 415, 422, 429, 503, 507),
    },
    openapi_extra=json_body("NextIn"),
)
async def claim_the_next(request: Request) -> Response:
    """The most pressing ticket of my area that nobody else decides: mine for 5 minutes, or until I have decided it."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_claim_next, request, body)


@routes.post(
    "/tickets/{ticket_id:path}/claim",
    dependencies=[may(Right.REVIEW)],
    response_model=TicketOut,
    responses=CHANGING,
    openapi_extra=json_body("ByIn"),
)
async def claim_this(request: Request, ticket_id: str) -> TicketOut:
    """Claim this ticket for 5 minutes, or 5 more; while somebody else decides it, it cannot be had."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_claim, request, storable(ticket_id), body)


@routes.delete(
    "/tickets/{ticket_id:path}/claim",
    status_code=204,
    dependencies=[may(Right.REVIEW)],
    responses=problems(404, 409, 422, 429, 503, 507),
)
def give_back(request: Request, ticket_id: str, by: Annotated[str, Query(max_length=500)] = "") -> Response:
    """Let others decide the ticket. `by` is who claimed it, where no key says so."""
    service, name = desk_of(request).service, acting(request, by.strip())
    service.store.write(partial(release, storable(ticket_id), name, service.clock()))
    return Response(status_code=204)


@routes.post(
    "/tickets/{ticket_id:path}/hold",
    dependencies=[may(Right.REVIEW)],
    response_model=TicketOut,
    responses=CHANGING,
    openapi_extra=json_body("HoldIn"),
)
async def hold_it(request: Request, ticket_id: str) -> TicketOut:
    """Keep the ticket back with a reason: it waits on, and somebody has to look at it by a new time."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_hold, request, storable(ticket_id), body)


def _claim_next(request: Request, body: bytes) -> Response:
    wanted = validated(NextIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, wanted.by)
    found = claim_next(service.store, name, service.clock(), wanted.skip, sight_of_caller(request))
    if found is None:
        return Response(status_code=204)
    answer = TicketOut.of(found, service)
    return Response(answer.model_dump_json(), media_type="application/json")


def _claim(request: Request, ticket_id: str, body: bytes) -> TicketOut:
    wanted = validated(ByIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, wanted.by)
    claimed = service.store.write(partial(claim, ticket_id, name, service.clock()))
    return TicketOut.of(claimed, service)


def _hold(request: Request, ticket_id: str, body: bytes) -> TicketOut:
    wanted = validated(HoldIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, wanted.by)
    held = Hold(ticket_id=ticket_id, by=name, reason=wanted.reason, at=service.clock())
    stored = service.store.write(partial(hold, held, service.live.world.policy))
    return TicketOut.of(stored, service)

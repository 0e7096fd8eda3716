"""`/v1/tickets/{id}/join` and `/unjoin`: several callers, one trouble, one dispatch."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import acting, may, only_seen
from api.answers import TicketOut
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.openapi import json_body, problems
from api.schemas import ByIn, JoinIn
from domain.access import Right
from domain.errors import InvalidInput, NotFound
from router.claiming import require_ticket
from router.joining import Join, join, leader_of, unjoin
from router.ports import WriteSession
from router.stored import StoredTicket

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"])

CHANGING = problems(404, 409, 413, 415, 422, 429, 503, 507)


def _goes_with_one_that_is_seen(request: Request, stored: StoredTicket) -> bool:
    """A ticket that was nobody's leaves every area once it is joined; the one that it goes with stays in its own."""
    with desk_of(request).service.store.read() as session:
        return stored.joined_into is not None and bool(only_seen(request, [leader_of(stored, session)]))


@routes.post(
    "/{ticket_id:path}/join",
    dependencies=[may(Right.JOIN)],
    response_model=TicketOut,
    responses=CHANGING,
    openapi_extra=json_body("JoinIn"),
)
async def join_it(request: Request, ticket_id: str) -> TicketOut:
    """The ticket tells of the same trouble as the other: that one alone is dispatched, and this caller attached to it.

    A unit that has this ticket is told 10 seconds later that it no longer does.
    """
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_join, request, storable(ticket_id), body)


@routes.post(
    "/{ticket_id:path}/unjoin",
    dependencies=[may(Right.JOIN, own=_goes_with_one_that_is_seen)],
    response_model=TicketOut,
    responses=CHANGING,
    openapi_extra=json_body("ByIn"),
)
async def unjoin_it(request: Request, ticket_id: str) -> TicketOut:
    """Take the ticket apart again: it stands as before it was joined, with its unit or waiting for a person."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_unjoin, request, storable(ticket_id), body)


def _join(request: Request, ticket_id: str, body: bytes) -> TicketOut:
    said = validated(JoinIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, said.by)
    wanted = Join(ticket_id=ticket_id, into=said.into, by=name, at=service.clock())

    def work(session: WriteSession) -> StoredTicket:
        if not only_seen(request, [leader_of(require_ticket(said.into, session), session)]):
            raise NotFound(kind="ticket", key=said.into)
        return join(wanted, session)

    try:
        stored = service.store.write(work)
    except NotFound as error:
        if error.key == ticket_id:
            raise
        # the address exists; a value in the body is wrong
        raise InvalidInput(field="into", problem=str(error), mend="GET /v1/tickets lists them.") from error
    return TicketOut.of(stored, service)


def _unjoin(request: Request, ticket_id: str, body: bytes) -> TicketOut:
    said = validated(ByIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, said.by)
    now, policy = service.clock(), service.live.world.policy

    def work(session: WriteSession) -> StoredTicket:
        return unjoin(ticket_id, by=name, at=now, policy=policy, session=session)

    return TicketOut.of(service.store.write(work), service)

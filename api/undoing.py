"""`/v1/tickets/{id}/undo`: take a decision back before it is delivered."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.access import acting, caller_of, may
from api.answers import TicketOut
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.openapi import json_body, problems
from api.schemas import UndoIn
from domain.access import Right
from router.stored import StoredTicket

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"])


def _decided_it(request: Request, stored: StoredTicket) -> bool:
    """A ticket that was nobody's leaves the area of whoever decided it, and a mistake is theirs to take back."""
    return stored.review is not None and stored.review.by == caller_of(request).name


@routes.post(
    "/{ticket_id:path}/undo",
    dependencies=[may(Right.REVIEW, own=_decided_it)],
    response_model=TicketOut,
    responses=problems(404, 409, 413, 415, 422, 503, 507),
    openapi_extra=json_body("UndoIn"),
)
async def undo(request: Request, ticket_id: str) -> TicketOut:
    """Take the ticket's review back, within 10 seconds; it stands as before, and may be reviewed again."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_undo, request, storable(ticket_id), body)


def _undo(request: Request, ticket_id: str, body: bytes) -> TicketOut:
    wanted = validated(UndoIn, parse_json(body))
    service, by = desk_of(request).service, acting(request, wanted.by)
    return TicketOut.of(service.undo(ticket_id, by=by, reason=wanted.reason), service)

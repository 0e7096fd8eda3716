"""`/v1/tickets`: look up, review."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access import acting, may
from api.answers import TicketOut
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.intake import ACCEPTING
from api.openapi import json_body, problems
from api.schemas import UNNAMED, ReviewIn
from domain.access import Right
from domain.errors import InvalidInput, NotFound

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@routes.get(
    "/{ticket_id:path}",
    dependencies=[may(Right.READ)],
    response_model=TicketOut,
    responses=problems(404, 503),
)
def look_up(request: Request, ticket_id: str) -> Response:
    """A ticket with its state."""
    desk = desk_of(request)
    return _answer(TicketOut.of(desk.service.ticket(storable(ticket_id)), desk.service))


@routes.post(
    "/{ticket_id:path}/review",
    dependencies=[may(Right.REVIEW)],
    response_model=TicketOut,
    responses=problems(404, 409, *ACCEPTING),
    openapi_extra=json_body("ReviewIn"),
)
async def review(request: Request, ticket_id: str) -> Response:
    """Confirm or reassign a ticket, once; the next ticket feels it."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_review, request, storable(ticket_id), body)


def _review(request: Request, ticket_id: str, body: bytes) -> Response:
    desk, said = desk_of(request), validated(ReviewIn, parse_json(body))
    wanted = said.review(ticket_id, acting(request, said.by, UNNAMED), desk.service.clock())
    try:
        reviewed = desk.service.review(wanted)
    except NotFound as error:
        if error.kind != "unit":
            raise
        # the address exists; a value in the body is wrong
        raise InvalidInput(field="unit", problem=str(error), mend="GET /v1/units lists them.") from error
    return _answer(TicketOut.of(reviewed, desk.service))


def _answer(body: TicketOut) -> Response:
    return Response(body.model_dump_json(), media_type="application/json")

"""`/v1/tickets`: submit, look up, review."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.answers import BatchItemOut, BatchOut, TicketOut
from api.bodies import parse_json, read_body, validated
from api.desk import Desk, desk_of
from api.openapi import json_body, problems
from api.problems import BodyError, Fault, Problem, problem_of, problem_of_faults
from api.schemas import ReviewIn, TicketIn
from domain.errors import GridrouteError, InvalidInput, NotFound
from router.service import Draft, Submission

CREATED, REPEATED = 201, 200
ACCEPTING = (413, 415, 422, 503, 507)

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@routes.post(
    "",
    status_code=CREATED,
    response_model=TicketOut,
    responses={
        REPEATED: {"model": TicketOut, "description": "The same ticket again"},
        **problems(409, *ACCEPTING),
    },
    openapi_extra=json_body("TicketIn"),
)
async def submit(request: Request) -> Response:
    """Route a ticket and store it with its decision; answered when that is durable."""
    desk = desk_of(request)
    with desk.admitted():
        body = await read_body(request, desk.settings.max_ticket_bytes)
        return await run_in_threadpool(_submit, desk, body)


@routes.post(
    "/batch",
    status_code=200,
    response_model=BatchOut,
    responses=problems(*ACCEPTING),
    openapi_extra=json_body("TicketIn", many=True),
)
async def submit_batch(request: Request) -> Response:
    """Submit up to 1,000 tickets, a JSON array; each answers for itself, with its own status or problem."""
    desk = desk_of(request)
    with desk.admitted():
        body = await read_body(request, desk.settings.max_batch_bytes)
        return await run_in_threadpool(_submit_batch, desk, body)


@routes.get("/{ticket_id:path}", response_model=TicketOut, responses=problems(404, 503))
def look_up(request: Request, ticket_id: str) -> Response:
    """A ticket with its state."""
    desk = desk_of(request)
    return _answer(TicketOut.of(desk.service.ticket(_storable(ticket_id)), desk.service))


@routes.post(
    "/{ticket_id:path}/review",
    response_model=TicketOut,
    responses=problems(404, 409, *ACCEPTING),
    openapi_extra=json_body("ReviewIn"),
)
async def review(request: Request, ticket_id: str) -> Response:
    """Confirm or reassign a ticket, once; the next ticket feels it."""
    desk = desk_of(request)
    with desk.admitted():
        body = await read_body(request, desk.settings.max_ticket_bytes)
        return await run_in_threadpool(_review, desk, _storable(ticket_id), body)


def _submit(desk: Desk, body: bytes) -> Response:
    draft = validated(TicketIn, parse_json(body)).draft(desk.service.clock())
    submission = desk.service.submit(draft.ticket, stamped=draft.stamped)
    return _answer(TicketOut.of(submission.stored, desk.service), _status(submission))


def _submit_batch(desk: Desk, body: bytes) -> Response:
    read = [_read_item(desk, item) for item in _items(body, desk.settings.max_batch_tickets)]
    submitted = iter(desk.service.submit_batch([draft for draft in read if isinstance(draft, Draft)]))
    items = [_item(desk, next(submitted)) if isinstance(one, Draft) else _refused(one) for one in read]
    accepted = sum(item.ticket is not None for item in items)
    return _answer(BatchOut(accepted=accepted, refused=len(items) - accepted, items=items))


def _review(desk: Desk, ticket_id: str, body: bytes) -> Response:
    wanted = validated(ReviewIn, parse_json(body)).review(ticket_id, desk.service.clock())
    try:
        reviewed = desk.service.review(wanted)
    except NotFound as error:
        if error.kind != "unit":
            raise
        # the address exists; a value in the body is wrong
        raise InvalidInput(field="unit", problem=str(error), mend="GET /v1/units lists them.") from error
    return _answer(TicketOut.of(reviewed, desk.service))


def _items(body: bytes, most: int) -> list[Any]:
    items = parse_json(body)
    if not isinstance(items, list):
        raise BodyError([Fault(field="body", problem="not an array", mend="Send a JSON array of tickets.")])
    if len(items) > most:
        raise BodyError([Fault(field="body", problem=f"more than {most} tickets", mend="Send it in parts.")])
    return items


def _read_item(desk: Desk, item: Any) -> Draft | Problem:
    try:
        return validated(TicketIn, item).draft(desk.service.clock())
    except BodyError as error:
        return problem_of_faults(error.faults)
    except InvalidInput as error:
        return problem_of(error)


def _item(desk: Desk, outcome: Submission | GridrouteError) -> BatchItemOut:
    if isinstance(outcome, GridrouteError):
        return _refused(problem_of(outcome))
    return BatchItemOut(status=_status(outcome), ticket=TicketOut.of(outcome.stored, desk.service))


def _refused(problem: Problem) -> BatchItemOut:
    return BatchItemOut(status=problem.status, problem=problem)


def _status(submission: Submission) -> int:
    return CREATED if submission.created else REPEATED


def _storable(ticket_id: str) -> str:
    if not ticket_id.isprintable() or len(ticket_id) > 200:
        raise NotFound(kind="ticket", key=ticket_id[:200])
    return ticket_id


def _answer(body: TicketOut | BatchOut, status: int = 200) -> Response:
    return Response(body.model_dump_json(), status_code=status, media_type="application/json")

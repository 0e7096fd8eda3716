"""`POST /v1/tickets`, and many at once."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access import Direct, may
from api.answers import BatchItemOut, BatchOut, TicketOut
from api.bodies import parse_json, read_body, validated
from api.desk import Desk, desk_of
from api.idempotency import PARAMETER, once, request_key
from api.openapi import json_body, problems
from api.problems import BodyError, Fault, Problem, problem_of, problem_of_faults
from api.schemas import TicketIn
from api.tracing import note_ticket
from domain.access import Right
from domain.errors import GridrouteError, InvalidInput
from router.idempotency import KeptAnswer, RequestKey
from router.ports import StoredTicket
from router.submission import Draft, Keep, Routed, Submission

CREATED, REPEATED = 201, 200
ACCEPTING = (413, 415, 422, 429, 503, 507)

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"], route_class=Direct)


@routes.post(
    "",
    status_code=CREATED,
    dependencies=[may(Right.SUBMIT)],
    response_model=TicketOut,
    responses={
        REPEATED: {"model": TicketOut, "description": "The same ticket again"},
        **problems(400, 409, *ACCEPTING),
    },
    openapi_extra={**json_body("TicketIn"), **PARAMETER},
)
async def submit(request: Request) -> Response:
    """Route a ticket and store it with its decision; answered when that is durable."""
    desk = desk_of(request)
    # before it takes a place: who sends slowly keeps no other ticket out. `max_requests` bounds what is held meanwhile
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        key = request_key(request, body)
        with desk.alone(key):
            return await once(desk, key, partial(_submit, desk, body, key))


@routes.post(
    "/batch",
    status_code=200,
    dependencies=[may(Right.SUBMIT)],
    response_model=BatchOut,
    responses=problems(400, 409, *ACCEPTING),
    openapi_extra={**json_body("TicketIn", many=True), **PARAMETER},
)
async def submit_batch(request: Request) -> Response:
    """Submit up to 1,000 tickets, a JSON array; each answers for itself, with its own status or problem."""
    desk = desk_of(request)
    with desk.batch_admitted():
        body = await read_body(request, desk.settings.max_batch_bytes)
        key = request_key(request, body)
        with desk.alone(key):
            work = partial(_submit_batch, desk, body, key)
            return await once(desk, key, partial(desk.in_bulk, work))


async def _submit(desk: Desk, body: bytes, key: RequestKey | None) -> Response:
    routed, created, written = await desk.lane.through(
        partial(_read, desk, body, key), partial(_created, desk)
    )
    if written.exception() is None:
        note_ticket(routed.stored.ticket.ticket_id)
        return created
    return await run_in_threadpool(_finish, desk, routed, written)


def _read(desk: Desk, body: bytes, key: RequestKey | None) -> tuple[Draft, Keep | None]:
    draft = validated(TicketIn, parse_json(body)).draft(desk.service.clock())
    return draft, None if key is None else partial(_kept, desk, key)


def _created(desk: Desk, routed: Routed) -> Response:
    """What to answer once the ticket stands in the store as it was decided."""
    return _answer(TicketOut.of(routed.stored, desk.service), CREATED)


def _finish(desk: Desk, routed: Routed, written: Future[StoredTicket]) -> Response:
    submission = desk.service.finish(routed, written)
    note_ticket(submission.stored.ticket.ticket_id)
    return _answer(TicketOut.of(submission.stored, desk.service), _status(submission))


def _kept(desk: Desk, key: RequestKey, submission: Submission) -> KeptAnswer:
    body = TicketOut.of(submission.stored, desk.service).model_dump_json()
    return KeptAnswer(request=key, at=desk.service.clock(), status=_status(submission), body=body.encode())


def _submit_batch(desk: Desk, body: bytes, key: RequestKey | None) -> Response:
    items = _items(body, desk.settings.max_batch_tickets)
    read = [_read_item(desk, item, _made_id(key, place)) for place, item in enumerate(items)]
    submitted = iter(desk.service.submit_batch([draft for draft in read if isinstance(draft, Draft)]))
    answers = [_item(desk, next(submitted)) if isinstance(one, Draft) else _refused(one) for one in read]
    accepted = sum(answer.ticket is not None for answer in answers)
    out = BatchOut(accepted=accepted, refused=len(answers) - accepted, items=answers)
    if key is not None and not any(_may_pass(answer) for answer in answers):
        kept = out.model_dump_json().encode()
        desk.service.keep_answer(KeptAnswer(request=key, at=desk.service.clock(), status=200, body=kept))
    return _answer(out)


def _made_id(key: RequestKey | None, place: int) -> str | None:
    """A ticket of a batch with a key that has no id of its own: a repeat finds what a cut-off first try has stored."""
    if key is None:
        return None
    return uuid5(NAMESPACE_URL, f"{key.scope}\0{key.key}\0{key.fingerprint}\0{place}").hex


def _may_pass(answer: BatchItemOut) -> bool:
    return answer.status >= 500  # the store failed: a repeat may do better


def _items(body: bytes, most: int) -> list[Any]:
    items = parse_json(body)
    if not isinstance(items, list):
        raise BodyError([Fault(field="body", problem="not an array", mend="Send a JSON array of tickets.")])
    if len(items) > most:
        raise BodyError([Fault(field="body", problem=f"more than {most} tickets", mend="Send it in parts.")])
    return items


def _read_item(desk: Desk, item: Any, otherwise: str | None) -> Draft | Problem:
    try:
        return validated(TicketIn, item).draft(desk.service.clock(), otherwise)
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


def _answer(body: TicketOut | BatchOut, status: int = 200) -> Response:
    return Response(body.model_dump_json(), status_code=status, media_type="application/json")

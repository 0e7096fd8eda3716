"""`/v1/units/{id}/dispatches`: what is with a unit, for those who fetch it; and what the unit says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, may, own_unit
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.openapi import json_body, problems
from api.schemas import UNNAMED, RejectIn, ReplyIn
from api.webhooks.messages import DispatchOut
from domain.access import Right
from domain.errors import NotFound
from router.delivery_ports import Delivery, Reply
from router.ports import StoredTicket
from router.pulling import Answer

routes = APIRouter(prefix="/v1/units", tags=["dispatches"])

MOST = 1_000
HIGHEST = 2**63 - 1
ANSWERS = problems(404, 409, 413, 415, 422, 503, 507)


class HandedOut(BaseModel):
    """A dispatch; `reply` is what the unit has said of it: acknowledged, accepted, done, refused, or null."""

    dispatch: int
    webhook_id: str
    dispatched_at: datetime
    reply: str | None
    by: str | None
    replied_at: datetime | None
    ticket: DispatchOut

    @classmethod
    def of(cls, delivery: Delivery, stored: StoredTicket) -> HandedOut:
        """The dispatch on the wire."""
        return cls(
            dispatch=delivery.delivery_id,
            webhook_id=delivery.webhook_id,
            dispatched_at=delivery.queued_at,
            reply=delivery.reply,
            by=delivery.replied_by or None,
            replied_at=delivery.replied_at,
            ticket=DispatchOut.of(stored, delivery),
        )


class HandedListOut(BaseModel):
    """Dispatches by number; `next` is the `after` of the next page, null at the end."""

    dispatches: list[HandedOut]
    next: int | None


@routes.get(
    "/{unit_id:path}/dispatches",
    dependencies=[may(Right.TAKE)],
    response_model=HandedListOut,
    responses=problems(404, 422, 503),
)
def dispatches(
    request: Request,
    unit_id: str,
    accepted: bool = False,
    after: Annotated[int, Query(ge=0, le=HIGHEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> HandedListOut:
    """The tickets that are with the unit: those not accepted yet; `accepted=true`: those accepted and to be done."""
    service = desk_of(request).service
    unit_id = own_unit(request, _unit(unit_id))
    with service.store.read() as session:
        if all(unit.unit_id != unit_id for unit in session.units()):
            raise NotFound(kind="unit", key=unit_id)
        found = session.handed_deliveries(
            unit_id, service.clock(), accepted=accepted, after=after, limit=limit
        )
        tickets = [(one, session.ticket(one.ticket_id)) for one in found]
    last = found[-1].delivery_id if len(found) == limit else None
    handed = [HandedOut.of(one, stored) for one, stored in tickets if stored is not None]
    return HandedListOut(dispatches=handed, next=last)


@routes.post(
    "/{unit_id:path}/dispatches/{dispatch}/acknowledge",
    dependencies=[may(Right.TAKE)],
    response_model=HandedOut,
    responses=ANSWERS,
    openapi_extra=json_body("ReplyIn"),
)
async def acknowledge(request: Request, unit_id: str, dispatch: int) -> HandedOut:
    """The unit has seen it; it is not sent to an endpoint any more."""
    return await _answer(request, unit_id, dispatch, Reply.ACKNOWLEDGED)


@routes.post(
    "/{unit_id:path}/dispatches/{dispatch}/accept",
    dependencies=[may(Right.TAKE)],
    response_model=HandedOut,
    responses=ANSWERS,
    openapi_extra=json_body("ReplyIn"),
)
async def accept(request: Request, unit_id: str, dispatch: int) -> HandedOut:
    """The unit does it."""
    return await _answer(request, unit_id, dispatch, Reply.ACCEPTED)


@routes.post(
    "/{unit_id:path}/dispatches/{dispatch}/done",
    dependencies=[may(Right.TAKE)],
    response_model=HandedOut,
    responses=ANSWERS,
    openapi_extra=json_body("ReplyIn"),
)
async def done(request: Request, unit_id: str, dispatch: int) -> HandedOut:
    """The unit has done it; it is listed no more."""
    return await _answer(request, unit_id, dispatch, Reply.DONE)


@routes.post(
    "/{unit_id:path}/dispatches/{dispatch}/reject",
    dependencies=[may(Right.TAKE)],
    response_model=HandedOut,
    responses=ANSWERS,
    openapi_extra=json_body("RejectIn"),
)
async def reject(request: Request, unit_id: str, dispatch: int) -> HandedOut:
    """It is not the unit's: the ticket goes to a person, with the reason, before or after it was accepted."""
    return await _answer(request, unit_id, dispatch, Reply.REFUSED)


async def _answer(request: Request, unit_id: str, dispatch: int, reply: Reply) -> HandedOut:
    desk = desk_of(request)
    if not 0 < dispatch <= HIGHEST:
        raise NotFound(kind="dispatch", key=str(dispatch)[:20])
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(
            _reply, request, own_unit(request, _unit(unit_id)), dispatch, reply, body
        )


def _reply(request: Request, unit_id: str, dispatch: int, reply: Reply, body: bytes) -> HandedOut:
    desk = desk_of(request)
    if reply is Reply.REFUSED:
        refusal = validated(RejectIn, parse_json(body))
        by, reason = acting(request, refusal.by), refusal.reason
    else:
        by, reason = acting(request, validated(ReplyIn, parse_json(body)).by, UNNAMED), ""
    now = desk.service.clock()
    answer = Answer(unit_id=unit_id, delivery_id=dispatch, reply=reply, by=by, at=now, reason=reason)
    delivery = desk.service.answer(answer)
    return HandedOut.of(delivery, desk.service.ticket(delivery.ticket_id))


def _unit(unit_id: str) -> str:
    try:
        return storable(unit_id)
    except NotFound as error:
        raise NotFound(kind="unit", key=error.key) from None

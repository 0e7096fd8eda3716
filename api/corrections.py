"""`/v1/tickets/{id}/affected` and `/nearby`: what a correction changes for others; past dispatches around a ticket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, caller_of, may, sight_of_caller
from api.answers import TicketOut
from api.bodies import parse_json, read_body, storable, validated
from api.desk import desk_of
from api.endings import OrTicket
from api.lists import LineOut, line_of
from api.openapi import json_body, problems
from api.schemas import ByIn
from api.veil import tells_of
from domain.access import Right
from router.nearby import Nearby, nearby
from router.rerouting import Affected, affected, reroute
from router.service import RoutingService

routes = APIRouter(prefix="/v1/tickets", tags=["reviews"], route_class=OrTicket)

FARTHEST_M = 2_000.0


class ThenOut(BaseModel):
    """What would be decided of the ticket now."""

    verdict: str
    unit: str | None
    unit_name: str | None
    probability: float | None


class AffectedOut(LineOut):
    """A ticket that waits, as it stands, and what it would be after the correction."""

    then: ThenOut

    @classmethod
    def affected(cls, found: Affected, service: RoutingService) -> AffectedOut:
        """The ticket on the wire."""
        decision = found.decision
        then = ThenOut(
            verdict=decision.verdict,
            unit=decision.unit_id,
            unit_name=service.unit_name(decision.unit_id) if decision.unit_id else None,
            probability=decision.probability,
        )
        return cls(**line_of(TicketOut.of(found.stored, service)), then=then)


class AffectedListOut(BaseModel):
    """Tickets that the review gives another proposal, the closest to it first."""

    count: int
    tickets: list[AffectedOut]


class ReroutedOut(BaseModel):
    """How many have another proposal now, and how many of them went out by a rule."""

    rerouted: int
    dispatched: int


class NearbyOut(BaseModel):
    """A past dispatch; the unit had it at last, and `known_at` is when that was known."""

    ticket_id: str
    latitude: float
    longitude: float
    distance_m: float
    unit_id: str
    category: str | None
    known_at: datetime

    @classmethod
    def of(cls, found: Nearby) -> NearbyOut:
        """The dispatch on the wire."""
        return cls(
            ticket_id=found.dispatch.ticket.ticket_id,
            latitude=found.point.latitude,
            longitude=found.point.longitude,
            distance_m=round(found.metres, 1),
            unit_id=found.dispatch.unit_id,
            category=found.dispatch.ticket.category,
            known_at=found.dispatch.known_at,
        )


@routes.get(
    "/{ticket_id:path}/affected",
    dependencies=[may(Right.REVIEW)],
    response_model=AffectedListOut,
    responses=problems(404, 409, 422, 429, 503),
)
def what_is_affected(
    request: Request, ticket_id: str, by: Annotated[str, Query(max_length=500)] = ""
) -> AffectedListOut:
    """Waiting tickets that the ticket's review would change if they were routed again, but for those others decide."""
    service = desk_of(request).service
    found = affected(
        storable(ticket_id),
        caller_of(request).name or by.strip(),
        service.clock(),
        service.store,
        service.live,
        sight_of_caller(request),
    )
    tells_of(request, *(one.stored.ticket for one in found))
    return AffectedListOut(count=len(found), tickets=[AffectedOut.affected(one, service) for one in found])


@routes.post(
    "/{ticket_id:path}/affected/reroute",
    dependencies=[may(Right.REVIEW)],
    response_model=ReroutedOut,
    responses=problems(404, 409, 413, 415, 422, 429, 503, 507),
    openapi_extra=json_body("ByIn"),
)
async def reroute_them(request: Request, ticket_id: str) -> ReroutedOut:
    """Route them again: they wait with the new proposal. Only rules dispatch: no certificate is for a second look."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(_reroute, request, storable(ticket_id), body)


@routes.get(
    "/{ticket_id:path}/nearby",
    dependencies=[may(Right.REVIEW)],
    response_model=list[NearbyOut],
    responses=problems(404, 422, 429, 503),
)
def what_is_nearby(
    request: Request,
    ticket_id: str,
    radius_m: Annotated[float, Query(gt=0, le=FARTHEST_M)] = 500,
    limit: Annotated[int, Query(ge=1, le=200)] = 30,
) -> list[NearbyOut]:
    """Past dispatches around the ticket, nearest first; of each neighbourhood the latest ones."""
    service = desk_of(request).service
    found = nearby(storable(ticket_id), radius_m, limit, service.store, service.live)
    return [NearbyOut.of(one) for one in found]


def _reroute(request: Request, ticket_id: str, body: bytes) -> ReroutedOut:
    said = validated(ByIn, parse_json(body))
    service, name = desk_of(request).service, acting(request, said.by)
    done = reroute(ticket_id, name, service.clock(), service.store, service.live, sight_of_caller(request))
    return ReroutedOut(rerouted=done.rerouted, dispatched=done.dispatched)

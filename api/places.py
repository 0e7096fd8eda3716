"""`/v1/locate` and `/v1/places`: where is it, and which known place is meant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import may
from api.answers import LocationOut
from api.bodies import parse_json, read_body, validated
from api.desk import Desk, desk_of
from api.openapi import json_body, problems
from api.schemas import PlaceIn
from domain.access import Right
from features.gazetteer.entries import Entry
from router.explain_place import Stage

routes = APIRouter(tags=["places"])


class StageOut(BaseModel):
    """One step of the way to a place, and what it found."""

    name: str
    findings: list[str]

    @classmethod
    def of(cls, stage: Stage) -> StageOut:
        """The stage on the wire."""
        return cls(name=stage.name, findings=list(stage.findings))


class LocatedOut(BaseModel):
    """The belief about a place; `stages` where the way there was asked for."""

    location: LocationOut
    stages: list[StageOut] | None


class KnownPlaceOut(BaseModel):
    """A known address. Coordinates are null where nobody knows them."""

    address: str
    name: str | None
    district: str | None
    latitude: float | None
    longitude: float | None
    accounts: list[str]

    @classmethod
    def of(cls, entry: Entry) -> KnownPlaceOut:
        """The entry on the wire."""
        return cls(
            address=entry.address,
            name=entry.name,
            district=entry.district,
            latitude=entry.point.latitude if entry.point else None,
            longitude=entry.point.longitude if entry.point else None,
            accounts=list(entry.accounts),
        )


class PlacesOut(BaseModel):
    """Known places that begin like what was typed, or are like it, best first."""

    places: list[KnownPlaceOut]


@routes.post(
    "/v1/locate",
    dependencies=[may(Right.LOCATE)],
    response_model=LocatedOut,
    responses=problems(413, 415, 422, 503),
    openapi_extra=json_body("PlaceIn"),
)
async def locate(request: Request, explain: Annotated[bool, Query()] = False) -> Response:
    """Where a ticket with these fields would be believed to be. Stores nothing; `explain` shows each stage."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    return await run_in_threadpool(_locate, desk, body, explain=explain)


@routes.get(
    "/v1/places", dependencies=[may(Right.LOCATE)], response_model=PlacesOut, responses=problems(422, 503)
)
def places(
    request: Request,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> PlacesOut:
    """Known places for what a call-taker has typed so far: the beginning of an address, a name, an account number."""
    found = desk_of(request).service.known_places(q, limit)
    return PlacesOut(places=[KnownPlaceOut.of(entry) for entry in found])


def _locate(desk: Desk, body: bytes, *, explain: bool) -> Response:
    ticket = validated(PlaceIn, parse_json(body)).ticket(desk.service.clock())
    location = desk.service.locate(ticket)
    stages = desk.service.explain_place(ticket, location) if explain else None
    answer = LocatedOut(
        location=LocationOut.of(location),
        stages=None if stages is None else [StageOut.of(stage) for stage in stages],
    )
    return Response(answer.model_dump_json(), media_type="application/json")

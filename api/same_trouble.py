"""`/v1/tickets/{id}/similar`: who else may have called about the same trouble."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from api.access import may, sight_of_caller
from api.answers import TicketOut
from api.bodies import storable
from api.desk import desk_of
from api.endings import OrTicket
from api.lists import LineOut, line_of
from api.openapi import problems
from api.veil import tells_of
from domain.access import Right
from router.same_trouble import Alike
from router.service import RoutingService

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"], route_class=OrTicket)


class SimilarOut(LineOut):
    """Another open ticket that may tell of the same trouble.

    `words`: how like its words are (0 to 1); `score` weighs words, kind and distance.
    """

    metres: float
    words: float
    same_kind: bool
    score: float

    @classmethod
    def alike(cls, found: Alike, service: RoutingService) -> SimilarOut:
        """The ticket on the wire."""
        return cls(
            **line_of(TicketOut.of(found.stored, service)),
            metres=round(found.metres, 1),
            words=round(found.words, 3),
            same_kind=found.same_kind,
            score=round(found.score, 3),
        )


class SimilarTicketsOut(BaseModel):
    """The likeliest first."""

    ticket_id: str
    similar: list[SimilarOut]


@routes.get(
    "/{ticket_id:path}/similar",
    dependencies=[may(Right.READ)],
    response_model=SimilarTicketsOut,
    responses=problems(404, 422, 503),
)
def similar(
    request: Request, ticket_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> SimilarTicketsOut:
    """Open tickets that came within a day of this one, within 400 m, and may tell of the same trouble."""
    service = desk_of(request).service
    sight = sight_of_caller(request)
    found = service.similar(storable(ticket_id), limit, sight)
    tells_of(request, *(one.stored.ticket for one in found))
    return SimilarTicketsOut(ticket_id=ticket_id, similar=[SimilarOut.alike(one, service) for one in found])

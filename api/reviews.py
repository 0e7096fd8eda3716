"""`/v1/reviews`: what waits for a person, most pressing first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from api.access import caller_of, may
from api.answers import TicketOut
from api.desk import desk_of
from api.lists import LineOut, line_of
from api.openapi import problems
from api.veil import ticket_for
from domain.access import Right
from router.ports import Queue
from router.sight import sight_of

routes = APIRouter(prefix="/v1/reviews", tags=["reviews"])

MOST = 1_000


class QueueOut(BaseModel):
    """How many tickets of one priority wait, and for how many seconds the first of them has."""

    priority: str
    count: int
    oldest_s: float

    @classmethod
    def of(cls, queue: Queue, now: datetime) -> QueueOut:
        """The queue on the wire."""
        return cls(priority=queue.priority, count=queue.count, oldest_s=_age_s(queue.since, now))


class WaitingOut(LineOut):
    """A ticket that waits, for how many seconds; `unit` is the one that is proposed."""

    age_s: float

    @classmethod
    def waiting(cls, ticket: TicketOut, now: datetime) -> WaitingOut:
        """The ticket as a line of the queue."""
        return cls(**line_of(ticket), age_s=_age_s(ticket.received_at, now))


class ReviewsOut(BaseModel):
    """All that waits, counted; and the first of it, most pressing first, then first received."""

    at: datetime
    queues: list[QueueOut]
    reviews: list[WaitingOut]


@routes.get("", dependencies=[may(Right.READ)], response_model=ReviewsOut, responses=problems(422, 503))
def waiting(request: Request, limit: Annotated[int, Query(ge=1, le=MOST)] = 100) -> ReviewsOut:
    """What waits for a person, in review or on hold: most pressing first, then first received, with its age."""
    service = desk_of(request).service
    now, caller = service.clock(), caller_of(request)
    queues, found = service.waiting(limit, sight_of(caller.key))
    return ReviewsOut(
        at=now,
        queues=[QueueOut.of(queue, now) for queue in queues],
        reviews=[
            WaitingOut.waiting(ticket_for(caller, TicketOut.of(stored, service)), now) for stored in found
        ],
    )


def _age_s(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)

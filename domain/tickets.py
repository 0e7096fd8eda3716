"""Tickets as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.places import Point
from domain.time import require_aware


class TicketStatus(StrEnum):
    """Where a ticket stands. Changes go through ALLOWED_TRANSITIONS alone."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    IN_REVIEW = "in_review"
    ON_HOLD = "on_hold"
    JOINED = "joined"


ALLOWED_TRANSITIONS: Mapping[TicketStatus, frozenset[TicketStatus]] = {
    TicketStatus.RECEIVED: frozenset({TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD}),
    TicketStatus.IN_REVIEW: frozenset({TicketStatus.DISPATCHED, TicketStatus.ON_HOLD, TicketStatus.JOINED}),
    # who holds a ticket on may hold it again, and has to look at it by another time then
    TicketStatus.ON_HOLD: frozenset(
        {TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD, TicketStatus.JOINED}
    ),
    # a person may correct an automatic dispatch: it stays dispatched, to another unit; a decision that is undone, and a
    # unit that refuses, lead back to people
    TicketStatus.DISPATCHED: frozenset(
        {TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD, TicketStatus.JOINED}
    ),
    # taken apart again, it stands where it stood
    TicketStatus.JOINED: frozenset({TicketStatus.DISPATCHED, TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD}),
}


WAITING = frozenset({TicketStatus.IN_REVIEW, TicketStatus.ON_HOLD})
"""A person has to decide."""


# the attribute that keeps what was given where it is a point only with latitude and longitude exchanged: the ticket's
# point is the exchanged one
GIVEN_COORDINATES = "coordinates_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A repair or complaint (工单) as received. `text`'s first line is its title; `point` is WGS-84."""

    ticket_id: str
    received_at: datetime
    text: str = ""
    category: str | None = None
    account: str | None = None
    phone: str | None = None
    address: str | None = None
    point: Point | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    channel: str = "api"

    def __post_init__(self) -> None:
        if not self.ticket_id:
            raise ValueError("ticket_id must not be empty")
        require_aware("received_at", self.received_at)

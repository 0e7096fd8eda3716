"""`/v1/tickets` as a list, page by page, and the same as a table for a spreadsheet."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import h3.api.basic_int as h3
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.access import caller_of, may
from api.answers import SignalOut, TicketOut
from api.desk import desk_of
from api.doors import Caller
from api.openapi import problems
from api.schemas import Moment
from api.sheets import CSV, XLSX, csv_lines, xlsx_file
from api.veil import ticket_for
from domain.access import Personal, Right
from domain.errors import InvalidInput
from domain.safety import Priority
from domain.tickets import TicketStatus
from features.text import normalise
from router.city import COARSEST, FINEST
from router.finding import Cursor, Remembered, TicketQuery, cursor_of
from router.sight import sight_of

routes = APIRouter(prefix="/v1", tags=["tickets"])

MOST = 500
MOST_IN_A_SHEET = 100_000
LONGEST = 200


class LineOut(BaseModel):
    """A ticket in few words; `unit` has it, or is proposed. `GET /v1/tickets/{id}` has all of it."""

    ticket_id: str
    received_at: datetime
    status: str
    priority: str
    signals: list[SignalOut]
    channel: str
    title: str
    category: str | None
    unit: str | None
    unit_name: str | None
    probability: float | None
    reasons: list[str]
    due_at: datetime | None
    overdue: bool
    duty_unit: str | None
    claimed_by: str | None
    claimed_until: datetime | None
    joined_into: str | None
    latitude: float | None
    longitude: float | None
    address: str | None

    @classmethod
    def of(cls, ticket: TicketOut) -> LineOut:
        """The ticket as a line."""
        return cls(**line_of(ticket))


class PageOut(BaseModel):
    """A page of tickets, newest received first. `next` is the `cursor` of the page after it; null: this is the last."""

    tickets: list[LineOut]
    next: str | None


def line_of(ticket: TicketOut) -> dict[str, Any]:
    """What a line says of the ticket, by name."""
    place = ticket.location
    shared = ticket.model_dump(include=set(LineOut.model_fields) & set(TicketOut.model_fields))
    return shared | {
        "channel": ticket.content.channel,
        "title": ticket.content.text.partition("\n")[0],
        "category": ticket.content.category,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "address": ticket.content.address or (place.address if place else None),
    }


def asked(
    status: Annotated[list[TicketStatus] | None, Query()] = None,
    priority: Annotated[list[Priority] | None, Query()] = None,
    unit: Annotated[list[str] | None, Query(description="Units that have the ticket now.")] = None,
    category: Annotated[str | None, Query(max_length=LONGEST)] = None,
    channel: Annotated[str | None, Query(max_length=LONGEST)] = None,
    cell: Annotated[
        str | None, Query(max_length=16, description="An H3 cell, as `/v1/map/tickets` counts by.")
    ] = None,
    overdue: Annotated[
        bool, Query(description="Those alone that wait although somebody should have seen them by now.")
    ] = False,
    since: Moment | None = None,
    until: Annotated[Moment | None, Query(description="Not in the span itself.")] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=2,
            max_length=LONGEST,
            description="The beginning of the ticket's or the account's number, the last digits of a phone number, "
            "or any part of the address.",
        ),
    ] = None,
) -> TicketQuery:
    """The filters, all of which have to hold."""
    return TicketQuery(
        statuses=frozenset(status) if status else None,
        priorities=frozenset(priority) if priority else None,
        unit_ids=frozenset(unit) if unit else None,
        category=normalise(category) if category else None,
        channel=channel,
        cell=_cell(cell) if cell else None,
        overdue=overdue,
        since=since,
        until=until,
        remembered=Remembered.of(q) if q and q.strip() else None,
    )


Asked = Annotated[TicketQuery, Depends(asked)]


@routes.get("/tickets", dependencies=[may(Right.READ)], response_model=PageOut, responses=problems(422, 503))
def tickets(
    request: Request,
    query: Asked,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=LONGEST * 6)] = None,
) -> PageOut:
    """Tickets that meet every filter, newest received first."""
    service = desk_of(request).service
    after = _cursor(cursor) if cursor else None
    caller = caller_of(request)
    found = service.find(replace(_allowed(query, caller), after=after, limit=limit + 1))
    more = len(found) > limit
    return PageOut(
        tickets=[LineOut.of(ticket_for(caller, TicketOut.of(stored, service))) for stored in found[:limit]],
        next=_written(cursor_of(found[limit - 1])) if more else None,
    )


@routes.get(
    "/tickets.csv",
    dependencies=[may(Right.READ)],
    response_class=StreamingResponse,
    responses=problems(422, 503),
)
def as_csv(request: Request, query: Asked) -> StreamingResponse:
    """The same as CSV (UTF-8 with a byte order mark, as spreadsheets expect), at most 100,000 tickets."""
    lines = _every(request, query)
    return StreamingResponse(
        csv_lines(list(LineOut.model_fields), lines), media_type=CSV, headers=_named("csv")
    )


@routes.get(
    "/tickets.xlsx",
    dependencies=[may(Right.READ)],
    response_class=StreamingResponse,
    responses=problems(422, 503),
)
def as_xlsx(request: Request, query: Asked) -> StreamingResponse:
    """The same as an Excel workbook."""
    lines = _every(request, query)
    return StreamingResponse(
        xlsx_file("tickets", list(LineOut.model_fields), lines), media_type=XLSX, headers=_named("xlsx")
    )


def _allowed(query: TicketQuery, caller: Caller) -> TicketQuery:
    """Of the caller's area; who does not see numbers cannot search by them."""
    like = query.remembered
    if like is not None:
        account = None if Personal.ACCOUNT in caller.hidden else like.account
        phone = None if Personal.PHONE in caller.hidden else like.phone
        like = replace(like, account=account, phone=phone)
    return replace(query, remembered=like, sight=sight_of(caller.key))


def _every(request: Request, query: TicketQuery) -> Iterator[LineOut]:
    """Page by page: no reading transaction stays open while a slow client takes the lines."""
    service, caller = desk_of(request).service, caller_of(request)
    page, told = replace(_allowed(query, caller), limit=MOST), 0
    while told < MOST_IN_A_SHEET:
        found = service.find(page)
        yield from (LineOut.of(ticket_for(caller, TicketOut.of(stored, service))) for stored in found)
        told += len(found)
        if len(found) < MOST:
            return
        page = replace(page, after=cursor_of(found[-1]))


def _named(ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="tickets.{ending}"'}


def _cell(text: str) -> int:
    cell = h3.str_to_int(text) if re.fullmatch("[0-9a-fA-F]{1,16}", text) else 0
    if h3.is_valid_cell(cell) and COARSEST <= h3.get_resolution(cell) <= FINEST:
        return cell
    mend = "Use a `cell` of /v1/map/tickets."
    raise InvalidInput(field="cell", problem=f"is no H3 cell of resolution {COARSEST} to {FINEST}", mend=mend)


def _written(cursor: Cursor) -> str:
    text = json.dumps([cursor.received_at.isoformat(), cursor.ticket_id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _cursor(text: str) -> Cursor:
    try:
        at, ticket_id = json.loads(base64.urlsafe_b64decode(text.encode()))
        time = datetime.fromisoformat(at)
        if time.tzinfo is None or not ticket_id.isprintable():
            raise ValueError(text)
        cursor = Cursor(received_at=time.astimezone(UTC), ticket_id=ticket_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError) as error:
        mend = "Send `next` of the page before as it is."
        raise InvalidInput(field="cursor", problem="was not given by a list of tickets", mend=mend) from error
    return cursor

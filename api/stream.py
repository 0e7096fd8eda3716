"""`/v1/events`: what happens, as it happens, as server-sent events that can be taken up again where they broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.access import caller_of, doors_of, may
from api.doors import Caller
from api.masking import numbers_of
from api.openapi import problems
from api.settings import Settings
from api.veil import text_for
from domain.access import Right
from domain.decisions import Verdict
from domain.errors import Overloaded, StoreUnavailable
from domain.tickets import WAITING
from router.event_ports import OF_DELIVERY, EventKind, TicketEvent
from router.ports import ReadSession, Store
from router.sight import Sight, is_nobodys, sight_of
from store.bundles import GRIDROUTE

routes = APIRouter(tags=["events"])

MEDIA_TYPE = "text/event-stream"
OF_KEYS = (EventKind.KEY_ISSUED, EventKind.KEY_REVOKED, EventKind.SIGNED_IN, EventKind.SIGNED_OUT)
OF_ENDPOINTS = "endpoint "  # that events of endpoints begin with, set, removed or tried
AT_ONCE = 500  # events read from the store in one go
LARGEST = 2**63 - 1
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
Sees = Callable[[Sequence[TicketEvent]], Sequence[str]]
"""What of the events somebody is told."""


class EventOut(BaseModel):
    """Something that happened to a ticket, or (`ticket_id` null) to the installation; `event` is its number in the log.

    A proposal is not told: `unit` has the ticket, is asked to take it, or took it.
    """

    event: int
    kind: str
    at: datetime
    by: str
    ticket_id: str | None
    unit: str | None
    detail: str

    @classmethod
    def of(cls, event: TicketEvent) -> EventOut:
        """The event on the wire."""
        proposed = event.kind is EventKind.DECIDED and event.detail != Verdict.DISPATCH
        return cls(
            event=event.sequence,
            kind=event.kind,
            at=event.at,
            by=event.by,
            ticket_id=event.ticket_id or None,
            unit=None if proposed else event.unit_id,
            detail=event.detail,
        )


class Feed:
    """The end of the log, looked up once for all streams; and the count of streams. Lives in `app.state`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.stopped = False
        self.streams = 0
        self._head = 0
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def head(self) -> int:
        """The last event's number, at most `poll_seconds` old."""
        async with self._looking:
            if monotonic() - self._looked_at >= self.settings.poll_seconds:
                self._head = await run_in_threadpool(self._read_head)
                self._looked_at = monotonic()
            return self._head

    def stop(self) -> None:
        """End all streams, so that the server may."""
        self.stopped = True

    async def lines(self, after: int, sees: Sees, let_in: Callable[[], bool]) -> AsyncIterator[str]:
        """The stream's text from the event after `after` on, until `stream_seconds` are over.

        `let_in`: whether whoever listens may still.
        """
        self.streams += 1
        try:
            until = said = monotonic()
            until += self.settings.stream_seconds
            yield "retry: 1000\n: gridroute\n\n"
            while not self.stopped and let_in():
                if await self.head() > after:
                    events = await run_in_threadpool(self._read, after)
                    after = events[-1].sequence if events else after
                    told = "".join(await run_in_threadpool(sees, events))
                    # what is not for this listener moves it on as well
                    yield told or f": {after}\n\n"
                    said = monotonic()
                    continue
                if monotonic() >= until:
                    return
                if monotonic() - said >= self.settings.heartbeat_seconds:
                    yield ": beat\n\n"
                    said = monotonic()
                await asyncio.sleep(self.settings.poll_seconds)
        except StoreUnavailable:
            return  # the listener comes again, with the last number it has
        finally:
            self.streams -= 1

    def _read_head(self) -> int:
        with self.store.read() as session:
            return session.chain_head().sequence

    def _read(self, after: int) -> Sequence[TicketEvent]:
        with self.store.read() as session:
            return session.event_log(after, AT_ONCE)


def feed_of(request: Request) -> Feed:
    """The application's feed."""
    feed = request.app.state.feed
    assert isinstance(feed, Feed)
    return feed


@routes.get(
    "/v1/events",
    dependencies=[may(Right.FOLLOW)],
    responses={
        200: {
            "content": {MEDIA_TYPE: {}},
            "description": "Server-sent events; each has an EventOut as `data`",
        },
        **problems(422, 429, 503),
    },
    response_class=StreamingResponse,
)
async def events(
    request: Request,
    after: Annotated[int | None, Query(ge=0, le=LARGEST)] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST)] = None,
) -> Response:
    """Follow what happens: server-sent events from now on, or on from `Last-Event-ID` (or `after`; 0: the beginning).

    Each has its number as `id`, its kind as `event` and an EventOut as `data`. Comments keep the line open.
    """
    feed = feed_of(request)
    if feed.streams >= feed.settings.max_streams:
        raise Overloaded(retry_after=5.0)
    given = last_event_id if last_event_id is not None else after
    start = await feed.head() if given is None else given
    doors, caller = doors_of(request), caller_of(request)
    sees, let_in = partial(_told, feed.store, caller), partial(doors.holds, caller)
    return StreamingResponse(feed.lines(start, sees, let_in), media_type=MEDIA_TYPE, headers=HEADERS)


def _seen(store: Store, caller: Caller, events: Sequence[TicketEvent]) -> Sequence[TicketEvent]:
    """Of tickets: those of the area, and what was delivered to it, that a ticket was taken from it too.

    To who decides: also what they did themselves, and that a ticket that was nobody's waits no more.
    Of the installation: for those who watch it; of keys: for those who make them; of endpoints: for those who set them.
    """
    told = [one for one in events if one.ticket_id or _concerns(one) in caller.rights]
    sight = sight_of(caller.key)
    if sight is None or not told:
        return told
    with store.read() as session:
        seen = session.seen_of({one.ticket_id for one in told if one.ticket_id}, sight)
        left = _left_every_area(told, session) if sight.proposals else set()
    return [
        one if whole else replace(one, unit_id=None)
        for one in told
        if (whole := not one.ticket_id or one.ticket_id in seen or _is_told(one, sight, caller))
        or (one.ticket_id in left and _ends_waiting(one))
    ]


def _is_told(event: TicketEvent, sight: Sight, caller: Caller) -> bool:
    """Whether it concerns the listener, whoever sees the ticket by now."""
    if event.kind in OF_DELIVERY and event.unit_id in sight.units:
        return True
    return sight.proposals and event.by == caller.name != GRIDROUTE.by


def _left_every_area(events: Sequence[TicketEvent], session: ReadSession) -> set[str]:
    """Tickets that no longer wait and were nobody's, so that every area saw them until then."""
    # most tickets go out at once: their decision stands beside, and none of them has to be read
    at_once = {
        one.ticket_id for one in events if one.kind is EventKind.DECIDED and one.detail == Verdict.DISPATCH
    }
    asked = {one.ticket_id for one in events if one.ticket_id and _ends_waiting(one)} - at_once
    found = (stored for one in asked if (stored := session.ticket(one)) is not None)
    return {one.ticket.ticket_id for one in found if one.decision is not None and is_nobodys(one.decision)}


def _ends_waiting(event: TicketEvent) -> bool:
    return event.kind is EventKind.STATUS and event.detail not in WAITING


def _concerns(event: TicketEvent) -> Right:
    """The right that an event of the installation is for."""
    if event.kind in OF_KEYS:
        return Right.KEYS
    # logs that were begun with earlier versions have whole addresses, and what these hold
    return Right.DELIVER if event.detail.startswith(OF_ENDPOINTS) else Right.WATCH


def _told(store: Store, caller: Caller, events: Sequence[TicketEvent]) -> list[str]:
    seen = _seen(store, caller, events)
    own = _numbers(store, caller, seen)
    return [_line(event, caller, own.get(event.ticket_id, ())) for event in seen]


def _numbers(store: Store, caller: Caller, events: Iterable[TicketEvent]) -> Mapping[str, Collection[str]]:
    """By ticket, its numbers that the caller may not see: a short one has no form to be known by."""
    asked = {one.ticket_id for one in events if one.ticket_id and one.detail} if caller.hidden else set()
    if not asked:
        return {}
    with store.read() as session:
        found = [stored for one in asked if (stored := session.ticket(one)) is not None]
    return {one.ticket.ticket_id: list(numbers_of(one.ticket, caller.hidden)) for one in found}


def _line(event: TicketEvent, caller: Caller, own: Collection[str]) -> str:
    told = EventOut.of(replace(event, detail=text_for(caller, event.detail, own)))
    # JSON has no line ends of its own
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {told.model_dump_json()}\n\n"

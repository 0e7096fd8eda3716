"""What a channel asks for of its own tickets: one question, for SQL and for memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select

from domain.tickets import Ticket, TicketStatus
from router.ports import ChannelQuery, EventKind, StoredTicket, TicketEvent
from store import tables
from store.codec import encode

_CHANGED_AT = (
    select(func.max(tables.events.c.at))
    .where(tables.events.c.ticket_id == tables.tickets.c.ticket_id)
    .correlate(tables.tickets)
    .scalar_subquery()
)
# a value, not a join: planners would start from the channel, which has far more tickets than a span has events
_channel = (
    select(tables.tickets.c.channel)
    .where(tables.tickets.c.ticket_id == tables.events.c.ticket_id)
    .correlate(tables.events)
    .scalar_subquery()
)


OPENING = (EventKind.REOPENED.value, EventKind.UNJOINED.value)
_event, _since = tables.events.alias("told").c, tables.events.alias("since").c
# unless it went elsewhere since; that a person confirms its unit does not count as that
_DONE = exists().where(
    _event.ticket_id == tables.tickets.c.ticket_id,
    _event.kind == EventKind.DONE.value,
    ~exists().where(
        _since.ticket_id == _event.ticket_id,
        _since.event_id > _event.event_id,
        or_(
            _since.kind.in_(OPENING),
            and_(
                _since.kind == EventKind.STATUS.value,
                or_(
                    _since.detail != TicketStatus.DISPATCHED.value,
                    _since.unit_id.is_(None),
                    _since.unit_id != _event.unit_id,
                ),
            ),
        ),
    ),
)


def select_tickets(query: ChannelQuery) -> Select[*tuple[Any, ...]]:
    """The matching tickets, newest received first."""
    ticket = tables.tickets.c
    shown = select(
        ticket.body, ticket.status, ticket.unit_id, _CHANGED_AT.label("changed_at"), _DONE.label("done")
    )
    newest = shown.where(*_conditions(query)).order_by(ticket.received_at.desc(), ticket.ticket_id)
    return newest.limit(query.limit).offset(query.offset)


def select_events(
    channel: str, kinds: frozenset[EventKind], since: datetime, until: datetime
) -> Select[*tuple[Any, ...]]:
    """Events of the channel's tickets in [since, until), oldest first."""
    event = tables.events.c
    return (
        select(tables.events)
        .where(event.at >= since, event.at < until, event.kind.in_(sorted(kinds)), _channel == channel)
        .order_by(event.at, event.event_id)  # as the index has it
    )


def is_done(events: Sequence[TicketEvent]) -> bool:
    """Whether a ticket with these events was told to be done, and did not go elsewhere since."""
    done: TicketEvent | None = None
    for event in events:
        if event.kind is EventKind.DONE:
            done = event
        elif event.kind in OPENING:
            done = None
        elif event.kind is EventKind.STATUS and done is not None:
            same = (event.detail, event.unit_id) == (TicketStatus.DISPATCHED.value, done.unit_id)
            done = done if same else None
    return done is not None


def matches(stored: StoredTicket, events: Callable[[], Sequence[TicketEvent]], query: ChannelQuery) -> bool:
    """Whether `select_tickets` would find the ticket."""
    ticket = stored.ticket
    return (
        ticket.channel == query.channel
        and (query.ticket_ids is None or ticket.ticket_id in query.ticket_ids)
        and (query.since is None or query.since <= ticket.received_at)
        and (query.until is None or ticket.received_at < query.until)
        and (query.statuses is None or stored.status in query.statuses)
        and (query.done is None or is_done(events()) == query.done)
        and (query.having is None or ticket.attributes.get(query.having[0]) in query.having[1])
        and (query.belonging is None or _belongs(ticket, *query.belonging))
    )


def _conditions(query: ChannelQuery) -> list[ColumnElement[bool]]:
    ticket = tables.tickets.c
    found = [ticket.channel == query.channel]
    if query.ticket_ids is not None:
        found.append(ticket.ticket_id.in_(sorted(query.ticket_ids)))
    if query.since is not None:
        found.append(ticket.received_at >= query.since)
    if query.until is not None:
        found.append(ticket.received_at < query.until)
    if query.statuses is not None:
        found.append(ticket.status.in_(sorted(query.statuses)))
    if query.done is not None:
        found.append(_DONE if query.done else ~_DONE)
    if query.having is not None:
        name, values = query.having
        found.append(or_(false(), *(_says(name, value) for value in sorted(values))))
    if query.belonging is not None:
        name, value = query.belonging
        found.append(or_(~_contains(f"{encode(name)}:"), _says(name, value)))
    return found


def _belongs(ticket: Ticket, name: str, value: str) -> bool:
    return ticket.attributes.get(name, value) == value


def _says(name: str, value: str) -> ColumnElement[bool]:
    return _contains(encode({name: value})[1:-1])


def _contains(member: str) -> ColumnElement[bool]:
    # quotes inside JSON strings are escaped, so this is found only where the attribute stands;
    # LIKE would not tell small letters from capitals on SQLite
    body = tables.tickets.c.body
    return func.replace(body, member, "") != body

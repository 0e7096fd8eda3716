"""Finding tickets again: one question, for SQL and for memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

import h3.api.basic_int as h3
from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select

from domain.decisions import Decision
from domain.tickets import WAITING, Ticket
from features.place import cells
from router.city import FINEST
from router.finding import (
    SHORTEST_PART,
    KeyKind,
    Remembered,
    TicketQuery,
    cursor_of,
    place_key,
    search_keys,
    sight_keys,
)
from router.sight import Sight
from router.stored import StoredTicket
from store import tables

_key, _ticket = tables.ticket_keys.c, tables.tickets.c
_proposal, _later = tables.decisions.alias("proposal").c, tables.decisions.alias("newer").c
_sight = tables.ticket_keys.alias("sight").c
_WAITING = [status.value for status in WAITING]
_LATEST = (
    select(func.max(_later.decision_id))
    .where(_later.ticket_id == _ticket.ticket_id)
    .correlate(tables.tickets)
    .scalar_subquery()
)
_AFTER_ALL = "\U0010ffff"


def narrowed(query: TicketQuery, every: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The matching ones of `every` stored ticket, newest received first."""
    newest = every.where(*_conditions(query)).order_by(_ticket.received_at.desc(), _ticket.ticket_id.desc())
    return newest.limit(query.limit)


def key_rows(ticket: Ticket) -> list[dict[str, str]]:
    """What the ticket is found by, as rows."""
    return [
        {"kind": kind.value, "key": key, "ticket_id": ticket.ticket_id} for kind, key in search_keys(ticket)
    ]


def place_row(decision: Decision, at: datetime) -> dict[str, str] | None:
    """The place where the decision believed its ticket to be, as a row; None where that is unknown."""
    key = place_key(decision, at)
    return None if key is None else {"kind": KeyKind.PLACE.value, "key": key, "ticket_id": decision.ticket_id}


def sight_rows(decision: Decision) -> list[dict[str, str]]:
    """By what the decision puts its ticket into somebody's sight, as rows."""
    found = sight_keys(decision)
    return [{"kind": kind.value, "key": key, "ticket_id": decision.ticket_id} for kind, key in found]


def in_sight(sight: Sight) -> ColumnElement[bool]:
    """`sight.covers` of a row of tickets."""
    units = sorted(sight.units)
    with_them = _ticket.unit_id.in_(units)
    if not sight.proposals:
        return with_them
    ground, candidate = (_sight.kind == kind.value for kind in (KeyKind.GROUND, KeyKind.CANDIDATE))
    of_it, waits = exists().where(_sight.ticket_id == _ticket.ticket_id), _ticket.status.in_(_WAITING)
    return or_(
        with_them,
        _ticket.duty_unit.in_(units),
        exists().where(
            _proposal.ticket_id == _ticket.ticket_id,
            _proposal.decision_id == _LATEST,
            _proposal.unit_id.in_(units),
        ),
        of_it.where(ground, _sight.key.in_(sorted(sight.territories))),
        of_it.where(candidate, _sight.key.in_(units)),
        and_(waits, of_it.where(ground, _sight.key == "")),
    )


def matches(stored: StoredTicket, query: TicketQuery) -> bool:
    """Whether `narrowed` would leave the ticket."""
    ticket = stored.ticket
    keys = dict(search_keys(ticket))
    return (
        (query.statuses is None or stored.status in query.statuses)
        and (query.priorities is None or stored.priority in query.priorities)
        and (query.unit_ids is None or stored.unit_id in query.unit_ids)
        and (query.category is None or keys.get(KeyKind.CATEGORY) == query.category)
        and (query.channel is None or ticket.channel == query.channel)
        and (query.since is None or query.since <= ticket.received_at)
        and (query.until is None or ticket.received_at < query.until)
        and (query.places is None or _place_of(stored) in query.places)
        and (query.cell is None or _is_in(query.cell, stored))
        and (query.sight is None or query.sight.covers(stored))
        and (not query.overdue or (stored.status in WAITING and stored.overdue_at is not None))
        and (query.after is None or cursor_of(stored) < query.after)
        and (query.remembered is None or _is_remembered(ticket, keys, query.remembered))
    )


def _place_of(stored: StoredTicket) -> str | None:
    if stored.decision is None or stored.decided_at is None:
        return None
    return place_key(stored.decision, stored.decided_at)


def _is_in(cell: int, stored: StoredTicket) -> bool:
    point = stored.decision.location.point if stored.decision else None
    return point is not None and h3.cell_to_parent(cells(point)[-1], h3.get_resolution(cell)) == cell


def _finest_in(cell: int) -> tuple[int, int]:
    """The first and the last of the finest cells in it: their numbers begin alike, three bits a resolution follow.

    h3geo.org/docs/core-library/h3Indexing
    """
    first = h3.cell_to_center_child(cell, FINEST)
    finer = range(h3.get_resolution(cell) + 1, FINEST + 1)
    return first, first | sum(6 << 3 * (15 - resolution) for resolution in finer)


def _is_remembered(ticket: Ticket, keys: dict[KeyKind, str], wanted: Remembered) -> bool:
    by_id = bool(wanted.ticket_id) and ticket.ticket_id.startswith(wanted.ticket_id)
    return by_id or any(way.kind in keys and way.fits(keys[way.kind]) for way in _ways(wanted))


class _Part(Enum):
    """Which part of a key has to be what is looked for."""

    WHOLE = auto()
    BEGINNING = auto()
    ANY = auto()


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in which a ticket may be what somebody remembers."""

    kind: KeyKind
    wanted: str
    part: _Part

    def fits(self, key: str) -> bool:
        """Whether that key of a ticket is it."""
        if self.part is _Part.ANY:
            return self.wanted in key
        return key.startswith(self.wanted) if self.part is _Part.BEGINNING else key == self.wanted

    def condition(self) -> ColumnElement[bool]:
        """The same of a row of keys."""
        if self.part is _Part.ANY:
            fits = _key.key.contains(self.wanted, autoescape=True)
        else:
            fits = _begins(_key.key, self.wanted) if self.part is _Part.BEGINNING else _key.key == self.wanted
        return and_(_key.kind == self.kind.value, fits)


def _ways(wanted: Remembered) -> Iterator[_Way]:
    for kind, typed in ((KeyKind.ACCOUNT, wanted.account), (KeyKind.PHONE, wanted.phone)):
        if typed:
            yield _Way(kind, typed, _Part.BEGINNING if len(typed) >= SHORTEST_PART else _Part.WHOLE)
    if wanted.address:
        yield _Way(KeyKind.ADDRESS, wanted.address, _Part.ANY)


def _conditions(query: TicketQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.statuses is not None:
        found.append(_ticket.status.in_(sorted(query.statuses)))
    if query.priorities is not None:
        found.append(_ticket.priority.in_(sorted(one.rank for one in query.priorities)))
    if query.unit_ids is not None:
        found.append(_ticket.unit_id.in_(sorted(query.unit_ids)))
    if query.category is not None:
        found.append(_with_key((_key.kind == KeyKind.CATEGORY.value) & (_key.key == query.category)))
    if query.places is not None:
        found.append(_with_key((_key.kind == KeyKind.PLACE.value) & _key.key.in_(sorted(query.places))))
    if query.cell is not None:
        found.append(_ticket.cell.between(*_finest_in(query.cell)))
    if query.channel is not None:
        found.append(_ticket.channel == query.channel)
    if query.overdue:
        found += (_ticket.status.in_(_WAITING), _ticket.overdue_at.is_not(None))
    found += _received(query)
    if query.sight is not None:
        found.append(in_sight(query.sight))
    if query.after is not None:
        at, last = query.after.received_at, query.after.ticket_id
        found.append(_ticket.received_at <= at)  # said apart, so that the index is walked from there
        found.append(or_(_ticket.received_at < at, _ticket.ticket_id < last))
    if query.remembered is not None:
        found.append(_is_like(query.remembered))
    return found


def _received(query: TicketQuery) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield _ticket.received_at >= query.since
    if query.until is not None:
        yield _ticket.received_at < query.until


def _is_like(wanted: Remembered) -> ColumnElement[bool]:
    by_id = _begins(_ticket.ticket_id, wanted.ticket_id) if wanted.ticket_id else false()
    return or_(by_id, _with_key(or_(false(), *(way.condition() for way in _ways(wanted)))))


def _with_key(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return _ticket.ticket_id.in_(select(_key.ticket_id).where(condition))


def _begins(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return and_(column >= part, column < part + _AFTER_ALL)

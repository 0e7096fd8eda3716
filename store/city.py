"""Tickets counted by cell, unit and time, on a SQL connection and in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import h3.api.basic_int as h3
from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, literal, select, text

from domain.decisions import Decision, Verdict
from domain.safety import Priority
from domain.tickets import WAITING, TicketStatus
from features.place import cells
from router.city import Arrivals, CellCount, CityQuery, UnitLoad
from router.delivery_ports import Reply
from router.finding import KeyKind, search_keys
from router.stored import StoredTicket
from store import tables
from store.current import IS_CURRENT, last_dispatches
from store.memory_state import State

_ticket, _key = tables.tickets.c, tables.ticket_keys.c
_WAITS = text(tables.WAITING)
URGENT = Priority.URGENT.rank


def seen_on_the_map(decision: Decision) -> tuple[int | None, bool]:
    """The finest cell that the decision believed its ticket in, and whether it dispatched it."""
    point = decision.location.point
    return (cells(point)[-1] if point else None), decision.verdict is Verdict.DISPATCH


class SqlCityReads:
    """Reads inside one transaction. All of it stands in one index: no ticket is read itself."""

    _connection: Connection

    def ticket_cells(self, query: CityQuery, resolution: int) -> Sequence[CellCount]:
        """By cell, in the order of their numbers; nowhere comes last."""
        waits = _ticket.status.in_(sorted(WAITING))
        cell = _parent(resolution).label("cell")
        counted = (
            select(
                cell,
                func.count(),
                func.count(case((_ticket.automatic, 1))),
                func.count(case((waits, 1))),
                func.count(case((waits & _ticket.overdue_at.is_not(None), 1))),
                func.count(case((_ticket.priority == URGENT, 1))),
            )
            .where(*_conditions(query))
            .group_by(cell)
        )
        found = [
            CellCount(cell=at, count=count, automatic=alone, waiting=waiting, overdue=late, urgent=urgent)
            for at, count, alone, waiting, late, urgent in self._connection.execute(counted)
        ]
        return sorted(found, key=_place)

    def unit_loads(self, since: datetime) -> Sequence[UnitLoad]:
        """Tickets received since then that are dispatched, by unit."""
        # the status is looked at here, not asked for: SQLite would take an index that has not all of it
        dispatched = func.count(case((_ticket.status == TicketStatus.DISPATCHED.value, 1)))
        loads = (
            select(_ticket.unit_id, dispatched)
            .where(_ticket.received_at >= since, _ticket.unit_id.is_not(None))
            .group_by(_ticket.unit_id)
            .order_by(_ticket.unit_id)
        )
        found, done = self._connection.execute(loads), self._done(since)
        return [UnitLoad(unit_id=u, tickets=count, done=done[u]) for u, count in found if count]

    def _done(self, since: datetime) -> Counter[str]:
        """How many of these tickets each unit has and told to be done; they were handed to it later than they came."""
        delivery = tables.deliveries.c
        # neither grouped nor asked of the tickets: SQLite would begin there, and read far more than these hours
        theirs = (_ticket.received_at >= since) & IS_CURRENT
        told = (
            select(delivery.unit_id, delivery.ticket_id, case((theirs, 1), else_=0))
            .join(tables.tickets, _ticket.ticket_id == delivery.ticket_id)
            .where(text(tables.DONE), delivery.queued_at >= since)
        )
        done = {
            (unit, ticket_id) for unit, ticket_id, is_theirs in self._connection.execute(told) if is_theirs
        }
        return Counter(unit for unit, _ in done)

    def arrivals(self, moments: Sequence[datetime]) -> Sequence[Arrivals]:
        """Between each of the moments and the next."""
        counted = select(func.count(), func.count(case((_ticket.automatic, 1))))
        found = []
        for start, end in pairwise(moments):
            between = counted.where(_ticket.received_at >= start, _ticket.received_at < end)
            received, automatic = self._connection.execute(between).one()
            found.append(Arrivals(at=start, received=received, automatic=automatic))
        return found

    def count_overdue(self) -> int:
        """Tickets that wait for a person and were flagged."""
        late = select(func.count()).where(_WAITS, _ticket.overdue_at.is_not(None))
        return self._connection.scalar(late.select_from(tables.tickets)) or 0


class MemoryCityReads:
    """Reads of one state."""

    state: State

    def ticket_cells(self, query: CityQuery, resolution: int) -> Sequence[CellCount]:
        """By cell, in the order of their numbers; nowhere comes last."""
        found: dict[int | None, Counter[str]] = defaultdict(Counter)
        for stored in self.state.tickets.values():
            if _matches(stored, query):
                finest, _ = _seen(stored)
                found[h3.cell_to_parent(finest, resolution) if finest else None].update(_marks(stored))
        return sorted((CellCount(cell=cell, **counts) for cell, counts in found.items()), key=_place)

    def unit_loads(self, since: datetime) -> Sequence[UnitLoad]:
        """Tickets received since then that are dispatched, by unit."""
        last = last_dispatches(self.state.deliveries)
        told = {(one.unit_id, key) for key, one in last.items() if one.reply is Reply.DONE}
        counts, done = Counter[str](), Counter[str]()
        for key, stored in self.state.tickets.items():
            unit = stored.unit_id
            if unit and stored.status is TicketStatus.DISPATCHED and stored.ticket.received_at >= since:
                counts[unit] += 1
                done[unit] += (unit, key) in told
        return [UnitLoad(unit_id=unit, tickets=counts[unit], done=done[unit]) for unit in sorted(counts)]

    def arrivals(self, moments: Sequence[datetime]) -> Sequence[Arrivals]:
        """Between each of the moments and the next."""
        came = [(stored.ticket.received_at, _seen(stored)[1]) for stored in self.state.tickets.values()]
        return [
            Arrivals(
                at=start,
                received=sum(start <= at < end for at, _ in came),
                automatic=sum(start <= at < end and alone for at, alone in came),
            )
            for start, end in pairwise(moments)
        ]

    def count_overdue(self) -> int:
        """Tickets that wait for a person and were flagged."""
        tickets = self.state.tickets.values()
        return sum(one.status in WAITING and one.overdue_at is not None for one in tickets)


def _parent(resolution: int) -> ColumnElement[int]:
    """The parent of the finest cell: H3 keeps the resolution in bits 52 to 55, and three bits of 1 for what is finer.

    h3geo.org/docs/core-library/h3Indexing
    """
    keeping, setting = ~(15 << 52), resolution << 52 | (1 << 3 * (15 - resolution)) - 1
    kept: ColumnElement[int] = _ticket.cell.op("&")(literal(keeping, BigInteger))
    return kept.op("|")(literal(setting, BigInteger))


def _conditions(query: CityQuery) -> Iterator[ColumnElement[bool]]:
    yield _ticket.received_at >= query.since
    yield _ticket.received_at < query.until
    if query.unit_ids is not None:
        yield _ticket.unit_id.in_(sorted(query.unit_ids))
    if query.status is not None:
        yield _ticket.status == query.status.value
    if query.category is not None:
        of_kind = (_key.kind == KeyKind.CATEGORY.value) & (_key.key == query.category)
        yield _ticket.ticket_id.in_(select(_key.ticket_id).where(of_kind))


def _matches(stored: StoredTicket, query: CityQuery) -> bool:
    """Whether SQL's conditions hold."""
    return (
        query.since <= stored.ticket.received_at < query.until
        and (query.unit_ids is None or stored.unit_id in query.unit_ids)
        and query.status in (None, stored.status)
        and (
            query.category is None or dict(search_keys(stored.ticket)).get(KeyKind.CATEGORY) == query.category
        )
    )


def _seen(stored: StoredTicket) -> tuple[int | None, bool]:
    return seen_on_the_map(stored.decision) if stored.decision else (None, False)


def _marks(stored: StoredTicket) -> Iterator[str]:
    """What the ticket counts as."""
    waits = stored.status in WAITING
    marks = {
        "count": True,
        "automatic": _seen(stored)[1],
        "waiting": waits,
        "overdue": waits and stored.overdue_at is not None,
        "urgent": stored.priority is Priority.URGENT,
    }
    return (name for name, holds in marks.items() if holds)


def _place(one: CellCount) -> tuple[bool, int]:
    return one.cell is None, one.cell or 0

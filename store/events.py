"""The chained log of events, on a SQL connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, case, exists, func, not_, select

from router.chain import chained, digest
from router.event_ports import OF_JOINING, ChainHead, EventKind, LatestStatus, Record, Telling, TicketEvent
from store import tables
from store.batches import BATCH, batched
from store.clock import Clock
from store.codec import decode, encode
from store.inserting import insert_all
from store.meta import forget_locked, meta_value, set_meta_value
from store.records import TABLE_OF, is_of_none, mark_told, record_name, records_of

HEAD = "chain_head"  # of the table of single values


class SqlEventReads:
    """Reads inside one transaction."""

    _connection: Connection

    def event_log(self, after: int = 0, limit: int = 1000) -> Sequence[TicketEvent]:
        """All events with sequence > `after`, oldest first. Raises ValueError where a row cannot be read."""
        number = tables.events.c.event_id
        query = select(tables.events).where(number > after).order_by(number).limit(limit)
        return [event_of(row) for row in self._connection.execute(query)]

    def chain_head(self) -> ChainHead:
        """The last event's number and hash."""
        return decode(ChainHead, meta_value(self._connection, HEAD))

    def tellings(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Telling]]:
        """By ticket, what its events of that kind tell of, in their order."""
        found, event = defaultdict[str, list[Telling]](list), tables.events
        for part in batched(ticket_ids):
            of_kind = event.c.ticket_id.in_(part), event.c.kind == kind.value
            for row in self._connection.execute(select(event).where(*of_kind).order_by(event.c.event_id)):
                if not is_of_none(kind, row.detail):
                    mark = mark_told(kind, row.covers, row.unit_id, row.detail)
                    found[row.ticket_id].append(Telling(event=row.event_id, mark=mark))
        return found

    def records(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Record]]:
        """By ticket, its records that events of that kind tell of, in the order in which they were written."""
        found = defaultdict[str, list[Record]](list)
        for part in batched(ticket_ids):
            for ticket_id, record in records_of(kind, part, self._connection):
                found[ticket_id].append(record)
        return found

    def log_digest(self, first: int, last: int) -> str:
        """The SHA-256 of the dispatch log's entries from `first` to `last`."""
        log, found = tables.dispatch_log, sha256()
        query = select(log).where(log.c.sequence.between(first, last)).order_by(log.c.sequence)
        for row in self._connection.execute(query, execution_options={"yield_per": BATCH}):
            found.update(encode(dict(row._mapping)).encode())
        return found.hexdigest()

    def latest_statuses(self, ticket_ids: Collection[str]) -> Mapping[str, LatestStatus]:
        """Of those tickets that have an event of their status."""
        event, ticket = tables.events.c, tables.tickets.c
        found: dict[str, LatestStatus] = {}
        joining = sorted(OF_JOINING)
        of_ticket = ticket.ticket_id, ticket.status, ticket.unit_id, ticket.joined_into
        of_status = case((event.kind == EventKind.STATUS.value, event.event_id))
        of_joining = case((event.kind.in_(joining), event.event_id))
        for part in batched(ticket_ids):
            query = (
                select(*of_ticket, func.max(of_status), func.coalesce(func.max(of_joining), 0))
                .join(tables.events, event.ticket_id == ticket.ticket_id)
                .where(ticket.ticket_id.in_(part), event.kind.in_([EventKind.STATUS.value, *joining]))
                .group_by(*of_ticket)
            )
            for ticket_id, status, unit_id, into, number, joined in self._connection.execute(query):
                if number is not None:
                    found[ticket_id] = LatestStatus(
                        event=number, status=status, unit_id=unit_id, joining=joined, joined_into=into
                    )
        return found

    def unaccounted(self) -> Sequence[str]:
        """Records of tickets that have no event of such records at all, in words."""
        found: list[str] = []
        for kind, table in TABLE_OF.items():
            event = tables.events.alias()
            told = exists().where(event.c.ticket_id == table.c.ticket_id, event.c.kind == kind.value)
            rows = select(table.c.ticket_id).where(not_(told)).distinct().limit(BATCH)
            found += [record_name(table.name, one) for one in self._connection.scalars(rows)]
        return found


class SqlEventWrites(SqlEventReads):
    """Events wait until they are read or all works of a commit are done: they are chained and written in one go."""

    _clock: Clock
    _waiting: list[TicketEvent]

    def mark(self) -> Sequence[TicketEvent]:
        """What waits now, for `go_back`."""
        return tuple(self._waiting)

    def go_back(self, mark: Sequence[TicketEvent]) -> None:
        """Let wait what did at the mark: the work since then was rolled back, with whatever it wrote."""
        self._waiting = list(mark)
        forget_locked(self._connection)

    def finish(self) -> None:
        """Write what waits; whoever commits calls it last, inside the same transaction."""
        if not self._waiting:
            return
        events = chained(self._waiting, self.chain_head())
        self._waiting.clear()
        insert_all(self._connection, tables.events, [_row(event) for event in events])
        head = ChainHead(sequence=events[-1].sequence, hash=events[-1].hash)
        set_meta_value(self._connection, HEAD, encode(head))

    def _record(
        self,
        ticket_id: str,
        kind: EventKind,
        *,
        by: str = "gridroute",
        unit_id: str | None = None,
        detail: str = "",
        covers: str | None = None,
    ) -> None:
        """An event of a record (its JSON: `covers`), dated now. `ticket_id` empty: of no ticket."""
        self._waiting.append(
            TicketEvent(
                ticket_id=ticket_id,
                kind=kind,
                at=self._clock(),
                by=by,
                unit_id=unit_id,
                detail=detail,
                covers=None if covers is None else digest(covers),
            )
        )


def event_of(row: Row[*tuple[Any, ...]]) -> TicketEvent:
    """The event that the row holds."""
    return TicketEvent(
        ticket_id=row.ticket_id or "",
        kind=EventKind(row.kind),
        at=row.at,
        by=row.by,
        unit_id=row.unit_id,
        detail=row.detail,
        sequence=row.event_id,
        covers=row.covers,
        hash=row.hash,
    )


def _row(event: TicketEvent) -> dict[str, object]:
    return {
        "event_id": event.sequence,
        "ticket_id": event.ticket_id or None,
        "kind": event.kind.value,
        "at": event.at,
        "by": event.by,
        "unit_id": event.unit_id,
        "detail": event.detail,
        "covers": event.covers,
        "hash": event.hash,
    }

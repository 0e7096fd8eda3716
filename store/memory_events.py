"""The chained log of events, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from router.chain import chained, digest
from router.event_ports import OF_JOINING, ChainHead, EventKind, LatestStatus, Record, Telling, TicketEvent
from store.clock import Clock
from store.codec import encode
from store.decision_records import decision_marks
from store.log import log_row
from store.memory_state import State
from store.records import TABLE_OF, delivery_mark, is_of_none, mark_told, record_name
from store.review_records import review_record


class MemoryEventReads:
    """Reads of one state."""

    state: State

    def event_log(self, after: int = 0, limit: int = 1000) -> Sequence[TicketEvent]:
        """All events with sequence > `after`, oldest first."""
        return [event for event in self.state.events if event.sequence > after][:limit]

    def chain_head(self) -> ChainHead:
        """The last event's number and hash."""
        return self.state.chain_head

    def tellings(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Telling]]:
        """By ticket, what its events of that kind tell of, in their order."""
        found, wanted = defaultdict[str, list[Telling]](list), frozenset(ticket_ids)
        for event in self.state.events:
            if event.kind is kind and event.ticket_id in wanted and not is_of_none(kind, event.detail):
                mark = mark_told(kind, event.covers, event.unit_id, event.detail)
                found[event.ticket_id].append(Telling(event=event.sequence, mark=mark))
        return found

    def records(self, kind: EventKind, ticket_ids: Collection[str]) -> Mapping[str, Sequence[Record]]:
        """By ticket, its records that events of that kind tell of, in the order in which they were written."""
        found, wanted = defaultdict[str, list[Record]](list), frozenset(ticket_ids)
        for table, ticket_id, marks in self._marks(kind):
            if ticket_id in wanted:
                number = len(found[ticket_id]) + 1
                found[ticket_id].append(Record(name=record_name(table, ticket_id, number), marks=marks))
        return found

    def _marks(self, kind: EventKind) -> Iterator[tuple[str, str, frozenset[str]]]:
        """Of all records that events of the kind tell of: their table, their ticket, and what the events may have."""
        state, by_unit = self.state, kind is EventKind.UNDONE
        if kind is EventKind.RECEIVED:
            for ticket_id, stored in state.tickets.items():
                yield "tickets", ticket_id, frozenset({digest(encode(stored.ticket))})
        if kind is EventKind.DECIDED:
            for at, decision in state.decisions:
                yield "decisions", decision.ticket_id, decision_marks(encode(decision), at)
        if kind in (EventKind.UNDONE, EventKind.REVIEWED):
            for review in state.undone_reviews:
                mark = review.unit_id if by_unit else digest(review_record(review))
                yield "undone_reviews", review.ticket_id, frozenset({mark})
        if kind is EventKind.REVIEWED:
            for ticket_id, stored in state.tickets.items():
                if stored.review is not None:
                    yield "reviews", ticket_id, frozenset({digest(review_record(stored.review))})
        if kind is EventKind.QUEUED:
            for one in state.deliveries:
                yield "deliveries", one.ticket_id, frozenset({delivery_mark(one.kind.value, one.unit_id)})

    def log_digest(self, first: int, last: int) -> str:
        """The SHA-256 of the dispatch log's entries from `first` to `last`."""
        entries = (one for one in self.state.log if first <= one.sequence <= last)
        return digest("".join(encode(log_row(one)) for one in entries))

    def latest_statuses(self, ticket_ids: Collection[str]) -> Mapping[str, LatestStatus]:
        """Of those tickets that have an event of their status."""
        numbers = {e.ticket_id: e.sequence for e in self.state.events if e.kind is EventKind.STATUS}
        joins = {e.ticket_id: e.sequence for e in self.state.events if e.kind in OF_JOINING}
        tickets = {one: self.state.tickets[one] for one in ticket_ids if one in self.state.tickets}
        return {
            ticket_id: LatestStatus(
                event=numbers[ticket_id],
                status=one.status,
                unit_id=one.unit_id,
                joining=joins.get(ticket_id, 0),
                joined_into=one.joined_into,
            )
            for ticket_id, one in tickets.items()
            if ticket_id in numbers
        }

    def unaccounted(self) -> Sequence[str]:
        """Records of tickets that have no event of such records at all, in words."""
        told = {(event.ticket_id, event.kind) for event in self.state.events}
        return [
            record_name(table.name, ticket_id)
            for kind, table in TABLE_OF.items()
            for ticket_id in sorted({one for _, one, _ in self._marks(kind)})
            if (ticket_id, kind) not in told
        ]


class MemoryEventWrites(MemoryEventReads):
    """Events are chained at once."""

    _clock: Clock

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
        (event,) = chained(
            [
                TicketEvent(
                    ticket_id=ticket_id,
                    kind=kind,
                    at=self._clock(),
                    by=by,
                    unit_id=unit_id,
                    detail=detail,
                    covers=None if covers is None else digest(covers),
                )
            ],
            self.state.chain_head,
        )
        self.state.events.append(event)
        self.state.chain_head = ChainHead(sequence=event.sequence, hash=event.hash)

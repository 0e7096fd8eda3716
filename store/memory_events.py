"""The chained log of events, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from router.chain import chained, digest
from router.event_ports import OF_JOINING, ChainHead, EventKind, LatestStatus, TicketEvent
from store.clock import Clock
from store.codec import encode
from store.log import log_row
from store.memory_state import State
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

    def digests(self, ticket_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The SHA-256 of each record of these tickets that an event may cover: ticket, decisions, review."""
        found: dict[str, set[str]] = {one: set() for one in ticket_ids if one in self.state.tickets}
        for ticket_id, digests in found.items():
            stored = self.state.tickets[ticket_id]
            digests.add(digest(encode(stored.ticket)))
            if stored.review is not None:
                digests.add(digest(review_record(stored.review)))
            undone = (one for one in self.state.undone_reviews if one.ticket_id == ticket_id)
            digests.update(digest(review_record(one)) for one in undone)
        for _, decision in self.state.decisions:
            if decision.ticket_id in found:
                found[decision.ticket_id].add(digest(encode(decision)))
        return {ticket_id: frozenset(digests) for ticket_id, digests in found.items()}

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
        """Records that no event tells of, in words."""
        told = {(event.ticket_id, event.kind) for event in self.state.events}
        has = [("tickets", EventKind.RECEIVED, one) for one in self.state.tickets]
        has += [("decisions", EventKind.DECIDED, one.ticket_id) for _, one in self.state.decisions]
        has += [("reviews", EventKind.REVIEWED, key) for key, one in self.state.tickets.items() if one.review]
        return [
            f"{name}: what it has of ticket {key!r}" for name, kind, key in has if (key, kind) not in told
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

"""The outbox and the units' endpoints, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.errors import NotFound
from router.delivery_ports import Delivery, DeliveryKind, DeliveryState, Endpoint, Outbox, Settled
from router.event_ports import EventKind
from router.tracing import current_header
from store.checks import endpoint_set
from store.current import is_current, last_dispatches
from store.deliveries import new_webhook_id, told
from store.memory_events import MemoryEventReads, MemoryEventWrites


class MemoryDeliveryReads(MemoryEventReads):
    """Reads of one state."""

    def outbox(self) -> Outbox:
        """How it stands."""
        last = last_dispatches(self.state.deliveries)
        pending = [
            one.queued_at
            for one in self._pending()
            if one.unit_id in self.state.endpoints or is_current(one, self.state.tickets[one.ticket_id], last)
        ]
        dead = sum(
            1 for one in self.deliveries(limit=len(self.state.deliveries)) if one.state is DeliveryState.DEAD
        )
        return Outbox(pending=len(pending), since=min(pending, default=None), dead=dead)

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox: most pressing tickets first, then oldest."""
        return sorted(self._pending(), key=self._rank)[:limit]

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        unit_id: str | None = None,
        ticket_id: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """By number, those beyond `after`."""
        found = [
            one
            for one in self.state.deliveries[after:]
            if state in (None, one.state)
            and unit_id in (None, one.unit_id)
            and ticket_id in (None, one.ticket_id)
        ]
        return found[:limit]

    def are_deliveries_due(self, now: datetime) -> bool:
        """Whether `claim_deliveries` would find any."""
        return bool(self._due(now))

    def endpoint(self, unit_id: str) -> Endpoint | None:
        """The unit's."""
        return self.state.endpoints.get(unit_id)

    def endpoints(self) -> Sequence[Endpoint]:
        """By unit."""
        return [self.state.endpoints[unit_id] for unit_id in sorted(self.state.endpoints)]

    def _pending(self) -> Iterator[Delivery]:
        return (one for one in self.state.deliveries if one.state is DeliveryState.PENDING)

    def _rank(self, one: Delivery) -> int:
        return self.state.tickets[one.ticket_id].priority.rank

    def _ready(self, now: datetime) -> list[Delivery]:
        ready = [one for one in self._pending() if one.ready_at <= now]
        return sorted(ready, key=lambda one: (self._rank(one), one.ready_at, one.delivery_id))

    def _is_free(self, one: Delivery, now: datetime) -> bool:
        leases = self.state.leases
        return one.due_at <= now and (one.delivery_id not in leases or leases[one.delivery_id][1] <= now)

    def _run(self, head: Delivery, now: datetime, limit: int) -> Iterator[Delivery]:
        earlier = self._earlier()
        behind = [one for one in self._ready(now) if one.unit_id == head.unit_id and one != head]
        yield head
        ahead = Counter([head.ticket_id])
        for one in behind[: limit - 1]:
            if earlier[one.delivery_id] > ahead[one.ticket_id]:
                continue
            if not self._is_free(one, now):
                return
            ahead[one.ticket_id] += 1
            yield one

    def _earlier(self) -> dict[int, int]:
        """Of each that waits, how many that were queued earlier of its ticket wait for its unit."""
        counts, found = Counter[tuple[str, str]](), dict[int, int]()
        for one in self._pending():
            found[one.delivery_id] = counts[one.unit_id, one.ticket_id]
            counts[one.unit_id, one.ticket_id] += 1
        return found

    def _due(self, now: datetime) -> list[Delivery]:
        heads: dict[str, Delivery] = {}
        earlier = self._earlier()
        for one in (one for one in self._ready(now) if not earlier[one.delivery_id]):
            endpoint = self.state.endpoints.get(one.unit_id)
            if endpoint is not None and (endpoint.paused_until is None or endpoint.paused_until <= now):
                heads.setdefault(one.unit_id, one)
        return [one for one in heads.values() if self._is_free(one, now)]


class MemoryDeliveryWrites(MemoryDeliveryReads, MemoryEventWrites):
    """Writes to a copy."""

    def add_delivery(
        self,
        ticket_id: str,
        unit_id: str,
        at: datetime,
        *,
        kind: DeliveryKind = DeliveryKind.DISPATCH,
        delay: timedelta = timedelta(),
    ) -> None:
        """A row of the outbox. Raises NotFound without such a ticket."""
        if ticket_id not in self.state.tickets:
            raise NotFound(kind="ticket", key=ticket_id)
        self.state.deliveries.append(
            Delivery(
                delivery_id=len(self.state.deliveries) + 1,
                webhook_id=new_webhook_id(),
                ticket_id=ticket_id,
                unit_id=unit_id,
                kind=kind,
                queued_at=at,
                ready_at=at + delay,
                due_at=at + delay,
                trace=current_header(),
            )
        )
        self._record(ticket_id, EventKind.QUEUED, unit_id=unit_id, detail=told(kind))

    def claim_deliveries(
        self, owner: str, now: datetime, lease_until: datetime, limit: int, run: int = 1
    ) -> Sequence[Delivery]:
        """Lease what is due to `owner`: of up to `limit` units with an endpoint up to `run` each."""
        claimed = [one for head in self._due(now)[:limit] for one in self._run(head, now, run)]
        self.state.leases.update({one.delivery_id: (owner, lease_until) for one in claimed})
        return claimed

    def release_deliveries(self, owner: str, delivery_ids: Collection[int]) -> None:
        """Give back what was claimed and not tried."""
        for number in delivery_ids:
            if self.state.leases.get(number, ("", None))[0] == owner:
                del self.state.leases[number]

    def extend_leases(self, owner: str, delivery_ids: Collection[int], lease_until: datetime) -> None:
        """Of those that `owner` has claimed and not settled."""
        leases = self.state.leases
        mine = [number for number in delivery_ids if leases.get(number, ("", None))[0] == owner]
        self.state.leases.update(dict.fromkeys(mine, (owner, lease_until)))

    def settle_delivery(self, delivery: Delivery, owner: str, settled: Settled) -> bool:
        """The end of an attempt. False, and nothing is changed, where the owner's lease was lost."""
        holder, _ = self.state.leases.get(delivery.delivery_id, ("", None))
        if holder != owner:
            return False
        del self.state.leases[delivery.delivery_id]
        before = self.state.deliveries[delivery.delivery_id - 1]
        ended = settled.state is not DeliveryState.PENDING
        self._change(
            replace(
                before,
                state=settled.state,
                due_at=settled.due_at,
                attempts=before.attempts + 1,
                error=settled.error,
                settled_at=settled.at if ended else None,
            )
        )
        if endpoint := self.state.endpoints.get(delivery.unit_id):
            changed = replace(endpoint, failures=settled.failures, paused_until=settled.paused_until)
            self.state.endpoints[delivery.unit_id] = changed
        if ended:
            kind = EventKind.DELIVERED if settled.state is DeliveryState.DELIVERED else EventKind.UNDELIVERED
            detail = settled.error or told(delivery.kind)
            self._record(delivery.ticket_id, kind, unit_id=delivery.unit_id, detail=detail)
        return True

    def cancel_deliveries(self, ticket_id: str, now: datetime) -> Sequence[Delivery]:
        """Cancel the ticket's deliveries that were not tried and are not ready; answers them as they were.

        What a worker has in hand, by whatever clock, may be on its way.
        """
        in_hand = {number for number, (_, until) in self.state.leases.items() if until > now}
        found = [
            one
            for one in self._pending()
            if one.ticket_id == ticket_id
            and one.attempts == 0
            and one.ready_at > now
            and one.delivery_id not in in_hand
        ]
        for one in found:
            self._change(replace(one, state=DeliveryState.CANCELLED, settled_at=now))
        return found

    def retry_delivery(self, delivery_id: int, at: datetime, by: str) -> Delivery:
        """Bring a dead letter back. Raises NotFound where there is no dead one of that number."""
        found = next((one for one in self.state.deliveries if one.delivery_id == delivery_id), None)
        if found is None or found.state is not DeliveryState.DEAD:
            raise NotFound(kind="dead letter", key=str(delivery_id))
        again = replace(found, state=DeliveryState.PENDING, attempts=0, due_at=at, settled_at=None)
        self._change(again)
        if endpoint := self.state.endpoints.get(again.unit_id):
            self.state.endpoints[again.unit_id] = replace(endpoint, paused_until=None)
        self._record(again.ticket_id, EventKind.QUEUED, by=by, unit_id=again.unit_id, detail="retry")
        return again

    def put_endpoint(self, endpoint: Endpoint, by: str = "gridroute") -> None:
        """Insert or replace by unit."""
        self.state.endpoints[endpoint.unit_id] = endpoint
        detail = endpoint_set(endpoint.url)
        self._record("", EventKind.CHANGED, by=by, unit_id=endpoint.unit_id, detail=detail)

    def remove_endpoint(self, unit_id: str, by: str = "gridroute") -> None:
        """Raises NotFound where there is none."""
        if self.state.endpoints.pop(unit_id, None) is None:
            raise NotFound(kind="endpoint of unit", key=unit_id)
        self._record("", EventKind.CHANGED, by=by, unit_id=unit_id, detail="endpoint removed")

    def note_trial(self, unit_id: str, outcome: str, by: str) -> None:
        """An event."""
        self._record("", EventKind.TRIED, by=by, unit_id=unit_id, detail=f"endpoint {outcome}")

    def _change(self, delivery: Delivery) -> None:
        self.state.deliveries[delivery.delivery_id - 1] = delivery

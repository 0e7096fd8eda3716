"""What the store keeps of deliveries: the outbox, the units' endpoints, leases and dead letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.dispatches import Refusal


class DeliveryKind(StrEnum):
    """What a unit is told: the ticket is yours, or it no longer is; nobody has seen it in time; who else called."""

    DISPATCH = "dispatch"
    WITHDRAWAL = "withdrawal"
    OVERDUE = "overdue"
    UPDATE = "update"


class DeliveryState(StrEnum):
    """Where a delivery stands. Dead ones were given up; a person may send them again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Reply(StrEnum):
    """What a unit says of a dispatch."""

    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """A later word of a higher rank counts."""
        return [*Reply].index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row of the outbox: a ticket that is to be handed to its unit.

    `webhook_id` is the same at every attempt: a receiver knows by it what it has. `ready_at`: not before; `due_at`:
    when the next attempt is due. `trace`: of the request that queued it, as `traceparent` has it.
    """

    delivery_id: int
    webhook_id: str
    ticket_id: str
    unit_id: str
    queued_at: datetime
    ready_at: datetime
    due_at: datetime
    kind: DeliveryKind = DeliveryKind.DISPATCH
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    error: str = ""
    settled_at: datetime | None = None
    reply: Reply | None = None
    replied_by: str = ""
    replied_at: datetime | None = None
    reason: str = ""
    trace: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A key that signs deliveries, `whsec_` and base64; None: it has no end."""

    value: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a unit takes its deliveries. All secrets that hold sign each message, the newest first.

    `failures` in a row lead to a pause `paused_until`, in which nothing is sent.
    """

    unit_id: str
    url: str
    secrets: tuple[Secret, ...]
    failures: int = 0
    paused_until: datetime | None = None

    def signing(self, at: datetime) -> tuple[str, ...]:
        """The secrets that hold at that time."""
        return tuple(one.value for one in self.secrets if one.until is None or at < one.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of an attempt: the delivery's next state, and its endpoint's failures in a row and pause."""

    state: DeliveryState
    at: datetime
    due_at: datetime
    error: str = ""
    failures: int = 0
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """How many deliveries wait, since when the first of them does, and how many were given up.

    Of a unit without an endpoint the dispatches wait that it may fetch; what else is kept for it is not counted.
    """

    pending: int
    since: datetime | None
    dead: int


class DeliveryReads(Protocol):
    """The part of a reading session that tells of it."""

    def outbox(self) -> Outbox:
        """How it stands."""
        ...

    def pending_deliveries(self, limit: int = 100) -> Sequence[Delivery]:
        """The outbox: most pressing tickets first, then oldest."""
        ...

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
        ...

    def are_deliveries_due(self, now: datetime) -> bool:
        """Whether `claim_deliveries` would find any."""
        ...

    def delivery(self, delivery_id: int) -> Delivery | None: ...

    def handed_deliveries(
        self, unit_id: str, now: datetime, *, accepted: bool = False, after: int = 0, limit: int = 100
    ) -> Sequence[Delivery]:
        """The dispatches that are with the unit, by number: those it has accepted, or those it has not yet."""
        ...

    def refusals(self, ticket_id: str) -> Sequence[Refusal]:
        """The ticket's, oldest first."""
        ...

    def endpoint(self, unit_id: str) -> Endpoint | None: ...

    def endpoints(self) -> Sequence[Endpoint]:
        """By unit."""
        ...


class DeliveryWrites(DeliveryReads, Protocol):
    """The part of a writing session that changes it."""

    def add_delivery(
        self,
        ticket_id: str,
        unit_id: str,
        at: datetime,
        *,
        kind: DeliveryKind = DeliveryKind.DISPATCH,
        delay: timedelta = timedelta(),
    ) -> None:
        """A row of the outbox, in the same transaction as the dispatch it belongs to."""
        ...

    def claim_deliveries(
        self, owner: str, now: datetime, lease_until: datetime, limit: int, run: int = 1
    ) -> Sequence[Delivery]:
        """Lease what is due to `owner`: of up to `limit` units with an endpoint, most pressing first, up to `run` each.

        A unit's deliveries go one after another: what is due again later, or leased, holds back those behind it. Those
        of one ticket go in the order of their numbers, each once the one before is settled. What another process is
        claiming at this moment is left to it.
        """
        ...

    def release_deliveries(self, owner: str, delivery_ids: Collection[int]) -> None:
        """Give back what was claimed and not tried."""
        ...

    def extend_leases(self, owner: str, delivery_ids: Collection[int], lease_until: datetime) -> None:
        """Of those that `owner` has claimed and not settled."""
        ...

    def settle_delivery(self, delivery: Delivery, owner: str, settled: Settled) -> bool:
        """The end of an attempt. False, and nothing is changed, where the owner's lease was lost."""
        ...

    def cancel_deliveries(self, ticket_id: str, now: datetime) -> Sequence[Delivery]:
        """Cancel the ticket's deliveries that nobody has in hand, tried or may send yet; as they were."""
        ...

    def reply_delivery(
        self, delivery_id: int, reply: Reply, *, by: str, at: datetime, reason: str = ""
    ) -> Delivery:
        """Note what the unit said; it has the dispatch then. Raises NotFound without such a delivery."""
        ...

    def retry_delivery(self, delivery_id: int, at: datetime, by: str) -> Delivery:
        """Bring a dead letter back. Raises NotFound where there is no dead one of that number."""
        ...

    def put_endpoint(self, endpoint: Endpoint, by: str = "gridroute") -> None:
        """Insert or replace by unit; an event says who did."""
        ...

    def remove_endpoint(self, unit_id: str, by: str = "gridroute") -> None:
        """Raises NotFound where there is none."""
        ...

    def note_trial(self, unit_id: str, outcome: str, by: str) -> None:
        """Somebody had a message sent to the unit's endpoint, to see whether it arrives: an event."""
        ...

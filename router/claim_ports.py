"""What the store keeps of claims and of tickets that go together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.safety import Priority
from router.event_ports import EventKind
from router.sight import Sight
from router.stored import StoredTicket


class ClaimReads(Protocol):
    """The part of a reading session that tells of it."""

    def unclaimed(
        self,
        by: str,
        now: datetime,
        skip: Collection[str] = (),
        limit: int = 100,
        sight: Sight | None = None,
    ) -> Sequence[StoredTicket]:
        """Those that wait (in sight) and nobody but `by` holds, without those to skip; in the order of `waiting`."""
        ...


class ClaimWrites(ClaimReads, Protocol):
    """The part of a writing session that changes it. Whatever changes a ticket's status ends its claim."""

    def claim(self, ticket_id: str, by: str, now: datetime, until: datetime) -> bool:
        """Lease the ticket. False, and nothing is changed, where it does not wait or another holds it."""
        ...

    def release_claim(self, ticket_id: str, by: str) -> None:
        """End the ticket's claim; `by` is who says so."""
        ...

    def set_joined(self, ticket_id: str, into: str | None, by: str) -> None:
        """The ticket goes with that one from now on; None: with none. Raises NotFound without either."""
        ...

    def set_priority(self, ticket_id: str, priority: Priority) -> None:
        """How pressing the ticket is in queues, that of what is to be delivered of it among them."""
        ...

    def note(
        self, ticket_id: str, kind: EventKind, *, by: str, unit_id: str | None = None, detail: str = ""
    ) -> None:
        """What somebody did, into the ticket's events. Raises NotFound without such a ticket."""
        ...

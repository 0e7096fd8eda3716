"""What the store keeps of due times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class ClockReads(Protocol):
    """The part of a reading session that tells of it."""

    def overdue(self, now: datetime, limit: int = 100) -> Sequence[str]:
        """Tickets that wait for a person beyond their time and were not flagged, the longest due first."""
        ...

    def unheard(self, before: datetime, limit: int = 100) -> Sequence[str]:
        """Urgent tickets that a unit has since before then without having heard of it, untold, the longest first."""
        ...


class ClockWrites(ClockReads, Protocol):
    """The part of a writing session that changes it."""

    def set_due(self, ticket_id: str, due_at: datetime | None) -> None:
        """By when a person has to have seen the ticket; it is not flagged then."""
        ...

    def flag_overdue(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """False, and nothing is changed, where it was flagged or waits no more."""
        ...

    def flag_unheard(self, ticket_id: str, at: datetime, duty_unit: str | None) -> bool:
        """As `flag_overdue`, of a ticket that a unit has and has not heard of."""
        ...

"""A ticket as the store has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.decisions import Decision, Review
from domain.safety import Priority
from domain.tickets import WAITING, Ticket, TicketStatus

UNDECIDED = WAITING | {TicketStatus.JOINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTicket:
    """A ticket with its state: the latest decision and its time, the person's review, the unit that has it now.

    By `due_at` a person has to have seen it; at `overdue_at` it was flagged, and `duty_unit` told. `claimed_by` is
    deciding it, until `claimed_until` at most. `joined_into`: goes with that ticket; `joined`: go with it, where they
    were asked for.
    """

    ticket: Ticket
    status: TicketStatus
    unit_id: str | None = None
    decision: Decision | None = None
    review: Review | None = None
    decided_at: datetime | None = None
    priority: Priority = Priority.NORMAL
    due_at: datetime | None = None
    overdue_at: datetime | None = None
    duty_unit: str | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    joined_into: str | None = None
    joined: tuple[str, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether it waits, or may wait again, for a person who is not to see what is proposed."""
        undecided = self.status in UNDECIDED and self.review is None
        return undecided and self.decision is not None and self.decision.blind

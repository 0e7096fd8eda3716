"""From a draft to a ticket that is stored with its decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from domain.decisions import Decision, Policy, Verdict
from domain.tickets import Ticket, TicketStatus
from router.clocks import due_at
from router.idempotency import KeptAnswer
from router.observing import StopWatch
from router.ports import StoredTicket

STATUS_OF = {
    Verdict.DISPATCH: TicketStatus.DISPATCHED,
    Verdict.REVIEW: TicketStatus.IN_REVIEW,
    Verdict.HOLD: TicketStatus.ON_HOLD,
}
KEPT_OF_ID = 180  # characters of a caller's id that stand in ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A ticket to submit. `stamped`: its received_at is our own stamp, so a repeat may differ in it."""

    ticket: Ticket
    stamped: bool = False

    def repeats(self, known: Ticket) -> bool:
        """Whether this is the known ticket, sent again."""
        received_at = known.received_at if self.stamped else self.ticket.received_at
        return replace(self.ticket, received_at=received_at) == known

    def told_apart(self) -> Draft:
        """The draft under an id that is its channel's own, where another channel has a ticket of its id."""
        ticket = self.ticket
        digest = sha256(f"{ticket.channel}\0{ticket.ticket_id}".encode()).hexdigest()[:12]
        ticket_id = f"{ticket.ticket_id[:KEPT_OF_ID]}~{digest}"
        return replace(self, ticket=replace(ticket, ticket_id=ticket_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A draft with its decision, which nobody else knows of yet; `keep`: what to keep of the answer.

    `written` as of Elsewhere.
    """

    draft: Draft
    stored: StoredTicket
    watch: StopWatch
    keep: Keep | None = None
    written: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A ticket that is durably stored; `created` False: it was there already, with the same content."""

    stored: StoredTicket
    created: bool


Keep: TypeAlias = Callable[[Submission], KeptAnswer]
"""What the store keeps of the answer to a submission, for a repeat."""


def decided(ticket: Ticket, decision: Decision, at: datetime, policy: Policy) -> StoredTicket:
    """The ticket as it will stand in the store."""
    return StoredTicket(
        ticket=ticket,
        status=STATUS_OF[decision.verdict],
        unit_id=decision.unit_id if decision.verdict is Verdict.DISPATCH else None,
        decision=decision,
        decided_at=at,
        priority=decision.priority,
        due_at=due_at(decision, at, policy),
    )

"""By when a person has to have seen a ticket, and what happens when nobody has."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.decisions import Decision, Policy, Verdict
from domain.safety import Priority
from domain.tickets import WAITING
from features.territories import Territories
from router.clock_ports import ClockWrites
from router.delivery_ports import DeliveryKind, DeliveryReads, DeliveryWrites
from router.ground import grounds
from router.stored import StoredTicket

ALERT_HOOK = "(alerts)"
"""Stands where a unit's id stands: the endpoint that hears of every overdue ticket."""


class _Session(ClockWrites, DeliveryWrites, DeliveryReads, Protocol):
    def ticket(self, ticket_id: str) -> StoredTicket | None: ...


def due_at(
    decision: Decision, at: datetime, policy: Policy, priority: Priority = Priority.NORMAL
) -> datetime | None:
    """When the decision, made `at`, has to have been seen by a person; None where it need not.

    `priority`: the ticket's, which those who called about it as well may have raised.
    """
    if decision.verdict is Verdict.DISPATCH:
        return None
    return due_after(min(decision.priority, priority, key=lambda one: one.rank), at, policy)


def due_after(priority: Priority, at: datetime, policy: Policy) -> datetime:
    """By when a person has to have seen a ticket that waits since then."""
    return at + (policy.due_urgent if priority is Priority.URGENT else policy.due)


def duty_unit(stored: StoredTicket, territories: Territories) -> str | None:
    """The duty unit of the ground where the ticket most likely is, if the ground has one."""
    if stored.decision is None:
        return None
    ticket = stored.ticket
    likeliest, *_ = grounds(stored.decision.location, territories, ticket.category, ticket.received_at)
    return next((one.duty_unit for one in likeliest if one.duty_unit), None)


def raise_alarm(ticket_id: str, territories: Territories, now: datetime, session: _Session) -> bool:
    """Flag an overdue ticket, once, and tell the ground's duty unit and the alert hook, where they have endpoints.

    It goes on waiting for a person: nobody's automatic dispatch is made by the clock. An urgent one that a unit has,
    and has not heard of, stays with that unit.
    """
    stored = session.ticket(ticket_id)
    if stored is None:
        return False
    duty = duty_unit(stored, territories)
    flag = session.flag_overdue if stored.status in WAITING else session.flag_unheard
    if not flag(ticket_id, now, duty):
        return False
    for hearer in (duty, ALERT_HOOK):
        if hearer is not None and session.endpoint(hearer) is not None:
            session.add_delivery(ticket_id, hearer, now, kind=DeliveryKind.OVERDUE)
    return True

"""What a walk along the log of events finds wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from router.event_ports import TicketEvent


class Fault(StrEnum):
    """What can be wrong."""

    EDITED = "edited"
    DELETED = "deleted"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    REWRITTEN = "rewritten"
    RECORD = "record"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was written; `first` to `last` are the events that show it."""

    fault: Fault
    first: int
    last: int
    told: str


def at(fault: Fault, number: int, told: str) -> Finding:
    """A finding that one event shows; 0: none."""
    return Finding(fault=fault, first=number, last=number, told=told)


def whose(event: TicketEvent) -> str:
    """In words."""
    return f"ticket {event.ticket_id!r}" if event.ticket_id else "the installation"

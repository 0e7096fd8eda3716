"""Ticket -> what its fields say in normal form."""

from __future__ import annotations

from dataclasses import dataclass

from domain.safety import Priority, SafetySignal
from domain.tickets import Ticket
from features.gazetteer import normalise_account
from features.safety import safety_signals
from features.text import normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTicket:
    """A ticket with its normalised text, kind, account number and the dangers that its words tell of."""

    ticket: Ticket
    text: str
    category: str | None
    account: str | None
    signals: tuple[SafetySignal, ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind of trouble that the ticket is: its category, and each danger."""
        signals = (signal.kind for signal in self.signals)
        return frozenset([*signals, *([self.category] if self.category else [])])

    @property
    def priority(self) -> Priority:
        """That of the gravest danger."""
        return min((signal.priority for signal in self.signals), key=_rank, default=Priority.NORMAL)


def parse(ticket: Ticket) -> ParsedTicket:
    """Normalise what is compared later; never fails on any text."""
    text, category = normalise(ticket.text), normalise(ticket.category or "") or None
    return ParsedTicket(
        ticket=ticket,
        text=text,
        category=category,
        account=normalise_account(ticket.account),
        signals=safety_signals(f"{category}\n{text}" if category else text),
    )


def _rank(priority: Priority) -> int:
    return priority.rank

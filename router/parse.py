"""Ticket -> what its fields say in normal form."""

from __future__ import annotations

from dataclasses import dataclass

from domain.tickets import Ticket
from features.gazetteer import normalise_account
from features.text import normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTicket:
    """A ticket with its normalised text, kind and account number."""

    ticket: Ticket
    text: str
    category: str | None
    account: str | None


def parse(ticket: Ticket) -> ParsedTicket:
    """Normalise what is compared later; never fails on any text."""
    return ParsedTicket(
        ticket=ticket,
        text=normalise(ticket.text),
        category=normalise(ticket.category or "") or None,
        account=normalise_account(ticket.account),
    )

"""Rows as tickets, whether or not anybody knows yet who owns them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from domain.tickets import GIVEN_COORDINATES, Ticket
from store.importing.faults import BadRow, Fault
from store.importing.mapping import Mapping
from store.importing.rows import Progress
from store.importing.tables import open_table
from store.importing.validation import RowCheck

CHANNEL = "file"


class TicketRow(NamedTuple):
    """A row as read: a ticket, or the first thing that is wrong with it."""

    line: int
    ticket_id: str
    ticket: Ticket | BadRow


def read_tickets(
    path: Path, mapping: Mapping, *, now: datetime, progress: Progress | None = None
) -> Iterator[TicketRow]:
    """Each row as a ticket or its fault, streamed. A history's mapping serves; a row without a time came now."""
    table = open_table(path, mapping.encoding)
    mapping = mapping.of_tickets().bound(table.columns)
    for row in table.watched(progress):
        check = RowCheck(row, mapping)
        ticket_id = check.required("ticket_id", Fault.MISSING_ID)
        received_at = check.time("received_at", not_after=now)
        ticket = read_ticket(check, ticket_id, received_at or now, CHANNEL)
        yield TicketRow(row.line, ticket_id, ticket or check.faults[0])


def read_ticket(check: RowCheck, ticket_id: str, received_at: datetime | None, channel: str) -> Ticket | None:
    """The row's ticket; None where the row has any fault."""
    text, category, account = check.titled_text(), check.text("category"), check.text("account")
    phone, address, (point, given) = check.text("phone"), check.text("address", ", "), check.told_point()
    attributes = check.attributes()
    if given:
        attributes[GIVEN_COORDINATES] = given
    if check.tolerant:
        # what is learnt from a row without its unusable point is worth more than the row's absence
        check.faults[:] = [fault for fault in check.faults if fault.reason is not Fault.BAD_COORDINATE]
    if check.faults or received_at is None:
        return None
    return Ticket(
        ticket_id=ticket_id,
        received_at=received_at,
        text=text,
        category=category or None,
        account=account or None,
        phone=phone or None,
        address=address or None,
        point=point,
        attributes=attributes,
        channel=channel,
    )

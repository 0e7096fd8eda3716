"""A file of tickets that nobody has decided yet: each row a ticket, or what is wrong with it. Streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from domain.errors import InvalidMapping
from domain.tickets import Ticket
from training.importing.faults import BadRow, Fault
from training.importing.keys import COLUMNS
from training.importing.mapping import Mapping
from training.importing.rows import Progress
from training.importing.tables import open_table
from training.importing.validation import RowCheck


class TicketRow(NamedTuple):
    """A row as read: a ticket, or the first thing that is wrong with it."""

    line: int
    ticket_id: str
    ticket: Ticket | BadRow


OUTCOME = frozenset({"unit", "known_at"})
CHANNEL = "file"


def read_tickets(
    path: Path, mapping: Mapping, *, now: datetime, progress: Progress | None = None
) -> Iterator[TicketRow]:
    """Each row as a ticket or its fault. A history's mapping serves; a row without a time came now."""
    table = open_table(path, mapping.encoding)
    mapping = without_outcome(mapping, table.columns)
    for row in table.watched(progress):
        check = RowCheck(row, mapping)
        ticket = read_ticket(check, now)
        yield TicketRow(row.line, check.text("ticket_id"), check.faults[0] if ticket is None else ticket)


def without_outcome(mapping: Mapping, present: Sequence[str]) -> Mapping:
    """The mapping with each key's columns settled, but for the unit and when it was known."""
    history = COLUMNS["history"]
    defaults = {key: next((n for n in names if n in present), None) for key, names in history.items()}
    chosen = mapping.columns or {key: (name,) for key, name in defaults.items() if name}
    columns = {key: names for key, names in chosen.items() if key not in OUTCOME}
    if "ticket_id" not in columns:
        raise InvalidMapping(
            field="ticket_id",
            problem="the file has no column 'ticket_id'",
            mend="Name its column in a mapping.",
        )
    return replace(mapping, columns=columns).bound(present)


def read_ticket(check: RowCheck, now: datetime) -> Ticket | None:
    """The row as a ticket; None where it has faults."""
    ticket_id = check.required("ticket_id", Fault.MISSING_ID)
    received_at = check.time("received_at", not_after=now)
    text, category, account = check.titled_text(), check.text("category"), check.text("account")
    phone, address, point = check.text("phone"), check.text("address", ", "), check.point()
    attributes = check.attributes()
    if check.faults:
        return None
    return Ticket(
        ticket_id=ticket_id,
        received_at=received_at or now,
        text=text,
        category=category or None,
        account=account or None,
        phone=phone or None,
        address=address or None,
        point=point,
        attributes=attributes,
        channel=CHANNEL,
    )

"""A history file against the dispatch log: what is new to it, and what contradicts it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.dispatches import Dispatch, LabelSource, unretracted
from router.ports import ReadSession
from store.importing.faults import BadRow, Fault, shown
from store.importing.history import HistoryFile
from store.importing.mapping import Mapping
from store.importing.tables import open_table


@dataclass(slots=True, kw_only=True)
class Merge:
    """`fresh` goes to the log; `conflicts` have a ticket of the log with other contents."""

    fresh: list[Dispatch] = field(default_factory=list)
    conflicts: list[Dispatch] = field(default_factory=list)


def merge(session: ReadSession, history: HistoryFile) -> Merge:
    """Compare each dispatch of the file with what stands in the log of its ticket. The log is read once."""
    by_ticket = {entry.ticket.ticket_id: entry for entry in history.dispatches}
    agrees: dict[str, bool] = {}
    for known in unretracted(one for one in session.dispatches() if one.ticket_id in by_ticket):
        same = _agree(known, by_ticket[known.ticket_id], compare_known_at=history.known_at_given)
        agrees[known.ticket_id] = agrees.get(known.ticket_id, False) or same
    found = Merge()
    for ticket_id, entry in by_ticket.items():
        if ticket_id not in agrees:
            found.fresh.append(entry)
        elif not agrees[ticket_id]:
            found.conflicts.append(entry)
    return found


def conflict_rows(
    path: Path, mapping: Mapping, history: HistoryFile, conflicts: list[Dispatch]
) -> list[BadRow]:
    """The bad rows of conflicts with the log, with their columns as they stand in the file."""
    ids = {history.lines[entry.ticket.ticket_id]: entry.ticket.ticket_id for entry in conflicts}
    if not ids:
        return []
    values = _values_at(path, mapping, ids)
    return [
        BadRow(
            line=line,
            field=mapping.column("ticket_id"),
            problem=f"{shown(ticket_id)} stands in the dispatch log with other contents",
            mend="Leave the row out, or give the ticket an id of its own.",
            reason=Fault.DUPLICATE_CONFLICT,
            values=values[line],
        )
        for line, ticket_id in sorted(ids.items())
    ]


def _agree(known: Dispatch, entry: Dispatch, *, compare_known_at: bool) -> bool:
    if known.unit_id != entry.unit_id:
        return False
    if known.source is not LabelSource.IMPORT:
        return True  # the ticket came in live: an export tells it in other words
    same_time = known.known_at == entry.known_at or not compare_known_at
    return same_time and known.ticket == entry.ticket


def _values_at(path: Path, mapping: Mapping, lines: Collection[int]) -> dict[int, dict[str, Any]]:
    return {row.line: row.values for row in open_table(path, mapping.encoding).rows if row.line in lines}

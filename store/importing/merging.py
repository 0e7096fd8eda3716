"""A history file against the dispatch log: what is new to it, and what contradicts it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from domain.dispatches import Dispatch, LabelSource, unretracted
from router.ports import ReadSession
from store.importing.faults import BadRow, Fault, shown
from store.importing.history import HistoryFile
from store.importing.mapping import Mapping
from store.importing.tables import open_table


class Conflict(NamedTuple):
    """An entry of the file, and what stands in the log of its ticket instead."""

    entry: Dispatch
    standing: Dispatch


@dataclass(slots=True, kw_only=True)
class Merge:
    """`fresh` goes to the log, where it replaces the `overruled`; `conflicts` have a ticket of the log otherwise."""

    fresh: list[Dispatch] = field(default_factory=list)
    overruled: list[Dispatch] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def merge(session: ReadSession, history: HistoryFile) -> Merge:
    """Compare each dispatch of the file with what stands in the log of its ticket. The log is read once.

    A unit's own word that it has done the work is overruled by another one's name; a person's word is not.
    """
    by_ticket = {entry.ticket.ticket_id: entry for entry in history.dispatches}
    standing: dict[str, list[Dispatch]] = defaultdict(list)
    for known in unretracted(one for one in session.dispatches() if one.ticket_id in by_ticket):
        standing[known.ticket_id].append(known)
    found = Merge()
    for ticket_id, entry in by_ticket.items():
        known_of = standing.get(ticket_id, [])
        if any(_agree(known, entry, compare_known_at=history.known_at_given) for known in known_of):
            continue
        firm = [known for known in known_of if known.source is not LabelSource.DONE]
        if firm:
            found.conflicts.append(Conflict(entry, firm[-1]))
        else:
            found.fresh.append(entry)
            found.overruled += known_of
    return found


def taken_back(overruled: Sequence[Dispatch], by: str, now: datetime) -> list[Dispatch]:
    """The retractions of these entries of the log, each known after what it takes back."""
    return [
        replace(one, source=LabelSource.RETRACTION, by=by, known_at=max(now, one.known_at), sequence=0)
        for one in overruled
    ]


def conflict_rows(
    path: Path, mapping: Mapping, history: HistoryFile, conflicts: Sequence[Conflict]
) -> list[BadRow]:
    """The bad rows of conflicts with the log, with their columns as they stand in the file."""
    at = {history.lines[one.entry.ticket_id]: one for one in conflicts}
    if not at:
        return []
    values = _values_at(path, mapping, at)
    return [_conflict_row(line, at[line], mapping, values[line]) for line in sorted(at)]


def _conflict_row(line: int, conflict: Conflict, mapping: Mapping, values: dict[str, Any]) -> BadRow:
    standing, ticket_id = conflict.standing, shown(conflict.entry.ticket_id)
    if standing.source is LabelSource.IMPORT:
        problem = f"{ticket_id} stands in the dispatch log with other contents"
        mend = "Leave the row out, or give the ticket an id of its own."
    else:
        said = f"{standing.by or 'a person'} said so in the running service"
        problem = f"{ticket_id} stands in the dispatch log for unit {shown(standing.unit_id)}: {said}"
        mend = "Leave the row out: what a person said of a ticket stands."
    return BadRow(
        line=line,
        field=mapping.column("ticket_id"),
        problem=problem,
        mend=mend,
        reason=Fault.DUPLICATE_CONFLICT,
        values=values,
    )


def _agree(known: Dispatch, entry: Dispatch, *, compare_known_at: bool) -> bool:
    if known.unit_id != entry.unit_id:
        return False
    if known.source is not LabelSource.IMPORT:
        return True  # the ticket came in live: an export tells it in other words
    same_time = known.known_at == entry.known_at or not compare_known_at
    return same_time and known.ticket == entry.ticket


def _values_at(path: Path, mapping: Mapping, lines: Collection[int]) -> dict[int, dict[str, Any]]:
    return {row.line: row.values for row in open_table(path, mapping.encoding).rows if row.line in lines}

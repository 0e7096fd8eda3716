"""What of a batch is new to the dispatch log, and which number it gets. Both adapters ask here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter

from domain.dispatches import Dispatch, LabelSource, unretracted
from domain.errors import DuplicateTicket
from domain.tickets import Ticket
from store.codec import encode


def by_time_known(dispatches: Iterable[Dispatch]) -> list[Dispatch]:
    """The batch in the order in which its outcomes were known; equal times keep their order."""
    return sorted(dispatches, key=attrgetter("known_at"))


def new_entries(
    batch: Iterable[Dispatch], known: Mapping[str, Sequence[Dispatch]], last_sequence: int
) -> list[Dispatch]:
    """Those of `batch` that neither `known` (the log's entries by ticket id) nor the batch before them has, numbered.

    Raises DuplicateTicket when a ticket is imported twice with different contents.
    """
    earlier = {key: sorted(entries, key=attrgetter("sequence")) for key, entries in known.items()}
    fresh: list[Dispatch] = []
    for dispatch in batch:
        same_ticket = earlier.setdefault(dispatch.ticket.ticket_id, [])
        if _is_known(dispatch, same_ticket):
            continue
        number = last_sequence + len(fresh) + 1
        fresh.append(replace(dispatch, sequence=number, known_at=dispatch.known_at.astimezone(UTC)))
        same_ticket.append(fresh[-1])
    return fresh


def log_row(dispatch: Dispatch) -> dict[str, object]:
    """The entry as the log's row."""
    return {
        "sequence": dispatch.sequence,
        "ticket_id": dispatch.ticket.ticket_id,
        "unit_id": dispatch.unit_id,
        "known_at": dispatch.known_at,
        "source": dispatch.source.value,
        "by": dispatch.by,
        "ticket": encode(dispatch.ticket),
    }


def log_span(entries: Sequence[Dispatch]) -> str:
    """What the event of these new entries says."""
    return encode({"first": entries[0].sequence, "last": entries[-1].sequence})


def _is_known(dispatch: Dispatch, same_ticket: Iterable[Dispatch]) -> bool:
    if dispatch.source is LabelSource.RETRACTION:
        return False
    for entry in unretracted(same_ticket):
        if dispatch.source is LabelSource.DONE and (
            entry.unit_id == dispatch.unit_id or entry.source is LabelSource.IMPORT
        ):
            return True  # an import is believed before the unit
        same_key = _key(entry) == _key(dispatch)
        both_imported = entry.source is dispatch.source is LabelSource.IMPORT
        if both_imported and not (same_key and _in_utc(entry.ticket) == _in_utc(dispatch.ticket)):
            raise DuplicateTicket(ticket_id=dispatch.ticket.ticket_id)
        if same_key:
            return True
    return False


def _key(dispatch: Dispatch) -> tuple[str, datetime, LabelSource]:
    return dispatch.unit_id, dispatch.known_at.astimezone(UTC), dispatch.source


def _in_utc(ticket: Ticket) -> Ticket:
    # Python calls a time in the hour a zone repeats unequal to every time of another zone, even to itself
    return replace(ticket, received_at=ticket.received_at.astimezone(UTC))

"""Whether a ticket's records are those that its events tell of: one by one, in their order, by their columns too."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from router.event_ports import EventKind, Record, Telling, TicketEvent
from router.faults import Fault, Finding, at
from router.ports import ReadSession

TELL_OF_RECORDS = (
    EventKind.RECEIVED,
    EventKind.DECIDED,
    EventKind.REVIEWED,
    EventKind.UNDONE,
    EventKind.QUEUED,
)


def unlike(batch: Sequence[TicketEvent], session: ReadSession) -> list[Finding]:
    """Of the tickets whose last event of a kind is in the batch: all records of that kind, by all those events."""
    numbers, found = {event.sequence for event in batch}, list[Finding]()
    for kind in TELL_OF_RECORDS:
        tickets = sorted({event.ticket_id for event in batch if event.kind is kind and event.ticket_id})
        if not tickets:
            continue
        tellings, records = session.tellings(kind, tickets), session.records(kind, tickets)
        for ticket_id in tickets:
            told = tellings.get(ticket_id, ())
            if told and told[-1].event in numbers:
                of_what = f"{kind} of ticket {ticket_id!r}"
                found += _one_by_one(of_what, told, records.get(ticket_id, ()))
    return found


def _one_by_one(of_what: str, tellings: Sequence[Telling], records: Sequence[Record]) -> Iterator[Finding]:
    places = _places(tellings, records)
    in_order = iter(sorted(place for place in places if place is not None))
    for telling, place in zip(tellings, places, strict=True):
        what = f"what event {telling.event} ({of_what}) tells of"
        if place is None:
            yield at(Fault.RECORD, telling.event, f"{what} was edited or deleted")
            continue
        if place != next(in_order):
            yield at(Fault.RECORD, telling.event, f"{what} changed places with another")
        # what the chain took over as it was found has no word on columns that came later
        if telling.mark is not None and (columns := records[place].contradicting):
            yield at(Fault.RECORD, telling.event, f"{what} is contradicted by {', '.join(columns)}")
    taken = {place for place in places if place is not None}
    left = [record for number, record in enumerate(records) if number not in taken]
    # each event that misses its record may have one of them, edited
    for record in left[places.count(None) :]:
        yield at(Fault.UNTOLD, 0, f"no event tells of {record.name}")


def _places(tellings: Sequence[Telling], records: Sequence[Record]) -> list[int | None]:
    """Which of the records each event tells of; None: none that there is."""
    marked = defaultdict[str, deque[int]](deque)
    for number, record in enumerate(records):
        for mark in record.marks:
            marked[mark].append(number)
    taken, places = set[int](), list[int | None]()
    for telling in tellings:
        queue = marked[telling.mark] if telling.mark is not None else deque[int]()
        while queue and queue[0] in taken:
            queue.popleft()
        place = queue.popleft() if queue else None
        places.append(place)
        if place is not None:
            taken.add(place)
    free = iter([number for number in range(len(records)) if number not in taken])
    return [
        next(free, None) if telling.mark is None else place
        for telling, place in zip(tellings, places, strict=True)
    ]

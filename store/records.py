"""A ticket's records as the events tell of them, on a SQL connection: by their marks, with columns that contradict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, select

from domain.decisions import Decision, Review
from domain.tickets import Ticket
from router.chain import digest
from router.event_ports import EventKind, Record
from store import tables
from store.batches import BATCH, batched
from store.checks import automatic
from store.codec import decode
from store.decision_records import decision_marks
from store.review_records import review_of, review_record

RETRY = "retry"
TABLE_OF: Mapping[EventKind, Table] = {
    EventKind.RECEIVED: tables.tickets,
    EventKind.DECIDED: tables.decisions,
    EventKind.REVIEWED: tables.reviews,
    EventKind.UNDONE: tables.undone_reviews,
    EventKind.QUEUED: tables.deliveries,
}
"""Where the records are that events of a kind tell of; a review that was undone is in another table."""

T = TypeVar("T")
_REVIEW = [part.name for part in fields(Review)]


def mark_told(kind: EventKind, covers: str | None, unit_id: str | None, detail: str) -> str | None:
    """By what an event names its record: the hash that it covers; of deliveries and undone reviews what it says."""
    if kind is EventKind.QUEUED:
        return delivery_mark(detail or "dispatch", unit_id)
    return (unit_id or "") if kind is EventKind.UNDONE else covers


def delivery_mark(kind: str, unit_id: str | None) -> str:
    """What the event of a delivery says of it."""
    return f"{kind} {unit_id}"


def is_of_none(kind: EventKind, detail: str) -> bool:
    """Whether such an event tells of no new record: a delivery is tried again."""
    return kind is EventKind.QUEUED and detail == RETRY


def record_name(table: str, ticket_id: str, number: int | None = None) -> str:
    """In words."""
    row = "what it has" if number is None else f"row {number}"
    return f"{table}: {row} of ticket {ticket_id!r}"


def records_of(
    kind: EventKind, ticket_ids: Collection[str], connection: Connection
) -> Iterator[tuple[str, Record]]:
    """Those of the tickets, with their tickets' ids; each ticket's in the order in which they were written."""
    if kind is EventKind.RECEIVED:
        yield from _tickets(ticket_ids, connection)
    elif kind is EventKind.DECIDED:
        yield from _decisions(ticket_ids, connection)
    elif kind is EventKind.QUEUED:
        yield from _deliveries(ticket_ids, connection)
    else:
        yield from _undone(kind, ticket_ids, connection)
        if kind is EventKind.REVIEWED:
            yield from _reviews(ticket_ids, connection)


def _tickets(ticket_ids: Collection[str], connection: Connection) -> Iterator[tuple[str, Record]]:
    ticket = tables.tickets.c
    query = select(ticket.ticket_id, ticket.body, ticket.received_at, ticket.channel)
    for row in _rows(query.where(ticket.ticket_id.in_(ticket_ids)), connection):
        said = _read(Ticket, row.body)
        columns = {} if said is None else {"received_at": said.received_at, "channel": said.channel}
        record = Record(
            name=record_name("tickets", row.ticket_id),
            marks=frozenset({digest(row.body)}),
            contradicting=_contradicting("tickets", row, columns),
        )
        yield row.ticket_id, record


def _decisions(ticket_ids: Collection[str], connection: Connection) -> Iterator[tuple[str, Record]]:
    decision, ranks = tables.decisions.c, defaultdict[str, set[int]](set)
    query = select(tables.decisions).where(decision.ticket_id.in_(ticket_ids)).order_by(decision.decision_id)
    found: list[tuple[str, Record]] = []
    for row in _rows(query, connection):
        said = _read(Decision, row.body)
        if said is not None:
            ranks[row.ticket_id].add(said.priority.rank)
        record = Record(
            name=record_name("decisions", row.ticket_id, row.decision_id),
            marks=decision_marks(row.body, row.decided_at),
            contradicting=() if said is None else _contradicting("decisions", row, _columns(said)),
        )
        found.append((row.ticket_id, record))
    misplaced = _misplaced(ranks, connection)
    for ticket_id, record in found:
        if ticket_id in misplaced:
            misplaced.discard(ticket_id)
            columns = (*record.contradicting, "tickets.priority")
            yield ticket_id, Record(name=record.name, marks=record.marks, contradicting=columns)
        else:
            yield ticket_id, record


def _columns(said: Decision) -> dict[str, object]:
    return {
        "verdict": said.verdict.value,
        "unit_id": said.unit_id,
        "bundle_digest": said.bundle_digest,
        "certificate_group": said.group,
        "automatic": automatic(said),
    }


def _misplaced(ranks: Mapping[str, Collection[int]], connection: Connection) -> set[str]:
    """Tickets that are not as pressing as a decision of theirs and what goes with them make them."""
    ticket, found = tables.tickets.c, set[str]()
    query = select(ticket.ticket_id, ticket.priority).where(ticket.ticket_id.in_(ranks))
    joined = _joined_ranks(ranks, connection)
    for ticket_id, rank in connection.execute(query):
        if rank not in {min([own, *joined[ticket_id]]) for own in ranks[ticket_id]}:
            found.add(ticket_id)
    return found


def _joined_ranks(leaders: Iterable[str], connection: Connection) -> Mapping[str, set[int]]:
    """By ticket, how pressing those are that go with it, also by way of another one."""
    ticket, found = tables.tickets.c, defaultdict[str, set[int]](set)
    led, seen = {one: {one} for one in leaders}, set[tuple[str, str]]()
    while led:
        following = defaultdict[str, set[str]](set)
        for part in batched(led):
            query = select(ticket.ticket_id, ticket.joined_into, ticket.priority)
            for follower, into, rank in connection.execute(query.where(ticket.joined_into.in_(part))):
                for leader in led[into]:
                    found[leader].add(rank)
                    if (leader, follower) not in seen:  # somebody may have made it go in a circle
                        seen.add((leader, follower))
                        following[follower].add(leader)
        led = following
    return found


def _undone(
    kind: EventKind, ticket_ids: Collection[str], connection: Connection
) -> Iterator[tuple[str, Record]]:
    undone = tables.undone_reviews.c
    of_tickets = undone.ticket_id.in_(ticket_ids)
    numbers = select(undone.undone_id).where(of_tickets).order_by(undone.undone_id)
    reviews = select(*(undone[name] for name in _REVIEW)).where(of_tickets).order_by(undone.undone_id)
    for number, row in zip(connection.scalars(numbers).all(), connection.execute(reviews), strict=True):
        mark = row.unit_id if kind is EventKind.UNDONE else _review_mark(row)
        name = record_name("undone_reviews", row.ticket_id, number)
        yield row.ticket_id, Record(name=name, marks=frozenset({mark}))


def _reviews(ticket_ids: Collection[str], connection: Connection) -> Iterator[tuple[str, Record]]:
    review = tables.reviews.c
    query = select(*(review[name] for name in _REVIEW)).where(review.ticket_id.in_(ticket_ids))
    for row in _rows(query, connection):
        name = record_name("reviews", row.ticket_id)
        yield row.ticket_id, Record(name=name, marks=frozenset({_review_mark(row)}))


def _deliveries(ticket_ids: Collection[str], connection: Connection) -> Iterator[tuple[str, Record]]:
    one = tables.deliveries.c
    query = select(one.delivery_id, one.ticket_id, one.unit_id, one.kind)
    for row in _rows(query.where(one.ticket_id.in_(ticket_ids)).order_by(one.delivery_id), connection):
        name = record_name("deliveries", row.ticket_id, row.delivery_id)
        yield row.ticket_id, Record(name=name, marks=frozenset({delivery_mark(row.kind, row.unit_id)}))


def _rows(query: Select[*tuple[Any, ...]], connection: Connection) -> Iterator[Row[*tuple[Any, ...]]]:
    """Streamed: a batch's decisions are many megabytes."""
    yield from connection.execute(query, execution_options={"yield_per": BATCH})


def _review_mark(row: Row[*tuple[Any, ...]]) -> str:
    return digest(review_record(review_of(row)))


def _contradicting(table: str, row: Row[*tuple[Any, ...]], said: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name, value in said.items() if row._mapping[name] != value)


def _read(kind: type[T], body: str) -> T | None:
    """None where it cannot be read: then it is not what was written either."""
    try:
        return decode(kind, body)
    except ValueError:
        return None

"""Whether the log of events, and what it tells of, is as it was written: what was edited, deleted or moved."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from router.accounted import unlike
from router.chain import link
from router.event_ports import ChainHead, EventKind, LatestStatus, TicketEvent
from router.faults import Fault as Fault
from router.faults import Finding as Finding
from router.faults import at, whose
from router.ports import ReadSession

BATCH = 1000
NEAR = 25  # how far from its place a moved event is looked for
MOST_SOUGHT = (
    200  # moved events are looked for in that many cases; where everything is wrong it does not matter
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a walk along the log found. `head` is worth noting elsewhere: a later walk can be held to it."""

    events: int
    head: ChainHead
    findings: tuple[Finding, ...]


def verify(session: ReadSession, expected: ChainHead | None = None) -> Audit:
    """Walk the log from its beginning, and hold tickets, decisions, reviews and the dispatch log against it.

    `expected`: a head noted earlier; the log must still have it.
    """
    walk = _Walk(session, expected)
    walk.follow()
    findings = [*walk.findings, *_tail(walk.head, session.chain_head())]
    if expected is not None and expected.sequence > walk.head.sequence:
        told = f"the log ends at event {walk.head.sequence}, before the one that was noted"
        findings.append(at(Fault.REWRITTEN, expected.sequence, told))
    findings += [at(Fault.UNTOLD, 0, f"no event tells of {one}") for one in session.unaccounted()]
    if walk.logged is not None and walk.logged != session.last_sequence():
        told = f"the dispatch log ends at {session.last_sequence()}, by the events at {walk.logged}"
        findings.append(at(Fault.RECORD, walk.head.sequence, told))
    return Audit(events=walk.count, head=walk.head, findings=tuple(findings))


class _Walk:
    """Along all events, in batches."""

    def __init__(self, session: ReadSession, expected: ChainHead | None) -> None:
        self.findings: list[Finding] = []
        self.head = ChainHead()
        self.count = 0
        self.logged: int | None = None
        self._session = session
        self._expected = expected
        self._sought = 0

    def follow(self) -> None:
        """To the end."""
        while batch := self._batch(self.head.sequence):
            for index, event in enumerate(batch):
                self._step(event, batch[max(0, index - NEAR) : index + NEAR])
            found = [*unlike(batch, self._session), *_statuses(batch, self._session)]
            self.findings += sorted(found, key=lambda one: one.first or math.inf)
            self._dispatches(batch)

    def _batch(self, after: int) -> Sequence[TicketEvent]:
        try:
            return self._session.event_log(after, BATCH)
        except ValueError:  # a row that cannot be read: as far as before it, then past it
            return self._readable(after)

    def _readable(self, after: int) -> Sequence[TicketEvent]:
        found: list[TicketEvent] = []
        while after < self._session.chain_head().sequence:
            try:
                one = self._session.event_log(after, 1)
            except ValueError:
                if found:
                    return found
                after += 1
                self.findings.append(at(Fault.UNREADABLE, after, f"event {after} cannot be read"))
                self.head = ChainHead(sequence=after, hash="")
                continue
            found += one
            if not one or len(found) == BATCH:
                return found
            after = one[-1].sequence
        return found

    def _step(self, event: TicketEvent, near: Sequence[TicketEvent]) -> None:
        before, number = self.head, event.sequence
        self.head, self.count = ChainHead(sequence=number, hash=event.hash), self.count + 1
        if self._expected and self._expected.sequence == number and self._expected.hash != event.hash:
            told = f"event {number} has another hash than the one that was noted"
            self.findings.append(at(Fault.REWRITTEN, number, told))
        if not before.hash or event.hash == link(before.hash, event):
            return
        if number > before.sequence + 1:
            first, last = before.sequence + 1, number - 1
            told = f"event {first} was deleted" if first == last else f"events {first} to {last} were deleted"
            self.findings.append(Finding(fault=Fault.DELETED, first=first, last=last, told=told))
            return
        place = self._place_of(event, near)
        if place is None:
            told = f"event {number} ({event.kind} of {whose(event)}) was edited"
            self.findings.append(at(Fault.EDITED, number, told))
        elif place != number:
            told = f"event {number} ({event.kind} of {whose(event)}) was moved there from {place}"
            self.findings.append(at(Fault.MOVED, number, told))

    def _place_of(self, event: TicketEvent, near: Sequence[TicketEvent]) -> int | None:
        """The number under which its hash holds; its own: what stands before it is wrong, not the event."""
        if self._sought == MOST_SOUGHT:
            return None
        self._sought += 1
        numbers = sorted({one.sequence for one in near}, key=lambda one: abs(one - event.sequence))
        hashes = [ChainHead().hash, *(one.hash for one in near)]
        for number in numbers:
            if any(event.hash == link(hash_, replace(event, sequence=number)) for hash_ in hashes):
                return number
        return None

    def _dispatches(self, batch: Sequence[TicketEvent]) -> None:
        for event in batch:
            if event.kind is not EventKind.LOGGED:
                continue
            try:
                span = json.loads(event.detail)
                first, last = int(span["first"]), int(span["last"])
            except (ValueError, KeyError, TypeError):
                continue  # such an event is named as edited
            if self._session.log_digest(first, last) != event.covers:
                told = f"entries {first} to {last} of the dispatch log are not what event {event.sequence} tells of"
                self.findings.append(at(Fault.RECORD, event.sequence, told))
            self.logged = last


def _statuses(batch: Sequence[TicketEvent], session: ReadSession) -> Iterator[Finding]:
    """Tickets that do not stand as their last events tell."""
    statuses = session.latest_statuses({event.ticket_id for event in batch if event.ticket_id})
    for event in batch:
        latest = statuses.get(event.ticket_id)
        if latest is None:
            continue
        yield from _joined(event, latest)
        if latest.event != event.sequence:
            continue
        if (latest.status, latest.unit_id) != (event.detail, event.unit_id):
            told = (
                f"{whose(event)} is {latest.status} with {latest.unit_id or 'nobody'}; "
                f"event {event.sequence} says {event.detail} with {event.unit_id or 'nobody'}"
            )
            yield at(Fault.RECORD, event.sequence, told)


def _joined(event: TicketEvent, latest: LatestStatus) -> Iterator[Finding]:
    """Whether the ticket goes with the one that its last event of that tells of; with none, where there is no event."""
    if event.sequence != (latest.joining or latest.event):
        return
    into = event.detail if event.kind is EventKind.JOINED else None
    if latest.joined_into != into:
        told = (
            f"{whose(event)} goes with {latest.joined_into or 'none'}; "
            f"event {event.sequence} says with {into or 'none'}"
        )
        yield at(Fault.RECORD, event.sequence, told)


def _tail(reached: ChainHead, noted: ChainHead) -> Iterator[Finding]:
    if reached.sequence < noted.sequence:
        first, last = reached.sequence + 1, noted.sequence
        told = f"events {first} to {last} were deleted" if first < last else f"event {first} was deleted"
        yield Finding(fault=Fault.DELETED, first=first, last=last, told=told)
    elif reached != noted:
        told = f"the log ends at event {reached.sequence}, the store notes {noted.sequence} with another hash"
        yield at(Fault.REWRITTEN, reached.sequence, told)

"""As-of replay: each ticket sees exactly the dispatches that were known before it came."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.dispatches import Dispatch
from domain.places import Location
from domain.tickets import Ticket
from features.callers import Call, Callers
from features.facts import Facts, facts, same_facts
from features.history import History
from features.schema import HistorySchema
from router.atlas import Atlas
from router.forked import forked, processors
from router.locate import Alone, locate_alone, locate_further

WORTH_FORKING = 2_000  # tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A past ticket with its outcome, located and worked out once.

    `facts` are of the ticket as it came, `learnt` what its dispatch adds to the history: by its own records alone.
    """

    dispatch: Dispatch
    location: Location
    facts: Facts
    learnt: Facts


def prepare(
    dispatches: Sequence[Dispatch],
    atlas: Atlas,
    schema: HistorySchema,
    progress: Callable[[float], None] | None = None,
) -> list[Case]:
    """Cases in the order their tickets came in (then by sequence)."""

    def alone(ticket: Ticket) -> tuple[Alone, Facts]:
        found = locate_alone(ticket, atlas)
        return found, facts(ticket, found.location, schema)

    cases: list[Case] = []
    told, callers = _KnownCalls(), Callers()
    ordered = sorted(dispatches, key=lambda d: (d.ticket.received_at, d.sequence))
    with forked(alone, processors() if len(ordered) >= WORTH_FORKING else 1) as located:
        worked_out = located(dispatch.ticket for dispatch in ordered)
        for dispatch, (found, learnt) in zip(ordered, worked_out, strict=True):
            ticket = dispatch.ticket
            for call in told.before(ticket.received_at):
                callers.fold(call)
            location = locate_further(ticket, found, atlas, callers)
            same = same_facts(found.location, location)
            known = learnt if same else facts(ticket, location, schema)
            cases.append(Case(dispatch=dispatch, location=location, facts=known, learnt=learnt))
            if learnt.call is not None:
                told.add(dispatch, learnt.call)
            if progress and len(cases) % 500 == 0:
                progress(len(cases) / len(ordered))
    return cases


class _KnownCalls:
    """Calls of located tickets, given out once their outcome is known, in the order of the history fold."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, int, Call]] = []
        self._added = 0  # a call is compared with no other, whatever the sequence numbers

    def add(self, dispatch: Dispatch, call: Call) -> None:
        self._added += 1
        heapq.heappush(self._waiting, (dispatch.known_at, dispatch.sequence, self._added, call))

    def before(self, now: datetime) -> Iterator[Call]:
        while self._waiting and self._waiting[0][0] < now:
            yield heapq.heappop(self._waiting)[-1]


class Replay:
    """Folds cases into a history in the order they became known, never past the ticket that is looked at."""

    def __init__(self, cases: Sequence[Case], history: History) -> None:
        self.history = history
        self._log = sorted(cases, key=lambda case: (case.dispatch.known_at, case.dispatch.sequence))
        self._next = 0

    def upto(self, case: Case) -> None:
        """Fold what was known before the case's ticket came."""
        now = case.dispatch.ticket.received_at
        while self._next < len(self._log) and self._log[self._next].dispatch.known_at < now:
            known = self._log[self._next]
            self.history.fold(known.learnt, known.dispatch.unit_id, known.dispatch.sequence)
            self._next += 1

    def walk(self, cases: Sequence[Case]) -> Iterator[Case]:
        """Each case in turn, with the history standing as of its ticket."""
        for case in cases:
            self.upto(case)
            yield case

"""As-of replay: each ticket sees exactly the dispatches that were known before it came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from domain.dispatches import Dispatch
from domain.places import Location
from features.callers import Call, Callers
from features.facts import Facts, facts, same_facts
from features.history import History
from features.schema import HistorySchema
from router.atlas import Atlas
from router.forked import forked, processors
from router.locate import Alone, locate_alone, locate_further
from router.uncollected import uncollected

T = TypeVar("T")

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


@uncollected()
def prepare(
    dispatches: Sequence[Dispatch],
    atlas: Atlas,
    schema: HistorySchema,
    report: Callable[[float], None] = lambda _: None,
) -> list[Case]:
    """Cases in the order their tickets came in (then by sequence)."""
    ordered = sorted(dispatches, key=lambda d: (d.ticket.received_at, d.sequence))
    workers = processors() if len(ordered) >= WORTH_FORKING else 1

    def by_itself(dispatch: Dispatch) -> tuple[Alone, Facts]:
        alone = locate_alone(dispatch.ticket, atlas)
        return alone, facts(dispatch.ticket, alone.location, schema)

    with forked(by_itself, workers) as worked_out:
        own = list(_counted(worked_out(ordered), len(ordered), lambda share: report(share * 0.7)))
    calls = _Calls(ordered, [learnt.call for _, learnt in own])

    def with_callers(position: int) -> tuple[Location, Facts | None] | None:
        ticket, (alone, _) = ordered[position].ticket, own[position]
        location = locate_further(ticket, alone, atlas, calls.before(ticket.received_at))
        if location is alone.location:
            return None
        same = same_facts(alone.location, location)
        return location, None if same else facts(ticket, location, schema)

    cases: list[Case] = []
    with forked(with_callers, workers) as placed:
        told = _counted(placed(range(len(ordered))), len(ordered), lambda share: report(0.7 + share * 0.3))
        for dispatch, (alone, learnt), more in zip(ordered, own, told, strict=True):
            location, known = more or (alone.location, None)
            cases.append(Case(dispatch=dispatch, location=location, facts=known or learnt, learnt=learnt))
    return cases


def _counted(things: Iterable[T], count: int, report: Callable[[float], None]) -> Iterator[T]:
    for done, one in enumerate(things):
        yield one
        if done % 500 == 0:
            report(done / count)


class _Calls:
    """Calls of located tickets, folded once their outcome is known, in the order of the history fold."""

    def __init__(self, dispatches: Sequence[Dispatch], calls: Sequence[Call | None]) -> None:
        told = [(d, call) for d, call in zip(dispatches, calls, strict=True) if call is not None]
        self._log = sorted(told, key=lambda one: (one[0].known_at, one[0].sequence))
        self._next = 0
        self._callers = Callers()

    def before(self, now: datetime) -> Callers:
        """What was known before that time, which never goes back."""
        while self._next < len(self._log) and self._log[self._next][0].known_at < now:
            self._callers.fold(self._log[self._next][1])
            self._next += 1
        return self._callers


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
            told = known.dispatch
            self.history.fold(known.learnt, told.unit_id, told.sequence, told.source)
            self._next += 1

    def walk(self, cases: Sequence[Case]) -> Iterator[Case]:
        """Each case in turn, with the history standing as of its ticket."""
        for case in cases:
            self.upto(case)
            yield case

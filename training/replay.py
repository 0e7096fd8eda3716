"""As-of replay: each ticket sees exactly the dispatches that were known before it came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from domain.dispatches import Dispatch
from domain.places import Location
from features.facts import Facts, facts
from features.gazetteer import Gazetteer
from features.history import History
from features.schema import HistorySchema
from router.locate import locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A past ticket with its outcome, located and worked out once."""

    dispatch: Dispatch
    location: Location
    facts: Facts


def prepare(
    dispatches: Sequence[Dispatch],
    gazetteer: Gazetteer,
    schema: HistorySchema,
    progress: Callable[[float], None] | None = None,
) -> list[Case]:
    """Cases in the order their tickets came in (then by sequence)."""
    cases = []
    for i, dispatch in enumerate(dispatches):
        location = locate(dispatch.ticket, gazetteer)
        known = facts(dispatch.ticket, location, schema)
        cases.append(Case(dispatch=dispatch, location=location, facts=known))
        if progress and i % 500 == 0:
            progress(i / len(dispatches))
    return sorted(cases, key=lambda case: (case.dispatch.ticket.received_at, case.dispatch.sequence))


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
            self.history.fold(known.facts, known.dispatch.unit_id, known.dispatch.sequence)
            self._next += 1

    def walk(self, cases: Sequence[Case]) -> Iterator[Case]:
        """Each case in turn, with the history standing as of its ticket."""
        for case in cases:
            self.upto(case)
            yield case

"""Whether automatic dispatch still keeps its promise: tests that may be looked at after every label.

Labels differ in worth. A blind audit is an unbiased sample of what would be dispatched: it is tested against the
budget. A return (the unit refuses, a person corrects) is a sure error but a biased sample: it is tested against the
calm rate of returns per dispatch. That nobody objected is no label at all.

Each test sums e-processes begun at every label, a Shiryaev–Roberts e-detector (Shin, Ramdas, Rinaldo, "E-detectors: a
nonparametric framework for sequential change detection", arXiv:2203.03532, section 2): while the promise is kept, the
expected number of labels until the sum reaches c is at least c. The false alarms of all groups and units together are
thus in the long run at most labels / c, however many tests there are, and c follows from how many are bearable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from domain.automation import Cause, Scope, Suspension
from models.evidence import Errors, Returns, returns_tolerated

FAMILIES = 3
"""Audits by group, audits by unit, returns by unit: each gets the same part of the bearable alarms."""
LEAST_EVIDENCE = 100.0
"""In a small office a month's labels are few; nothing is suspended by less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A blind audit's outcome, `at` when it became known: was `unit`, the automatic choice, wrong?"""

    at: datetime
    group: str
    unit: str
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """An automatic dispatch."""

    at: datetime
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """An automatic dispatch made at `dispatched_at` was refused or corrected, as known `at`; at most once each."""

    at: datetime
    unit: str
    dispatched_at: datetime


Event: TypeAlias = Audit | Dispatched | Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is promised and what is bearable.

    `alphas`: budget of each group. `unit_alpha`: the error above which a unit is stopped by itself; its group's
    certificate lets one unit be worse than the budget. `calm`: tolerated returns per dispatch by unit, `calm_otherwise`
    for the others. `alarms`: bearable false alarms a month, of all tests together, at `tickets` would-be automatic
    dispatches a month, of which the share `audited` is audited.
    """

    alphas: Mapping[str, float]
    unit_alpha: float = 0.05
    calm: Mapping[str, float] = field(default_factory=dict)
    calm_otherwise: float = returns_tolerated(0, 0, 0.0)
    alarms: float = 1.0
    tickets: int = 30_000
    audited: float = 0.02

    @property
    def audits_threshold(self) -> float:
        """The evidence from audits that suspends."""
        return max(FAMILIES * self.tickets * self.audited / self.alarms, LEAST_EVIDENCE)

    @property
    def returns_threshold(self) -> float:
        """The evidence from returns that suspends."""
        return max(FAMILIES * self.tickets / self.alarms, LEAST_EVIDENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """The whole state; a new one begins with each certificate. `after` answers the next state."""

    groups: Mapping[str, Errors] = field(default_factory=dict)
    units: Mapping[str, Errors] = field(default_factory=dict)
    returns: Mapping[str, Returns] = field(default_factory=dict)
    suspensions: tuple[Suspension, ...] = ()

    def stops(self, group: str, unit: str) -> Suspension | None:
        """The suspension that keeps a ticket of this group and first candidate from automatic dispatch."""
        return next((one for one in self.suspensions if one.group == group or one.unit == unit), None)

    def after(self, event: Event, terms: Terms) -> Monitor:
        """The state after one event; events come in the order in which they became known."""
        if isinstance(event, Dispatched):
            seen = self.returns.get(event.unit, Returns()).dispatched(event.at.timestamp())
            return replace(self, returns={**self.returns, event.unit: seen})
        if isinstance(event, Returned):
            return self._returned(event, terms)
        return self._audited(event, terms)

    def resumed(self, *, group: str | None = None, unit: str | None = None) -> Monitor:
        """Automatic again by an operator's word: the suspension is lifted and its tests begin anew."""
        return Monitor(
            groups={name: state for name, state in self.groups.items() if name != group},
            units={name: state for name, state in self.units.items() if name != unit},
            returns={name: state for name, state in self.returns.items() if name != unit},
            suspensions=tuple(s for s in self.suspensions if (s.group, s.unit) != (group, unit)),
        )

    def _audited(self, event: Audit, terms: Terms) -> Monitor:
        if event.group not in terms.alphas:  # a late label of an earlier certificate's group
            return self
        alpha, bound = terms.alphas[event.group], terms.audits_threshold
        group = self.groups.get(event.group, Errors()).after(event.wrong, alpha)
        unit = self.units.get(event.unit, Errors()).after(event.wrong, terms.unit_alpha)
        found = list(self.suspensions)
        if group.evidence >= bound and not any(one.group == event.group for one in found):
            found.append(_audits(event, Scope.GROUP, event.group, group, alpha, bound))
        if unit.evidence >= bound and not any(one.unit == event.unit for one in found):
            found.append(_audits(event, Scope.UNIT, event.unit, unit, terms.unit_alpha, bound))
        return replace(
            self,
            groups={**self.groups, event.group: group},
            units={**self.units, event.unit: unit},
            suspensions=tuple(found),
        )

    def _returned(self, event: Returned, terms: Terms) -> Monitor:
        tolerated = terms.calm.get(event.unit, terms.calm_otherwise)
        seen = self.returns.get(event.unit, Returns()).returned(event.dispatched_at.timestamp())
        found = replace(self, returns={**self.returns, event.unit: seen})
        evidence = seen.evidence(tolerated)
        if evidence < terms.returns_threshold or any(one.unit == event.unit for one in self.suspensions):
            return found
        errors, rows = seen.worst(tolerated)
        suspension = Suspension(
            scope=Scope.UNIT,
            key=event.unit,
            cause=Cause.RETURNS,
            at=event.at,
            errors=errors,
            rows=rows,
            tolerated=tolerated,
            evidence=evidence,
            threshold=terms.returns_threshold,
        )
        return replace(found, suspensions=(*self.suspensions, suspension))


def _audits(event: Audit, scope: Scope, key: str, seen: Errors, tolerated: float, bound: float) -> Suspension:
    return Suspension(
        scope=scope,
        key=key,
        cause=Cause.AUDITS,
        at=event.at,
        errors=seen.errors,
        rows=seen.rows,
        tolerated=tolerated,
        evidence=seen.evidence,
        threshold=bound,
    )


def replayed(events: Iterable[Event], terms: Terms, begun: Monitor | None = None) -> Monitor:
    """The state after all events, put in the order in which they became known (a dispatch before its return)."""
    state = begun or Monitor()
    for event in sorted(events, key=lambda event: (event.at, isinstance(event, Returned))):
        state = state.after(event, terms)
    return state

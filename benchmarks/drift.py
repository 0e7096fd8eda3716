"""Streams of labels for the monitor: a calm office, and a unit that is re-organised overnight.

1,000 tickets a day, 60 % of them would-be automatic, 2 % of those audited, 60 units from large to small. In calm times
the error over all is just the budget, some units worse than it. A wrong dispatch comes back with chance 0.8, a right
one with 0.002, hours or days later and never on a weekend. A re-organised unit's dispatches are wrong with chance 0.95:
the model is taken to learn nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.audits import is_audited
from models.evidence import returns_tolerated
from models.monitor import Audit, Dispatched, Event, Monitor, Returned, Terms
from models.strata import POOLED

TICKETS_A_DAY, COVERAGE, AUDITED, UNITS = 1_000, 0.6, 0.02, 60
WRONG_RETURNED, RIGHT_RETURNED, WRONG_AFTERWARDS = 0.8, 0.002, 0.95
MONTH = 30
BEGINS = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Units' shares of the would-be automatic tickets and their error rates, each of shape (UNITS,)."""

    shares: NDArray[np.float64]
    errors: NDArray[np.float64]

    @classmethod
    def draw(cls, alpha: float, rng: np.random.Generator) -> Office:
        """Zipf's shares; uneven errors, over all just `alpha`, none above what a unit may have."""
        shares = 1.0 / np.arange(1, UNITS + 1)
        shares /= shares.sum()
        errors = rng.gamma(2.0, size=UNITS)
        for _ in range(20):
            errors = np.minimum(errors * alpha / float(shares @ errors), 5.0 * alpha)
        return cls(shares=shares, errors=errors)


@dataclass(slots=True, kw_only=True)
class Stream:
    """Labels of would-be automatic tickets, drawn once and told in the order in which they become known."""

    alpha: float
    rng: np.random.Generator
    count: int = field(default=0)

    def days(self, office: Office, first: int, days: int, unit: int | None = None) -> list[Event]:
        """What becomes known of the tickets of those days (of one unit only, if it is named)."""
        volume = TICKETS_A_DAY * COVERAGE * (1.0 if unit is None else office.shares[unit])
        found: list[Event] = []
        for day in range(first, first + days):
            hours = np.sort(self.rng.uniform(7, 22, self.rng.poisson(volume)))
            drawn = self.rng.choice(UNITS, len(hours), p=office.shares)
            owners = drawn if unit is None else np.full(len(hours), unit)
            wrong = self.rng.random(len(hours)) < office.errors[owners]
            for hour, owner, bad in zip(hours.tolist(), owners.tolist(), wrong.tolist(), strict=True):
                found.extend(self._ticket(BEGINS + timedelta(days=day, hours=hour), f"u{owner}", wrong=bad))
        return sorted(found, key=lambda event: event.at)

    def _ticket(self, at: datetime, unit: str, *, wrong: bool) -> Iterator[Event]:
        self.count += 1
        lag = timedelta(hours=float(self.rng.lognormal(2.0, 1.0)))
        if is_audited(str(self.count), "a salt", AUDITED):
            yield Audit(at=_weekday(at + lag), group=POOLED, unit=unit, wrong=wrong)
            return
        yield Dispatched(at=at, unit=unit)
        if self.rng.random() < (WRONG_RETURNED if wrong else RIGHT_RETURNED):
            yield Returned(at=_weekday(at + lag), unit=unit, dispatched_at=at)


def _weekday(at: datetime) -> datetime:
    """The moment itself, or eight on Monday."""
    if at.weekday() < 5:
        return at
    return at.replace(hour=8, minute=0) + timedelta(days=7 - at.weekday())


def terms_of(alpha: float, calm: list[Event]) -> Terms:
    """Terms with the calm rates that were seen."""
    sent = Counter(event.unit for event in calm if isinstance(event, Dispatched))
    back = Counter(event.unit for event in calm if isinstance(event, Returned))
    pooled = back.total() / max(sent.total(), 1)
    return Terms(
        alphas={POOLED: alpha},
        unit_alpha=max(5.0 * alpha, 0.05),
        calm={unit: returns_tolerated(back[unit], sent[unit], pooled) for unit in sent},
        calm_otherwise=returns_tolerated(0, 0, pooled),
        tickets=round(TICKETS_A_DAY * COVERAGE * MONTH),
        audited=AUDITED,
    )


def measure(
    alpha: float, *, months: int, trials: int, seed: int, report: Callable[[str, float], None]
) -> dict[str, Any]:
    """False alarms a month of a calm office; labels until a re-organised unit is stopped (95th percentiles)."""
    rng = np.random.default_rng((seed, 7))
    office, stream = Office.draw(alpha, rng), Stream(alpha=alpha, rng=rng)
    terms = terms_of(alpha, stream.days(office, 0, 3 * MONTH))
    alarms, monitor = 0, Monitor()
    for month in range(months):
        report("calm months", month / months)
        for event in stream.days(office, (3 + month) * MONTH, MONTH):
            monitor = monitor.after(event, terms)
            for stop in monitor.suspensions:
                alarms += 1
                monitor = monitor.resumed(group=stop.group, unit=stop.unit)
    found = []
    for trial in range(trials):
        report("re-organisations", trial / trials)
        found.append(_reorganised(stream, office, terms))
    labels, returns, days, audits = (np.percentile(column, 95) for column in zip(*found, strict=True))
    return {
        "detected_within": float(labels),
        "false_alarms_per_month": alarms / months if months else None,
        "returns_within": float(returns),
        "days_within": round(float(days), 1),
        "audits_alone_within": float(audits),
        "alpha": alpha,
        "months": months,
        "trials": trials,
    }


def _reorganised(stream: Stream, office: Office, terms: Terms) -> tuple[int, int, float, int]:
    """(labels, returns among them, days) until a unit that changed after a calm month is stopped; by audits alone."""
    unit = int(stream.rng.choice(UNITS, p=office.shares))
    after = Office(
        shares=office.shares, errors=np.where(np.arange(UNITS) == unit, WRONG_AFTERWARDS, office.errors)
    )
    monitor = Monitor()
    for event in stream.days(office, 0, MONTH, unit):
        monitor = monitor.after(event, terms)
    changed, monitor = BEGINS + timedelta(days=MONTH), _calm(monitor)
    audits = _audits_alone(stream, office, terms, unit)
    labels = returns = 0
    for week in range(520):
        for event in stream.days(after, MONTH + 7 * week, 7, unit):
            monitor = monitor.after(event, terms)
            labels += not isinstance(event, Dispatched)
            returns += isinstance(event, Returned)
            if monitor.stops(POOLED, f"u{unit}"):
                return labels, returns, (event.at - changed) / timedelta(days=1), audits
    raise AssertionError("a re-organised unit was never stopped")


def _calm(monitor: Monitor) -> Monitor:
    """Without alarms from before the change: they are counted elsewhere."""
    for stop in monitor.suspensions:
        monitor = monitor.resumed(group=stop.group, unit=stop.unit)
    return monitor


def _audits_alone(stream: Stream, office: Office, terms: Terms, unit: int) -> int:
    """Audits of the unit after the change until it is stopped, had nobody sent anything back."""
    monitor = Monitor()
    for number in range(1_000):
        rate = office.errors[unit] if number < 20 else WRONG_AFTERWARDS
        wrong = bool(stream.rng.random() < rate)
        monitor = monitor.after(Audit(at=BEGINS, group=POOLED, unit=f"u{unit}", wrong=wrong), terms)
        if number >= 20 and monitor.stops("", f"u{unit}"):
            return number - 19
    raise AssertionError("a re-organised unit was never stopped by audits")

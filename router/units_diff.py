"""What a new unit list does, told before it is applied: it replaces the units that it names and leaves the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.dispatches import unretracted
from domain.time import Validity
from domain.units import Unit, open_heirs
from router.ports import ReadSession

RECENT = timedelta(days=90)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class ChangeKind(StrEnum):
    """What happens to a unit."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    RENAMED = "renamed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One unit's change. `details`: each other field that changes, as (field, before, after)."""

    kind: ChangeKind
    unit: Unit
    details: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A unit that the list closes, or that is closed and gets other successors, what hangs on it, who follows it.

    `tickets` it has now; `dispatches` of the log and of its last 90 days; `heirs`: successors that are open when it
    closes; `faults`: what is wrong with its successors, in words.
    """

    unit_id: str
    at: datetime
    tickets: int
    dispatches: int
    recent: int
    heirs: tuple[str, ...]
    faults: tuple[str, ...]
    territories: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsDiff:
    """What changes. `merged`: heir → units that become it; `split`: unit → its heirs; `absent`: not in the new list.

    `moved` of `recent` dispatches of the log's last 90 days would go to another unit, or to none.
    """

    changes: tuple[Change, ...]
    closings: tuple[Closing, ...]
    merged: tuple[tuple[str, tuple[str, ...]], ...]
    split: tuple[tuple[str, tuple[str, ...]], ...]
    absent: tuple[str, ...]
    unchanged: int
    moved: int
    recent: int


def units_diff(session: ReadSession, new: Iterable[Unit], now: datetime) -> UnitsDiff:
    """Compare a unit list with the store's units. Nothing is written."""
    old = {unit.unit_id: unit for unit in session.units()}
    given = {unit.unit_id: unit for unit in new}
    after = old | given
    changes = [change for unit in given.values() if (change := _change(old.get(unit.unit_id), unit, now))]
    closed = [
        change.unit
        for change in changes
        if change.kind is ChangeKind.CLOSED or _is_followed_by_others(change.unit, old, now)
    ]
    counts = _count(session)
    closings = tuple(_closing(session, unit, after, counts) for unit in closed)
    heirs = {one.unit_id: one.heirs for one in closings}
    # a list may speak of days to come: both lists are asked when all of it holds
    then = max([now, *(moment for change in changes for moment in _moments(change.unit.validity))])
    moved = sum(
        count
        for unit_id, count in counts.recent.items()
        if open_heirs(unit_id, old, then) != open_heirs(unit_id, after, then)
    )
    return UnitsDiff(
        changes=tuple(changes),
        closings=closings,
        merged=_merged(heirs),
        split=tuple((unit_id, into) for unit_id, into in heirs.items() if len(into) > 1),
        absent=tuple(sorted(set(old) - set(given))),
        unchanged=len(given) - len(changes),
        moved=moved,
        recent=counts.recent.total(),
    )


def _change(old: Unit | None, new: Unit, now: datetime) -> Change | None:
    if old is None:
        return Change(kind=ChangeKind.OPENED, unit=new)
    if old == new:
        return None
    details = tuple(
        (field.name, before, after)
        for field in fields(Unit)
        if (before := told(getattr(old, field.name))) != (after := told(getattr(new, field.name)))
    )
    return Change(kind=_kind(old, new, now), unit=new, details=details)


def _is_followed_by_others(unit: Unit, old: Mapping[str, Unit], now: datetime) -> bool:
    """Whether the unit is closed already, and the list names other successors."""
    ends, before = unit.validity.valid_to, old.get(unit.unit_id)
    return ends is not None and ends <= now and before is not None and before.successors != unit.successors


def _kind(old: Unit, new: Unit, now: datetime) -> ChangeKind:
    before, after = old.validity.valid_to, new.validity.valid_to
    if after is not None and (before is None or before > now) and after != before:
        return ChangeKind.CLOSED
    if before is not None and before <= now and new.is_open(now):
        return ChangeKind.REOPENED
    return ChangeKind.RENAMED if old.name != new.name else ChangeKind.CHANGED


def told(value: object) -> str:
    """A unit's field in words; empty where it says nothing."""
    match value:
        case Validity():
            ends = (value.valid_from, value.valid_to)
            return (
                ""
                if ends == (None, None)
                else " – ".join("…" if e is None else f"{e:%Y-%m-%d %H:%M}" for e in ends)
            )
        case frozenset():
            return ", ".join(sorted(value))
        case tuple():
            return ", ".join(value)
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Tickets and dispatches by unit."""

    tickets: Counter[str]
    dispatches: Counter[str]
    recent: Counter[str]


def _count(session: ReadSession) -> _Counts:
    """`recent` are the dispatches of the 90 days before the latest one: a history may have been imported late."""
    log = [(dispatch.known_at, dispatch.unit_id) for dispatch in unretracted(session.dispatches())]
    latest = max((known_at for known_at, _ in log), default=None)
    return _Counts(
        tickets=Counter({one.unit_id: one.tickets for one in session.unit_loads(EVER)}),
        dispatches=Counter(unit_id for _, unit_id in log),
        recent=Counter(unit_id for known_at, unit_id in log if latest and known_at > latest - RECENT),
    )


def _closing(session: ReadSession, unit: Unit, after: Mapping[str, Unit], counts: _Counts) -> Closing:
    at = unit.validity.valid_to
    assert at is not None
    heirs = open_heirs(unit.unit_id, after, at)
    return Closing(
        unit_id=unit.unit_id,
        at=at,
        tickets=counts.tickets[unit.unit_id],
        dispatches=counts.dispatches[unit.unit_id],
        recent=counts.recent[unit.unit_id],
        heirs=tuple(heir for heir in heirs if heir in after),
        faults=tuple(_faults(unit, after, heirs)),
        territories=_naming(
            unit.unit_id, at, ((t.territory_id, t.unit_id, t.validity) for t in session.territories())
        ),
        rules=_naming(unit.unit_id, at, ((r.rule_id, r.unit_id, r.validity) for r in session.rules())),
    )


def _faults(unit: Unit, after: Mapping[str, Unit], heirs: tuple[str, ...]) -> Iterable[str]:
    unknown = [successor for successor in unit.successors if successor not in after]
    if not unit.successors:
        yield "no successor is named"
    elif unknown:
        yield f"successor not known: {', '.join(unknown)}"
    elif not heirs:
        yield "no successor is open then"


def _naming(unit_id: str, at: datetime, named: Iterable[tuple[str, str | None, Validity]]) -> tuple[str, ...]:
    """Those that go on naming the unit when it is closed."""
    return tuple(
        sorted(
            key
            for key, its_unit, validity in named
            if its_unit == unit_id and (validity.valid_to is None or validity.valid_to > at)
        )
    )


def _moments(validity: Validity) -> list[datetime]:
    return [moment for moment in (validity.valid_from, validity.valid_to) if moment is not None]


def _merged(heirs: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    into: dict[str, list[str]] = {}
    for unit_id, its_heirs in heirs.items():
        for heir in its_heirs:
            into.setdefault(heir, []).append(unit_id)
    return tuple((heir, tuple(units)) for heir, units in sorted(into.items()) if len(units) > 1)

"""What a new unit list does, told before it is applied: it replaces the units that it names and leaves the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    """A unit that the list closes, or whose tickets go to others by it while it is closed, and what hangs on it.

    `at`: when that begins. `tickets` it has now; `dispatches` of the log and of its last 90 days; `heirs`: who gets its
    tickets then; `faults`: what is wrong with its successors, in words.
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
    hanging = _hanging(session)
    shifts = _shifts(old, after, {*old, *after, *hanging.dispatches}, now)
    closed = _closed(changes, old, now) | _disinherited(shifts, old)
    closings = tuple(_closing(unit_id, after, at, now, hanging) for unit_id, at in closed.items())
    heirs = {one.unit_id: one.heirs for one in closings}
    return UnitsDiff(
        changes=tuple(changes),
        closings=closings,
        merged=_merged(heirs),
        split=tuple((unit_id, into) for unit_id, into in heirs.items() if len(into) > 1),
        absent=tuple(sorted(set(old) - set(given))),
        unchanged=len(given) - len(changes),
        moved=sum(hanging.recent[unit_id] for unit_id in shifts),
        recent=hanging.recent.total(),
    )


def _shifts(
    old: Mapping[str, Unit], after: Mapping[str, Unit], unit_ids: Iterable[str], now: datetime
) -> dict[str, list[tuple[datetime, tuple[str, ...]]]]:
    """Of units whose tickets go elsewhere by the new list: from when on, and to whom, earliest first.

    Both lists are asked for now and for each moment to come at which a unit of either opens or closes.
    """
    ends = {end for units in (old, after) for unit in units.values() for end in _moments(unit.validity)}
    moments = sorted({now, *(end for end in ends if end > now)})
    found: dict[str, list[tuple[datetime, tuple[str, ...]]]] = {}
    for unit_id in sorted(unit_ids):
        for moment in moments:
            heirs = open_heirs(unit_id, after, moment)
            if heirs != open_heirs(unit_id, old, moment):
                found.setdefault(unit_id, []).append((moment, heirs))
    return found


def _closed(changes: Iterable[Change], old: Mapping[str, Unit], now: datetime) -> dict[str, datetime]:
    """Units that the list closes, or gives other successors when they are closed, and when they close."""
    return {
        change.unit.unit_id: change.unit.validity.valid_to
        for change in changes
        if change.unit.validity.valid_to is not None
        and (change.kind is ChangeKind.CLOSED or _is_followed_by_others(change.unit, old, now))
    }


def _disinherited(
    shifts: Mapping[str, Sequence[tuple[datetime, tuple[str, ...]]]], old: Mapping[str, Unit]
) -> dict[str, datetime]:
    """Listed units whose tickets go elsewhere while they are not open, and the first moment of that."""
    found = {
        unit_id: next((moment for moment, heirs in its if unit_id not in heirs), None)
        for unit_id, its in shifts.items()
        if unit_id in old
    }
    return {unit_id: moment for unit_id, moment in found.items() if moment is not None}


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
class _Hanging:
    """Tickets and dispatches by unit; territories and rules as (id, unit, validity)."""

    tickets: Counter[str]
    dispatches: Counter[str]
    recent: Counter[str]
    territories: Sequence[tuple[str, str | None, Validity]]
    rules: Sequence[tuple[str, str | None, Validity]]


def _hanging(session: ReadSession) -> _Hanging:
    """`recent` are the dispatches of the 90 days before the latest one: a history may have been imported late."""
    log = [(dispatch.known_at, dispatch.unit_id) for dispatch in unretracted(session.dispatches())]
    latest = max((known_at for known_at, _ in log), default=None)
    return _Hanging(
        tickets=Counter({one.unit_id: one.tickets for one in session.unit_loads(EVER)}),
        dispatches=Counter(unit_id for _, unit_id in log),
        recent=Counter(unit_id for known_at, unit_id in log if latest and known_at > latest - RECENT),
        territories=[(one.territory_id, one.unit_id, one.validity) for one in session.territories()],
        rules=[(one.rule_id, one.unit_id, one.validity) for one in session.rules()],
    )


def _closing(
    unit_id: str, after: Mapping[str, Unit], at: datetime, now: datetime, hanging: _Hanging
) -> Closing:
    """`at` may have passed: what counts then is now."""
    since = max(at, now)
    heirs = open_heirs(unit_id, after, since)
    return Closing(
        unit_id=unit_id,
        at=at,
        tickets=hanging.tickets[unit_id],
        dispatches=hanging.dispatches[unit_id],
        recent=hanging.recent[unit_id],
        heirs=heirs,
        faults=tuple(_faults(after[unit_id], after, since, heirs)),
        territories=_naming(unit_id, at, hanging.territories),
        rules=_naming(unit_id, at, hanging.rules),
    )


def _faults(unit: Unit, after: Mapping[str, Unit], at: datetime, heirs: tuple[str, ...]) -> Iterable[str]:
    opens = unit.validity.valid_from
    unknown = [successor for successor in unit.successors if successor not in after]
    shut = [one for one in unit.successors if one in after and not after[one].is_open(at)]
    if opens is not None and opens > at:
        yield f"not open before {opens:%Y-%m-%d %H:%M}"
    elif not unit.successors:
        yield "no successor is named"
    if unknown:
        yield f"successor not known: {', '.join(unknown)}"
    if shut and not unknown and not heirs:
        yield "no successor is open then"
    elif shut:
        yield f"successor not open then: {', '.join(shut)}"


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

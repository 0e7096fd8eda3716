"""Units: the crews and offices that tickets are dispatched to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.time import ALWAYS, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A responsible unit (责任单位). `kinds` empty: takes any kind of trouble."""

    unit_id: str
    name: str
    kinds: frozenset[str] = frozenset()
    validity: Validity = ALWAYS
    successors: tuple[str, ...] = ()
    parent: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether tickets may be dispatched to it at that time."""
        return self.validity.holds(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Which units are closed, and what goes from which of them to which open one: `parts` of it, alike in a split.

    `forebears`: by open unit the closed ones that it stands in for.
    """

    closed: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    heirs: tuple[str, ...] = ()
    parts: tuple[float, ...] = ()
    forebears: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


class Roster(dict[str, Unit]):
    """Units by id, not to be changed.

    `by_kind` remembers which units are listed for a kind of trouble, by its normal form, once somebody looked.
    """

    __slots__ = ("_moments", "_successions", "by_kind", "limited")

    def __init__(self, units: Mapping[str, Unit]) -> None:
        super().__init__(units)
        self.limited = tuple(unit for unit in units.values() if unit.validity != ALWAYS)
        self.by_kind: dict[str, tuple[str, ...]] = {}
        bounds = {end for unit in self.limited for end in (unit.validity.valid_from, unit.validity.valid_to)}
        self._moments = sorted(end for end in bounds if end is not None)
        self._successions: dict[
            int, Succession
        ] = {}  # by the moment after which nothing changes till the next

    @classmethod
    def of(cls, units: Mapping[str, Unit]) -> Roster:
        """The same units; the roster itself, where it is one."""
        return units if isinstance(units, cls) else cls(units)

    def succession(self, at: datetime) -> Succession:
        """Who is closed at that time and who succeeded; the same object until that changes."""
        since = bisect_right(self._moments, at)
        found = self._successions.get(since)
        if found is None:
            found = self._successions[since] = self._succeeded(at)
        return found

    def _succeeded(self, at: datetime) -> Succession:
        closed = [unit.unit_id for unit in self.limited if not unit.is_open(at)]
        waiting: dict[str, list[tuple[str, float]]] = {}  # by heir: from whom it has how much
        for unit_id in closed:
            own = open_heirs(unit_id, self, at)
            for heir in own:
                waiting.setdefault(heir, []).append((unit_id, 1.0 / len(own)))
        lines = [(source, part, heir) for heir, given in waiting.items() for source, part in given]
        sources, parts, heirs = zip(*lines, strict=True) if lines else ((), (), ())
        forebears = {heir: tuple(source for source, _ in given) for heir, given in waiting.items()}
        return Succession(
            closed=tuple(closed), sources=sources, heirs=heirs, parts=parts, forebears=forebears
        )


def open_heirs(unit_id: str, units: Mapping[str, Unit], at: datetime) -> tuple[str, ...]:
    """The unit itself where it is open or not listed, else its open successors, and theirs, each once.

    A successor that is not listed is nobody: its name may be misspelt.
    """
    found: dict[str, None] = {}
    seen, waiting = {unit_id}, [unit_id]
    while waiting:
        one = waiting.pop(0)
        unit = units.get(one)
        if unit is None:
            found |= {one: None} if one == unit_id else {}
            continue
        if unit.is_open(at):
            found[one] = None
            continue
        fresh = [s for s in dict.fromkeys(unit.successors) if s not in seen]
        seen.update(fresh)
        waiting += fresh
    return tuple(found)


def descends(unit_id: str, named: str, units: Mapping[str, Unit]) -> bool:
    """Whether the unit is the named one or, at any time, one of its successors, or theirs."""
    seen, waiting = {named}, [named]
    while waiting:
        unit = units.get(waiting.pop())
        fresh = set(unit.successors if unit else ()) - seen
        seen |= fresh
        waiting += fresh
    return unit_id in seen


def stands_for(unit_id: str, named: str, units: Mapping[str, Unit], at: datetime) -> bool:
    """Whether the unit is the named one, or stands in at that time for what the named one was."""
    return unit_id == named or unit_id in open_heirs(named, units, at)


def known_then(unit_id: str, units: Roster, at: datetime) -> str | None:
    """Which unit that was open at that time a record means that names this one; None: none, or not one alone.

    The unit itself where it was open or is not listed; else a closed one's only open successor, or of one that opened
    later the only one whose place it took.
    """
    unit = units.get(unit_id)
    if unit is None or unit.is_open(at):
        return unit_id
    opened = unit.validity.valid_from
    if opened is None or opened <= at:
        found = open_heirs(unit_id, units, at)
    else:
        found = _replaced_by(unit_id, opened, units, at)
    return found[0] if len(found) == 1 else None


def _replaced_by(unit_id: str, opened: datetime, units: Roster, at: datetime) -> tuple[str, ...]:
    """Who was open at that time, and had the unit for an heir when it opened."""
    then = (unit.unit_id for unit in units.limited if unit.is_open(at))
    return tuple(one for one in then if unit_id in open_heirs(one, units, opened))

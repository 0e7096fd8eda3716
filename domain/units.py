"""Units: the crews and offices that tickets are dispatched to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


class Roster(dict[str, Unit]):
    """Units by id, not to be changed. `limited`: those that are not open at all times.

    `by_kind` remembers which units are listed for a kind of trouble, by its normal form, once somebody looked.
    """

    __slots__ = ("by_kind", "limited")

    def __init__(self, units: Mapping[str, Unit]) -> None:
        super().__init__(units)
        self.limited = tuple(unit for unit in units.values() if unit.validity != ALWAYS)
        self.by_kind: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(cls, units: Mapping[str, Unit]) -> Roster:
        """The same units; the roster itself, where it is one."""
        return units if isinstance(units, cls) else cls(units)


def open_heirs(unit_id: str, units: Mapping[str, Unit], at: datetime) -> tuple[str, ...]:
    """The unit itself where it is open or not listed, else its open successors, and theirs, each once."""
    found: dict[str, None] = {}
    seen, waiting = {unit_id}, [unit_id]
    while waiting:
        one = waiting.pop(0)
        unit = units.get(one)
        if unit is None or unit.is_open(at):
            found[one] = None
            continue
        fresh = [s for s in dict.fromkeys(unit.successors) if s not in seen]
        seen.update(fresh)
        waiting += fresh
    return tuple(found)

"""Units: the crews and offices that tickets are dispatched to."""

from __future__ import annotations

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

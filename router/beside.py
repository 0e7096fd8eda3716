"""Other processes that route beside this one, each in a world of its own that stands where this one's does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.decisions import Decision
from domain.tickets import Ticket
from router.ports import Pointers


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What of the store a process routes by: tickets are decided alike wherever it is the same.

    `bundle`: the digest of the one that serves there. `sequence`: the log is folded up to that number. `suspended`: ids
    of the suspensions that hold.
    """

    world_version: str
    pointers: Pointers
    bundle: str | None
    sequence: int
    suspended: tuple[int, ...]

    def covers(self, other: Standpoint) -> bool:
        """Whether who stands here knows what they know there; of the log it may know more."""
        mine, theirs = ((one.world_version, one.pointers, one.bundle, one.suspended) for one in (self, other))
        return mine == theirs and self.sequence >= other.sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A decision that another process made, and the seconds that each stage took it.

    `written`: the decision as the store writes it, where it came as that.
    """

    decision: Decision
    seconds: dict[str, float]
    written: str | None = None


class Beside(Protocol):
    """Called from many threads."""

    @property
    def places(self) -> int:
        """How many groups of tickets they take at once now."""
        ...

    def press(self, waiting: int, /) -> None:
        """Hear that so many tickets wait: where that goes on, more processes are worth having. Returns at once."""
        ...

    def decide(
        self, tickets: Sequence[Ticket], at: datetime, standpoint: Standpoint, /
    ) -> Sequence[Elsewhere] | None:
        """Decide each ticket, as of that time; None where nobody is free, or nobody stands there."""
        ...


class NobodyBeside:
    """This process routes alone."""

    places = 0

    def press(self, _waiting: int, /) -> None:
        """Nobody hears."""

    def decide(
        self, _tickets: Sequence[Ticket], _at: datetime, _standpoint: Standpoint, /
    ) -> Sequence[Elsewhere] | None:
        """Nobody is free."""
        return None

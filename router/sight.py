"""Whose tickets somebody sees: those of an area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.access import Key, Role
from domain.decisions import Decision
from domain.tickets import WAITING
from router.stored import StoredTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Tickets that these units have. With `proposals` also those that wait for a person and concern the area:

    proposed to the units (in a blind review: they are among the candidates), told to them as overdue, on the ground of
    the territories, or nobody's: without a proposal and without known ground they would be in no area at all.
    """

    units: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    proposals: bool = True

    def covers(self, stored: StoredTicket) -> bool:
        """Whether the ticket is one of them."""
        if stored.unit_id in self.units:
            return True
        if not self.proposals:
            return False
        decision = stored.decision
        concerned = {stored.duty_unit, decision.unit_id if decision else None}
        if decision is None:
            return stored.status in WAITING or bool(concerned & self.units)
        if (concerned | {*blind_candidates(decision)}) & self.units:
            return True
        return bool({*(decision.grounds or ())} & self.territories) or (
            stored.status in WAITING and is_nobodys(decision)
        )


def sight_of(key: Key | None) -> Sight | None:
    """What the key's bearer sees; None: every ticket."""
    if key is None or not key.area.is_limited:
        return None
    return Sight(units=key.area.units, territories=key.area.territories, proposals=key.role is not Role.UNIT)


def is_nobodys(decision: Decision) -> bool:
    """Whether nothing says whom the ticket may concern."""
    return decision.unit_id is None and not decision.grounds and not any(blind_candidates(decision))


def blind_candidates(decision: Decision) -> Iterator[str]:
    """Whom a blind review concerns: to show it to the proposed unit's reviewers alone would tell them."""
    return (one.unit_id for one in (decision.ranking.candidates if decision.blind else ()))

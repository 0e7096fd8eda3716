"""(ticket, unit) pairs as feature rows, as of each ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.dispatches import Dispatch
from domain.units import Roster, Unit, known_then
from features.history import History
from features.table import feature_rows
from features.territories import Territories
from models.text import TextModels
from router.ground import Grounds, believed, contested, grounds
from router.parse import parse
from router.retrieve import Retrieved, retrieve
from router.rules import RuleBook
from training.replay import Case

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a training world holds besides history: who owns what, which units are open when, which rules fire."""

    territories: Territories
    units: Mapping[str, Unit]
    limit: int
    rules: RuleBook = field(default_factory=RuleBook)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", Roster.of(self.units))

    def owner(self, dispatch: Dispatch) -> str:
        """Whose the ticket was when it came: the recorded unit, or whom that one's name means of the units of then."""
        roster = Roster.of(self.units)
        return known_then(dispatch.unit_id, roster, dispatch.ticket.received_at) or dispatch.unit_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """One ticket's candidates: unit ids and feature rows, shape (candidates, features), in the order of the ids.

    `truth`: as Ground.owner. `contested` as router.ground.contested; `precedent` as History.precedent.
    """

    units: tuple[str, ...]
    rows: Floats32
    truth: str
    contested: bool = False
    precedent: str | None = None

    @property
    def labels(self) -> NDArray[np.int8]:
        """1 where the candidate is the true unit, shape (candidates,)."""
        return np.array([unit == self.truth for unit in self.units], np.int8)


def candidates(
    case: Case, history: History, text: TextModels | None, ground: Ground, owned: Grounds
) -> Retrieved:
    """What routing would retrieve for the case's ticket."""
    ticket = case.dispatch.ticket
    parsed = parse(ticket)
    fired = ground.rules.match(ticket, case.location.point, parsed.text, parsed.account)
    known = believed(case.location, owned, ground.territories)
    return retrieve(
        case.facts,
        history,
        text,
        owners=known.owners,
        spot=known.spot,
        named=[rule.unit_id for rule in fired if rule.unit_id],
        units=ground.units,
        at=ticket.received_at,
        limit=ground.limit,
    )


def pairs(case: Case, history: History, text: TextModels | None, ground: Ground) -> Pairs:
    """The case's candidates as rows; the same stages in the same order as `route`."""
    ticket = case.dispatch.ticket
    owned = grounds(case.location, ground.territories, parse(ticket).category, ticket.received_at)
    retrieved = candidates(case, history, text, ground, owned)
    return Pairs(
        units=tuple(history.unit_ids[i] for i in retrieved.units.tolist()),
        rows=feature_rows(case.facts, history, retrieved.units, retrieved.opinion),
        truth=ground.owner(case.dispatch),
        contested=contested(owned),
        precedent=history.precedent(case.facts),
    )


def stack(found: Sequence[Pairs], keep: Callable[[Pairs], bool]) -> tuple[Floats32, NDArray[np.int8]]:
    """(rows, labels) of all pairs of the tickets to keep."""
    kept = [one for one in found if keep(one)]
    if not kept:
        return np.zeros((0, 0), np.float32), np.zeros(0, np.int8)
    return np.concatenate([one.rows for one in kept]), np.concatenate([one.labels for one in kept])

"""Everything a decision depends on besides the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.decisions import Policy
from domain.units import Roster, Unit
from features.history import History
from features.territories import Territories
from models.bundle import Bundle
from router.atlas import Atlas
from router.rules import RuleBook
from router.suspensions import Suspensions


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Territory version + atlas + history at sequence n + bundle + rules + policy + suspensions.

    `audit_salt` says which tickets are reviewed blind; empty: none, as in trials.

    Frozen, but for `history`, which its owner folds forward between tickets.
    """

    history: History
    units: Mapping[str, Unit] = field(default_factory=dict)
    territories: Territories = field(default_factory=Territories)
    atlas: Atlas = field(default_factory=Atlas)
    rules: RuleBook = field(default_factory=RuleBook)
    bundle: Bundle | None = None
    policy: Policy = field(default_factory=Policy)
    suspensions: Suspensions = field(default_factory=Suspensions)
    audit_salt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", Roster.of(self.units))
        # every unit that a ticket can come up against gets its index now, so that routing changes nothing
        for unit in self.units.values():
            for unit_id in (unit.unit_id, *unit.successors):
                self.history.unit(unit_id)
        for unit_id in (*self.territories.unit_ids, *self.rules.unit_ids):
            self.history.unit(unit_id)
        if self.bundle is not None:
            self.history.units(self.bundle.text.mixed.classes)
            self.history.units(self.bundle.text.words.classes)

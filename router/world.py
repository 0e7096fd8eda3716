"""Everything a decision depends on besides the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.decisions import Policy
from domain.units import Unit
from features.gazetteer import Gazetteer
from features.history import History
from features.territories import Territories
from models.bundle import Bundle
from router.rules import RuleBook


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Territory version + gazetteer + history at sequence n + bundle + rules + policy.

    Frozen, but for `history`, which its owner folds forward between tickets.
    """

    history: History
    units: Mapping[str, Unit] = field(default_factory=dict)
    territories: Territories = field(default_factory=Territories)
    gazetteer: Gazetteer = field(default_factory=Gazetteer)
    rules: RuleBook = field(default_factory=RuleBook)
    bundle: Bundle | None = None
    policy: Policy = Policy()

"""What the store keeps of automatic dispatch: suspensions, what the monitor's detectors have seen, blind reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.automation import Resumption, Suspension
from models.evidence import Errors, Returns
from router.access_ports import KeyReads, KeyWrites


class Detector(StrEnum):
    """What the monitor holds against a budget: audits of a group, audits of a unit, returns of a unit's dispatches."""

    GROUP_AUDITS = "group_audits"
    UNIT_AUDITS = "unit_audits"
    UNIT_RETURNS = "unit_returns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one detector has seen of `key` under a bundle's certificates; automatic dispatches up to number `upto`."""

    bundle_digest: str
    detector: Detector
    key: str
    seen: Errors | Returns
    upto: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An automatic dispatch under a certificate; numbers grow along the decisions."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """So many tickets of one group that would have gone to one unit, and were drawn for a blind review.

    `words`: the units that people named, first and last by id, of undone reviews too; empty: they wait, or go with
    another ticket (`joined`). `refused`: a unit that was named sent them back.
    """

    group: str
    unit_id: str | None
    words: frozenset[str] = frozenset()
    refused: bool = False
    joined: bool = False
    count: int = 1


class AutomationReads(KeyReads, Protocol):
    """The part of a reading session that tells of it."""

    def suspensions(self) -> Sequence[Suspension]:
        """Those that nobody has lifted, oldest first."""
        ...

    def suspensions_at(self, at: datetime) -> Sequence[Suspension]:
        """Those that had been made and not lifted by then, oldest first."""
        ...

    def watched(self, bundle_digest: str, detector: Detector, key: str) -> Watched | None: ...

    def sent(self, bundle_digest: str, unit_id: str, after: int = 0, limit: int = 1000) -> Sequence[Sent]:
        """Automatic dispatches to the unit under a certificate of the bundle, by number, those beyond `after`."""
        ...

    def audited(self, bundle_digest: str) -> Sequence[Audited]:
        """All under the bundle's certificates."""
        ...

    def decision_number(self, ticket_id: str) -> int:
        """Of the ticket's latest decision; 0 where there is none."""
        ...

    def audit_salt(self) -> str:
        """The secret of this store by which tickets are drawn for blind reviews."""
        ...

    def last_sent(self) -> int:
        """A number that no decision so far is beyond."""
        ...


class AutomationWrites(AutomationReads, KeyWrites, Protocol):
    """The part of a writing session that changes it."""

    def add_suspension(self, suspension: Suspension) -> Suspension:
        """Gives it the next id (its own is ignored)."""
        ...

    def add_resumption(self, resumption: Resumption) -> Suspension:
        """Lifts a suspension and answers it. Raises NotFound where there is none of that id, or it is lifted."""
        ...

    def put_watched(self, watched: Watched) -> None:
        """In the place of what is stored of the same bundle, detector and key."""
        ...

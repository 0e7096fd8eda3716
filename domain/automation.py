"""What keeps tickets from automatic dispatch although a certificate would let them go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.time import require_aware


class Scope(StrEnum):
    """Whose automatic dispatch is suspended: everything, a kind of trouble, a unit, a group of the certificate."""

    ALL = "all"
    KIND = "kind"
    UNIT = "unit"
    GROUP = "group"


class Cause(StrEnum):
    """What suspended it: too many blind audits were wrong, too many dispatches came back, or a person said so."""

    AUDITS = "audits"
    RETURNS = "returns"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Tickets within `scope` and `key` go to people, until somebody lifts it.

    A person's own holds whatever model serves. The monitor's belongs to the certificates of `bundle_digest`: of `rows`
    audits or dispatches `errors` were wrong or came back, where a rate of `tolerated` would have been borne; `evidence`
    reached `threshold`. `suspension_id` is 0 until it is stored.
    """

    scope: Scope
    key: str = ""
    cause: Cause
    at: datetime
    by: str = "gridroute"
    reason: str = ""
    bundle_digest: str | None = None
    errors: int = 0
    rows: int = 0
    tolerated: float = 0.0
    evidence: float = 0.0
    threshold: float = 0.0
    suspension_id: int = 0

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        if (self.scope is Scope.ALL) != (self.key == ""):
            raise ValueError("a suspension names what it is of, unless it is of everything")

    @property
    def group(self) -> str | None:
        """The group of the certificate that it is of, if it is of one."""
        return self.key if self.scope is Scope.GROUP else None

    @property
    def unit(self) -> str | None:
        """The unit that it is of, if it is of one."""
        return self.key if self.scope is Scope.UNIT else None

    @property
    def told(self) -> str:
        """Why, in words that a person can check."""
        if self.cause is Cause.PERSON:
            return self.reason
        seen = "audits were wrong" if self.cause is Cause.AUDITS else "dispatches came back"
        return f"{self.errors} of the last {self.rows} {seen}; {self.tolerated:.1%} would be borne"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A person's word that a suspension is over."""

    suspension_id: int
    at: datetime
    by: str
    reason: str

    def __post_init__(self) -> None:
        require_aware("at", self.at)

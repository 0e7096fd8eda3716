"""What the service refuses, in a form that a page can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one value, and how to mend it."""

    field: str
    problem: str
    mend: str


class ServiceError(Exception):
    """The service did not do what was asked."""


class Unreachable(ServiceError):
    """Nobody answers at the service's address; it may be starting."""


@dataclass(eq=False)
class Refused(ServiceError):
    """The service's answer to a request that it does not carry out (RFC 9457)."""

    status: int
    detail: str
    faults: tuple[Fault, ...] = ()
    members: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail

    @property
    def is_missing_endpoint(self) -> bool:
        """Whether the service is too old to know the address at all, rather than the thing asked for."""
        return self.status in {404, 405} and "problem:" not in str(self.members.get("type", ""))

    @classmethod
    def of(cls, status: int, body: object) -> Refused:
        """The refusal that a response's body tells of."""
        members = body if isinstance(body, dict) else {}
        told = [one for one in members.get("errors") or [] if isinstance(one, dict)]
        if not told and members.get("field"):
            told = [members]
        faults = tuple(
            Fault(**{name: str(one.get(name) or "") for name in ("field", "problem", "mend")}) for one in told
        )
        detail = str(members.get("detail") or members.get("title") or f"HTTP {status}")
        return cls(status=status, detail=detail, faults=faults, members=members)

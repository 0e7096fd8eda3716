"""Who may do what: roles, what each may do, and keys that stand for a person or a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from domain.time import require_aware


class Role(StrEnum):
    """What somebody is to the service."""

    CALL_CENTRE = "call-centre"
    REVIEWER = "reviewer"
    UNIT = "unit"
    ENGINEER = "engineer"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that a role may do."""

    SUBMIT = "submit"
    LOCATE = "locate"
    READ = "read"
    REVIEW = "review"
    JOIN = "join"
    TAKE = "take"
    FOLLOW = "follow"
    WATCH = "watch"
    SUSPEND = "suspend"
    DELIVER = "deliver"
    PROMOTE = "promote"
    UNITS = "units"
    KEYS = "keys"


class Personal(StrEnum):
    """What a ticket tells of a person, that not everybody may see."""

    PHONE = "phone"
    ACCOUNT = "account"


RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.CALL_CENTRE: frozenset({Right.SUBMIT, Right.LOCATE, Right.READ, Right.JOIN}),
        Role.REVIEWER: frozenset(
            {Right.LOCATE, Right.READ, Right.REVIEW, Right.JOIN, Right.FOLLOW, Right.WATCH}
        ),
        Role.UNIT: frozenset({Right.READ, Right.TAKE, Right.FOLLOW}),
        Role.ENGINEER: frozenset(
            {
                Right.LOCATE,
                Right.READ,
                Right.FOLLOW,
                Right.WATCH,
                Right.SUSPEND,
                Right.DELIVER,
                Right.PROMOTE,
            }
        ),
        Role.ADMIN: frozenset(Right),
    }
)

SHOWN: Mapping[Role, frozenset[Personal]] = MappingProxyType(
    {
        Role.CALL_CENTRE: frozenset(Personal),  # they call back
        Role.REVIEWER: frozenset(),
        Role.UNIT: frozenset({Personal.PHONE}),  # the crew calls from the street
        Role.ENGINEER: frozenset(),
        Role.ADMIN: frozenset(Personal),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Whose tickets: those of these units and those on the ground of these territories. Empty: all."""

    units: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()

    @property
    def is_limited(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.units or self.territories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A secret's bearer: a role, perhaps narrowed to some rights and an area, until it expires or is revoked.

    The secret itself is not here; the store has its digest alone. `per_minute`: requests; None as is usual.
    """

    key_id: str
    name: str
    role: Role
    made_at: datetime
    made_by: str
    area: Area = Area()
    only: frozenset[Right] | None = None
    per_minute: int | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("made_at", "expires_at", "revoked_at"):
            require_aware(name, getattr(self, name))

    @property
    def rights(self) -> frozenset[Right]:
        """What its bearer may do."""
        return RIGHTS[self.role] if self.only is None else RIGHTS[self.role] & self.only

    @property
    def hidden(self) -> frozenset[Personal]:
        """What its bearer may not see of people."""
        return frozenset(Personal) - SHOWN[self.role]

    def holds(self, at: datetime) -> bool:
        """Whether it may be used at that time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A key's bearer at a console: may do what the key may, until `expires_at`, or `idle` after it was last seen.

    Its token is not here; the store has its digest alone.
    """

    session_id: str
    key_id: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        for name in ("made_at", "seen_at", "expires_at"):
            require_aware(name, getattr(self, name))

    def holds(self, at: datetime, idle: timedelta) -> bool:
        """Whether it may be used at that time."""
        return at < min(self.expires_at, self.seen_at + idle)

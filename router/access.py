"""Issuing and revoking keys; signing in and out with them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from domain.access import RIGHTS, Area, Key, Right, Role, SignIn
from domain.errors import InvalidInput, NotFound
from router.ports import ReadSession, Store, WriteSession

PREFIX = "gr"  # so that a secret that leaked is known for what it is
SECRET_BYTES = 32
ID_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
USUAL_DAYS = 365
SESSION_PREFIX = "gs"
SESSION_LASTS, SESSION_IDLE = timedelta(hours=12), timedelta(hours=2)
MOST_SESSIONS = 100  # of one key at a time
LIMITED = (Role.REVIEWER, Role.UNIT)  # roles that have an area


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key to issue. `days` None: it does not expire."""

    name: str
    role: Role
    area: Area = field(default_factory=Area)
    only: frozenset[Right] | None = None
    per_minute: int | None = None
    days: float | None = USUAL_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key with its secret, which is shown now and never again."""

    key: Key
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session with its token, which is shown now and never again."""

    sign_in: SignIn
    token: str = field(repr=False)


def digest_of(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits: there is nothing to guess, and no need of a slow hash."""
    return sha256(secret.encode()).hexdigest()


def issue(
    store: Store, wanted: Wanted, *, by: str, at: datetime, granting: frozenset[Right] = frozenset(Right)
) -> Issued:
    """Make a key; `granting`: the rights of who makes it.

    Raises InvalidInput for one that makes no sense or may what its maker may not, NotFound for an area that is not in
    the store.
    """
    _require_own(wanted, granting)
    issued = _issued(wanted, by, at)
    store.write(lambda session: _keep(issued, session))
    return issued


def issue_first(store: Store, wanted: Wanted, *, by: str, at: datetime) -> Issued | None:
    """As `issue` where no key was ever made, else None: of several processes that start at once one alone makes it."""
    issued = _issued(wanted, by, at)

    def work(session: WriteSession) -> bool:
        # stores do one work at a time, whichever process has it
        if session.keys_version():
            return False
        _keep(issued, session)
        return True

    return issued if store.write(work) else None


def revoke(store: Store, key_id: str, *, by: str, at: datetime) -> Key:
    """Let nobody in by that key any more. Raises NotFound."""
    return store.write(lambda session: session.revoke_key(key_id, at, by))


def sign_in(store: Store, key: Key, *, at: datetime) -> SignedIn:
    """Begin a session in which its token stands for the key; never longer than the key itself holds.

    Beyond `MOST_SESSIONS` of a key those end that nobody used for longest.
    """
    session_id, token = _made(SESSION_PREFIX)
    until = at + SESSION_LASTS
    found = SignIn(
        session_id=session_id,
        key_id=key.key_id,
        made_at=at,
        seen_at=at,
        expires_at=until if key.expires_at is None else min(until, key.expires_at),
    )

    def work(session: WriteSession) -> None:
        session.add_sign_in(found, digest_of(token), by=key.name)
        own = [one for one in session.sign_ins().values() if one.key_id == key.key_id]
        for one in sorted(own, key=lambda one: one.seen_at)[:-MOST_SESSIONS]:
            session.end_sign_in(one.session_id, by=key.name)

    store.write(work)
    return SignedIn(sign_in=found, token=token)


def sign_out(store: Store, session_id: str, *, by: str) -> None:
    """End the session. Raises NotFound."""
    store.write(lambda session: session.end_sign_in(session_id, by))


def _issued(wanted: Wanted, by: str, at: datetime) -> Issued:
    _require_sense(wanted)
    key_id, secret = _made(PREFIX)
    key = Key(
        key_id=key_id,
        name=wanted.name.strip(),
        role=wanted.role,
        made_at=at,
        made_by=by,
        area=wanted.area,
        only=wanted.only,
        per_minute=wanted.per_minute,
        expires_at=None if wanted.days is None else at + timedelta(days=wanted.days),
    )
    return Issued(key=key, secret=secret)


def _keep(issued: Issued, session: WriteSession) -> None:
    _require_known(issued.key.area, session)
    session.add_key(issued.key, digest_of(issued.secret))


def _made(prefix: str) -> tuple[str, str]:
    """A new id and the secret that begins with it."""
    made = "".join(secrets.choice(ID_LETTERS) for _ in range(8))
    return made, f"{prefix}_{made}_{secrets.token_urlsafe(SECRET_BYTES)}"


def _require_sense(wanted: Wanted) -> None:
    def refuse(field: str, problem: str, mend: str) -> None:
        raise InvalidInput(field=field, problem=problem, mend=mend)

    if not wanted.name.strip():
        refuse("name", "is empty", "Say whose key it is")
    if wanted.role is Role.UNIT and not wanted.area.units:
        refuse("units", f"are missing for the role {wanted.role}", "Name the unit, or several")
    if wanted.role not in LIMITED and wanted.area.is_limited:
        refuse(
            "units, territories",
            f"are given for the role {wanted.role}",
            f"Leave them out, or use {LIMITED[0]}",
        )
    if wanted.role is Role.UNIT and wanted.area.territories:
        refuse("territories", f"are given for the role {wanted.role}", "Name units alone")
    if wanted.only is not None and not (wanted.only and wanted.only <= RIGHTS[wanted.role]):
        refuse(
            "only",
            f"is not part of what the role {wanted.role} may",
            f"Choose of {_listed(RIGHTS[wanted.role])}",
        )
    if wanted.per_minute is not None and wanted.per_minute < 1:
        refuse("per_minute", "is less than 1", "Give a number of requests, or leave it out")
    if wanted.days is not None and not 0 < wanted.days <= 36_500:
        refuse(
            "days", "is not from 1 to 36,500", "Give a number of days, or none for a key that does not expire"
        )


def _require_own(wanted: Wanted, granting: frozenset[Right]) -> None:
    """Nobody grants what he may not himself."""
    rights = RIGHTS[wanted.role] if wanted.only is None else wanted.only & RIGHTS[wanted.role]
    if not rights <= granting:
        own = RIGHTS[wanted.role] & granting
        raise InvalidInput(
            field="role" if wanted.only is None else "only",
            problem=f"grants what your key may not: {_listed(rights - granting)}",
            mend=f"Set only to some of {_listed(own)}" if own else "Ask somebody who may",
        )


def _require_known(area: Area, session: ReadSession) -> None:
    units = {unit.unit_id for unit in session.units()} if area.units else set()
    territories = {one.territory_id for one in session.territories()} if area.territories else set()
    for kind, named, known in (("unit", area.units, units), ("territory", area.territories, territories)):
        for key in sorted(named - known):
            raise NotFound(kind=kind, key=key)


def _listed(rights: Iterable[Right]) -> str:
    return ", ".join(sorted(rights))

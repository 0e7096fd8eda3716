"""Keys and the sessions that they began, on a SQL connection: of a secret its digest alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from domain.access import Key, SignIn
from domain.errors import NotFound
from router.event_ports import EventKind
from store import tables
from store.codec import decode, encode
from store.events import SqlEventReads, SqlEventWrites

_key = tables.api_keys.c
_session = tables.sessions.c
_OF_SIGN_IN = tuple(SignIn.__dataclass_fields__)


class SqlKeyReads(SqlEventReads):
    """Reads inside one transaction."""

    def keys(self) -> Sequence[Key]:
        """All that were ever made, oldest first."""
        rows = self._connection.execute(select(tables.api_keys).order_by(_key.number))
        return [_read(row) for row in rows]

    def keys_by_digest(self) -> Mapping[str, Key]:
        """Those that are not revoked, by the SHA-256 of their secrets."""
        rows = self._connection.execute(select(tables.api_keys).where(_key.revoked_at.is_(None)))
        return {row.digest: _read(row) for row in rows}

    def keys_version(self) -> int:
        """Grows whenever a key is added or revoked."""
        counted = select(func.count() + func.count(_key.revoked_at)).select_from(tables.api_keys)
        return self._connection.scalar(counted) or 0

    def sign_ins(self) -> Mapping[str, SignIn]:
        """Those that were not ended, by the SHA-256 of their tokens, oldest first; some may be over."""
        rows = self._connection.execute(select(tables.sessions).order_by(_session.number))
        return {row.digest: _sign_in(row) for row in rows}


class SqlKeyWrites(SqlKeyReads, SqlEventWrites):
    """Writes inside one transaction."""

    def add_key(self, key: Key, digest: str) -> None:
        """`digest`: the SHA-256 of its secret."""
        body = encode(key)
        self._connection.execute(insert(tables.api_keys).values(key_id=key.key_id, digest=digest, body=body))
        self._record("", EventKind.KEY_ISSUED, by=key.made_by, detail=body)

    def revoke_key(self, key_id: str, at: datetime, by: str) -> Key:
        """Answers it as it is then; revoking it again changes nothing. Raises NotFound."""
        row = self._connection.execute(select(tables.api_keys).where(_key.key_id == key_id)).one_or_none()
        if row is None:
            raise NotFound(kind="key", key=key_id)
        if row.revoked_at is not None:
            return _read(row)
        self._connection.execute(update(tables.api_keys).where(_key.key_id == key_id).values(revoked_at=at))
        self._record("", EventKind.KEY_REVOKED, by=by, detail=encode({"key_id": key_id}))
        return replace(_read(row), revoked_at=at)

    def add_sign_in(self, sign_in: SignIn, digest: str, by: str) -> None:
        """`digest`: the SHA-256 of its token. Those that are over by then are forgotten."""
        self._connection.execute(delete(tables.sessions).where(_session.expires_at <= sign_in.made_at))
        row = {name: getattr(sign_in, name) for name in _OF_SIGN_IN}
        self._connection.execute(insert(tables.sessions).values(digest=digest, **row))
        self._record("", EventKind.SIGNED_IN, by=by, detail=told(sign_in))

    def see_sign_in(self, session_id: str, at: datetime) -> None:
        """It was used. Nothing happens where it was ended."""
        self._connection.execute(
            update(tables.sessions).where(_session.session_id == session_id).values(seen_at=at)
        )

    def end_sign_in(self, session_id: str, by: str) -> None:
        """Raises NotFound where there is none."""
        of_it = _session.session_id == session_id
        row = self._connection.execute(select(tables.sessions).where(of_it)).one_or_none()
        if row is None:
            raise NotFound(kind="session", key=session_id)
        self._connection.execute(delete(tables.sessions).where(of_it))
        self._record("", EventKind.SIGNED_OUT, by=by, detail=told(_sign_in(row)))


def told(sign_in: SignIn) -> str:
    """What the log says of it."""
    return encode({"session_id": sign_in.session_id, "key_id": sign_in.key_id})


def _sign_in(row: Row[*tuple[Any, ...]]) -> SignIn:
    return SignIn(**{name: getattr(row, name) for name in _OF_SIGN_IN})


def _read(row: Row[*tuple[Any, ...]]) -> Key:
    return replace(decode(Key, row.body), revoked_at=row.revoked_at)

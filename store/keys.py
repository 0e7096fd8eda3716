"""Keys, on a SQL connection: of a secret its digest alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from domain.access import Key
from domain.errors import NotFound
from router.event_ports import EventKind
from store import tables
from store.codec import decode, encode
from store.events import SqlEventReads, SqlEventWrites

_key = tables.api_keys.c


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


def _read(row: Row[*tuple[Any, ...]]) -> Key:
    return replace(decode(Key, row.body), revoked_at=row.revoked_at)

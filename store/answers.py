"""The answers to requests with an idempotency key, on a SQL connection."""

from __future__ import annotations

import zlib
from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from domain.errors import AlreadyAnswered
from router.idempotency import LIFETIME, KeptAnswer, RequestKey
from store import tables
from store.inserting import insert_new

CLEARED = 3  # outlived answers that each new one takes away: the table follows the load down, without a job


class SqlAnswerReads:
    """Reads inside one transaction."""

    _connection: Connection

    def answer(self, scope: str, key: str, since: datetime) -> KeptAnswer | None:
        """What was answered after `since`."""
        kept = tables.answers.c
        row = self._connection.execute(
            select(tables.answers).where(kept.scope == scope, kept.key == key, kept.at > since)
        ).one_or_none()
        if row is None:
            return None
        request = RequestKey(scope=row.scope, key=row.key, fingerprint=row.fingerprint)
        return KeptAnswer(request=request, at=row.at, status=row.status, body=zlib.decompress(row.body))


class SqlAnswerWrites(SqlAnswerReads):
    """Writes inside one transaction."""

    def keep_answer(self, answer: KeptAnswer) -> None:
        """Raises AlreadyAnswered while an earlier answer lives."""
        request, kept = answer.request, tables.answers.c
        outlived = kept.at <= answer.at - LIFETIME
        # what another process is clearing at this moment is left to it
        some = select(kept.number).where(outlived).order_by(kept.at).limit(CLEARED)
        same = (kept.scope == request.scope) & (kept.key == request.key) & outlived
        self._connection.execute(
            delete(tables.answers).where(
                or_(same, kept.number.in_(some.with_for_update(skip_locked=True).scalar_subquery()))
            )
        )
        row = {
            "scope": request.scope,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "at": answer.at,
            "status": answer.status,
            "body": zlib.compress(answer.body, 1),
        }
        if not insert_new(self._connection, tables.answers, row):
            raise AlreadyAnswered(key=request.key)

"""A request that is sent again under the same key is answered as the first time, and works once.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

LIFETIME = timedelta(days=7)
"""How long a key and its answer are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """What a client calls its request; `fingerprint` is the digest of what it asked. Keys of two scopes never meet."""

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What a request was answered `at`."""

    request: RequestKey
    at: datetime
    status: int
    body: bytes


class AnswerReads(Protocol):
    """The part of a reading session that tells of it."""

    def answer(self, scope: str, key: str, since: datetime) -> KeptAnswer | None:
        """What was answered after `since`."""
        ...


class AnswerWrites(AnswerReads, Protocol):
    """The part of a writing session that changes it."""

    def keep_answer(self, answer: KeptAnswer) -> None:
        """In the transaction of the request's own work. Raises AlreadyAnswered while an earlier answer lives."""
        ...

"""The answers to requests with an idempotency key, in memory."""

from __future__ import annotations

from datetime import datetime

from domain.errors import AlreadyAnswered
from router.idempotency import LIFETIME, KeptAnswer
from store.memory_state import State


class MemoryAnswerReads:
    """Reads of one state."""

    state: State

    def answer(self, scope: str, key: str, since: datetime) -> KeptAnswer | None:
        """What was answered after `since`."""
        found = self.state.answers.get((scope, key))
        return found if found is not None and found.at > since else None


class MemoryAnswerWrites(MemoryAnswerReads):
    """Writes to a copy."""

    def keep_answer(self, answer: KeptAnswer) -> None:
        """Raises AlreadyAnswered while an earlier answer lives."""
        scope, key = answer.request.scope, answer.request.key
        if self.answer(scope, key, since=answer.at - LIFETIME) is not None:
            raise AlreadyAnswered(key=key)
        self.state.answers[scope, key] = answer

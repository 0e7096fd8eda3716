"""Dangers that a ticket's words tell of, and how soon a person has to see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How soon a person has to see a ticket; the most pressing first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"

    @property
    def rank(self) -> int:
        """Its place in a queue, the most pressing 0."""
        return [*Priority].index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySignal:
    """One kind of danger that a ticket's text names; `words` as found, in normal form and in order."""

    kind: str
    words: tuple[str, ...]
    priority: Priority = Priority.URGENT

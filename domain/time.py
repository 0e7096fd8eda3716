"""Aware times and validity periods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


def require_aware(name: str, value: datetime | None) -> None:
    """Refuse a naive datetime: a time without a zone is a guess."""
    if value is not None and value.tzinfo is None:
        raise ValueError(f"{name} must be an aware datetime, got naive {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Half-open period [valid_from, valid_to); None is unbounded."""

    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        require_aware("valid_from", self.valid_from)
        require_aware("valid_to", self.valid_to)

    def holds(self, at: datetime) -> bool:
        """Whether the period contains `at`."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )


ALWAYS = Validity()

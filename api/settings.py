"""What the operator of the HTTP service may set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits of one process."""

    max_ticket_bytes: int = 1_000_000
    max_batch_bytes: int = 16_000_000
    max_batch_tickets: int = 1_000
    max_in_flight: int = 256
    refresh_seconds: float = 1.0

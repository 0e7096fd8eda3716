"""What the operator of the HTTP service may set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from api.open311.settings import Open311Settings
from api.webhooks.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Limits of one process. `processes`: how many share a key's requests a minute between them."""

    processes: int = 1
    max_ticket_bytes: int = 1_000_000
    max_batch_bytes: int = 16_000_000
    max_batch_tickets: int = 1_000
    max_in_flight: int = 256
    max_batches: int = 4
    batch_threads: int = 2
    max_forms: int = 64
    """Of Open311 that are being read at once: they may have pictures with them, which spill to disk."""
    max_requests: int = 1_024
    """Of all kinds at once, but for streams, which are counted by themselves."""
    refresh_seconds: float = 0.5
    poll_seconds: float = 0.5
    heartbeat_seconds: float = 15.0
    stream_seconds: float = 3_600.0
    max_streams: int = 64
    may_be_open: bool = True
    """Whether this machine needs no key until one is made: not where others can reach the service."""
    mlflow_url: str | None = None
    """Where people look at MLflow's own pages, without a slash at the end."""
    promoted: Callable[[], None] = lambda: None
    """Told when the pointers to bundles were moved through the service; returns at once."""
    allow_origins: frozenset[str] = frozenset()
    targets: Targets = field(default_factory=Targets)
    open311: Open311Settings = field(default_factory=Open311Settings)

"""The vital signs of a serving installation, for those who watch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from router.automation import LiveError
from router.delivery_ports import Outbox
from router.ports import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What waits and for how long, how far the history is folded, and what blind reviews say of automatic dispatch."""

    at: datetime
    ready: bool
    queues: Sequence[Queue]
    outbox: Outbox
    sequence: int
    lag: int
    suspended: int
    live_error: LiveError

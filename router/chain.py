"""The chain of events: each one's hash is over its content and the hash of the one before it.

The form is for good: a store's chain has to be checked by every later version.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from hashlib import sha256

from router.event_ports import ChainHead, TicketEvent

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def link(previous: str, event: TicketEvent) -> str:
    """SHA-256 over the canonical JSON (sorted names, no blanks, UTF-8) of the previous hash and the content."""
    return _link(previous, event, event.sequence)


def _link(previous: str, event: TicketEvent, sequence: int) -> str:
    content = {
        "at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "by": event.by,
        "covers": event.covers,
        "detail": event.detail,
        "kind": event.kind.value,
        "previous": previous,
        "sequence": sequence,
        "ticket_id": event.ticket_id,
        "unit_id": event.unit_id,
    }
    return sha256(_ENCODE(content).encode()).hexdigest()


def chained(events: Iterable[TicketEvent], head: ChainHead) -> list[TicketEvent]:
    """The events, numbered and chained on after `head`."""
    found: list[TicketEvent] = []
    last = head.hash
    for sequence, event in enumerate(events, head.sequence + 1):
        last = _link(last, event, sequence)
        found.append(replace(event, sequence=sequence, hash=last))
    return found


def digest(record: str) -> str:
    """What an event covers of a record."""
    return sha256(record.encode()).hexdigest()

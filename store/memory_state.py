"""What the store in memory holds."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields
from datetime import datetime
from secrets import token_hex
from typing import Any

from domain.access import Key, SignIn
from domain.automation import Resumption, Suspension
from domain.decisions import Decision, Review
from domain.dispatches import Dispatch
from domain.places import Account, Address, Territory
from domain.rules import Rule
from domain.units import Unit
from router.automation_ports import Detector, Watched
from router.delivery_ports import Delivery, Endpoint
from router.event_ports import ChainHead, TicketEvent
from router.idempotency import KeptAnswer
from router.ports import BundleRecord, Pointers, StoredTicket


@dataclass(slots=True, kw_only=True)
class State:
    """Everything stored. Once a store shows it, it is never changed: writes change a copy."""

    units: dict[str, Unit] = field(default_factory=dict)
    territories: dict[str, Territory] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    addresses: dict[str, Address] = field(default_factory=dict)
    tickets: dict[str, StoredTicket] = field(default_factory=dict)
    log: list[Dispatch] = field(default_factory=list)
    events: list[TicketEvent] = field(default_factory=list)
    chain_head: ChainHead = field(default_factory=ChainHead)
    deliveries: list[Delivery] = field(default_factory=list)
    undone_reviews: list[Review] = field(default_factory=list)
    followers: dict[str, frozenset[str]] = field(default_factory=dict)
    leases: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    bundles: list[BundleRecord] = field(default_factory=list)
    pointers: Pointers = field(default_factory=Pointers)
    decisions: list[tuple[datetime, Decision]] = field(default_factory=list)
    suspensions: list[Suspension] = field(default_factory=list)
    lifted: dict[int, Resumption] = field(default_factory=dict)
    watched: dict[tuple[str, Detector, str], Watched] = field(default_factory=dict)
    answers: dict[tuple[str, str], KeptAnswer] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    sign_ins: dict[str, SignIn] = field(default_factory=dict)
    world_version: str = "0"
    audit_salt: str = field(default_factory=lambda: token_hex(16))

    def joined_to(self, ticket_id: str) -> tuple[str, ...]:
        """All that go with the ticket, also by way of another one; the nearest first, then by id."""
        found: list[str] = []
        level = [ticket_id]
        while level := sorted(one for key in level for one in self.followers.get(key, ())):
            found += level
        return tuple(found)

    def branch(self) -> State:
        """Another state with the same contents."""
        parts: dict[str, Any] = {part.name: copy(getattr(self, part.name)) for part in fields(self)}
        return State(**parts)

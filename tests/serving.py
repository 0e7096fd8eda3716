"""A small office to serve: two units with a territory each, one closed unit, two rules, one account, no model."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from domain.dispatches import Dispatch
from domain.errors import GridrouteError, NotFound
from domain.places import Account, Point, Territory
from domain.rules import Rule
from domain.tickets import Ticket
from domain.time import Validity
from domain.units import Unit
from router.ports import Store, WriteSession
from router.service import RoutingService
from store.memory import MemoryStore

T = TypeVar("T")

NOW = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
IN_NORTH = Point(latitude=31.25, longitude=121.45)
IN_SOUTH = Point(latitude=31.15, longitude=121.45)

UNITS = (
    Unit(unit_id="north", name="North crew"),
    Unit(unit_id="south", name="South crew"),
    Unit(unit_id="gas", name="Gas emergency"),
    Unit(unit_id="old", name="Old crew", validity=Validity(valid_to=NOW), successors=("north",)),
)
RULES = (
    Rule(rule_id="gas-leak", unit_id="gas", words=("gas leak",), priority=5),
    Rule(rule_id="press", never_automatic=True, words=("newspaper",), priority=9),
)
ACCOUNTS = (Account(account_id="310042", address="1 North Road", point=IN_NORTH),)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **kwargs: float) -> None:
        """Move by a timedelta's arguments."""
        self.now += timedelta(**kwargs)


def square(territory_id: str, unit_id: str, south: float) -> Territory:
    """A tenth of a degree of ground from `south` upwards."""
    west, east, north = 121.4, 121.5, south + 0.1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return Territory(territory_id=territory_id, unit_id=unit_id, geometry=geometry)


def furnish(session: WriteSession) -> None:
    """Put the office into a store."""
    session.put_units(UNITS)
    session.put_territories([square("t-north", "north", 31.2), square("t-south", "south", 31.1)])
    session.put_rules(RULES)
    session.put_accounts(ACCOUNTS)


def furnished(store: Store | None = None) -> Store:
    """The store (default: a new one in memory) with the office in it."""
    store = store or MemoryStore()
    store.write(furnish)
    return store


def no_bundle(path: Path) -> NoReturn:
    """A loader that finds nothing."""
    raise NotFound(kind="model bundle", key=str(path))


def serve(store: Store | None = None, clock: Clock | None = None) -> RoutingService:
    """A service on the furnished store, without a model."""
    return RoutingService(furnished(store), clock or Clock(), no_bundle)


def a_ticket(ticket_id: str = "t1", **changes: Any) -> Ticket:
    """A ticket that a rule sends to the gas crew."""
    ticket = Ticket(ticket_id=ticket_id, received_at=NOW, text="Gas leak\nIt smells.", point=IN_NORTH)
    return replace(ticket, **changes)


def a_dispatch(ticket_id: str, unit_id: str, known_at: datetime, **changes: Any) -> Dispatch:
    """A past ticket in the north and who had it."""
    ticket = a_ticket(ticket_id, text="Pothole", received_at=known_at - timedelta(hours=1), **changes)
    return Dispatch(ticket=ticket, unit_id=unit_id, known_at=known_at)


class FailingStore(MemoryStore):
    """A store whose commits fail with `error` while it is set."""

    error: GridrouteError | None = None

    def submit(self, work: Callable[[WriteSession], T], *, bulk: bool = False) -> Future[T]:
        """As a disk that fills up between the work and its commit."""
        if self.error is None:
            return super().submit(work, bulk=bulk)
        failed: Future[T] = Future()
        failed.set_exception(self.error)
        return failed

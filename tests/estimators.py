"""A small simulated city's past, and what is learnt of it quickly: shared by the tests of learning and routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from domain.dispatches import Dispatch
from domain.places import UNKNOWN_LOCATION, Location, LocationSource, Point
from domain.rules import Rule
from domain.tickets import Ticket
from features.facts import Facts, facts
from features.gazetteer import Gazetteer
from features.schema import HistorySchema
from features.territories import Territories
from models.bundle import Bundle
from models.ranker import RankerSettings
from models.softmax import SoftmaxSettings
from router.atlas import Atlas
from router.rules import RuleBook
from router.world import World
from simulation.city import City
from training.fitting import Settings, Surroundings, known_units

START = datetime(2025, 1, 6, tzinfo=UTC)
QUICK = Settings(
    text_blocks=3,
    ranker=RankerSettings(trees=20, minimum_rows=10, threads=1),
    text=SoftmaxSettings(epochs=2),
)
SCHEMA = HistorySchema(attributes=("district", "source"), district="district")


def at(hours: float) -> datetime:
    """So many hours after START."""
    return START + timedelta(hours=hours)


def place(north_m: float, east_m: float = 0.0) -> Point:
    """So many metres from a street corner."""
    return Point(latitude=31.2 + north_m / 111_195, longitude=121.4 + east_m / 95_113)


def a_ticket(number: int, text: str = "", *, hours: float | None = None, **fields: Any) -> Ticket:
    """Ticket number `number`, received so many hours after START (default: its number)."""
    received = at(number if hours is None else hours)
    return replace(Ticket(ticket_id=f"t{number}", received_at=received, text=text), **fields)


def a_dispatch(ticket: Ticket, unit_id: str, *, late_h: float = 0.5, sequence: int = 0) -> Dispatch:
    """The ticket's outcome, known so many hours after it came."""
    known_at = ticket.received_at + timedelta(hours=late_h)
    return Dispatch(ticket=ticket, unit_id=unit_id, known_at=known_at, sequence=sequence)


def facts_of(ticket: Ticket, schema: HistorySchema = SCHEMA) -> Facts:
    """The ticket's facts where its place is its own point."""
    location = UNKNOWN_LOCATION
    if ticket.point is not None:
        location = Location(source=LocationSource.COORDINATES, point=ticket.point, address=ticket.address)
    return facts(ticket, location, schema)


def log_of(city: City) -> list[Dispatch]:
    """The city's dispatches with their numbers."""
    return [replace(dispatch, sequence=i + 1) for i, dispatch in enumerate(city.dispatches)]


def surroundings_of(city: City, rules: Sequence[Rule] = ()) -> Surroundings:
    """All that is known of the city besides its past."""
    return Surroundings(
        atlas=Atlas(Gazetteer(city.accounts, city.addresses)),
        territories=Territories(city.territories),
        units={unit.unit_id: unit for unit in city.units},
        rules=rules,
    )


def world_of(around: Surroundings, bundle: Bundle) -> World:
    """A world that has seen no outcome yet."""
    return World(
        history=known_units(bundle.schema, around, bundle.text),
        units=around.units,
        territories=around.territories,
        atlas=around.atlas,
        rules=RuleBook(around.rules),
        bundle=bundle,
    )


TROUBLES = {
    "lamp": "street lamp dark 路灯不亮",
    "pipe": "water pipe burst 水管爆裂",
    "hole": "hole in the road 路面坑洞",
}


def easy_log(count: int, *, errors: float = 0.0, seed: int = 0, late_h: float = 0.5) -> list[Dispatch]:
    """Tickets an hour apart that their trouble and side of the river tell the units of; a share of `errors` is misrouted."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        trouble = sorted(TROUBLES)[random.integers(len(TROUBLES))]
        north = bool(random.integers(2))
        unit_id = f"{trouble}-{'north' if north else 'south'}"
        if random.random() < errors:
            unit_id = f"{sorted(TROUBLES)[random.integers(len(TROUBLES))]}-north"
        point = place(random.uniform(500, 3_000) * (1 if north else -1), random.uniform(-2_000, 2_000))
        side = {"side": "north" if north else "south"}
        ticket = a_ticket(number, TROUBLES[trouble], category=trouble, point=point, attributes=side)
        found.append(a_dispatch(ticket, unit_id, late_h=late_h, sequence=number + 1))
    return found

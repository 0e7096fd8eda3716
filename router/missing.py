"""What a ticket does not tell that would decide between units: each part is tried with the values that it may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, radians, sin

import numpy as np

from domain.decisions import Decision
from domain.places import Location, Place, Point
from domain.tickets import Ticket
from features.addresses.parse import parse_address
from features.facts import facts
from features.place import METRES_PER_DEGREE
from router.locate import PLAUSIBLE, plausible
from router.world import World

PARTS = ("house_number", "street", "account", "coordinates", "category", "text")
TRIED = 4  # values of a part; each is routed
RIVALS = 3  # candidates whose ground is tried where nobody knows the place
NARROW_M = 150.0  # a place within that radius has one owner, as far as anybody can tell
SPREAD = 0.6  # of a wide place's radius

Propose = Callable[[Ticket], str | None]
"""The unit that a ticket would be proposed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The ticket as it would be if a part were told, and how likely it is to be told so."""

    ticket: Ticket
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A part that would decide between these units, likeliest first; `turned`: how likely it is that another unit than
    the one that is proposed now would be.
    """

    part: str
    unit_ids: tuple[str, ...]
    turned: float


def missing_parts(
    decision: Decision, variants: Mapping[str, Sequence[Variant]], propose: Propose
) -> tuple[Missing, ...]:
    """The parts that decide, the one that most likely changes the proposal first."""
    tried: list[tuple[Ticket, str | None]] = []

    def proposed(told: Ticket) -> str | None:
        known = next((pair for pair in tried if pair[0] == told), None)
        if known is None:  # several parts may lead to one place
            tried.append(known := (told, propose(told)))
        return known[1]

    found = []
    for part in PARTS:
        shares: dict[str, float] = {}
        total = sum(one.weight for one in variants.get(part, ()))
        for one in variants.get(part, ()):
            if (unit_id := proposed(one.ticket)) is not None:
                shares[unit_id] = shares.get(unit_id, 0.0) + one.weight / total
        if (decisive := _missing(part, shares, decision.unit_id)) is not None:
            found.append(decisive)
    return tuple(sorted(found, key=lambda one: -one.turned))


def variants_of(
    ticket: Ticket, decision: Decision, world: World, past: Sequence[Ticket]
) -> dict[str, list[Variant]]:
    """What may be told of each part that is missing. `past`: the tickets most like it."""
    found: dict[str, list[Variant]] = {}
    if places := _places(ticket, decision, world):
        parts = list(_parts_of_place(ticket, decision.location, world))
        along = _along_the_road(ticket, world) if "house_number" in parts else []
        found |= dict.fromkeys(parts, along if len(along) > 1 else places)
    if not ticket.category:
        known = facts(ticket, decision.location, world.history.schema)
        kinds = world.history.kinds(known, TRIED)
        found["category"] = [Variant(ticket=replace(ticket, category=k), weight=w) for k, w in kinds]
    if not ticket.text.strip():
        told = [one.text for one in past if one.text.strip()][:TRIED]
        found["text"] = [Variant(ticket=replace(ticket, text=words), weight=1.0) for words in told]
    return found


def _missing(part: str, shares: Mapping[str, float], proposed: str | None) -> Missing | None:
    likely = [unit for unit, share in sorted(shares.items(), key=lambda one: -one[1]) if share >= PLAUSIBLE]
    units = tuple(dict.fromkeys([*likely, *([proposed] if proposed and len(likely) == 1 else [])]))
    if len(units) < 2:
        return None
    return Missing(part=part, unit_ids=units, turned=sum(s for u, s in shares.items() if u != proposed))


def _parts_of_place(ticket: Ticket, location: Location, world: World) -> Iterator[str]:
    """What would tell the place, the best to ask for first."""
    parts = parse_address(ticket.address) if ticket.address else None
    if parts is not None and parts.roads and not any(road.numbers for road in parts.roads):
        yield "house_number"
    elif parts is None or not parts.roads:
        yield "street"
    if not location.completed("account", ticket.account) and world.atlas.gazetteer.knows_accounts:
        yield "account"
    if ticket.point is None:
        yield "coordinates"


def _places(ticket: Ticket, decision: Decision, world: World) -> list[Variant]:
    """The ticket at each place where it may be; nothing where it is known well enough."""
    location = decision.location
    likely = plausible(location.places)
    if location.point is None and not likely:
        points = [(point, 1.0) for point in _of_rivals(decision, ticket, world)]
    else:
        points = [spread for place in likely for spread in _spread(place)]
    if len(points) < 2:
        return []
    return [Variant(ticket=replace(ticket, point=point), weight=weight) for point, weight in points]


def _spread(place: Place) -> list[tuple[Point, float]]:
    """A wide place as some points in it."""
    if place.radius_m <= NARROW_M:
        return [(place.point, place.probability)]
    share = place.probability / TRIED
    metres = SPREAD * place.radius_m
    return [(_moved(place.point, metres, 2 * pi * n / TRIED), share) for n in range(TRIED)]


def _moved(point: Point, metres: float, angle: float) -> Point:
    degrees = metres / METRES_PER_DEGREE
    east = degrees * sin(angle) / max(0.1, cos(radians(point.latitude)))
    latitude = min(90.0, max(-90.0, point.latitude + degrees * cos(angle)))
    return Point(latitude=latitude, longitude=(point.longitude + east + 180.0) % 360.0 - 180.0)


def _of_rivals(decision: Decision, ticket: Ticket, world: World) -> Iterator[Point]:
    """A place of each of the likeliest candidates: where it last was, or ground that it owns."""
    for candidate in decision.ranking.candidates[:RIVALS]:
        lately = world.history.lately_at(candidate.unit_id, 1)
        owned = world.territories.inside(candidate.unit_id, ticket.received_at)
        yield from lately or ([owned] if owned else [])


def _along_the_road(ticket: Ticket, world: World) -> list[Variant]:
    """The ticket at some known numbers of its road, from one end to the other."""
    gazetteer = world.atlas.gazetteer
    ids = [gazetteer.road(road.name) for road in parse_address(ticket.address or "").roads]
    rows: list[int] = []
    for entries in (gazetteer.road_entries(one) for one in ids if one is not None):
        rows += entries.rows[(entries.low > 0) & ~np.isnan(entries.points[:, 0])].tolist()
    last = len(rows) - 1
    chosen = dict.fromkeys(rows[round(last * n / (TRIED - 1))] for n in range(TRIED)) if rows else {}
    return [Variant(ticket=replace(ticket, address=gazetteer.address(row)), weight=1.0) for row in chosen]

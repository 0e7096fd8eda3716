"""How a place was found, stage by stage, for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.places import Location, Place, Territory
from domain.tickets import Ticket
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts, Number, RoadPart
from router.atlas import Atlas

SHOWN = 3  # known addresses and names


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the way to a place: its name and what it found, a finding a line."""

    name: str
    findings: tuple[str, ...]


def explain_place(
    ticket: Ticket, location: Location, atlas: Atlas, grounds: tuple[tuple[Territory, ...], ...] = ()
) -> tuple[Stage, ...]:
    """Parse, look-up, repair, witnesses, belief, ground. `grounds`: the owners of each of the location's places."""
    stages = {
        "parse": _parsed(ticket),
        "look-up": _looked_up(ticket, atlas),
        "repair": (
            f"{r.field}: {r.given or 'nothing'} -> {r.value} (round {r.step}, by {', '.join(r.evidence)})"
            for r in location.repairs
        ),
        "witnesses": (
            f"{w.source}: {_place(place)}" for w in location.witnesses for place in w.places[:SHOWN]
        ),
        "belief": _believed(location),
        "ground": (
            f"{_at(place)}: {', '.join(t.unit_id for t in ground) or 'nobody'}"
            for place, ground in zip(location.places, grounds, strict=False)
        ),
    }
    return tuple(Stage(name=name, findings=tuple(findings)) for name, findings in stages.items())


def _parsed(ticket: Ticket) -> Iterator[str]:
    if ticket.address:
        yield from _parts(parse_address(ticket.address))


def _parts(parts: AddressParts) -> Iterator[str]:
    for name, found in (
        ("areas", parts.areas),
        ("roads", tuple(map(_road, parts.roads))),
        ("names", parts.names),
        ("numbers", tuple(map(_number, parts.numbers))),
        ("postcode", (parts.postcode,) if parts.postcode else ()),
        ("relation", (parts.relation.value,)),
        ("not understood", parts.rest),
    ):
        if found:
            yield f"{name}: {', '.join(found)}"


def _road(road: RoadPart) -> str:
    return " ".join((road.name, *map(_number, road.numbers)))


def _number(number: Number) -> str:
    ends = f"{number.low}-{number.high}" if number.high != number.low else f"{number.low}"
    return f"{number.kind.value} {ends}{number.suffix}"


def _looked_up(ticket: Ticket, atlas: Atlas) -> Iterator[str]:
    if ticket.account:
        known = atlas.gazetteer.account(ticket.account)
        told = f"known, at {known.address or known.point}" if known else "not known"
        yield f"account {ticket.account}: {told}"
    if ticket.address:
        for match in atlas.gazetteer.search(parse_address(ticket.address), limit=SHOWN):
            likely = "exact" if match.exact else f"like it ({match.likelihood:.2f})"
            yield f"address: {match.entry.address}, {likely}"


def _believed(location: Location) -> Iterator[str]:
    for place in location.places:
        yield f"{place.probability:.3f} {_place(place)}"
    yield f"{location.unknown:.3f} none of these"
    yield from location.reasons
    yield from location.details


def _place(place: Place) -> str:
    told = f" ({place.address})" if place.address else ""
    return f"{_at(place)} within {place.radius_m:.0f} m, {place.precision.value}{told}"


def _at(place: Place) -> str:
    return f"{place.point.latitude:.5f}, {place.point.longitude:.5f}"

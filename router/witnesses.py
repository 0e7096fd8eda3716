"""What each record of a ticket says of its place."""

from __future__ import annotations

from collections.abc import Sequence

from domain.places import Account, LocationSource, Place, PlaceWitness, Point, Precision
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts, Relation
from features.callers import Call
from features.suspicion import Reading
from router.atlas import Atlas

# how often a record of the kind is about the trouble's place at all; what a witness leaves to doubt at the least
TRUST = {
    LocationSource.ACCOUNT: 0.97,
    LocationSource.ADDRESS: 0.98,
    LocationSource.COORDINATES: 0.96,
    LocationSource.CALLER: 0.6,
    LocationSource.TEXT: 0.8,
}
ACCOUNT_RADIUS_M, COORDINATES_RADIUS_M = 50.0, 100.0
EARLIER_TICKET = 0.4  # of the trust that is left goes to each older ticket of the caller
TOLD_IN_TEXT = (Precision.EXACT, Precision.RANGE, Precision.INTERPOLATED, Precision.CROSSING)
TEXT_READ = 300  # characters


def account_witness(account: Account | None, atlas: Atlas) -> PlaceWitness | None:
    """The account's point, else its address's places."""
    if account is None:
        return None
    if account.point is None:
        return _witness(LocationSource.ACCOUNT, _places(account.address, atlas), account.address or "")
    place = Place(
        point=account.point,
        probability=1.0,
        radius_m=ACCOUNT_RADIUS_M,
        precision=Precision.EXACT,
        address=atlas.known_as(account.address),  # one building, one history, whatever the flat
    )
    return _witness(LocationSource.ACCOUNT, (place,), account.address or "")


def address_witness(address: str | None, atlas: Atlas, near: Point | None = None) -> PlaceWitness | None:
    """The places that the address may mean; `near`: coordinates that it may do no more than agree with."""
    return _witness(LocationSource.ADDRESS, _places(address, atlas, near), address or "")


def text_witness(text: str, atlas: Atlas) -> PlaceWitness | None:
    """An address told in the text, where it names a road with a number or a crossing that is known."""
    parts = parse_address(text[:TEXT_READ])
    found = atlas.places(parts) if _tells(parts, atlas) else ()
    told = tuple(place for place in found if place.precision in TOLD_IN_TEXT)
    return _witness(LocationSource.TEXT, told, told[0].address or "" if told else "")


def _tells(parts: AddressParts, atlas: Atlas) -> bool:
    """Whether any of its places can be of TOLD_IN_TEXT: it takes long to find the others."""
    numbered = any(road.main for road in parts.roads)
    return numbered or parts.relation is Relation.CROSSING or bool(atlas.gazetteer.exact(parts))


def coordinates_witness(readings: Sequence[Reading]) -> PlaceWitness | None:
    """Given coordinates, each way they can be read."""
    places = tuple(
        Place(point=one.point, probability=one.weight, radius_m=one.radius_m, precision=Precision.POINT)
        for one in readings
    )
    return _witness(LocationSource.COORDINATES, places, "")


def caller_witness(calls: Sequence[Call]) -> PlaceWitness | None:
    """Where the caller's earlier tickets were, the latest weighing most."""
    shares: dict[tuple[Point, str | None], float] = {}
    left = 1.0
    for call in calls:
        if call.point is not None:
            share = left * (1.0 - EARLIER_TICKET)
            left -= share
            told = call.point, call.address
            shares[told] = shares.get(told, 0.0) + share
    places = tuple(
        Place(
            point=point,
            probability=share,
            radius_m=COORDINATES_RADIUS_M,
            precision=Precision.POINT,
            address=address,
        )
        for (point, address), share in sorted(shares.items(), key=lambda one: -one[1])
    )
    return _witness(LocationSource.CALLER, places, places[0].address or "" if places else "")


def _places(address: str | None, atlas: Atlas, near: Point | None = None) -> tuple[Place, ...]:
    return atlas.places(parse_address(address), near) if address else ()


def _witness(source: LocationSource, places: tuple[Place, ...], text: str) -> PlaceWitness | None:
    if not places:
        return None
    trust = TRUST[source]
    trusted = tuple(
        Place(  # dataclasses.replace takes three times as long, for each ticket and witness
            point=place.point,
            probability=place.probability * trust,
            radius_m=place.radius_m,
            precision=place.precision,
            address=place.address,
            sources=(source,),
        )
        for place in places
    )
    return PlaceWitness(source=source, point=trusted[0].point, text=text, places=trusted)

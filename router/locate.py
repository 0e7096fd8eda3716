"""Ticket -> where it may be, from its account, address, coordinates, the caller's earlier tickets and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.places import (
    UNKNOWN_LOCATION,
    Location,
    LocationSource,
    Place,
    PlaceWitness,
    Precision,
    Repair,
)
from domain.tickets import GIVEN_COORDINATES, Ticket
from features.callers import Callers
from features.place import distance_m
from features.suspicion import Examined
from router.atlas import Atlas
from router.belief import Belief, combine
from router.repair import repair
from router.witnesses import (
    account_witness,
    address_witness,
    caller_witness,
    coordinates_witness,
    text_witness,
)

AGREE_M = 500.0
PLAUSIBLE = 0.05
BELIEVED = 0.3  # a less likely place is named, and nothing is built on it
TRUSTED = {source: i for i, source in enumerate(LocationSource)}
COMPARED = (LocationSource.ACCOUNT, LocationSource.ADDRESS, LocationSource.COORDINATES)
NOBODY = Callers()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What a ticket's records say, the most trusted first, its caller's earlier tickets apart."""

    completed: Ticket
    repairs: tuple[Repair, ...]
    witnesses: tuple[PlaceWitness, ...]
    doubts: tuple[str, ...]  # about the coordinates
    account_unknown: bool


def locate(ticket: Ticket, atlas: Atlas, callers: Callers = NOBODY) -> Location:
    """The belief of all witnesses together; what is missing is repaired from the other records first.

    `reasons` name each pair of witnesses that agree or disagree ("account_address_disagree"), records that are not
    known ("account_unknown"), coordinates that cannot be as they stand, and fields that were filled.
    """
    return _conclude(ticket, _hear(ticket, atlas, callers), atlas, callers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Where a ticket is by its own records. `heard`: what they said, where its caller's tickets may tell more."""

    location: Location
    heard: _Heard | None


def locate_alone(ticket: Ticket, atlas: Atlas) -> Alone:
    """As `locate` does without callers: the work that it shares with `locate_further` is done once."""
    heard = _hear(ticket, atlas, NOBODY)
    complete = bool(ticket.account and ticket.address)  # earlier tickets fill neither
    kept = heard if ticket.phone and complete else None
    return Alone(location=_conclude(ticket, heard, atlas, NOBODY), heard=kept)


def locate_further(ticket: Ticket, alone: Alone, atlas: Atlas, callers: Callers) -> Location:
    """As `locate` does, of a ticket that was located alone."""
    if not callers.last(ticket.phone):
        return alone.location
    return _conclude(ticket, alone.heard or _hear(ticket, atlas, callers), atlas, callers)


def _hear(ticket: Ticket, atlas: Atlas, callers: Callers) -> _Heard:
    sound = _trustworthy(ticket, atlas)
    completed, repairs = repair(sound, atlas.gazetteer, callers)
    known = atlas.gazetteer.account(completed.account)
    # an account that was found by the address says nothing that the address does not
    own = all(r.field != "account" or r.evidence[0] != "address" for r in repairs)
    account = account_witness(known, atlas) if own else None
    address = address_witness(ticket.address, atlas, near=sound.point)
    expected = [place for witness in (account, address) if witness for place in witness.places]
    examined = (
        atlas.examine(ticket.point, expected, exchanged=_exchanged(ticket)) if ticket.point else Examined()
    )
    silent = not (ticket.address or account or examined.readings)
    told = (
        account,
        address,
        coordinates_witness(examined.readings),
        text_witness(ticket.text, atlas) if silent else None,
    )
    return _Heard(
        completed=completed,
        repairs=repairs,
        witnesses=tuple(witness for witness in told if witness),
        doubts=tuple(doubt.value for doubt in examined.reasons),
        account_unknown=bool(completed.account) and known is None,
    )


def _conclude(ticket: Ticket, heard: _Heard, atlas: Atlas, callers: Callers) -> Location:
    caller = caller_witness(callers.last(ticket.phone))
    witnesses = sorted((*heard.witnesses, *([caller] if caller else [])), key=lambda w: TRUSTED[w.source])
    reasons = [
        *(["account_unknown"] if heard.account_unknown else []),
        *_agreement(witnesses),
        *heard.doubts,
        *(f"{r.field}_{'corrected' if r.given else 'filled'}" for r in heard.repairs),
    ]
    if not witnesses and not reasons and not ticket.address:
        return UNKNOWN_LOCATION
    belief = combine(witnesses, atlas.area_m2)
    if len(belief.places) > 1 and len(plausible(belief.places)) > 1:
        reasons.append("place_ambiguous")
    return _location(heard, witnesses, belief, tuple(reasons), atlas)


def _trustworthy(ticket: Ticket, atlas: Atlas) -> Ticket:
    """The ticket without coordinates that nothing may be concluded from."""
    if ticket.point is None or not atlas.examine(ticket.point, (), exchanged=_exchanged(ticket)).reasons:
        return ticket
    return replace(ticket, point=None)


def _exchanged(ticket: Ticket) -> bool:
    """Whether its point was given with latitude and longitude exchanged, as no point on earth."""
    return GIVEN_COORDINATES in ticket.attributes


def plausible(places: Sequence[Place]) -> list[Place]:
    """The most likely place and those far from it that cannot be left out of account."""
    return [
        place
        for i, place in enumerate(places)
        if i == 0 or (place.probability >= PLAUSIBLE and distance_m(places[0].point, place.point) > AGREE_M)
    ]


def _agreement(witnesses: Sequence[PlaceWitness]) -> list[str]:
    found = []
    compared = [w for w in witnesses if w.source in COMPARED and w.places[0].probability >= PLAUSIBLE]
    for i, one in enumerate(compared):
        for other in compared[i + 1 :]:
            word = "agree" if _agree(one, other) else "disagree"
            found.append(f"{one.source}_{other.source}_{word}")
    return found


def _agree(one: PlaceWitness, other: PlaceWitness) -> bool:
    """Whether any two of their plausible places may be the same."""
    return any(
        distance_m(a.point, b.point) <= max(AGREE_M, a.radius_m + b.radius_m)
        for a in one.places
        for b in other.places
        if min(a.probability, b.probability) >= PLAUSIBLE
    )


def _location(
    heard: _Heard, witnesses: Sequence[PlaceWitness], belief: Belief, reasons: tuple[str, ...], atlas: Atlas
) -> Location:
    top = belief.places[0] if belief.places and belief.places[0].probability >= BELIEVED else None
    known = top.address if top and top.precision in (Precision.EXACT, Precision.POINT) else None
    disagree = any(reason.endswith("_disagree") for reason in reasons)
    return Location(
        source=min(top.sources, key=TRUSTED.__getitem__) if top else LocationSource.NONE,
        point=top.point if top else None,
        radius_m=top.radius_m if top else None,
        address=known or heard.completed.address,
        witnesses=tuple(witnesses),
        reasons=reasons,
        places=belief.places,
        unknown=belief.unknown,
        repairs=heard.repairs,
        details=tuple(_detail(w, atlas) for w in witnesses) if disagree else (),
    )


def _detail(witness: PlaceWitness, atlas: Atlas) -> str:
    """In words a person can compare: "account is in 徐汇区 (漕溪北路18号)"."""
    point = witness.point
    told = witness.text or f"{point.latitude:.5f}, {point.longitude:.5f}"
    area = atlas.area_name(point)
    return f"{witness.source} is in {area} ({told})" if area else f"{witness.source} is at {told}"

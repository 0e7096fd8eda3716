"""Ticket -> where it is, from its account, its address and its coordinates, with their agreement."""

from __future__ import annotations

from domain.places import UNKNOWN_LOCATION, Location, LocationSource, PlaceWitness
from domain.tickets import Ticket
from features.gazetteer import Gazetteer
from features.place import distance_m

AGREE_M = 500.0
RADIUS_M = {LocationSource.ACCOUNT: 50.0, LocationSource.ADDRESS: 50.0, LocationSource.COORDINATES: 100.0}


def locate(ticket: Ticket, gazetteer: Gazetteer) -> Location:
    """The place by the most trusted witness: account, then exact address, then coordinates.

    `reasons` name each pair of witnesses that agrees or disagrees (by more than AGREE_M), such as
    "account_address_disagree", and "account_unknown" for an account number nobody knows.
    """
    account = gazetteer.account(ticket.account)
    reasons = ["account_unknown"] if ticket.account and account is None else []
    witnesses = []
    if account is not None:
        point = account.point or gazetteer.point(account.address)
        if point is not None:
            witnesses.append(
                PlaceWitness(source=LocationSource.ACCOUNT, point=point, text=account.address or "")
            )
    if (by_address := gazetteer.point(ticket.address)) is not None:
        witness = PlaceWitness(source=LocationSource.ADDRESS, point=by_address, text=ticket.address or "")
        witnesses.append(witness)
    if ticket.point is not None:
        witnesses.append(PlaceWitness(source=LocationSource.COORDINATES, point=ticket.point))
    address = ticket.address or (account.address if account else None)
    if not witnesses:
        return _unplaced(address, reasons)
    reasons += _agreement(witnesses)
    best = witnesses[0]
    return Location(
        source=best.source,
        point=best.point,
        radius_m=RADIUS_M[best.source],
        address=(best.text or address) if best.source is LocationSource.ACCOUNT else address,
        witnesses=tuple(witnesses),
        reasons=tuple(reasons),
    )


def _unplaced(address: str | None, reasons: list[str]) -> Location:
    if address is None and not reasons:
        return UNKNOWN_LOCATION
    return Location(source=LocationSource.NONE, address=address, reasons=tuple(reasons))


def _agreement(witnesses: list[PlaceWitness]) -> list[str]:
    found = []
    for i, one in enumerate(witnesses):
        for other in witnesses[i + 1 :]:
            word = "agree" if distance_m(one.point, other.point) <= AGREE_M else "disagree"
            found.append(f"{one.source}_{other.source}_{word}")
    return found

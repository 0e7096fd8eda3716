"""An address or a phone number as somebody misheard or mistyped it, told by the ticket's other records."""

from __future__ import annotations

from dataclasses import replace

from domain.places import Account
from domain.tickets import Ticket
from features.addresses.keys import address_key
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.gazetteer import Gazetteer
from features.place import distance_m

ALIKE = 0.6  # a name less likely than this is another name
LIKE_NAMES = 4
SAME_PLACE_M = 300.0


def miswritten(
    ticket: Ticket, account: Account | None, gazetteer: Gazetteer
) -> tuple[str, tuple[str, ...]] | None:
    """The address that was meant by one that nobody knows, with its evidence.

    One like it, of the same number, that the account has or that the coordinates lie at; where it names no
    place at all, the account's.
    """
    home = account.address if account else None
    if not (ticket.address and (home or ticket.point)):
        return None
    parts = parse_address(ticket.address)
    if gazetteer.exact(parts):  # most are known: everything behind this costs time
        return None
    if parts.roads:
        return _alike(ticket, parts, home, gazetteer)
    return (home, ("account",)) if home and _names_nothing(parts, gazetteer) else None


def _alike(
    ticket: Ticket, parts: AddressParts, home: str | None, gazetteer: Gazetteer
) -> tuple[str, tuple[str, ...]] | None:
    first = parts.roads[0]
    if first.main is None or gazetteer.road(first.name) is not None:
        return None  # a road that is known was heard well: its number may be new
    own = address_key(parse_address(home)) if home else None
    for match in gazetteer.roads(first.name, LIKE_NAMES):
        if match.likelihood < ALIKE:
            break
        meant = replace(parts, roads=(replace(first, name=match.name), *parts.roads[1:]))
        for entry in map(gazetteer.entry, gazetteer.exact(meant)):
            if own and own == address_key(parse_address(entry.address)):
                return entry.address, (f"address:{ticket.address}", "account")
            if ticket.point and entry.point and distance_m(ticket.point, entry.point) <= SAME_PLACE_M:
                return entry.address, (f"address:{ticket.address}", "coordinates")
    return None


def _names_nothing(parts: AddressParts, gazetteer: Gazetteer) -> bool:
    """Whether it is none: "same as last time". A road or a number may be new, and is believed."""
    if parts.areas or parts.numbers:
        return False
    words = (*parts.names, *parts.rest)
    return all(match.likelihood < ALIKE for word in words for match in gazetteer.names(word, 1))


def one_slip(said: str, meant: str) -> bool:
    """Whether one digit is another, or two neighbours are swapped."""
    if len(said) != len(meant):
        return False
    other = [i for i, (a, b) in enumerate(zip(said, meant, strict=True)) if a != b]
    if len(other) == 1:
        return True
    swapped = len(other) == 2 and other[1] == other[0] + 1
    return swapped and said[other[0]] == meant[other[1]] and said[other[1]] == meant[other[0]]

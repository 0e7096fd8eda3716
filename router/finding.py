"""Finding tickets again: by what they are, and by what somebody remembers of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.decisions import Decision
from domain.places import Point
from domain.safety import Priority
from domain.tickets import Ticket, TicketStatus
from features.gazetteer.accounts import FULL, normalise_account
from features.place import RESOLUTIONS, cells, ring
from features.text import normalise
from router.sight import Sight, blind_candidates, is_nobodys
from router.stored import StoredTicket

SHORTEST_PART = 4
"""Letters of an account or digits of a phone number below which only the whole is looked for."""
_DIGITS = "0123456789"
PLACE_CELL = RESOLUTIONS.index(8)  # half a kilometre from side to side and more
LONGEST_KEY = 200  # characters: what an index holds of a key


class KeyKind(StrEnum):
    """What a ticket is found by, besides its id."""

    ACCOUNT = "account"
    PHONE = "phone"
    ADDRESS = "address"
    CATEGORY = "category"
    PLACE = "place"
    GROUND = "ground"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cursor:
    """Where a list goes on: the last ticket of the page before."""

    received_at: datetime
    ticket_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What somebody remembers of a ticket: part of its id, account, phone number or address, whichever it is."""

    ticket_id: str
    account: str | None
    phone: str | None
    address: str

    @classmethod
    def of(cls, typed: str) -> Remembered:
        """What was typed, read in every way that it can be."""
        phone = _phone_key(typed)
        return cls(
            ticket_id=typed.strip(),
            account=normalise_account(typed),
            # a telephone system shows the country's code, which few tickets have
            phone=phone[:FULL] if phone else None,
            address=_address_key(typed),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketQuery:
    """Which tickets. What is None does not matter; `until` itself is not in the span.

    `unit_ids`: have it now. `sight`: is in it. `places`: as `places_around` names them. `cell`: of the map, as it is
    counted there (see `router.city`). `overdue`: those alone that wait although somebody should have seen them by now.
    """

    statuses: frozenset[TicketStatus] | None = None
    priorities: frozenset[Priority] | None = None
    unit_ids: frozenset[str] | None = None
    category: str | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    remembered: Remembered | None = None
    places: frozenset[str] | None = None
    cell: int | None = None
    sight: Sight | None = None
    overdue: bool = False
    after: Cursor | None = None
    limit: int = 100


def search_keys(ticket: Ticket) -> Iterator[tuple[KeyKind, str]]:
    """What the ticket is found by. Phone numbers stand backwards: people know the last digits."""
    found = (
        (KeyKind.ACCOUNT, normalise_account(ticket.account)),
        (KeyKind.PHONE, _phone_key(ticket.phone)),
        (KeyKind.ADDRESS, _address_key(ticket.address or "")),
        (KeyKind.CATEGORY, normalise(ticket.category or "")),
    )
    return ((kind, key[:LONGEST_KEY]) for kind, key in found if key)


def place_key(decision: Decision, at: datetime) -> str | None:
    """Where and on which day the decision believed its ticket to be; None where that is unknown."""
    point = decision.location.point
    return None if point is None else _place_on(cells(point)[PLACE_CELL], at.astimezone(UTC).date())


def sight_keys(decision: Decision) -> Iterator[tuple[KeyKind, str]]:
    """By what the decision puts its ticket into somebody's sight, besides the proposed unit; no ground: everybody's."""
    if is_nobodys(decision):
        yield KeyKind.GROUND, ""
    yield from ((KeyKind.GROUND, one) for one in decision.grounds or ())
    yield from ((KeyKind.CANDIDATE, one) for one in dict.fromkeys(blind_candidates(decision)))


def places_around(point: Point, since: datetime, until: datetime) -> frozenset[str]:
    """Everything within some 400 m of the point, decided in the span; more than that lies in it too."""
    day, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    days = [day + timedelta(days=number) for number in range((last - day).days + 1)]
    return frozenset(_place_on(cell, one) for cell in ring(cells(point)[PLACE_CELL]) for one in days)


def _place_on(cell: int, day: date) -> str:
    return f"{cell:x}/{day}"


def cursor_of(stored: StoredTicket) -> Cursor:
    """Where a list goes on after that ticket."""
    return Cursor(received_at=stored.ticket.received_at, ticket_id=stored.ticket.ticket_id)


def _phone_key(phone: str | None) -> str | None:
    """Its digits, the last one first."""
    digits = "".join(letter for letter in normalise(phone or "") if letter in _DIGITS)
    return digits[::-1] if len(digits) >= SHORTEST_PART else None


def _address_key(address: str) -> str:
    """Without spaces: nobody remembers where they stood."""
    return normalise(address).replace(" ", "")


class FindingReads(Protocol):
    """The part of a reading session that finds tickets."""

    def find_tickets(self, query: TicketQuery) -> Sequence[StoredTicket]:
        """Newest received first."""
        ...

    def seen_of(self, ticket_ids: Collection[str], sight: Sight) -> frozenset[str]:
        """Those of the tickets that are in sight."""
        ...

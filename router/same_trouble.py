"""Tickets that may tell of the same trouble: open, near, alike, of the same day."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from domain.places import UNKNOWN_LOCATION, Location, Point
from domain.tickets import WAITING, TicketStatus
from features.facts import Facts, facts
from features.place import distance_m
from features.schema import HistorySchema
from router.finding import TicketQuery, places_around
from router.in_hand import is_done
from router.live import LiveWorld
from router.ports import ReadSession
from router.stored import StoredTicket

SPAN = timedelta(hours=24)
OPEN = WAITING | {TicketStatus.RECEIVED, TicketStatus.DISPATCHED}
NEAR_M = 400.0  # what places_around holds whole
FALL_OFF_M = 150.0
COMPARED = 300  # the latest ones of a place; a storm has more
LEAST = 0.1  # words that are less alike tell of something else, unless the place and the kind are the same
BESIDE_M = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Another ticket: how far away, how like in words (0 to 1), whether of the same kind, and all in one number."""

    stored: StoredTicket
    metres: float
    words: float
    same_kind: bool
    score: float


@dataclass(frozen=True, slots=True)
class _Known:
    stored: StoredTicket
    point: Point
    facts: Facts


def near_in_time(stored: StoredTicket, session: ReadSession) -> list[StoredTicket]:
    """Open tickets that came within a day of it, not far away; the latest first."""
    point = _location(stored).point
    if point is None:
        return []
    at = stored.ticket.received_at
    since, until = at - SPAN, at + SPAN
    # decided at another time than received: an import of yesterday's calls
    decided = stored.decided_at or at
    around = places_around(point, min(since, decided - SPAN), max(until, decided + SPAN))
    query = TicketQuery(statuses=OPEN, since=since, until=until, places=around, limit=COMPARED)
    own = stored.ticket.ticket_id
    return [one for one in session.find_tickets(query) if one.ticket.ticket_id != own]


def alike(stored: StoredTicket, others: Iterable[StoredTicket], live: LiveWorld) -> list[Alike]:
    """Those of the others that may tell of the same trouble, the likeliest first."""
    schema = live.world.history.schema
    asked = _known(stored, schema)
    known = [one for other in others if (one := _known(other, schema)) is not None]
    if asked is None or not known:
        return []
    with live.routing() as world:  # nobody waits for all that comes before
        words = world.history.likeness(asked.facts, [one.facts for one in known])
    found = (_compared(asked, one, float(like)) for one, like in zip(known, words, strict=True))
    return sorted((one for one in found if _may_be_it(one)), key=lambda one: -one.score)


def undone(found: Iterable[Alike], session: ReadSession, limit: int) -> list[Alike]:
    """The first of them whose work is not done: who calls after that tells of something new."""
    return list(islice((one for one in found if not is_done(one.stored, session)), limit))


def _known(stored: StoredTicket, schema: HistorySchema) -> _Known | None:
    location = _location(stored)
    if location.point is None:
        return None
    return _Known(stored, location.point, facts(stored.ticket, location, schema))


def _compared(asked: _Known, other: _Known, words: float) -> Alike:
    metres = distance_m(asked.point, other.point)
    same_kind = asked.facts.category is not None and asked.facts.category == other.facts.category
    score = (words + same_kind) / 2 * math.exp(-metres / FALL_OFF_M)
    return Alike(stored=other.stored, metres=metres, words=words, same_kind=same_kind, score=score)


def _may_be_it(one: Alike) -> bool:
    return one.metres <= NEAR_M and (one.words >= LEAST or (one.same_kind and one.metres <= BESIDE_M))


def _location(stored: StoredTicket) -> Location:
    return stored.decision.location if stored.decision else UNKNOWN_LOCATION

"""Past dispatches around a ticket."""

from __future__ import annotations

from dataclasses import dataclass

from domain.dispatches import Dispatch
from domain.places import Point
from router.claiming import require_ticket
from router.live import LiveWorld
from router.ports import Store
from router.stored import StoredTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """A past dispatch, and where its own records have it."""

    dispatch: Dispatch
    point: Point
    metres: float


def nearby(ticket_id: str, within_m: float, limit: int, store: Store, live: LiveWorld) -> list[Nearby]:
    """Past dispatches within so many metres, nearest first; none where nobody knows where it is. Raises NotFound."""
    with store.read() as session:
        point = _place(require_ticket(ticket_id, session))
    if point is None:
        return []
    with live.routing() as world:
        found = world.history.around(point, within_m, limit)
    with store.read() as session:
        past = session.dispatches_at(one.sequence for one in found)
    return [
        Nearby(dispatch=past[one.sequence], point=one.point, metres=one.metres)
        for one in found
        if one.sequence in past and past[one.sequence].ticket.ticket_id != ticket_id
    ]


def _place(stored: StoredTicket) -> Point | None:
    located = stored.decision.location.point if stored.decision else None
    return located or stored.ticket.point

"""What a unit is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.masking import veiled
from domain.access import SHOWN, Personal, Role
from domain.tickets import Ticket
from router.delivery_ports import Delivery, DeliveryKind
from router.ports import StoredTicket

TYPE_OF = {
    DeliveryKind.DISPATCH: "ticket.dispatched",
    DeliveryKind.WITHDRAWAL: "ticket.withdrawn",
    DeliveryKind.OVERDUE: "ticket.overdue",
    DeliveryKind.UPDATE: "ticket.updated",
}


HIDDEN = frozenset(Personal) - SHOWN[Role.UNIT]


class PlaceOut(BaseModel):
    """Where it is believed to be."""

    latitude: float | None
    longitude: float | None
    radius_m: float | None
    address: str | None


class DispatchOut(BaseModel):
    """The ticket as its unit needs it; `dispatch` is what the unit answers to, `joined` other callers' tickets."""

    dispatch: int
    ticket_id: str
    unit: str
    priority: str
    received_at: datetime
    text: str
    category: str | None
    account: str | None
    phone: str | None
    address: str | None
    place: PlaceOut | None
    signals: list[str]
    attributes: dict[str, str]
    channel: str
    joined: list[str]

    @classmethod
    def of(cls, stored: StoredTicket, delivery: Delivery) -> DispatchOut:
        """The ticket on the wire."""
        ticket, decision = stored.ticket, stored.decision
        found = decision.location if decision else None
        point = found.point if found else None
        place = None
        if found is not None:
            place = PlaceOut(
                latitude=point.latitude if point else None,
                longitude=point.longitude if point else None,
                radius_m=found.radius_m,
                address=found.address,
            )
        return cls(
            dispatch=delivery.delivery_id,
            ticket_id=ticket.ticket_id,
            unit=delivery.unit_id,
            priority=stored.priority,
            received_at=ticket.received_at,
            category=ticket.category,
            place=place,
            signals=[signal.kind for signal in decision.signals] if decision else [],
            channel=ticket.channel,
            joined=list(stored.joined),
            **_told(ticket),
        )


def _told(ticket: Ticket) -> dict[str, Any]:
    """What the caller said, without what units do not see of people."""
    said = {
        "text": ticket.text,
        "account": ticket.account,
        "phone": ticket.phone,
        "address": ticket.address,
        "attributes": dict(ticket.attributes),
    }
    found: dict[str, Any] = veiled(said, HIDDEN)
    return found


class WithdrawalOut(BaseModel):
    """The ticket that is the unit's no longer."""

    ticket_id: str
    unit: str


class JoinedOut(BaseModel):
    """The unit's ticket, how pressing it is now, and other callers' tickets that go with it."""

    ticket_id: str
    unit: str
    priority: str
    joined: list[str]


class TrialOut(BaseModel):
    """What somebody who looks whether an endpoint answers sends there; nothing is to be done."""

    unit: str
    text: str = "This is a test. Nothing is to be done."


class TrialMessageOut(BaseModel):
    """The body of such a webhook."""

    type: str = "endpoint.test"
    timestamp: datetime
    data: TrialOut


class MessageOut(BaseModel):
    """The body of a webhook; `timestamp` is when it was decided."""

    type: str
    timestamp: datetime
    data: DispatchOut | WithdrawalOut | JoinedOut

    @classmethod
    def of(cls, delivery: Delivery, stored: StoredTicket) -> MessageOut:
        """What the delivery says."""
        data: DispatchOut | WithdrawalOut | JoinedOut
        if delivery.kind is DeliveryKind.WITHDRAWAL:
            data = WithdrawalOut(ticket_id=delivery.ticket_id, unit=delivery.unit_id)
        elif delivery.kind is DeliveryKind.UPDATE:
            data = JoinedOut(
                ticket_id=delivery.ticket_id,
                unit=delivery.unit_id,
                priority=stored.priority,
                joined=list(stored.joined),
            )
        else:
            data = DispatchOut.of(stored, delivery)
        return cls(type=TYPE_OF[delivery.kind], timestamp=delivery.queued_at, data=data)

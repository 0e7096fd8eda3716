"""Service requests: from the form to a ticket, and from a ticket to what its sender may see."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from api.masking import Veil, numbers_of, own_numbers
from api.open311.errors import BAD, Refusal, missing, not_found
from api.open311.forms import Arguments
from api.open311.services import Attribute, Catalogue, Service
from api.open311.settings import Offer
from api.open311.times import w3c
from api.schemas import NOWHERE_DEG
from domain.access import Personal
from domain.places import Point
from domain.tickets import GIVEN_COORDINATES, Ticket, TicketStatus
from features.coordinates import only_exchanged
from router.ports import ChannelQuery, ChannelTicket

CHANNEL = "open311"
SERVICE_CODE = "service_code"  # the ticket's attribute that names its service
JURISDICTION = "jurisdiction_id"  # and the one that names the jurisdiction it was sent to
# arguments that are kept with the ticket under their own names
KEPT = ("email", "device_id", "account_id", "first_name", "last_name", "address_id")
LONGEST_TEXT, LONGEST_ADDRESS, LONGEST_URL = (
    4_000,
    2_000,
    2_000,
)  # characters; the first is the specification's
MOST_ATTRIBUTES, MOST_MEDIA = 100, 20
NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is taken for another on the phone
ID_LETTERS = 10
FILLED: Mapping[str | None, Personal] = {"phone": Personal.PHONE, "account": Personal.ACCOUNT}


class Names(Protocol):
    """Who knows what units are called."""

    def unit_name(self, unit_id: str) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A service request to submit, and the service it asks for."""

    ticket: Ticket
    service: Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How tickets are told to somebody; `hidden`: what of people not."""

    catalogue: Catalogue
    offer: Offer
    names: Names
    hidden: frozenset[Personal]


def asked_for(jurisdiction: str | None) -> ChannelQuery:
    """The channel's tickets, without those of another jurisdiction; what was sent to none belongs to every one."""
    return ChannelQuery(channel=CHANNEL, belonging=(JURISDICTION, jurisdiction) if jurisdiction else None)


def public_status(*, done: bool) -> str:
    """open or closed, which it is when its unit has told that it is done."""
    return "closed" if done else "open"


def new_id(now: datetime) -> str:
    """An id that can be read out and cannot be guessed."""
    return f"{now:%y%m%d}-{''.join(secrets.choice(LETTERS) for _ in range(ID_LETTERS))}"


def report_of(
    sent: Arguments, catalogue: Catalogue, offer: Offer, now: datetime, jurisdiction: str | None
) -> Report:
    """The ticket that the form asks for. Raises Refusal with all that is wrong with it."""
    service = _service(sent, catalogue)
    (point, given), address = _point(sent), sent.one("address_string", LONGEST_ADDRESS)
    kept = {name: value for name in KEPT if (value := sent.one(name))}
    if not (point or address or "address_id" in kept or sent.one("lat")):
        raise missing("A location (lat and long, or address_string, or address_id)")
    answers = _answers(sent, service)
    filled = {a.fills: answers[a.code] for a in service.attribute if a.fills and a.code in answers}
    account = kept.get(offer.account_from) if offer.account_from else None
    ticket = Ticket(
        ticket_id=new_id(now),
        received_at=now,
        text=sent.one("description", LONGEST_TEXT) or "",
        category=service.kind,
        account=filled.get("account") or account,
        phone=filled.get("phone") or sent.one("phone"),
        address=address or filled.get("address"),
        point=point,
        # answers come first: none may pass itself off as an argument of another name
        attributes={
            **_renamed(answers),
            **_caller(kept),
            **kept,
            **_media(sent),
            **given,
            SERVICE_CODE: service.code,
            **({JURISDICTION: jurisdiction} if jurisdiction else {}),
        },
        channel=CHANNEL,
    )
    return Report(ticket=ticket, service=service)


def again(report: Report, now: datetime) -> Report:
    """The same under another id."""
    return replace(report, ticket=replace(report.ticket, ticket_id=new_id(now)))


def request_told(found: ChannelTicket, telling: Telling, *, extended: bool) -> dict[str, Any]:
    """The request on the wire. It tells nothing of who sent it; `extended` adds answers that are public."""
    ticket, service = found.ticket, service_of_ticket(found.ticket, telling.catalogue)
    veil, unit = veil_of(ticket, telling), unit_told(found.unit_id, telling.names)
    attributes = {"attributes": _public_answers(ticket, service, telling)} if extended else {}
    return {
        "service_request_id": ticket.ticket_id,
        "status": public_status(done=found.done),
        "status_notes": status_notes(found.status, unit, telling.offer, done=found.done),
        "service_name": service.name,
        "service_code": service.code,
        "description": veil.text(ticket.text) or None,
        "agency_responsible": unit,
        "service_notice": service.notice or None,
        "requested_datetime": w3c(ticket.received_at),
        "updated_datetime": w3c(found.changed_at),
        "expected_datetime": None,
        "address": veil.text(ticket.address or "") or None,
        "address_id": _address_id(ticket, telling),
        "zipcode": None,
        "lat": ticket.point.latitude if ticket.point else None,
        "long": ticket.point.longitude if ticket.point else None,
        "media_url": veil.known(ticket.attributes.get("media_url", "").partition("\n")[0]) or None,
        **attributes,
    }


def veil_of(ticket: Ticket, telling: Telling) -> Veil:
    """What hides the ticket's numbers, and what looks like one, in texts about it."""
    hidden = telling.hidden
    own = {*numbers_of(ticket, hidden), *own_numbers(dict(ticket.attributes), hidden)}
    if Personal.ACCOUNT in hidden and telling.offer.account_from:
        own.add(ticket.attributes.get(telling.offer.account_from, ""))
    return Veil(hidden, own)


def unit_told(unit_id: str | None, names: Names) -> str | None:
    """What the public calls the unit that has the request."""
    return (names.unit_name(unit_id) or unit_id) if unit_id else None


def status_notes(status: TicketStatus, unit: str | None, offer: Offer, *, done: bool = False) -> str | None:
    """What is told of a request that stands like this; None where there is nothing to tell."""
    if done:
        return offer.texts.closed
    if status is TicketStatus.DISPATCHED and unit:
        return offer.texts.passed_on.replace("{unit}", unit)
    return None


def service_of_ticket(ticket: Ticket, catalogue: Catalogue) -> Service:
    """The ticket's service, be it one that is no longer offered."""
    code = ticket.attributes.get(SERVICE_CODE)
    if code is None:
        return catalogue.of_kind(ticket.category)
    known = catalogue.services.get(code)
    return known or Service.model_construct(code=code, name=ticket.category or code)


def _service(sent: Arguments, catalogue: Catalogue) -> Service:
    code = sent.required(SERVICE_CODE)
    if code not in catalogue.services:
        raise not_found(SERVICE_CODE, code)
    return catalogue.services[code]


def _point(sent: Arguments) -> tuple[Point | None, dict[str, str]]:
    """The point, and what was given where that is one only with lat and long exchanged."""
    exchanged = only_exchanged(*(_degrees(sent, name, 180) or 0.0 for name in ("lat", "long")))
    latitude, longitude = _degrees(sent, "lat", 180 if exchanged else 90), _degrees(sent, "long", 180)
    if latitude is None or longitude is None:
        if latitude is None and longitude is None:
            return None, {}
        raise Refusal(BAD, "lat and long belong together: one was provided, the other was not.")
    if max(abs(latitude), abs(longitude)) < NOWHERE_DEG:
        return None, {}
    if exchanged:
        told = {GIVEN_COORDINATES: f"{latitude}, {longitude}"}
        return Point(latitude=longitude, longitude=latitude), told
    return Point(latitude=latitude, longitude=longitude), {}


def _degrees(sent: Arguments, name: str, most: float) -> float | None:
    text = sent.one(name)
    if text is None:
        return None
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not abs(value) <= most:
        raise Refusal(
            BAD, f"{name} is not a number of degrees between -{most:g} and {most:g}, for example 31.2208."
        )
    return value


def _answers(sent: Arguments, service: Service) -> dict[str, str]:
    given = sent.attributes()
    if len(given) > MOST_ATTRIBUTES:
        raise Refusal(BAD, f"There are more than {MOST_ATTRIBUTES} attributes.")
    asked = {attribute.code: attribute for attribute in service.attribute}
    wrong = [
        f"attribute[{a.code}] was not provided." for a in asked.values() if a.required and a.code not in given
    ]
    for code, values in given.items():
        if fault := _fault(values, asked.get(code)):
            wrong.append(f"attribute[{code}] {fault}.")
    if wrong:
        raise Refusal(BAD, *wrong)
    return {code: "\n".join(dict.fromkeys(values)) for code, values in given.items()}


def _fault(values: tuple[str, ...], asked: Attribute | None) -> str | None:
    if sum(map(len, values)) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT:,} characters"
    if asked is None:  # platforms send along what they know themselves
        return None
    if asked.datatype != "multivaluelist" and len(set(values)) > 1:
        return "was provided more than once, with different values"
    if asked.values and (unknown := [value for value in values if value not in asked.values]):
        return f"has the value {unknown[0][:50]!r}, which is not one of its values"
    if asked.datatype == "number" and not NUMBER.fullmatch(values[0].strip()):
        return "is not a number"
    if asked.datatype == "datetime" and not _is_time(values[0]):
        return "is not an ISO 8601 date"
    return None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _renamed(answers: dict[str, str]) -> dict[str, str]:
    taken = {*KEPT, "name", "media_url", GIVEN_COORDINATES, SERVICE_CODE, JURISDICTION}
    return {f"attribute[{code}]" if code in taken else code: value for code, value in answers.items()}


def _caller(kept: Mapping[str, str]) -> dict[str, str]:
    name = " ".join(kept[part] for part in ("first_name", "last_name") if part in kept)
    return {"name": name} if name else {}


def media_of(sent: Arguments) -> str:
    """The addresses of pictures, one a line. Raises Refusal for what is none, and for too many."""
    urls = [url.strip() for url in sent.values.get("media_url", ())]
    if len(urls) > MOST_MEDIA:
        raise Refusal(BAD, f"media_url was provided more than {MOST_MEDIA} times.")
    for url in urls:
        if not re.fullmatch(r"https?://\S+", url) or len(url) > LONGEST_URL:
            told = f"an address of http or https, without blanks, of at most {LONGEST_URL:,} characters"
            raise Refusal(BAD, f"media_url is not {told}.")
    return "\n".join(urls)


def _media(sent: Arguments) -> dict[str, str]:
    urls = media_of(sent)
    return {"media_url": urls} if urls else {}


def _address_id(ticket: Ticket, telling: Telling) -> str | None:
    given = ticket.attributes.get("address_id")
    is_account = telling.offer.account_from == "address_id" or given == ticket.account
    return None if is_account and Personal.ACCOUNT in telling.hidden else given


def _public_answers(ticket: Ticket, service: Service, telling: Telling) -> list[dict[str, str]]:
    veil = veil_of(ticket, telling)
    return [
        {
            "code": a.code,
            "label": a.description,
            "value": veil.text("\n".join(a.values.get(v, v) for v in value.split("\n"))),
        }
        for a in service.attribute
        if a.public
        # a number of somebody is none of the public's, whatever the services file says
        and FILLED.get(a.fills) not in telling.hidden
        and (value := _renamed_back(ticket, a.code))
    ]


def _renamed_back(ticket: Ticket, code: str) -> str | None:
    (name,) = _renamed({code: ""})
    return ticket.attributes.get(name)

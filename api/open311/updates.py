"""Updates of service requests, both ways: the extension that FixMyStreet brought in (servicerequestupdates)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from api.open311.access import sender_of
from api.open311.errors import BAD, Refusal, not_found
from api.open311.forms import Arguments
from api.open311.requests import (
    CHANNEL,
    LONGEST_TEXT,
    Telling,
    asked_for,
    media_of,
    public_status,
    status_notes,
    unit_told,
    veil_of,
)
from api.open311.times import Span, parsed, w3c
from domain.tickets import Ticket, TicketStatus
from router.ports import ChannelQuery, EventKind, ReadSession, TicketEvent, WriteSession

KINDS = frozenset(
    {EventKind.STATUS, EventKind.REVIEWED, EventKind.REPORTED, EventKind.DONE, EventKind.REOPENED}
)
MOST_EVENTS = 10_000
AT_ONCE = 1_000  # tickets that are asked for by their ids
OPEN = (
    "open",
    "in_progress",
    "action_scheduled",
    "investigating",
    "internal_referral",
    "reopen",
    "for_triage",
)
CLOSED = ("closed", "fixed", "duplicate", "not_councils_responsibility", "no_further_action")


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a platform says of a request that it sent. `update_id` is ours; the same update has the same, always."""

    update_id: str
    request_id: str
    sender: str | None
    detail: str

    @property
    def by(self) -> str:
        """Who said it, for the event."""
        return f"{CHANNEL} {self.sender}" if self.sender else CHANNEL


def update_of(sent: Arguments) -> Update:
    """The update in the form. Raises Refusal."""
    request_id, status = sent.required("service_request_id"), sent.required("status").lower()
    theirs = sent.one("update_id") or sent.one("update_id_ext") or sent.required("update_id")
    at = parsed(sent.required("updated_datetime"), "updated_datetime")
    if status not in (*OPEN, *CLOSED):
        raise Refusal(BAD, f"status is not one of {', '.join((*OPEN, *CLOSED)).upper()}.")
    sender = sender_of(sent)
    update_id = sha256("\0".join((sender or "", request_id, theirs)).encode()).hexdigest()[:16]
    # names, addresses and phone numbers that came along are not kept: events are for good
    detail = {
        "update_id": update_id,
        "their_id": theirs,
        "status": status,
        "description": sent.one("description", LONGEST_TEXT) or "",
        "media_url": media_of(sent),
        "updated_datetime": w3c(at),
    }
    told = json.dumps(detail, ensure_ascii=False)
    return Update(update_id=update_id, request_id=request_id, sender=sender, detail=told)


def record(update: Update, session: WriteSession, jurisdiction: str | None) -> None:
    """Add the update to the ticket's events, once.

    Raises Refusal for a request that is not this channel's, or of another jurisdiction.
    """
    mine = replace(asked_for(jurisdiction), ticket_ids=frozenset({update.request_id}), limit=1)
    if not session.channel_tickets(mine):
        raise not_found("service_request_id", update.request_id)
    known = (event for event in session.events(update.request_id) if event.kind is EventKind.REPORTED)
    if all(json.loads(event.detail)["update_id"] != update.update_id for event in known):
        session.add_report(update.request_id, update.by, update.detail)


def updates_told(
    session: ReadSession, span: Span, asker: str | None, telling: Telling, jurisdiction: str | None
) -> list[dict[str, Any]]:
    """The span's updates on the wire, oldest first, without those that the asker itself sent and other jurisdictions'.

    Raises Refusal for more than can be answered.
    """
    events = session.channel_events(CHANNEL, KINDS, span.since, span.until, limit=MOST_EVENTS + 1)
    if len(events) > MOST_EVENTS:
        raise Refusal(
            BAD, "There are too many updates between start_date and end_date: ask for a shorter span."
        )
    repeated = _repeated(session, events)
    heard = [event for event in _heard(events, asker) if event.sequence not in repeated]
    tickets = _tickets(session, {event.ticket_id for event in heard}, asked_for(jurisdiction))
    told = (_told(event, tickets[event.ticket_id], telling) for event in heard if event.ticket_id in tickets)
    return list({update["update_id"]: update for update in told if update}.values())


def _tickets(session: ReadSession, ids: Iterable[str], asked: ChannelQuery) -> dict[str, Ticket]:
    """Those of them that are asked for."""
    left, found = sorted(ids), {}
    for start in range(0, len(left), AT_ONCE):
        part = replace(asked, ticket_ids=frozenset(left[start : start + AT_ONCE]), limit=AT_ONCE)
        found.update({one.ticket.ticket_id: one.ticket for one in session.channel_tickets(part)})
    return found


def _heard(events: Iterable[TicketEvent], asker: str | None) -> Iterator[TicketEvent]:
    own = f"{CHANNEL} {asker}" if asker else None
    return (event for event in events if event.kind is not EventKind.REPORTED or event.by != own)


def _repeated(session: ReadSession, events: Iterable[TicketEvent]) -> set[int]:
    """Status events that change nothing the public sees: a person confirmed what had been done."""
    found: set[int] = set()
    for ticket_id in {event.ticket_id for event in events if event.kind is EventKind.REVIEWED}:
        before: tuple[str, str | None] | None = None
        for event in session.events(ticket_id):
            if event.kind is EventKind.STATUS:
                if (event.detail, event.unit_id) == before:
                    found.add(event.sequence)
                before = event.detail, event.unit_id
    return found


def _told(event: TicketEvent, ticket: Ticket, telling: Telling) -> dict[str, Any] | None:
    if event.kind is EventKind.REPORTED:
        said, veil = json.loads(event.detail), veil_of(ticket, telling)
        return _update(
            event.at,
            event.ticket_id,
            said["update_id"],
            said["status"],
            veil.text(said["description"]),
            veil.known(said["media_url"]),
        )
    if event.kind is EventKind.DONE:
        told = public_status(done=True), telling.offer.texts.closed
        return _update(event.at, event.ticket_id, f"s{event.sequence}", *told)
    if event.kind is EventKind.REOPENED:
        told = public_status(done=False), telling.offer.texts.reopened
        return _update(event.at, event.ticket_id, f"s{event.sequence}", *told)
    if event.kind is not EventKind.STATUS:
        return None
    status = TicketStatus(event.detail)
    notes = status_notes(status, unit_told(event.unit_id, telling.names), telling.offer)
    if notes is None:
        return None
    return _update(event.at, event.ticket_id, f"s{event.sequence}", public_status(done=False), notes)


def _update(
    at: datetime, request_id: str, update_id: str, status: str, description: str, media_url: str = ""
) -> dict[str, Any]:
    return {
        "update_id": update_id,
        "service_request_id": request_id,
        "status": status,
        # when it was recorded here, so that who asks for one span after another misses none
        "updated_datetime": w3c(at),
        "description": description or None,
        "media_url": media_url.partition("\n")[0] or None,
    }

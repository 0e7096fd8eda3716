"""`/v1/preview`: where a ticket would go, tried out while it is being typed."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import may
from api.answers import LocationOut, SignalOut, TicketOut
from api.bodies import parse_json, read_body, validated
from api.desk import Desk, desk_of
from api.openapi import json_body, problems
from api.receipts import Language
from api.schemas import TicketIn
from domain.access import Right
from router.missing import Missing
from router.previewing import Preview, missing_sentence, sentences
from router.same_trouble import Alike
from router.service import RoutingService
from router.wording import Wording, accepted_language, wording

routes = APIRouter(prefix="/v1/preview", tags=["tickets"])

ID = "preview"  # of a ticket that has none yet


class NamedUnitOut(BaseModel):
    """A unit and what it is called."""

    unit_id: str
    name: str


class LikelyUnitOut(NamedUnitOut):
    """A candidate; `probability` is calibrated, null where no model ranked."""

    probability: float | None


class MissingOut(BaseModel):
    """A part that was not told and would decide between these units, likeliest first.

    `part`: house_number, street, account, coordinates, category or text. `turned`: how likely it is that it changes the
    proposal, by the values that it may have.
    """

    part: str
    decides_between: list[str]
    turned: float
    sentence: str

    @classmethod
    def of(cls, missing: Missing, names: dict[str, str], words: Wording) -> MissingOut:
        """The part on the wire."""
        return cls(
            part=missing.part,
            decides_between=list(missing.unit_ids),
            turned=round(missing.turned, 3),
            sentence=missing_sentence(missing, names, words),
        )


class AlikeOut(BaseModel):
    """An open ticket that may tell of the same trouble; `similarity` weighs words, kind and distance."""

    ticket_id: str
    distance_m: float
    similarity: float
    received_at: datetime
    status: str
    text: str

    @classmethod
    def of(cls, found: Alike, service: RoutingService) -> AlikeOut:
        """The ticket on the wire."""
        ticket = TicketOut.of(found.stored, service)
        return cls(
            ticket_id=ticket.ticket_id,
            distance_m=round(found.metres, 1),
            similarity=round(found.score, 3),
            received_at=ticket.received_at,
            status=ticket.status,
            text=ticket.content.text.partition("\n")[0],
        )


class PreviewOut(BaseModel):
    """What would be decided now: `unit` would get the ticket, or be proposed. Nothing is stored.

    `missing`: what to ask for, the most decisive part first. `alike`: open tickets of the same trouble.
    """

    verdict: str
    unit: NamedUnitOut | None
    probability: float | None
    priority: str
    signals: list[SignalOut]
    reasons: list[str]
    language: str
    sentences: list[str]
    candidates: list[LikelyUnitOut]
    location: LocationOut
    missing: list[MissingOut]
    alike: list[AlikeOut]

    @classmethod
    def of(cls, found: Preview, service: RoutingService, language: str) -> PreviewOut:
        """The preview on the wire."""
        decision, words = found.decision, wording(language)
        named = {*found.unit_ids, *(one.unit_id for one in found.receipt.nearest)}
        names = {unit_id: service.unit_name(unit_id) or unit_id for unit_id in named}
        unit_id = decision.unit_id
        return cls(
            verdict=decision.verdict,
            unit=NamedUnitOut(unit_id=unit_id, name=names[unit_id]) if unit_id else None,
            probability=decision.probability,
            priority=decision.priority,
            signals=[SignalOut.of(signal) for signal in decision.signals],
            reasons=list(decision.reasons),
            language=language,
            sentences=sentences(found, names, words),
            candidates=[
                LikelyUnitOut(unit_id=one.unit_id, name=names[one.unit_id], probability=one.probability)
                for one in decision.ranking.candidates
            ],
            location=LocationOut.of(decision.location),
            missing=[MissingOut.of(one, names, words) for one in found.missing],
            alike=[AlikeOut.of(one, service) for one in found.alike],
        )


@routes.post(
    "",
    dependencies=[may(Right.SUBMIT)],
    response_model=PreviewOut,
    responses=problems(413, 415, 422, 503),
    openapi_extra=json_body("TicketIn"),
)
async def preview(
    request: Request, lang: Language = None, accept_language: Annotated[str | None, Header()] = None
) -> Response:
    """Where a ticket would go, how sure that is, what it misses and who called about it already. Stores nothing."""
    desk = desk_of(request)
    language = lang or accepted_language(accept_language)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    with desk.admitted():
        return await run_in_threadpool(partial(_preview, desk, body, language))


def _preview(desk: Desk, body: bytes, language: str) -> Response:
    service = desk.service
    draft = validated(TicketIn, parse_json(body)).draft(service.clock(), ID)
    found = service.preview(draft.ticket)
    answer = PreviewOut.of(found, service, language)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)

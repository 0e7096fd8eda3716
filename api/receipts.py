"""`/v1/tickets/{id}/receipt`: why a ticket went where it went, for the people who answer for it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from api.access import may
from api.answers import EvidenceOut, LocationOut, ReviewOut, SignalOut
from api.bodies import storable
from api.desk import desk_of
from api.endings import OrTicket
from api.openapi import problems
from api.veil import tells_of
from domain.access import Right
from router.claiming import require_ticket
from router.explaining import explain
from router.receipt import PastTicket, Receipt, Rival, Terms, names_of
from router.receipt_lines import receipt_lines
from router.wording import accepted_language, wording

routes = APIRouter(prefix="/v1/tickets", tags=["tickets"], route_class=OrTicket)

Language = Annotated[Literal["zh", "en"] | None, Query(description="Left out: what Accept-Language prefers.")]


class PastTicketOut(BaseModel):
    """A past dispatch that is like the ticket; `metres`: how far away, null where that is not known."""

    ticket_id: str
    unit: str
    unit_name: str
    day: date
    title: str
    similarity: float
    metres: float | None

    @classmethod
    def of(cls, past: PastTicket, names: dict[str, str]) -> PastTicketOut:
        """The past ticket on the wire."""
        return cls(
            ticket_id=past.ticket_id,
            unit=past.unit_id,
            unit_name=names[past.unit_id],
            day=past.day,
            title=past.title,
            similarity=past.similarity,
            metres=past.metres,
        )


class RivalOut(BaseModel):
    """The nearest other candidate. `behind` and `decisive` are log odds: without the lead of these kinds of evidence
    it would be first. `ahead`: the ranking has it before the unit, which a rule named.
    """

    unit: str
    unit_name: str
    probability: float | None
    ahead: bool
    behind: float | None
    decisive: dict[str, float]

    @classmethod
    def of(cls, rival: Rival, names: dict[str, str]) -> RivalOut:
        """The rival on the wire."""
        return cls(
            unit=rival.unit_id,
            unit_name=names[rival.unit_id],
            probability=rival.probability,
            ahead=rival.ahead,
            behind=rival.behind,
            decisive=dict(rival.decisive),
        )


class ReceiptOut(BaseModel):
    """Why the ticket went where it went: `lines` for people, the rest for programs.

    `contributions` of each feature sum to `score` (log odds), and so do `groups`, the same by kind of evidence;
    features that add nothing are left out. While a ticket waits for a blind review nothing tells what is proposed.
    """

    ticket_id: str
    language: str
    lines: list[str]
    verdict: str
    blind: bool
    unit: str | None
    unit_name: str | None
    probability: float | None
    needed: float | None
    reasons: list[str]
    rules: list[str]
    signals: list[SignalOut]
    location: LocationOut
    evidence: list[EvidenceOut]
    nearest: list[PastTicketOut]
    score: float | None
    groups: dict[str, float]
    contributions: dict[str, float]
    rival: RivalOut | None
    missing: list[str]
    review: ReviewOut | None

    @classmethod
    def of(cls, receipt: Receipt, names: dict[str, str], language: str) -> ReceiptOut:
        """The receipt on the wire."""
        return cls(
            ticket_id=receipt.ticket_id,
            language=language,
            lines=receipt_lines(receipt, names, wording(language)),
            verdict=receipt.verdict,
            blind=receipt.blind,
            unit=receipt.unit_id,
            unit_name=names.get(receipt.unit_id or ""),
            probability=receipt.probability,
            needed=receipt.needed,
            reasons=["blind_review"] if receipt.blind else list(receipt.reasons),
            rules=list(receipt.rules),
            signals=[SignalOut.of(signal) for signal in receipt.signals],
            location=LocationOut.of(receipt.location),
            evidence=[EvidenceOut.of(one) for one in receipt.evidence],
            nearest=[PastTicketOut.of(one, names) for one in receipt.nearest],
            score=receipt.score,
            groups=_told(receipt.carried),
            contributions=_told(receipt.contributions),
            rival=RivalOut.of(receipt.rival, names) if receipt.rival else None,
            missing=list(receipt.missing),
            review=ReviewOut.of(receipt.review) if receipt.review else None,
        )


def _told(terms: Terms) -> dict[str, float]:
    return {name: value for name, value in terms if value}


@routes.get(
    "/{ticket_id:path}/receipt",
    dependencies=[may(Right.READ)],
    response_model=ReceiptOut,
    responses=problems(404, 422, 503),
)
def receipt(
    request: Request,
    ticket_id: str,
    lang: Language = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> Response:
    """Why the ticket went where it went, or whom it is proposed to, in a few lines and in figures."""
    service = desk_of(request).service
    language = lang or accepted_language(accept_language)
    champion = service.champion()
    with service.store.read() as session:
        stored = require_ticket(storable(ticket_id), session)
        found = explain(ticket_id, session, champion.bundle if champion else None)
    tells_of(request, stored.ticket, *(one.ticket for one in found.nearest))
    answer = ReceiptOut.of(found, names_of(found, service.unit_name), language)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)

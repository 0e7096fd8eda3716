"""`/v1/automation`: what is promised of automatic dispatches, what is suspended and why; stopping and going on."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, caller_of, may
from api.bodies import parse_json, read_body, validated
from api.certificates import CertificateOut
from api.desk import desk_of
from api.openapi import json_body, problems
from api.schemas import ResumeIn, SuspendIn
from domain.access import Right
from domain.automation import Cause, Scope, Suspension
from router.automation import Automation, LiveError

routes = APIRouter(prefix="/v1/automation", tags=["automation"])


class FiguresOut(BaseModel):
    """`errors` of `rows` were wrong or came back, where `tolerated` is borne; `evidence` reached `threshold`."""

    errors: int
    rows: int
    tolerated: float
    evidence: float
    threshold: float

    @classmethod
    def of(cls, one: Suspension) -> FiguresOut:
        """The monitor's figures on the wire."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class SuspensionOut(BaseModel):
    """Why tickets go to people. `figures` are the monitor's; null where a person suspended."""

    suspension: int
    scope: str
    key: str | None
    cause: str
    at: datetime
    by: str
    reason: str
    figures: FiguresOut | None

    @classmethod
    def of(cls, one: Suspension) -> SuspensionOut:
        """The suspension on the wire."""
        return cls(
            suspension=one.suspension_id,
            scope=one.scope,
            key=one.key or None,
            cause=one.cause,
            at=one.at,
            by=one.by,
            reason=one.told,
            figures=None if one.cause is Cause.PERSON else FiguresOut.of(one),
        )


class AuditsOut(BaseModel):
    """Blind reviews of would-be automatic dispatches: `errors` of `reviewed` were wrong, `waiting` are not yet done.

    The true share lies between `low` and `high`, with 95 % confidence for all looks at it together. `waiting` is null
    for those who review: it would tell them of a blind ticket whether it would have gone out by itself.
    """

    reviewed: int
    errors: int
    waiting: int | None
    low: float
    high: float

    @classmethod
    def of(cls, found: LiveError, *, reviews: bool) -> AuditsOut:
        """The live error on the wire, for somebody who reviews or does not."""
        return cls(
            reviewed=found.rows,
            errors=found.errors,
            waiting=None if reviews else found.waiting,
            low=found.low,
            high=found.high,
        )


class GroupOut(BaseModel):
    """A group of tickets and its certificate; `automatic`: whether any of it is dispatched automatically now."""

    group: str
    automatic: bool
    certificate: CertificateOut
    audits: AuditsOut

    @classmethod
    def all_of(cls, state: Automation, *, reviews: bool) -> list[GroupOut]:
        """The groups on the wire, in the order in which they apply, for somebody who reviews or does not."""
        found = state.guarantee.certificates if state.guarantee else {}
        return [
            cls(
                group=group,
                automatic=state.runs(group),
                certificate=CertificateOut.of(one),
                audits=AuditsOut.of(state.live_error_in(group), reviews=reviews),
            )
            for group, one in found.items()
        ]


class AutomationOut(BaseModel):
    """`running`: whether any ticket may be dispatched automatically under a certificate now.

    `units_with_own_certificate`: any other rides on its group's and may be worse than the budget; the group may not.
    """

    running: bool
    at: datetime
    confidence: float | None
    groups: list[GroupOut]
    audit_share: float
    audits: AuditsOut
    units_with_own_certificate: list[str]
    suspensions: list[SuspensionOut]

    @classmethod
    def of(cls, state: Automation, *, reviews: bool) -> AutomationOut:
        """The state on the wire, for somebody who reviews or does not."""
        guarantee = state.guarantee
        return cls(
            running=state.running,
            at=state.at,
            confidence=guarantee.confidence if guarantee else None,
            groups=GroupOut.all_of(state, reviews=reviews),
            audit_share=guarantee.terms.audited if guarantee else 0.0,
            audits=AuditsOut.of(state.live_error, reviews=reviews),
            units_with_own_certificate=list(guarantee.strata.units) if guarantee else [],
            suspensions=[SuspensionOut.of(one) for one in state.suspensions],
        )


@routes.get("", dependencies=[may(Right.WATCH)], response_model=AutomationOut, responses=problems(503))
def state(request: Request) -> AutomationOut:
    """What is promised of automatic dispatches, what is suspended, and why."""
    reviews = Right.REVIEW in caller_of(request).rights
    return AutomationOut.of(desk_of(request).service.automation(), reviews=reviews)


@routes.post(
    "/suspend",
    dependencies=[may(Right.SUSPEND)],
    response_model=SuspensionOut,
    responses=problems(404, 413, 415, 422, 503, 507),
    openapi_extra=json_body("SuspendIn"),
)
async def suspend(request: Request) -> Response:
    """Stop automatic dispatch, rules included: at once here, within a second or so in other processes."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    return await run_in_threadpool(_suspend, request, body)


@routes.post(
    "/resume",
    dependencies=[may(Right.SUSPEND)],
    response_model=SuspensionOut,
    responses=problems(404, 413, 415, 422, 503, 507),
    openapi_extra=json_body("ResumeIn"),
)
async def resume(request: Request) -> Response:
    """Lift a suspension; what led to it is forgotten and its tests begin anew."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    return await run_in_threadpool(_resume, request, body)


def _suspend(request: Request, body: bytes) -> Response:
    wanted = validated(SuspendIn, parse_json(body))
    service, by = desk_of(request).service, acting(request, wanted.by)
    scope = Scope(wanted.scope)
    return _answer(service.suspend(scope, wanted.key, by=by, reason=wanted.reason, new=wanted.new))


def _resume(request: Request, body: bytes) -> Response:
    wanted = validated(ResumeIn, parse_json(body))
    service, by = desk_of(request).service, acting(request, wanted.by)
    return _answer(service.resume(wanted.suspension, by=by, reason=wanted.reason))


def _answer(one: Suspension) -> Response:
    return Response(SuspensionOut.of(one).model_dump_json(), media_type="application/json")

"""`/v1/models`: which bundles there are, how they did, what a promotion would change; promotion and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Annotated

import h3
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, may
from api.bodies import parse_json, read_body, validated
from api.certificates import CertificateOut
from api.desk import Desk, desk_of
from api.openapi import json_body, problems
from api.schemas import PromoteIn, RollbackIn
from domain.access import Right
from domain.decisions import Decision, Verdict
from domain.errors import BundleDamaged, BundleIncompatible, NotFound, Overloaded
from models.bundle import Statement, read_statement
from models.guarantee import Guarantee
from models.measured import GroupErrors, Measured
from router.ports import BundleRecord, Pointers
from router.rehearsal import MOST_TICKETS, Example, Rehearsal
from router.service import RoutingService
from store import promoting
from store.bundles import Word

routes = APIRouter(prefix="/v1/models", tags=["models"])

MLFLOW_NAME = "gridroute"  # of the registered model
REHEARSING = Lock()  # it takes a processor for seconds: one at a time in a process


class VersionOut(BaseModel):
    """A bundle. `aliases`: which of `champion` (it serves), `challenger` and `previous` the store names it."""

    version: int
    digest: str
    created_at: datetime
    aliases: list[str]
    metrics: dict[str, float]
    mlflow_version: str | None
    mlflow_url: str | None

    @classmethod
    def of(cls, record: BundleRecord, pointers: Pointers, mlflow: str | None) -> VersionOut:
        """The bundle on the wire."""
        named = {name: getattr(pointers, name) for name in ("champion", "challenger", "previous")}
        number = record.mlflow_version
        page = f"{mlflow}/#/models/{MLFLOW_NAME}/versions/{number}" if mlflow and number else None
        return cls(
            version=record.version,
            digest=record.digest,
            created_at=record.registered_at,
            aliases=[name for name, version in named.items() if version == record.version],
            metrics=dict(record.metrics),
            mlflow_version=number,
            mlflow_url=page,
        )


class VersionsOut(BaseModel):
    """All bundles, the newest first."""

    versions: list[VersionOut]


class RiskPointOut(BaseModel):
    """Dispatching the tickets of at least this `confidence`, a `coverage` of them, `error` of those are wrong."""

    coverage: float
    error: float
    confidence: float


class ReliabilityOut(BaseModel):
    """Of a `share` of the tickets `predicted` was said to be right in the mean, and `observed` was."""

    share: float
    predicted: float
    observed: float


class CurvesOut(BaseModel):
    """From `tickets` that came from `since` to `until` and were kept from the bundle's learning."""

    tickets: int
    since: datetime
    until: datetime
    risk_coverage: list[RiskPointOut]
    reliability: list[ReliabilityOut]

    @classmethod
    def of(cls, measured: Measured) -> CurvesOut:
        """The curves on the wire."""
        return cls.model_validate(measured.to_dict())


class GroupErrorsOut(BaseModel):
    """`wrong` of a group's `tickets` were given to others, most often to `rival` (null: to nobody, or none wrong).

    `boundary`: a cell's outline as (latitude, longitude).
    """

    key: str
    name: str
    tickets: int
    wrong: int
    rival: str | None
    boundary: list[tuple[float, float]] | None = None


class ErrorsOut(BaseModel):
    """Where those tickets went wrong; the groups with most errors first, a few hundred at most."""

    unit: list[GroupErrorsOut]
    kind: list[GroupErrorsOut]
    cell: list[GroupErrorsOut]

    @classmethod
    def of(cls, measured: Measured, service: RoutingService) -> ErrorsOut:
        """The errors on the wire."""
        return cls(
            unit=[_group(one, service.unit_name(one.key)) for one in measured.unit],
            kind=[_group(one) for one in measured.kind],
            cell=[_group(one, boundary=h3.cell_to_boundary(one.key)) for one in measured.cell],
        )


class CertifiedGroupOut(BaseModel):
    """A group of tickets and its certificate."""

    group: str
    certificate: CertificateOut

    @classmethod
    def all_of(cls, guarantee: Guarantee) -> list[CertifiedGroupOut]:
        """In the order in which they apply."""
        certificates = guarantee.certificates.items()
        return [cls(group=group, certificate=CertificateOut.of(one)) for group, one in certificates]


class VersionDetailOut(VersionOut):
    """A bundle with all that it says of itself. `problem`: why it may not serve; then the rest is null.

    `curves` and `errors` are null too where nothing was kept with it: an older version trained it, or had too little.
    """

    problem: str | None
    curves: CurvesOut | None
    groups: list[CertifiedGroupOut] | None
    errors: ErrorsOut | None


class AnswerOut(BaseModel):
    """How a ticket would be decided."""

    unit: str | None
    verdict: Verdict
    probability: float | None

    @classmethod
    def of(cls, decision: Decision) -> AnswerOut:
        """The decision on the wire."""
        return cls(unit=decision.unit_id, verdict=decision.verdict, probability=decision.probability)


class ExampleOut(BaseModel):
    """A ticket that would be decided otherwise; `outcome`: the unit that was confirmed since."""

    ticket_id: str
    received_at: datetime
    before: AnswerOut
    after: AnswerOut
    outcome: str | None

    @classmethod
    def of(cls, one: Example) -> ExampleOut:
        """The example on the wire."""
        return cls(
            ticket_id=one.ticket_id,
            received_at=one.received_at,
            before=AnswerOut.of(one.before),
            after=AnswerOut.of(one.after),
            outcome=one.outcome,
        )


class ChangesOut(BaseModel):
    """What promoting a version would change of the last `tickets`; `compares` says what was compared.

    `other_unit`: another one is proposed or gets it. Of the `confirmed` ones so many were right before and after.
    `seen_in_training` of these the version learnt from: on them it flatters itself.
    """

    version: int
    champion: int | None
    compares: str
    tickets: int
    since: datetime | None
    until: datetime | None
    automatic_before: int
    automatic_after: int
    newly_automatic: int
    no_longer_automatic: int
    other_unit: int
    confirmed: int
    right_before: int
    right_after: int
    seen_in_training: int
    examples: list[ExampleOut]

    @classmethod
    def of(cls, found: Rehearsal) -> ChangesOut:
        """The comparison on the wire."""
        shared = set(cls.model_fields) - {"compares", "seen_in_training", "examples"}
        return cls(
            **{name: getattr(found, name) for name in shared},
            compares=_compares(found),
            seen_in_training=found.seen,
            examples=[ExampleOut.of(one) for one in found.examples],
        )


class PointersOut(BaseModel):
    """Which versions the store names; running services follow within a second or so."""

    champion: int | None
    challenger: int | None
    previous: int | None
    since: datetime | None

    @classmethod
    def of(cls, pointers: Pointers) -> PointersOut:
        """The pointers on the wire."""
        return cls(**{name: getattr(pointers, name) for name in cls.model_fields})


@routes.get("", dependencies=[may(Right.WATCH)], response_model=VersionsOut, responses=problems(503))
def versions(request: Request) -> VersionsOut:
    """All bundles that were registered, with what the store's pointers name."""
    desk = desk_of(request)
    with desk.service.store.read() as session:
        records, pointers = session.bundles(), session.pointers()
    mlflow = desk.settings.mlflow_url
    return VersionsOut(versions=[VersionOut.of(one, pointers, mlflow) for one in reversed(records)])


@routes.get(
    "/{version:int}",
    dependencies=[may(Right.WATCH)],
    response_model=VersionDetailOut,
    responses=problems(404, 503),
)
def version_detail(request: Request, version: int) -> VersionDetailOut:
    """One bundle: its certificates, and how it did on tickets that it had not seen."""
    desk = desk_of(request)
    record = promoting.find(desk.service.store, version)
    with desk.service.store.read() as session:
        pointers = session.pointers()
    statement, problem = _statement(record)
    measured = statement.measured if statement else None
    return VersionDetailOut(
        **VersionOut.of(record, pointers, desk.settings.mlflow_url).model_dump(),
        problem=problem,
        curves=CurvesOut.of(measured) if measured else None,
        groups=CertifiedGroupOut.all_of(statement.guarantee) if statement else None,
        errors=ErrorsOut.of(measured, desk.service) if measured else None,
    )


@routes.get(
    "/{version:int}/changes",
    dependencies=[may(Right.PROMOTE)],
    response_model=ChangesOut,
    responses=problems(404, 422, 429, 503),
)
def changes(
    request: Request, version: int, last: Annotated[int, Query(ge=1, le=MOST_TICKETS)] = 500
) -> ChangesOut:
    """What promoting it would change. Takes some seconds, in which tickets go on being routed; one at a time."""
    if not REHEARSING.acquire(blocking=False):
        raise Overloaded(retry_after=10.0)
    try:
        return ChangesOut.of(desk_of(request).service.rehearse(version, last))
    finally:
        REHEARSING.release()


@routes.post(
    "/{version:int}/promote",
    dependencies=[may(Right.PROMOTE)],
    response_model=PointersOut,
    responses=problems(404, 409, 413, 415, 422, 503, 507),
    openapi_extra=json_body("PromoteIn"),
)
async def promote(request: Request, version: int) -> PointersOut:
    """Let the bundle serve, after its every digest was checked."""
    body = await read_body(request, desk_of(request).settings.max_ticket_bytes)
    return await run_in_threadpool(_promote, request, version, body)


@routes.post(
    "/rollback",
    dependencies=[may(Right.PROMOTE)],
    response_model=PointersOut,
    responses=problems(404, 413, 415, 422, 503, 507),
    openapi_extra=json_body("RollbackIn"),
)
async def rollback(request: Request) -> PointersOut:
    """Let the champion before this one serve again; there is then no further way back."""
    body = await read_body(request, desk_of(request).settings.max_ticket_bytes)
    return await run_in_threadpool(_rollback, request, body)


def _promote(request: Request, version: int, body: bytes) -> PointersOut:
    wanted, service = validated(PromoteIn, parse_json(body)), _service(request)
    word = Word(by=acting(request, wanted.by), reason=wanted.reason)
    moved = promoting.promote(service.store, version, service.clock(), word, older=wanted.older)
    desk_of(request).settings.promoted()
    return PointersOut.of(moved)


def _rollback(request: Request, body: bytes) -> PointersOut:
    wanted, service = validated(RollbackIn, parse_json(body)), _service(request)
    word = Word(by=acting(request, wanted.by), reason=wanted.reason)
    moved = promoting.rollback(service.store, service.clock(), word)
    desk_of(request).settings.promoted()
    return PointersOut.of(moved)


def _service(request: Request) -> RoutingService:
    desk: Desk = desk_of(request)
    return desk.service


def _statement(record: BundleRecord) -> tuple[Statement | None, str | None]:
    """What the record's bundle says of itself, or why it may not be believed."""
    try:
        return read_statement(Path(record.path)), None
    except (NotFound, BundleDamaged, BundleIncompatible) as error:
        return None, str(error)


def _group(
    one: GroupErrors, name: str | None = None, boundary: Sequence[tuple[float, float]] | None = None
) -> GroupErrorsOut:
    return GroupErrorsOut(
        key=one.key,
        name=name or one.key,
        tickets=one.tickets,
        wrong=one.wrong,
        rival=one.rival or None,
        boundary=list(boundary) if boundary is not None else None,
    )


def _compares(found: Rehearsal) -> str:
    served = f"version {found.champion}, which serves" if found.champion else "no model, as none serves"
    return (
        f"The last {found.tickets} tickets, each routed again under {served}, and under version {found.version}, with "
        "the outcomes that were known when it came; units, territories, rules and certificates' dates as of now; "
        "suspensions and blind reviews left out of account."
    )

"""What serves: units, the current model, health and readiness."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.access import may
from api.certificates import CertificateOut
from api.desk import desk_of
from api.openapi import problems
from api.problems import plain_problem, problem_response
from domain.access import Right
from domain.decisions import Certificate
from domain.errors import NotFound
from domain.units import Unit
from router.live import Champion

routes = APIRouter()


class UnitOut(BaseModel):
    """A unit that tickets are dispatched to; `open` says whether they may be now."""

    unit: str
    name: str
    kinds: list[str]
    open: bool
    valid_from: datetime | None
    valid_to: datetime | None
    successors: list[str]
    parent: str | None

    @classmethod
    def of(cls, unit: Unit, now: datetime) -> UnitOut:
        """The unit on the wire."""
        return cls(
            unit=unit.unit_id,
            name=unit.name,
            kinds=sorted(unit.kinds),
            open=unit.is_open(now),
            valid_from=unit.validity.valid_from,
            valid_to=unit.validity.valid_to,
            successors=list(unit.successors),
            parent=unit.parent,
        )


class UnitsOut(BaseModel):
    """All units, by id."""

    units: list[UnitOut]


class ModelOut(BaseModel):
    """The bundle that serves; `certificate` sums up those of its groups (see `/v1/automation`)."""

    version: int
    digest: str
    registered_at: datetime
    metrics: dict[str, float]
    mlflow_version: str | None
    certificate: CertificateOut

    @classmethod
    def of(cls, champion: Champion, certificate: Certificate) -> ModelOut:
        """The bundle on the wire."""
        record = champion.record
        return cls(
            version=record.version,
            digest=record.digest,
            registered_at=record.registered_at,
            metrics=dict(record.metrics),
            mlflow_version=record.mlflow_version,
            certificate=CertificateOut.of(certificate),
        )


class HealthOut(BaseModel):
    """The process answers."""

    status: str


class ReadyOut(BaseModel):
    """Everything that automatic dispatch needs is there."""

    ready: bool
    units: int
    history_sequence: int


@routes.get(
    "/v1/units", dependencies=[may()], response_model=UnitsOut, responses=problems(), tags=["inventory"]
)
def units(request: Request) -> UnitsOut:
    """All units that tickets may go to, closed ones too."""
    service = desk_of(request).service
    now = service.clock()
    return UnitsOut(units=[UnitOut.of(unit, now) for unit in service.units()])


@routes.get(
    "/v1/models/current",
    dependencies=[may(Right.WATCH)],
    response_model=ModelOut,
    responses=problems(404, 503),
    tags=["inventory"],
)
def current_model(request: Request) -> ModelOut:
    """The model bundle that serves, with its certificate."""
    champion = desk_of(request).service.champion()
    if champion is None:
        raise NotFound(kind="model", key="champion")
    if champion.problem is not None:
        raise champion.problem
    assert champion.bundle is not None
    return ModelOut.of(champion, champion.bundle.certificate)


@routes.get("/healthz", response_model=HealthOut, responses=problems(), tags=["health"])
async def health() -> HealthOut:
    """The process is alive. Says nothing of the model: see `/readyz`."""
    return HealthOut(status="ok")


@routes.get("/readyz", response_model=ReadyOut, responses=problems(503), tags=["health"])
def readiness(request: Request) -> Response | ReadyOut:
    """Whether all is there that automatic dispatch needs. Tickets are accepted in any case."""
    found = desk_of(request).service.readiness()
    if found.ready:
        return ReadyOut(ready=True, units=found.units, history_sequence=found.history_sequence)
    problems_ = [{"code": p.code, "problem": p.problem, "mend": p.mend} for p in found.problems]
    told = plain_problem(503, "; ".join(p.problem for p in found.problems), ready=False, problems=problems_)
    return problem_response(told)

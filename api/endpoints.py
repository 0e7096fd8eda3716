"""Where units take their deliveries, and what became of them: `/v1/units/{id}/endpoint`, `/v1/deliveries`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, may
from api.bodies import parse_json, read_body, storable, validated
from api.desk import Desk, desk_of
from api.openapi import json_body, problems
from api.schemas import EndpointIn
from api.webhooks.signing import new_secret
from domain.access import Right
from domain.errors import NotFound
from router.delivery_desk import endpoint_of, rotate_secret, set_endpoint
from router.delivery_ports import Delivery, DeliveryState, Endpoint
from router.pulling import retry as retry_of

routes = APIRouter(prefix="/v1", tags=["deliveries"])

MOST = 1_000
HIGHEST = 2**63 - 1


class EndpointOut(BaseModel):
    """`secret` stands only in the answer that made it. After `failures` in a row it is paused."""

    unit: str
    url: str
    secrets: int
    secret: str | None = None
    failures: int
    paused_until: datetime | None

    @classmethod
    def of(cls, endpoint: Endpoint, now: datetime, secret: str | None = None) -> EndpointOut:
        """The endpoint on the wire."""
        return cls(
            unit=endpoint.unit_id,
            url=endpoint.url,
            secrets=len(endpoint.signing(now)),
            secret=secret,
            failures=endpoint.failures,
            paused_until=endpoint.paused_until,
        )


class DeliveryOut(BaseModel):
    """A delivery and what became of it; `error` is of the last attempt."""

    delivery: int
    webhook_id: str
    ticket_id: str
    unit: str
    kind: str
    state: str
    queued_at: datetime
    due_at: datetime
    attempts: int
    error: str | None
    settled_at: datetime | None

    @classmethod
    def of(cls, one: Delivery) -> DeliveryOut:
        """The delivery on the wire."""
        return cls(
            delivery=one.delivery_id,
            webhook_id=one.webhook_id,
            ticket_id=one.ticket_id,
            unit=one.unit_id,
            kind=one.kind,
            state=one.state,
            queued_at=one.queued_at,
            due_at=one.due_at,
            attempts=one.attempts,
            error=one.error or None,
            settled_at=one.settled_at,
        )


class DeliveriesOut(BaseModel):
    """Deliveries by number; `after` of the next page is the last one's, null at the end."""

    deliveries: list[DeliveryOut]
    next: int | None


@routes.get(
    "/units/{unit_id:path}/endpoint",
    dependencies=[may(Right.DELIVER)],
    response_model=EndpointOut,
    responses=problems(404, 503),
)
def endpoint(request: Request, unit_id: str) -> EndpointOut:
    """Where the unit takes its deliveries."""
    service = desk_of(request).service
    with service.store.read() as session:
        return EndpointOut.of(endpoint_of(unit_of(unit_id), session), service.clock())


@routes.put(
    "/units/{unit_id:path}/endpoint",
    dependencies=[may(Right.DELIVER)],
    response_model=EndpointOut,
    responses=problems(404, 413, 415, 422, 503, 507),
    openapi_extra=json_body("EndpointIn"),
)
async def put_endpoint(request: Request, unit_id: str) -> EndpointOut:
    """Deliver the unit's tickets there from now on, what waits for it too."""
    desk = desk_of(request)
    body = await read_body(request, desk.settings.max_ticket_bytes)
    return await run_in_threadpool(_put, desk, unit_of(unit_id), body, acting(request, "", "api"))


@routes.post(
    "/units/{unit_id:path}/endpoint/rotate",
    dependencies=[may(Right.DELIVER)],
    response_model=EndpointOut,
    responses=problems(404, 503, 507),
)
def rotate(request: Request, unit_id: str) -> EndpointOut:
    """Make a new secret, shown once. For a day those before sign as well."""
    service = desk_of(request).service
    made, now, by = new_secret(), service.clock(), acting(request, "", "api")
    return EndpointOut.of(rotate_secret(service.store, unit_of(unit_id), made, now, by), now, made)


@routes.delete(
    "/units/{unit_id:path}/endpoint",
    status_code=204,
    dependencies=[may(Right.DELIVER)],
    responses=problems(404, 503, 507),
)
def remove_endpoint(request: Request, unit_id: str) -> Response:
    """Deliver nothing there any more; the unit may fetch what waits for it."""
    known, by = unit_of(unit_id), acting(request, "", "api")
    desk_of(request).service.store.write(lambda session: session.remove_endpoint(known, by))
    return Response(status_code=204)


@routes.get(
    "/deliveries",
    dependencies=[may(Right.DELIVER)],
    response_model=DeliveriesOut,
    responses=problems(422, 503),
)
def deliveries(
    request: Request,
    state: DeliveryState | None = None,
    unit: Annotated[str | None, Query(max_length=200)] = None,
    ticket: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=HIGHEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> DeliveriesOut:
    """What became of deliveries. `state=dead`: those that were given up, with the last error."""
    with desk_of(request).service.store.read() as session:
        found = session.deliveries(
            state=state, unit_id=_asked(unit), ticket_id=_asked(ticket), after=after, limit=limit
        )
    last = found[-1].delivery_id if len(found) == limit else None
    return DeliveriesOut(deliveries=[DeliveryOut.of(one) for one in found], next=last)


@routes.post(
    "/deliveries/{delivery_id}/retry",
    dependencies=[may(Right.DELIVER)],
    response_model=DeliveryOut,
    responses=problems(404, 409, 422, 503, 507),
)
def retry(request: Request, delivery_id: int) -> DeliveryOut:
    """Send a dead letter again, at once and under the same `webhook-id`; 409 where it is no longer true."""
    service = desk_of(request).service
    if not 0 < delivery_id <= HIGHEST:
        raise NotFound(kind="dead letter", key=str(delivery_id)[:20])
    now, by = service.clock(), acting(request, "", "api")
    return DeliveryOut.of(service.store.write(lambda session: retry_of(delivery_id, now, by, session)))


def _put(desk: Desk, unit_id: str, body: bytes, by: str) -> EndpointOut:
    wanted = validated(EndpointIn, parse_json(body))
    url = str(desk.settings.targets.check_url(wanted.url))
    found, made = set_endpoint(desk.service.store, unit_id, url, wanted.secrets, new_secret, by)
    return EndpointOut.of(found, desk.service.clock(), made)


def _asked(text: str | None) -> str | None:
    return None if text is None else text.replace("\0", "")


def unit_of(unit_id: str) -> str:
    """The id of an address. Raises NotFound for what no store can have."""
    try:
        return storable(unit_id)
    except NotFound as error:
        raise NotFound(kind="unit", key=error.key) from None

"""`/v1/keys`: make, list and revoke the keys that let people and programs in."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, caller_of, doors_of, may
from api.bodies import parse_json, read_body, validated
from api.desk import desk_of
from api.doors import USUAL_PER_MINUTE
from api.openapi import json_body, problems
from api.schemas import KeyIn
from domain.access import Area, Key, Right
from domain.errors import InvalidInput, NotFound
from router.access import Wanted, issue, revoke

routes = APIRouter(prefix="/v1/keys", tags=["access"])

MOST_BYTES = 100_000
FIELDS = {"unit": "units", "territory": "territories"}


class KeyOut(BaseModel):
    """A key, never its secret. `state`: valid, expired or revoked. Empty `units` and `territories`: all tickets."""

    key: str
    name: str
    role: str
    rights: list[str]
    units: list[str]
    territories: list[str]
    per_minute: int
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    state: str

    @classmethod
    def of(cls, key: Key, now: datetime) -> KeyOut:
        """The key on the wire."""
        return cls(
            key=key.key_id,
            name=key.name,
            role=key.role,
            rights=sorted(key.rights),
            units=sorted(key.area.units),
            territories=sorted(key.area.territories),
            per_minute=key.per_minute or USUAL_PER_MINUTE,
            made_at=key.made_at,
            made_by=key.made_by,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            state="valid" if key.holds(now) else "revoked" if key.revoked_at else "expired",
        )


class NewKeyOut(BaseModel):
    """A new key with its secret, which is shown now and never again."""

    secret: str
    key: KeyOut


class KeysOut(BaseModel):
    """All that were ever made, oldest first."""

    keys: list[KeyOut]


@routes.get("", dependencies=[may(Right.KEYS)], response_model=KeysOut, responses=problems(503))
def keys(request: Request) -> KeysOut:
    """All keys that were ever made, never their secrets."""
    service = desk_of(request).service
    now = service.clock()
    with service.store.read() as session:
        found = session.keys()
    return KeysOut(keys=[KeyOut.of(key, now) for key in found])


@routes.post(
    "",
    status_code=201,
    dependencies=[may(Right.KEYS)],
    response_model=NewKeyOut,
    responses=problems(413, 415, 422, 503, 507),
    openapi_extra=json_body("KeyIn"),
)
async def make(request: Request) -> NewKeyOut:
    """Make a key. Its secret is in this answer alone."""
    body = await read_body(request, MOST_BYTES)
    return await run_in_threadpool(_make, request, body)


@routes.delete(
    "/{key_id}", status_code=204, dependencies=[may(Right.KEYS)], responses=problems(404, 503, 507)
)
def remove(request: Request, key_id: str) -> Response:
    """Let nobody in by that key any more, nor by the sessions that it began."""
    service = desk_of(request).service
    revoke(service.store, key_id.replace("\0", "")[:200], by=acting(request, "", "api"), at=service.clock())
    doors_of(request).refresh()
    return Response(status_code=204)


def _make(request: Request, body: bytes) -> NewKeyOut:
    wanted, service = validated(KeyIn, parse_json(body)), desk_of(request).service
    now = service.clock()
    try:
        made = issue(
            service.store,
            Wanted(
                name=wanted.name,
                role=wanted.role,
                area=Area(units=frozenset(wanted.units), territories=frozenset(wanted.territories)),
                only=frozenset(wanted.only) if wanted.only else None,
                per_minute=wanted.per_minute,
                days=wanted.days,
            ),
            by=acting(request, "", "api"),
            at=now,
            granting=caller_of(request).rights,
        )
    except NotFound as error:
        # the address exists; a value in the body is wrong
        mend = "GET /v1/units lists the units." if error.kind == "unit" else "Import it first."
        raise InvalidInput(field=FIELDS.get(error.kind, "area"), problem=str(error), mend=mend) from error
    doors_of(request).refresh()
    return NewKeyOut(secret=made.secret, key=KeyOut.of(made.key, now))

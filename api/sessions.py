"""`/v1/sessions`: sign in with a key and out again; `/v1/who`: as whom."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.access import acting, caller_of, doors_of, everybody, may
from api.bodies import parse_json, read_body, validated
from api.desk import desk_of
from api.doors import Caller
from api.openapi import json_body, problems
from api.schemas import SessionIn
from domain.access import Key, Right, SignIn
from domain.errors import NotFound
from router.access import sign_in, sign_out

routes = APIRouter(prefix="/v1", tags=["access"])

MOST_BYTES = 10_000


class WhoOut(BaseModel):
    """As whom you ask. `open`: no key was made yet, and whoever uses this machine may do everything.

    Empty `units` and `territories`: all tickets.
    """

    name: str
    role: str
    rights: list[str]
    units: list[str]
    territories: list[str]
    open: bool

    @classmethod
    def of(cls, caller: Caller) -> WhoOut:
        """The caller on the wire."""
        return cls(
            name=caller.name,
            role=caller.role,
            rights=sorted(caller.rights),
            units=sorted(caller.area.units),
            territories=sorted(caller.area.territories),
            open=caller.open,
        )


class NewSessionOut(BaseModel):
    """`token` is sent like a key's secret, until `expires_at` or two hours after it was last used."""

    token: str
    expires_at: datetime
    who: WhoOut


class SessionOut(BaseModel):
    """A session that was not ended."""

    session: str
    key: str
    name: str
    role: str
    made_at: datetime
    seen_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, one: SignIn, key: Key) -> SessionOut:
        """The session on the wire."""
        return cls(
            session=one.session_id,
            key=key.key_id,
            name=key.name,
            role=key.role,
            made_at=one.made_at,
            seen_at=one.seen_at,
            expires_at=one.expires_at,
        )


class SessionsOut(BaseModel):
    """All of them, oldest first."""

    sessions: list[SessionOut]


@routes.get("/who", dependencies=[may()], response_model=WhoOut, responses=problems(503))
def who(request: Request) -> WhoOut:
    """As whom you ask, and what you may do."""
    return WhoOut.of(caller_of(request))


@routes.post(
    "/sessions",
    status_code=201,
    dependencies=[everybody()],
    response_model=NewSessionOut,
    responses=problems(401, 413, 415, 422, 429, 503, 507),
    openapi_extra=json_body("SessionIn"),
)
async def begin(request: Request) -> NewSessionOut:
    """Sign in with a key's secret: the token stands for the key, for 12 hours, and can be ended by itself."""
    wanted = validated(SessionIn, parse_json(await read_body(request, MOST_BYTES)))
    key, service = await doors_of(request).key_of(wanted.secret, request), desk_of(request).service
    made = await run_in_threadpool(sign_in, service.store, key, at=service.clock())
    return NewSessionOut(token=made.token, expires_at=made.sign_in.expires_at, who=WhoOut.of(Caller(key=key)))


@routes.get("/sessions", dependencies=[may(Right.KEYS)], response_model=SessionsOut, responses=problems(503))
def sessions(request: Request) -> SessionsOut:
    """Who is signed in."""
    service = desk_of(request).service
    with service.store.read() as session:
        keys = {key.key_id: key for key in session.keys_by_digest().values()}
        found = session.sign_ins().values()
    now = service.clock()
    live = [one for one in found if one.key_id in keys and one.expires_at > now]
    return SessionsOut(sessions=[SessionOut.of(one, keys[one.key_id]) for one in live])


@routes.delete("/sessions/current", status_code=204, dependencies=[may()], responses=problems(404, 503, 507))
def end_current(request: Request) -> Response:
    """Sign out: the token that this is asked with lets nobody in any more."""
    session_id = caller_of(request).session_id
    if session_id is None:
        raise NotFound(kind="session", key="current")
    return _ended(request, session_id)


@routes.delete(
    "/sessions/{session_id}",
    status_code=204,
    dependencies=[may(Right.KEYS)],
    responses=problems(404, 503, 507),
)
def end(request: Request, session_id: str) -> Response:
    """Sign somebody out, within a second."""
    return _ended(request, session_id.replace("\0", "")[:200])


def _ended(request: Request, session_id: str) -> Response:
    sign_out(desk_of(request).service.store, session_id, by=acting(request, "", "api"))
    doors_of(request).refresh()
    return Response(status_code=204)

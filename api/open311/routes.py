"""`/open311`: discovery, services, service requests and their updates, as .xml and .json."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.doors import Caller
from api.open311.access import jurisdiction_of, let_in, require_jurisdiction, sender_of
from api.open311.describing import described
from api.open311.endpoint import Endpoint, endpoint_of
from api.open311.errors import ABSENT, BAD, Refusal, SpecRoute, error_answer, not_found
from api.open311.forms import Arguments, form_of, query_of
from api.open311.requests import SERVICE_CODE, again, asked_for, report_of, request_told
from api.open311.times import span_of, w3c
from api.open311.updates import record, update_of, updates_told
from api.open311.wire import format_of, rendered
from api.tracing import note_ticket
from domain.errors import DuplicateTicket
from router.ports import ChannelQuery, ChannelTicket

BASE = "/open311/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
MOST_REQUESTS = 1_000
ATTEMPTS = 5

routes = APIRouter(route_class=SpecRoute, tags=["open311"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question: what was sent with it, and whose key; None: nobody's that would change the answer."""

    endpoint: Endpoint
    sent: Arguments
    caller: Caller | None

    @property
    def jurisdiction(self) -> str | None:
        """Whose requests are asked for."""
        return self.endpoint.jurisdiction(self.sent)


async def asked_by(request: Request) -> Asked:
    """The question, from whoever may ask it now. Raises Refusal, HTTPException 429."""
    endpoint, sent = _endpoint(request), query_of(request)
    caller = await let_in(sent, request, endpoint.settings, write=False)
    require_jurisdiction(sent, endpoint.settings.jurisdictions)
    return Asked(endpoint=endpoint, sent=sent, caller=caller)


Question = Annotated[Asked, Depends(asked_by)]


@routes.get("/open311/discovery.{form}", **described("discovery"))
@routes.get(BASE + "/discovery.{form}", **described("discovery"))
def discovery(request: Request) -> Response:
    """Where the endpoint is, which forms it has, and whom to ask for a key."""
    endpoint = _endpoint(request)
    offer, since = endpoint.offer, w3c(endpoint.catalogue().since)
    told = {
        "changeset": since,
        "contact": offer.contact,
        "key_service": offer.key_service,
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": offer.url.rstrip("/") or f"{str(request.base_url).rstrip('/')}{BASE}",
                "changeset": since,
                "type": offer.type,
                "formats": ["text/xml", "application/json"],
            }
        ],
    }
    return _answer(request, "discovery", told)


@routes.get(BASE + "/services.{form}", **described("services"))
def services(request: Request, asked: Question) -> Response:
    """What may be reported."""
    listed = [service.told() for service in asked.endpoint.catalogue().services.values()]
    return _answer(request, "services", listed)


@routes.get(BASE + "/services/{service_code}.{form}", **described("definition"))
def definition(request: Request, asked: Question) -> Response:
    """What is asked about one kind of trouble."""
    code = request.path_params[SERVICE_CODE]
    service = asked.endpoint.catalogue().services.get(code)
    if service is None:
        raise not_found(SERVICE_CODE, code)
    return _answer(request, "service_definition", service.definition())


@routes.post(BASE + "/requests.{form}", **described("report"))
async def report(request: Request) -> Response:
    """Report trouble: a ticket, routed and stored with its decision; answered when that is durable."""
    endpoint = _endpoint(request)
    sent = await _sent(request, endpoint)
    with endpoint.desk.admitted():
        return await run_in_threadpool(_report, endpoint, request, sent)


@routes.get(BASE + "/tokens/{token}.{form}", **described("token"))
def token(request: Request, asked: Question) -> Response:
    """The request of a token. Ids are given at once here, so a request's own id is its token."""
    named = request.path_params["token"]
    if not _found(asked, _one(asked, named)):
        raise not_found("token", named)
    return _answer(request, "service_requests", [{"service_request_id": named, "token": named}])


@routes.get(BASE + "/requests.{form}", **described("requests"))
def requests(request: Request, asked: Question) -> Response:
    """The requests that came in here, newest first: at most 90 days, and 1,000 at a time."""
    return _answer(request, "service_requests", _told(asked, _query(asked)))


@routes.get(BASE + "/requests/{service_request_id}.{form}", **described("request"))
def one_request(request: Request, asked: Question) -> Response:
    """How one request stands."""
    named = request.path_params["service_request_id"]
    found = _told(asked, _one(asked, named))
    if not found:
        raise not_found("service_request_id", named)
    return _answer(request, "service_requests", found)


@routes.get(BASE + "/servicerequestupdates.{form}", **described("updates"))
def updates(request: Request, asked: Question) -> Response:
    """What became of requests, oldest first."""
    endpoint, telling = asked.endpoint, asked.endpoint.telling(asked.caller)
    span = span_of(asked.sent, endpoint.service.clock(), longest=None)
    with endpoint.store.read() as session:
        found = updates_told(session, span, sender_of(asked.sent), telling, asked.jurisdiction)
    return _answer(request, "service_request_updates", found)


@routes.post(BASE + "/servicerequestupdates.{form}", **described("update"))
async def update(request: Request) -> Response:
    """Say what is new of a request that was sent here; the same update again is taken once."""
    endpoint = _endpoint(request)
    sent = await _sent(request, endpoint)
    with endpoint.desk.admitted():
        return await run_in_threadpool(_update, endpoint, request, sent)


class Elsewhere:
    """All other paths and methods under /open311, answered in the specification's form."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """404, or 405 with the methods that there are."""
        path, form = scope["path"], format_of(scope["path"])
        allowed = sorted(
            method
            for route in routes.routes
            if route.path_regex.match(path) and path.endswith((".xml", ".json"))  # type: ignore[attr-defined]
            for method in route.methods  # type: ignore[attr-defined]
        )
        if allowed:
            told = f"{scope['method'][:20]} is not possible here; {', '.join(allowed)} is."
            answer = error_answer(405, (told,), form, headers={"Allow": ", ".join(allowed)})
        else:
            answer = error_answer(ABSENT, (f"There is nothing at {path[:200]}.",), form)
        await answer(scope, receive, send)


def _endpoint(request: Request) -> Endpoint:
    if request.path_params["form"] not in ("xml", "json"):
        raise Refusal(ABSENT, "Ask for .xml or .json.")
    return endpoint_of(request)


async def _sent(request: Request, endpoint: Endpoint) -> Arguments:
    """The form, from whoever may write. It takes no place among tickets before all of it is there."""
    settings, query = endpoint.settings, query_of(request)
    shown = query.one("api_key")
    if shown:  # nothing is read of who is refused
        await let_in(query, request, settings, write=True)
    with endpoint.desk.form_admitted():
        sent = await form_of(request, endpoint.desk.settings)
    if not shown or sent.one("api_key") != shown:
        await let_in(sent, request, settings, write=True)
    require_jurisdiction(sent, settings.jurisdictions)
    return sent


def _report(endpoint: Endpoint, request: Request, sent: Arguments) -> Response:
    now, jurisdiction = endpoint.service.clock(), jurisdiction_of(sent, endpoint.settings.jurisdictions)
    wanted = report_of(sent, endpoint.catalogue(), endpoint.offer, now, jurisdiction)
    for _ in range(ATTEMPTS):
        try:
            stored = endpoint.service.submit(wanted.ticket, stamped=True).stored
            note_ticket(stored.ticket.ticket_id)
            break
        except DuplicateTicket:  # the id was taken, by chance
            wanted = again(wanted, now)
    else:
        raise Refusal(BAD, "No id could be given. Please send it again.")
    notices = [wanted.service.notice, "Attached files were not kept." if sent.files else ""]
    told = {
        "service_request_id": stored.ticket.ticket_id,
        "service_notice": " ".join(filter(None, notices)) or None,
        "account_id": sent.one("account_id"),
    }
    return _answer(request, "service_requests", [told])


def _update(endpoint: Endpoint, request: Request, sent: Arguments) -> Response:
    wanted, jurisdiction = update_of(sent), endpoint.jurisdiction(sent)
    endpoint.store.write(lambda session: record(wanted, session, jurisdiction))
    return _answer(request, "service_request_updates", [{"update_id": wanted.update_id}])


def _query(asked: Asked) -> ChannelQuery:
    endpoint, sent = asked.endpoint, asked.sent
    size = _count(sent, "page_size", MOST_REQUESTS) or MOST_REQUESTS
    page = _count(sent, "page", 1_000_000) or 1
    part = replace(asked_for(asked.jurisdiction), limit=size, offset=(page - 1) * size)
    if ids := sent.listed("service_request_id"):  # overrides all else
        return replace(part, ticket_ids=ids)
    span = span_of(sent, endpoint.service.clock())
    codes, statuses = sent.listed(SERVICE_CODE), sent.listed("status")
    return replace(
        part,
        since=span.since,
        until=span.until,
        done=_done(statuses) if statuses else None,
        having=(SERVICE_CODE, codes) if codes else None,
    )


def _done(named: frozenset[str]) -> bool | None:
    statuses = {name.lower() for name in named}
    if not statuses <= {"open", "closed"}:
        raise Refusal(BAD, "status is neither open nor closed.")
    return "closed" in statuses if len(statuses) == 1 else None


def _count(sent: Arguments, name: str, most: int) -> int | None:
    text = sent.one(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= most:
        raise Refusal(BAD, f"{name} is not a number from 1 to {most:,}.")
    return int(text)


def _one(asked: Asked, request_id: str) -> ChannelQuery:
    known = frozenset({request_id}) if request_id.isprintable() else frozenset[str]()
    return replace(asked_for(asked.jurisdiction), ticket_ids=known, limit=1)


def _found(asked: Asked, query: ChannelQuery) -> Sequence[ChannelTicket]:
    with asked.endpoint.store.read() as session:
        return session.channel_tickets(query)


def _told(asked: Asked, query: ChannelQuery) -> list[dict[str, Any]]:
    extended = (asked.sent.one("extensions") or "").lower() == "true"
    telling = asked.endpoint.telling(asked.caller)
    return [request_told(one, telling, extended=extended) for one in _found(asked, query)]


def _answer(request: Request, root: str, told: Any) -> Response:
    return rendered(root, told, request.path_params["form"])

"""`/open311`: discovery, services, service requests and their updates, as .xml and .json."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.access import doors_of
from api.open311.access import require_access, sender_of
from api.open311.describing import described
from api.open311.endpoint import Endpoint, endpoint_of
from api.open311.errors import ABSENT, BAD, Refusal, SpecRoute, error_answer, not_found
from api.open311.forms import Arguments, form_of, query_of
from api.open311.requests import (
    CHANNEL,
    SERVICE_CODE,
    again,
    report_of,
    request_told,
)
from api.open311.times import span_of, w3c
from api.open311.updates import record, update_of, updates_told
from api.open311.wire import format_of, rendered
from api.tracing import note_ticket
from domain.errors import DuplicateTicket
from router.ports import ChannelQuery

BASE = "/open311/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
MOST_REQUESTS = 1_000
ATTEMPTS = 5

routes = APIRouter(route_class=SpecRoute, tags=["open311"])


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
def services(request: Request) -> Response:
    """What may be reported."""
    endpoint, _ = _asked(request)
    listed = [service.told() for service in endpoint.catalogue().services.values()]
    return _answer(request, "services", listed)


@routes.get(BASE + "/services/{service_code}.{form}", **described("definition"))
def definition(request: Request) -> Response:
    """What is asked about one kind of trouble."""
    endpoint, _ = _asked(request)
    code = request.path_params[SERVICE_CODE]
    service = endpoint.catalogue().services.get(code)
    if service is None:
        raise not_found(SERVICE_CODE, code)
    return _answer(request, "service_definition", service.definition())


@routes.post(BASE + "/requests.{form}", **described("report"))
async def report(request: Request) -> Response:
    """Report trouble: a ticket, routed and stored with its decision; answered when that is durable."""
    endpoint = _endpoint(request)
    with endpoint.desk.admitted():
        sent = await form_of(request, endpoint.desk.settings)
        return await run_in_threadpool(_report, endpoint, request, sent)


@routes.get(BASE + "/tokens/{token}.{form}", **described("token"))
def token(request: Request) -> Response:
    """The request of a token. Ids are given at once here, so a request's own id is its token."""
    endpoint, _ = _asked(request)
    asked = request.path_params["token"]
    (found,) = _found(endpoint, _named(asked)) or [None]
    if found is None:
        raise not_found("token", asked)
    return _answer(request, "service_requests", [{"service_request_id": asked, "token": asked}])


@routes.get(BASE + "/requests.{form}", **described("requests"))
def requests(request: Request) -> Response:
    """The requests that came in here, newest first: at most 90 days, and 1,000 at a time."""
    endpoint, sent = _asked(request)
    return _answer(request, "service_requests", _told(endpoint, _query(endpoint, sent), sent))


@routes.get(BASE + "/requests/{service_request_id}.{form}", **described("request"))
def one_request(request: Request) -> Response:
    """How one request stands."""
    endpoint, sent = _asked(request)
    asked = request.path_params["service_request_id"]
    found = _told(endpoint, _named(asked), sent)
    if not found:
        raise not_found("service_request_id", asked)
    return _answer(request, "service_requests", found)


@routes.get(BASE + "/servicerequestupdates.{form}", **described("updates"))
def updates(request: Request) -> Response:
    """What became of requests, oldest first."""
    endpoint, sent = _asked(request)
    span = span_of(sent, endpoint.service.clock(), longest=None)
    with endpoint.store.read() as session:
        found = updates_told(session, span, sender_of(sent), endpoint.offer, endpoint.service)
    return _answer(request, "service_request_updates", found)


@routes.post(BASE + "/servicerequestupdates.{form}", **described("update"))
async def update(request: Request) -> Response:
    """Say what is new of a request that was sent here; the same update again is taken once."""
    endpoint = _endpoint(request)
    with endpoint.desk.admitted():
        sent = await form_of(request, endpoint.desk.settings)
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


def _asked(request: Request) -> tuple[Endpoint, Arguments]:
    endpoint, sent = _endpoint(request), query_of(request)
    require_access(sent, endpoint.settings, write=False)
    return endpoint, sent


def _report(endpoint: Endpoint, request: Request, sent: Arguments) -> Response:
    require_access(sent, endpoint.settings, write=True, also=doors_of(request).may_submit)
    now = endpoint.service.clock()
    wanted = report_of(sent, endpoint.catalogue(), endpoint.offer, now)
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
    require_access(sent, endpoint.settings, write=True, also=doors_of(request).may_submit)
    wanted = update_of(sent)
    endpoint.store.write(lambda session: record(wanted, session))
    return _answer(request, "service_request_updates", [{"update_id": wanted.update_id}])


def _query(endpoint: Endpoint, sent: Arguments) -> ChannelQuery:
    size = _count(sent, "page_size", MOST_REQUESTS) or MOST_REQUESTS
    page = _count(sent, "page", 1_000_000) or 1
    part = ChannelQuery(channel=CHANNEL, limit=size, offset=(page - 1) * size)
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
    if not named <= {"open", "closed"}:
        raise Refusal(BAD, "status is neither open nor closed.")
    return "closed" in named if len(named) == 1 else None


def _count(sent: Arguments, name: str, most: int) -> int | None:
    text = sent.one(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= most:
        raise Refusal(BAD, f"{name} is not a number from 1 to {most:,}.")
    return int(text)


def _named(request_id: str) -> ChannelQuery:
    known = frozenset({request_id}) if request_id.isprintable() else frozenset[str]()
    return ChannelQuery(channel=CHANNEL, ticket_ids=known, limit=1)


def _found(endpoint: Endpoint, query: ChannelQuery) -> list[Any]:
    with endpoint.store.read() as session:
        return list(session.channel_tickets(query))


def _told(endpoint: Endpoint, query: ChannelQuery, sent: Arguments) -> list[dict[str, Any]]:
    extended = (sent.one("extensions") or "").lower() == "true"
    catalogue, offer, names = endpoint.catalogue(), endpoint.offer, endpoint.service
    found = _found(endpoint, query)
    return [request_told(one, catalogue, offer, names, extended=extended) for one in found]


def _answer(request: Request, root: str, told: Any) -> Response:
    return rendered(root, told, request.path_params["form"])

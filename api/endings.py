"""Addresses below a ticket's, such as `/v1/tickets/{id}/similar`: a ticket's own id may end as they do."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.access import only_seen
from api.answers import TicketOut
from api.bodies import storable
from api.desk import desk_of
from api.doors import Caller
from domain.access import Right
from domain.errors import NotFound

FORBIDDEN = 403


class OrTicket(APIRoute):
    """A route that answers, where it has nothing to tell of the ticket, the one whose id is all of the address."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As the route does; questions for what is not there are looked at again."""
        handle, ending = super().get_route_handler(), self.path_format.rpartition("}")[2]

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (NotFound, HTTPException) as refused:
                if request.method != "GET" or not _may_mean_another(refused):
                    raise
                named = await run_in_threadpool(_named, request, request.path_params["ticket_id"] + ending)
                if named is None:
                    raise
                return named

        return answer


def _may_mean_another(refused: NotFound | HTTPException) -> bool:
    if isinstance(refused, NotFound):
        return refused.kind == "ticket"
    return refused.status_code == FORBIDDEN  # to read needs less than to review


def _named(request: Request, ticket_id: str) -> Response | None:
    """The ticket of that id; None where the caller sees none."""
    caller, service = getattr(request.state, "caller", None), desk_of(request).service
    if not isinstance(caller, Caller) or Right.READ not in caller.rights:
        return None
    try:
        found = only_seen(request, [service.ticket(storable(ticket_id))])
    except NotFound:
        return None
    return (
        Response(TicketOut.of(found[0], service).model_dump_json(), media_type="application/json")
        if found
        else None
    )

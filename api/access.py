"""What each route asks of its caller: `dependencies=[may(Right.READ)]`. A route that declares nothing is not served."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from inspect import signature
from typing import Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from api.bodies import storable
from api.desk import desk_of
from api.doors import Caller, Doors, is_local
from domain.access import Right, Role
from domain.errors import InvalidInput, NotFound
from router.sight import Sight, sight_of
from router.stored import StoredTicket

PUBLIC = frozenset({"/", "/docs", "/healthz", "/readyz", "/openapi.json"})
OPEN311 = "/open311/"
"""Under it the specification's own rules hold: reading is public, writing may need an api_key."""
Own = Callable[[Request, StoredTicket], bool]
"""Whether a ticket is the caller's affair even where it is not of the caller's area."""


class Rule:
    """Lets in who has one of the rights; without rights anybody that is known.

    `here`: or who asks on this machine. `everybody`: nothing is asked of the caller. `own`: tickets besides the area's.
    """

    def __init__(
        self, *rights: Right, here: bool = False, everybody: bool = False, own: Own | None = None
    ) -> None:
        self.rights = frozenset(rights)
        self.here = here
        self.everybody = everybody
        self.own = own

    async def __call__(self, request: Request) -> None:
        """Note who asks. Raises HTTPException 401, 403 or 429."""
        doors = doors_of(request)
        if self.everybody or (self.here and is_local(request)):
            request.state.caller = None
            return
        caller = await doors.admit(request)
        request.state.caller = caller
        if self.rights and not self.rights & caller.rights:
            needed = " or ".join(sorted(self.rights))
            raise HTTPException(
                403, f"This needs the right {needed}; a key of the role {caller.role} lacks it."
            )
        if caller.area.is_limited:
            await _require_area(request, caller, self.own)


def may(*rights: Right, here: bool = False, own: Own | None = None) -> Any:
    """A route's dependency: it is for those who have one of the rights. See `Rule`."""
    return Depends(Rule(*rights, here=here, own=own))


def everybody() -> Any:
    """A route's dependency: it is for those as well who are not known."""
    return Depends(Rule(everybody=True))


def doors_of(request: Request) -> Doors:
    """The application's doors."""
    doors = request.app.state.doors
    assert isinstance(doors, Doors)
    return doors


def caller_of(request: Request) -> Caller:
    """Who asks, on a route that declares `may`."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


def acting(request: Request, said: str, usually: str = "") -> str:
    """In whose name it is done: the key's, whatever the body says; without a key what the body says.

    Raises InvalidInput where neither says anything, unless there is a usual name.
    """
    name = caller_of(request).name or said or usually
    if not name:
        raise InvalidInput(field="by", problem="is missing", mend="Say who does it, or use a key.")
    return name


def sight_of_caller(request: Request) -> Sight | None:
    """What lists are narrowed to; None: every ticket."""
    return sight_of(caller_of(request).key)


def seen(request: Request, stored: StoredTicket) -> StoredTicket:
    """The ticket. Raises NotFound for one of another area, as if it did not exist."""
    sight = sight_of_caller(request)
    if sight is not None and not sight.covers(stored):
        raise NotFound(kind="ticket", key=stored.ticket.ticket_id)
    return stored


def only_seen(request: Request, found: Sequence[StoredTicket]) -> Sequence[StoredTicket]:
    """Those of the tickets that are of the caller's area."""
    sight = sight_of_caller(request)
    return found if sight is None else [one for one in found if sight.covers(one)]


async def _require_area(request: Request, caller: Caller, own: Own | None) -> None:
    """What the path names has to be of the caller's area, or the caller's own. Raises NotFound."""
    if (ticket_id := request.path_params.get("ticket_id")) is not None:
        await run_in_threadpool(_require_seen, request, storable(ticket_id), own)
    if (unit_id := request.path_params.get("unit_id")) is not None and caller.role is Role.UNIT:
        own_unit(request, unit_id)


def _require_seen(request: Request, ticket_id: str, own: Own | None) -> None:
    stored = desk_of(request).service.ticket(ticket_id)
    if own is None or not own(request, stored):
        seen(request, stored)


def own_unit(request: Request, unit_id: str) -> str:
    """The unit, for those whom it concerns. Raises NotFound for a key of other units."""
    area = caller_of(request).area
    if area.is_limited and unit_id not in area.units:
        raise NotFound(kind="unit", key=unit_id)
    return unit_id


class Direct(APIRoute):
    """A route whose endpoint takes the request alone: it is called once the route's rule has let the caller in.

    To look in a request for what FastAPI would take apart takes a tenth of what a ticket takes here.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The rule, then the endpoint."""
        rule, endpoint = rule_of(self), self.endpoint
        if rule is None or len(self.dependencies) > 1 or [*signature(endpoint).parameters] != ["request"]:
            raise RuntimeError(f"{self.path} needs more than a rule and the request")

        async def handle(request: Request) -> Response:
            await rule(request)
            answer: Response = await endpoint(request)
            return answer

        return handle


def rule_of(route: BaseRoute) -> Rule | None:
    """What the route declares."""
    found = (one.dependency for one in getattr(route, "dependencies", ()))
    return next((one for one in found if isinstance(one, Rule)), None)


def rules_of(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], Rule]:
    """What each route declares, by method and path; those that are known to be public are left out.

    Raises RuntimeError for any other one that declares nothing.
    """
    found: dict[tuple[str, str], Rule] = {}
    for route in routes:
        rule, path = rule_of(route), getattr(route, "path_format", "")
        if rule is None and path not in PUBLIC and not path.startswith(OPEN311):
            raise RuntimeError(f"{path} declares no rule: give it dependencies=[may(Right.…)] of api.access")
        if rule is not None:
            found |= {(method, path): rule for method in getattr(route, "methods", ())}
    return found

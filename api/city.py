"""The city on one screen: `/v1/map/tickets` and `/v1/vitals`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import h3.api.basic_int as h3
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from api.access import caller_of, may
from api.automation import SuspensionOut
from api.desk import desk_of
from api.openapi import problems
from domain.access import Area, Right, Role
from domain.places import Point
from domain.tickets import TicketStatus
from features.text import normalise
from router.automation import Automation, LiveError
from router.city import COARSEST, FINEST, Arrivals, CellCount, CityQuery, UnitLoad
from router.service import RoutingService

routes = APIRouter(prefix="/v1", tags=["city"])

LONGEST = 200
MOST_HOURS = 24 * 31
MOST_CELLS = 2_500  # some 1 MB; who wants finer cells gives a box
MOST_UNITS = 1_000
BARS = 48

Hours = Annotated[int, Query(ge=1, le=MOST_HOURS)]
Latitude = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]
Boundary = list[tuple[float, float]]


class CellOut(BaseModel):
    """A cell of the map with its outline as (latitude, longitude), and what its tickets are.

    `automatic`: nobody had to decide them. `overdue` ones wait and were not seen in time.
    """

    cell: str
    latitude: float
    longitude: float
    boundary: Boundary
    count: int
    automatic: int
    waiting: int
    overdue: int
    urgent: int

    @classmethod
    def of(cls, cell: int, found: CellCount) -> CellOut:
        """The cell on the wire."""
        latitude, longitude = h3.cell_to_latlng(cell)
        return cls(
            cell=h3.int_to_str(cell),
            latitude=latitude,
            longitude=longitude,
            boundary=h3.cell_to_boundary(cell),
            count=found.count,
            automatic=found.automatic,
            waiting=found.waiting,
            overdue=found.overdue,
            urgent=found.urgent,
        )


class TicketMapOut(BaseModel):
    """Cells, those with most tickets first; `left_out`: how many cells more; `unplaced`: tickets that are nowhere."""

    at: datetime
    resolution: int
    cells: list[CellOut]
    left_out: int
    unplaced: int


@routes.get(
    "/map/tickets",
    dependencies=[may(Right.READ, Right.WATCH)],
    response_model=TicketMapOut,
    responses=problems(422, 503),
)
def ticket_map(
    request: Request,
    resolution: Annotated[int, Query(ge=COARSEST, le=FINEST, description="Of H3.")] = 8,
    hours: Hours = 24,
    category: Annotated[str | None, Query(max_length=LONGEST)] = None,
    unit: Annotated[list[str] | None, Query(description="Units that have the ticket now.")] = None,
    status: TicketStatus | None = None,
    south: Latitude = None,
    west: Longitude = None,
    north: Latitude = None,
    east: Longitude = None,
) -> Response:
    """Tickets of the last hours by cell. A box leaves out the cells whose middle is outside of it.

    A key with an area sees the cells of its territories, or where it has none its units' tickets.
    """
    service, area = desk_of(request).service, caller_of(request).area
    now = service.clock()
    query = CityQuery(
        since=now - timedelta(hours=hours),
        until=now,
        category=normalise(category) if category else None,
        unit_ids=_narrowed(unit, area),
        status=status,
    )
    with service.store.read() as session:
        found = session.ticket_cells(query, resolution)
    placed = [one for one in found if _inside(one.cell, (south, west, north, east))]
    if area.territories:
        placed = [one for one in placed if _on_ground(one.cell, area, service, now)]
    placed.sort(key=lambda one: -one.count)
    told = TicketMapOut(
        at=now,
        resolution=resolution,
        cells=[CellOut.of(one.cell, one) for one in placed[:MOST_CELLS] if one.cell is not None],
        left_out=max(len(placed) - MOST_CELLS, 0),
        unplaced=0 if area.territories else sum(one.count for one in found if one.cell is None),
    )
    # written here: to have thousands of cells validated again takes as long as to count the tickets
    return Response(told.model_dump_json(), media_type="application/json")


class LiveErrorOut(BaseModel):
    """Wrong among would-be automatic dispatches, by `n` blind reviews: as found (null: none yet) and 95 % bounds."""

    value: float | None
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, found: LiveError) -> LiveErrorOut:
        """The live error on the wire."""
        value = found.errors / found.rows if found.rows else None
        return cls(value=value, low=found.low, high=found.high, n=found.rows)


class LoadOut(BaseModel):
    """The tickets of these hours that a unit has; `open`: those it has not told to be done."""

    unit_id: str
    name: str
    open: int
    received: int

    @classmethod
    def of(cls, load: UnitLoad, service: RoutingService) -> LoadOut:
        """The load on the wire."""
        name = service.unit_name(load.unit_id) or load.unit_id
        return cls(unit_id=load.unit_id, name=name, open=load.tickets - load.done, received=load.tickets)


class ArrivalsOut(BaseModel):
    """Tickets that were received from `at` on until the next; `automatic`: nobody had to decide them."""

    at: datetime
    received: int
    automatic: int

    @classmethod
    def of(cls, one: Arrivals) -> ArrivalsOut:
        """The arrivals on the wire."""
        return cls(at=one.at, received=one.received, automatic=one.automatic)


class VitalsOut(BaseModel):
    """How the installation does. Of these hours: `received`, `automatic_share`, `by_unit`, `series`; else as of now.

    `alpha`: what the certificates allow of wrong automatic dispatches; null: no model serves. `delivery_failures`:
    deliveries that were given up.
    """

    at: datetime
    hours: int
    received: int
    automatic_share: float | None
    live_error: LiveErrorOut
    alpha: float | None
    running: bool
    waiting: int
    oldest_minutes: float | None
    overdue: int
    delivery_failures: int
    suspended: list[SuspensionOut]
    by_unit: list[LoadOut]
    series: list[ArrivalsOut]


@routes.get(
    "/vitals",
    dependencies=[may(Right.READ, Right.WATCH)],
    response_model=VitalsOut,
    responses=problems(422, 503),
)
def vitals(request: Request, hours: Hours = 24) -> VitalsOut:
    """How the installation does, in numbers. A unit's key is told the load of its own units alone."""
    service, caller = desk_of(request).service, caller_of(request)
    state = service.automation()
    since = state.at - timedelta(hours=hours)
    with service.store.read() as session:
        arrivals = session.arrivals(_moments(since, state.at))
        loads, queues = session.unit_loads(since), session.queues()
        overdue, outbox = session.count_overdue(), session.outbox()
    if caller.role is Role.UNIT:
        loads = [one for one in loads if one.unit_id in caller.area.units]
    received, automatic = _total(one.received for one in arrivals), _total(one.automatic for one in arrivals)
    return VitalsOut(
        at=state.at,
        hours=hours,
        received=received,
        automatic_share=automatic / received if received else None,
        live_error=LiveErrorOut.of(state.live_error),
        alpha=_alpha(state),
        running=state.running,
        waiting=_total(queue.count for queue in queues),
        oldest_minutes=_minutes_since([queue.since for queue in queues], state.at),
        overdue=overdue,
        delivery_failures=outbox.dead,
        suspended=[SuspensionOut.of(one) for one in state.suspensions],
        by_unit=[LoadOut.of(one, service) for one in _largest(loads)],
        series=[ArrivalsOut.of(one) for one in arrivals],
    )


def _narrowed(units: Sequence[str] | None, area: Area) -> frozenset[str] | None:
    asked = frozenset(unit.replace("\0", "") for unit in units) if units else None
    if not area.units or area.territories:
        return asked
    return area.units if asked is None else area.units & asked


def _inside(cell: int | None, box: tuple[float | None, ...]) -> bool:
    if cell is None:
        return False
    south, west, north, east = box
    latitude, longitude = h3.cell_to_latlng(cell)
    above = (south is None or south <= latitude) and (north is None or latitude <= north)
    return above and (west is None or west <= longitude) and (east is None or longitude <= east)


def _on_ground(cell: int | None, area: Area, service: RoutingService, now: datetime) -> bool:
    """Whether the cell's middle lies in one of the area's territories, or on its units' ground."""
    if cell is None:
        return False
    latitude, longitude = h3.cell_to_latlng(cell)
    owners = service.territories.owners(Point(latitude=latitude, longitude=longitude), None, now)
    return any(one.territory_id in area.territories or one.unit_id in area.units for one in owners)


def _moments(since: datetime, until: datetime) -> list[datetime]:
    width = (until - since) / BARS
    return [since + number * width for number in range(BARS)] + [until]


def _alpha(state: Automation) -> float | None:
    return state.guarantee.whole.alpha if state.guarantee else None


def _minutes_since(times: Sequence[datetime], now: datetime) -> float | None:
    return max((now - min(times)).total_seconds() / 60, 0.0) if times else None


def _largest(loads: Sequence[UnitLoad]) -> list[UnitLoad]:
    return sorted(loads, key=lambda one: (-one.tickets, one.unit_id))[:MOST_UNITS]


def _total(numbers: Iterable[int]) -> int:
    return sum(numbers)

"""Whose ground it is: `/v1/territories` and `/v1/map/owners`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import h3.api.basic_int as h3
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.access import may
from api.desk import desk_of
from api.openapi import problems
from api.schemas import Moment
from domain.places import Point, Territory
from features.place import RESOLUTIONS
from router.owners import CellOwner, OwnedBy, cells_around
from router.service import RoutingService

routes = APIRouter(prefix="/v1", tags=["city"])

LONGEST = 200
MOST_RINGS = 12  # 469 cells


class GeoJson(JSONResponse):
    """RFC 7946."""

    media_type = "application/geo+json"


class Geometry(BaseModel):
    """A GeoJSON Polygon or MultiPolygon."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class TerritoryProperties(BaseModel):
    """Whose the ground is, for which kinds of trouble (none named: all) and when."""

    territory: str
    unit: str
    name: str
    kinds: list[str]
    valid_from: datetime | None
    valid_to: datetime | None
    duty_unit: str | None


class TerritoryOut(BaseModel):
    """A territory as a GeoJSON feature."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Geometry
    properties: TerritoryProperties

    @classmethod
    def of(cls, territory: Territory, service: RoutingService) -> TerritoryOut:
        """The territory on the wire."""
        unit = territory.unit_id
        return cls(
            id=territory.territory_id,
            geometry=Geometry.model_validate(
                {name: territory.geometry[name] for name in Geometry.model_fields}
            ),
            properties=TerritoryProperties(
                territory=territory.territory_id,
                unit=unit,
                name=service.unit_name(unit) or unit,
                kinds=sorted(territory.kinds),
                valid_from=territory.validity.valid_from,
                valid_to=territory.validity.valid_to,
                duty_unit=territory.duty_unit,
            ),
        )


class TerritoriesOut(BaseModel):
    """Territories, by id."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[TerritoryOut]


@routes.get(
    "/territories",
    dependencies=[may()],
    response_model=TerritoriesOut,
    response_class=GeoJson,
    responses=problems(422, 503),
)
def territories(
    request: Request,
    unit: Annotated[str | None, Query(max_length=LONGEST)] = None,
    at: Annotated[Moment | None, Query(description="Only those that hold then.")] = None,
) -> TerritoriesOut:
    """The units' ground as GeoJSON, those that hold no more or not yet too."""
    service = desk_of(request).service
    with service.store.read() as session:
        found = [
            one
            for one in session.territories()
            if unit in (None, one.unit_id) and (at is None or one.validity.holds(at))
        ]
    return TerritoriesOut(features=[TerritoryOut.of(one, service) for one in found])


class OwnerOut(BaseModel):
    """A cell and who owns it, by `territory`, by `overlap` of several (the one with most past dispatches there), or by

    `history`. `share` of its past `dispatches` went to the unit; null: there were none.
    """

    cell: str
    boundary: Annotated[list[tuple[float, float]], Field(description="(latitude, longitude)")]
    unit_id: str
    name: str
    by: OwnedBy
    dispatches: int
    share: float | None

    @classmethod
    def of(cls, owner: CellOwner, service: RoutingService) -> OwnerOut:
        """The cell on the wire."""
        return cls(
            cell=h3.int_to_str(owner.cell),
            boundary=h3.cell_to_boundary(owner.cell),
            unit_id=owner.unit_id,
            name=service.unit_name(owner.unit_id) or owner.unit_id,
            by=owner.by,
            dispatches=owner.dispatches,
            share=owner.share,
        )


class OwnersOut(BaseModel):
    """Cells of the map with their owners; those that nobody is known to own are left out."""

    resolution: int
    cells: list[OwnerOut]


@routes.get("/map/owners", dependencies=[may()], response_model=OwnersOut, responses=problems(422))
def owners(
    request: Request,
    latitude: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    longitude: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    resolution: Annotated[int, Query(ge=RESOLUTIONS[0], le=RESOLUTIONS[-1], description="Of H3.")] = 9,
    rings: Annotated[int, Query(ge=0, le=MOST_RINGS)] = 6,
    kind: Annotated[str | None, Query(max_length=LONGEST)] = None,
) -> OwnersOut:
    """Who owns the ground around a point, for a kind of trouble or for any: by territory, else by history."""
    service = desk_of(request).service
    around = cells_around(Point(latitude=latitude, longitude=longitude), resolution, rings)
    found = service.cell_owners(around, kind or None)
    return OwnersOut(resolution=resolution, cells=[OwnerOut.of(one, service) for one in found])

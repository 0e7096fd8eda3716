"""Units and territories as tables over HTTP: what they would change, and changing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from api.access import acting, may
from api.bodies import parse_json, read_body
from api.desk import desk_of
from api.import_answers import (
    BadRowOut,
    ImportedOut,
    TerritoriesDiffOut,
    TerritoriesPreviewOut,
    UnitsDiffOut,
    UnitsPreviewOut,
)
from api.openapi import problems
from api.problems import BodyError, Fault
from domain.access import Right
from domain.places import Territory
from domain.units import Unit
from router.service import RoutingService
from router.territories_diff import territories_diff
from router.units_diff import units_diff
from store.importing.entities import EntityFile
from store.importing.importing import keep_entities
from store.importing.mapping import Mapping
from store.importing.requests import read_csv, read_json

routes = APIRouter(prefix="/v1", tags=["inventory"])

CSV = "text/csv"
LONGEST = 200
Entity = TypeVar("Entity", Unit, Territory)

By = Annotated[
    str,
    Query(
        max_length=LONGEST, description="Who does it. With a key it is the key's name, whatever stands here."
    ),
]
MakeValid = Annotated[
    bool, Query(description="Mend polygons that cross themselves instead of refusing them.")
]
_ROWS = {"type": "array", "items": {"type": "object"}}
_FEATURES = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {"type": {"const": "FeatureCollection"}, "features": _ROWS},
}


def _body(schema: dict[str, Any], *types: str) -> dict[str, Any]:
    content = {type_: {"schema": schema} for type_ in types} | {CSV: {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


UNITS = _body(_ROWS, "application/json")
TERRITORIES = _body({"anyOf": [_FEATURES, _ROWS]}, "application/geo+json", "application/json")


@routes.post(
    "/units/preview",
    dependencies=[may(Right.UNITS)],
    response_model=UnitsPreviewOut,
    responses=problems(413, 415, 422, 503),
    openapi_extra=UNITS,
)
async def preview_units(request: Request) -> UnitsPreviewOut:
    """What importing this list of units would do: CSV or JSON objects, with columns as in `gridroute import units`."""
    body = await _read(request)
    return await run_in_threadpool(_preview_units, request, body)


@routes.post(
    "/units/import",
    dependencies=[may(Right.UNITS)],
    response_model=ImportedOut,
    responses=problems(413, 415, 422, 503, 507),
    openapi_extra=UNITS,
)
async def import_units(request: Request, by: By = "") -> ImportedOut:
    """Insert or replace these units by id; all of them, or where a row is bad none."""
    body = await _read(request)
    return await run_in_threadpool(_import, request, body, Mapping(kind="units"), by)


@routes.post(
    "/territories/preview",
    dependencies=[may(Right.UNITS)],
    response_model=TerritoriesPreviewOut,
    responses=problems(413, 415, 422, 503),
    openapi_extra=TERRITORIES,
)
async def preview_territories(request: Request, make_valid: MakeValid = False) -> TerritoriesPreviewOut:
    """What importing these territories would do: GeoJSON, or CSV with the geometry as WKT or GeoJSON."""
    body = await _read(request)
    return await run_in_threadpool(_preview_territories, request, body, make_valid)


@routes.post(
    "/territories/import",
    dependencies=[may(Right.UNITS)],
    response_model=ImportedOut,
    responses=problems(413, 415, 422, 503, 507),
    openapi_extra=TERRITORIES,
)
async def import_territories(request: Request, by: By = "", make_valid: MakeValid = False) -> ImportedOut:
    """Insert or replace these territories by id; all of them, or where a row is bad none."""
    body = await _read(request)
    mapping = Mapping(kind="territories", make_valid=make_valid)
    return await run_in_threadpool(_import, request, body, mapping, by)


async def _read(request: Request) -> bytes:
    return await read_body(request, desk_of(request).settings.max_batch_bytes, also=CSV)


def _preview_units(request: Request, body: bytes) -> UnitsPreviewOut:
    found, service = _parsed(request, body, Mapping(kind="units")), desk_of(request).service
    diff = _difference(found, Unit, service, lambda session, new: units_diff(session, new, service.clock()))
    return UnitsPreviewOut(
        rows=found.rows,
        bad_rows=_bad_lines(found),
        bad=BadRowOut.all_of(found.bad_rows),
        diff=UnitsDiffOut.of(diff) if diff else None,
    )


def _preview_territories(request: Request, body: bytes, make_valid: bool) -> TerritoriesPreviewOut:
    found = _parsed(request, body, Mapping(kind="territories", make_valid=make_valid))
    service = desk_of(request).service
    diff = _difference(
        found, Territory, service, lambda session, new: territories_diff(session, new, service.clock())
    )
    return TerritoriesPreviewOut(
        rows=found.rows,
        bad_rows=_bad_lines(found),
        bad=BadRowOut.all_of(found.bad_rows),
        mended=found.mended,
        diff=TerritoriesDiffOut.of(diff) if diff else None,
    )


def _import(request: Request, body: bytes, mapping: Mapping, said: str) -> ImportedOut:
    by = acting(request, said.replace("\0", "").strip())
    found = _parsed(request, body, mapping)
    if found.bad_rows:
        raise BodyError(
            [
                Fault(field=f"line {one.line}: {one.field}", problem=one.problem, mend=one.mend)
                for one in found.bad_rows
            ]
        )
    store = desk_of(request).service.store
    return ImportedOut.of(store.write(lambda session: keep_entities(mapping.kind, found, session, by)))


def _parsed(request: Request, body: bytes, mapping: Mapping) -> EntityFile:
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return read_csv(body, mapping) if declared == CSV else read_json(parse_json(body), mapping)


def _difference(
    found: EntityFile,
    kind: type[Entity],
    service: RoutingService,
    compare: Callable[[Any, list[Entity]], Any],
) -> Any:
    if found.bad_rows:
        return None
    new = [one for one in found.entities.values() if isinstance(one, kind)]
    with service.store.read() as session:
        return compare(session, new)


def _bad_lines(found: EntityFile) -> int:
    return len({one.line for one in found.bad_rows})

"""Polygons of territories, to GeoJSON in WGS-84."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from training.importing.faults import Fault, FaultFound
from training.importing.points import to_wgs84


def read_polygon(value: object, crs: str) -> dict[str, Any]:
    """A (Multi)Polygon given as GeoJSON, its text or WKT; refused where it is none or crosses itself."""
    shape = _shape(value)
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        raise _bad(f"a {shape.geom_type}, not a polygon", "Give a Polygon or MultiPolygon with an area.")
    if not shape.is_valid:
        place = shapely.is_valid_reason(shape)
        raise _bad(f"not a valid polygon: {place}", "Mend the boundary at that place, or try ST_MakeValid.")
    if crs != "wgs84":
        shape = shapely.transform(shape, lambda points: _transformed(points, crs))
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        problem = f"leaves the earth: {west:g} {south:g} to {east:g} {north:g}"
        raise _bad(problem, "Write longitude before latitude, or name the system by crs in the mapping.")
    geometry: dict[str, Any] = json.loads(json.dumps(shapely.geometry.mapping(shape)))
    return geometry


def _shape(value: object) -> Any:
    try:
        if isinstance(value, str):
            text = value.strip()
            value = json.loads(text) if text.startswith("{") else None
            return shapely.geometry.shape(value) if value else shapely.from_wkt(text)
        return shapely.geometry.shape(cast("dict[str, Any]", value))
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise _bad(f"no geometry: {error}", "Give a GeoJSON geometry or WKT.") from error


def _transformed(points: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    convert = to_wgs84(crs)
    return np.array([convert(north, east)[::-1] for east, north in points])


def _bad(problem: str, mend: str) -> FaultFound:
    return FaultFound(reason=Fault.BAD_GEOMETRY, problem=problem, mend=mend)

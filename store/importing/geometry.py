"""Polygons of territories, to GeoJSON in WGS-84."""

from __future__ import annotations

import json
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray

from store.importing.faults import Fault, FaultFound
from store.importing.points import to_wgs84

HALF_ROUND = 180.0  # degrees
CUT = "Cut what crosses the antimeridian there, into a MultiPolygon (RFC 7946, 3.1.9)."


def read_polygon(value: object, crs: str, *, make_valid: bool = False) -> tuple[dict[str, Any], bool]:
    """A (Multi)Polygon given as GeoJSON, its text or WKT, and whether it was mended.

    Refused where it is none, and where it is not valid (it crosses itself, a hole lies outside …) and `make_valid` is
    not asked for or leaves nothing of it.
    """
    shape = _shape(value)
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        what = f"an empty {shape.geom_type}" if shape.is_empty else f"a {shape.geom_type}, not a polygon"
        raise _bad(what, "Give a Polygon or MultiPolygon with an area.")
    mended = not shape.is_valid
    if mended:
        shape = _mended(shape, make_valid=make_valid)
    if crs != "wgs84":
        shape = shapely.transform(shape, lambda points: _transformed(points, crs))
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        problem = f"leaves the earth: {west:g} {south:g} to {east:g} {north:g}"
        mend = "Write longitude before latitude, or name the system by crs in the mapping."
        crosses = (
            min(abs(west), abs(east)) <= 180 < max(abs(west), abs(east)) <= 360
            and -90 <= south <= north <= 90
        )
        raise _bad(problem, CUT if crosses else mend)
    if any(part.bounds[2] - part.bounds[0] > HALF_ROUND for part in shapely.get_parts(shape)):
        raise _bad(f"goes from {west:g} to {east:g} degrees east, more than half round the earth", CUT)
    geometry: dict[str, Any] = json.loads(json.dumps(shapely.geometry.mapping(shape)))
    return geometry, mended


def _mended(shape: Any, *, make_valid: bool) -> Any:
    """Its parts together, each its outline less its holes: ground in a hole is nobody's, wherever the hole lies."""
    problem = f"not a valid polygon: {shapely.is_valid_reason(shape)}"
    if not make_valid:
        raise _bad(problem, "Mend the boundary at that place, or give --make-valid.")
    parts = [
        shapely.difference(
            _ground(part.exterior), shapely.union_all([_ground(hole) for hole in _holes(part)])
        )
        for part in shapely.get_parts(shape)
    ]
    ground = shapely.union_all(parts)
    if ground.is_empty or ground.geom_type not in {"Polygon", "MultiPolygon"}:
        raise _bad(f"{problem}; mended, nothing is left of it", "Draw the boundary anew.")
    return ground


def _ground(ring: Any) -> Any:
    # by structure: spikes leave no line behind, and what is gone round twice stays inside
    return shapely.make_valid(shapely.Polygon(ring), method="structure", keep_collapsed=False)


def _holes(part: Any) -> list[Any]:
    """A ring that repeats the outline is a slip of an export, not a hole."""
    return [hole for hole in part.interiors if not hole.equals(part.exterior)]


def _shape(value: object) -> Any:
    if value is None:
        raise _bad("no geometry", "Give a GeoJSON geometry or WKT.")
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
        OverflowError,
        shapely.errors.ShapelyError,
    ) as error:
        raise _bad(f"no geometry: {error}", "Give a GeoJSON geometry or WKT.") from error


def _transformed(points: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
    convert = to_wgs84(crs)
    return np.array([convert(north, east)[::-1] for east, north in points])


def _bad(problem: str, mend: str) -> FaultFound:
    return FaultFound(reason=Fault.BAD_GEOMETRY, problem=problem, mend=mend)

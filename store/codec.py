"""Domain objects as JSON and back, exactly: floats bit for bit, times with their offset."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from pydantic import TypeAdapter

from domain.decisions import Decision

T = TypeVar("T")


def encode(value: object) -> str:
    """The JSON of a domain object; equal contents give equal text in every process."""
    if isinstance(value, Decision) and math.isfinite(_sum(value)):  # JSON has no NaN, Python's has
        try:
            return msgspec.json.encode(value).decode()
        except (TypeError, ValueError):
            pass  # a number of NumPy's, half of a surrogate pair
    return _ENCODER.encode(value)


def _sum(decision: Decision) -> float:
    """Of every number in it that could be none."""
    location, ranking = decision.location, decision.ranking
    whole = location.unknown + (location.radius_m or 0.0) + (ranking.confidence or 0.0)
    points = [location.point, *(witness.point for witness in location.witnesses)]
    for place in (*location.places, *(place for witness in location.witnesses for place in witness.places)):
        points.append(place.point)
        whole += place.probability + place.radius_m
    for point in points:
        if point is not None:
            whole += point.latitude + point.longitude
    for one in ranking.basis.nearest:
        whole += one.similarity
    for candidate in ranking.candidates:
        whole += candidate.score + (candidate.probability or 0.0)
        for found in candidate.evidence:
            whole += found.hits + found.total
        for _, value in candidate.contributions:
            whole += value
    return whole


def decode(kind: type[T], text: str) -> T:
    """The `kind` that `encode` wrote; fields that it did not know yet take their defaults. Raises ValueError."""
    try:
        return cast("T", _reader(cast("Hashable", kind))(text))
    except msgspec.MsgspecError:  # no JSON: NaN, or nothing that anybody reads
        return cast("T", _adapter(cast("Hashable", kind)).validate_json(text))


@cache
def _reader(kind: Any) -> Callable[[str], Any]:
    """Pydantic takes twice as long, and knows unions of objects too."""
    try:
        return msgspec.json.Decoder(kind).decode
    except TypeError:
        return _adapter(kind).validate_json


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _plain(value: object) -> object:
    names = _names(cast("Hashable", type(value)))
    if names:
        return {name: getattr(value, name) for name in names}
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, frozenset):
        return sorted(value)  # a set's own order changes from process to process
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored: {value!r}")


_ENCODER = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; none of anything else."""
    return tuple(part.name for part in fields(kind)) if is_dataclass(kind) else ()


def _iso(value: datetime) -> str:
    # local mean times have offsets with seconds, which ISO 8601 has no room for
    offset = value.utcoffset() or timedelta()
    return (value.astimezone(UTC) if offset % timedelta(minutes=1) else value).isoformat()

"""Domain objects as JSON and back, exactly: floats bit for bit, times with their offset."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter

from domain.decisions import Decision

T = TypeVar("T")


def encode(value: object) -> str:
    """The JSON of a domain object; equal contents give equal text in every process."""
    if isinstance(value, Decision) and math.isfinite(sum(_numbers(value))):  # JSON has no NaN, Python's has
        try:
            return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
        except TypeError:
            pass  # half of a surrogate pair
    return _ENCODER.encode(value)


def _numbers(decision: Decision) -> Iterator[float]:
    """Every number in it that could be none."""
    location, ranking = decision.location, decision.ranking
    yield from (location.unknown, location.radius_m or 0.0, ranking.confidence or 0.0)
    points = [location.point, *(witness.point for witness in location.witnesses)]
    for place in (*location.places, *(place for witness in location.witnesses for place in witness.places)):
        points.append(place.point)
        yield place.probability + place.radius_m
    yield from (point.latitude + point.longitude for point in points if point)
    yield from (one.similarity for one in ranking.basis.nearest) if ranking.basis else ()
    for candidate in ranking.candidates:
        yield candidate.score + (candidate.probability or 0.0)
        yield from (one.hits + one.total for one in candidate.evidence)
        yield from (value for _, value in candidate.contributions)


def decode(kind: type[T], text: str) -> T:
    """The `kind` that `encode` wrote; fields that it did not know yet take their defaults."""
    return cast("T", _adapter(cast("Hashable", kind)).validate_json(text))


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

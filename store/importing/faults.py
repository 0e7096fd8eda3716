"""What can be wrong with a row of a file, told so that a person can mend it."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SHOWN = reprlib.Repr()
SHOWN.maxstring = SHOWN.maxother = 60


class Fault(StrEnum):
    """Stable codes of what is wrong with a row."""

    MISSING_UNIT = "missing_unit"
    MISSING_ID = "missing_id"
    MISSING_TIME = "missing_time"
    MISSING_VALUE = "missing_value"
    BAD_TIME = "bad_time"
    AMBIGUOUS_TIME = "ambiguous_time"
    FUTURE_TIME = "future_time"
    BAD_PERIOD = "bad_period"
    BAD_COORDINATE = "bad_coordinate"
    BAD_GEOMETRY = "bad_geometry"
    TOO_LONG = "too_long"
    SHORTENED = "shortened"
    NUL_BYTE = "nul_byte"
    ENCODING = "encoding"
    UNPARSABLE = "unparsable"
    DUPLICATE_CONFLICT = "duplicate_conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """One fault of one row. `line` is the row's first line in the file, counted from 1; `values` the row as read."""

    line: int
    field: str
    problem: str
    mend: str
    reason: Fault
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)


@dataclass(kw_only=True, eq=False)
class FaultFound(Exception):
    """A value cannot be used; whoever knows its row and field makes a BadRow of it."""

    reason: Fault
    problem: str
    mend: str


def shown(value: object) -> str:
    """A value as it is told in a problem: quoted, and cut where it is long."""
    return SHOWN.repr(value)

"""Reads the fields of one row and keeps the list of what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from domain.places import Point
from domain.time import Validity
from store.importing.faults import BadRow, Fault, FaultFound, shown
from store.importing.geometry import read_polygon
from store.importing.mapping import Mapping
from store.importing.points import read_exchanged, read_point
from store.importing.rows import Row, has_surrogates
from store.importing.times import parse_time

MAX_TEXT = 20_000
# what a spreadsheet shows for a formula that found nothing: the cell is empty, and its like are not one customer
FAILED = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
NUMBERS = frozenset({"ticket_id", "account", "phone"})
# how a spreadsheet writes a long number into a CSV file: the digits that it leaves out are lost
SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII)
LIST_MARKS = re.compile(r"[;|,、；，]")
T = TypeVar("T")


class RowCheck:
    """One row under a bound mapping. Getters answer None or "" for what is missing or bad; the bad is in `faults`.

    `tolerant`: whoever reads a ticket off it would rather have it without coordinates than not at all.
    """

    __slots__ = ("faults", "mapping", "mended", "row", "tolerant")

    def __init__(self, row: Row, mapping: Mapping, *, tolerant: bool = False) -> None:
        self.row, self.mapping, self.tolerant = row, mapping, tolerant
        self.faults: list[BadRow] = [row.fault] if row.fault else _damage(row)
        self.mended = False

    def fail(self, key: str, reason: Fault, problem: str, mend: str) -> None:
        """Note a fault of the row in the key's column."""
        field = self.mapping.column(key)
        line, values = self.row.line, self.row.values
        fault = BadRow(line=line, field=field, problem=problem, mend=mend, reason=reason, values=values)
        self.faults.append(fault)

    def conflict(self, key: str, value: str, elsewhere: str, mend: str | None = None) -> None:
        """Note that the row gives other contents to an id that stands elsewhere."""
        problem = f"{shown(value)} stands in {elsewhere} with other contents"
        self.fail(key, Fault.DUPLICATE_CONFLICT, problem, mend or "Keep the right one of the two.")

    def text(self, key: str, joined_by: str = " ") -> str:
        """The key's columns as text, empty ones left out."""
        parts = [as_text(self._cell(name)) for name in self.mapping.columns.get(key, ())]
        text = joined_by.join(part for part in parts if part)
        if key in NUMBERS and SHORTENED.fullmatch(text):
            problem = f"{shown(text)} is a long number that a spreadsheet has shortened"
            mend = "Format its column as a number without decimals, or as text, and save the file again."
            self.fail(key, Fault.SHORTENED, problem, mend)
            return ""
        return self._bounded(key, text)

    def required(self, key: str, reason: Fault) -> str:
        """As `text`; a fault where it is empty."""
        before = len(self.faults)
        text = self.text(key)
        if not text and len(self.faults) == before:
            self.fail(key, reason, "empty", f"Give the {key.replace('_', ' ')}.")
        return text

    def titled_text(self) -> str:
        """The text columns one below the other; of several the first is the title and stays on one line."""
        title, *others = [as_text(self._cell(name)) for name in self.mapping.columns.get("text", ("",))]
        if others:
            title = " ".join(title.split())
        return self._bounded("text", "\n".join(part for part in (title, *others) if part))

    def time(
        self, key: str, *, missing: Fault | None = None, not_after: datetime | None = None
    ) -> datetime | None:
        """A time in UTC; `missing` makes an empty one a fault, `not_after` one that lies later."""
        value = self._value(key)
        if not as_text(value):
            if missing:
                self.fail(key, missing, "empty", "Give the time.")
            return None
        mapping = self.mapping
        moment = self._caught(key, lambda: parse_time(value, mapping.timezone, mapping.time_format))
        if moment and not_after and moment > not_after:
            mend = "Mend the time; check timezone and time_format in the mapping."
            self.fail(key, Fault.FUTURE_TIME, f"{moment.isoformat()} lies in the future", mend)
            return None
        return moment

    def validity(self) -> Validity:
        """valid_from and valid_to as a period."""
        start, end = self.time("valid_from"), self.time("valid_to")
        if start and end and end <= start:
            self.fail(
                "valid_to", Fault.BAD_PERIOD, "ends before it begins", "Exchange valid_from and valid_to."
            )
            return Validity()
        return Validity(valid_from=start, valid_to=end)

    def point(self) -> Point | None:
        """latitude and longitude as a WGS-84 point."""
        latitude, longitude = self._value("latitude"), self._value("longitude")
        return self._caught("latitude", lambda: read_point(latitude, longitude, self.mapping))

    def told_point(self) -> tuple[Point | None, str | None]:
        """A ticket's point, and what was given where that is a point only with latitude and longitude exchanged."""
        latitude, longitude = self._value("latitude"), self._value("longitude")
        exchanged = self._caught("latitude", lambda: read_exchanged(latitude, longitude, self.mapping))
        return (exchanged, f"{latitude}, {longitude}") if exchanged else (self.point(), None)

    def polygon(self) -> dict[str, Any] | None:
        """The geometry as GeoJSON in WGS-84; `mended` tells whether make_valid had to mend it."""
        value, mapping = self._value("geometry"), self.mapping
        read = self._caught(
            "geometry", lambda: read_polygon(value, mapping.crs, make_valid=mapping.make_valid)
        )
        geometry, self.mended = read or (None, False)
        return geometry

    def words(self, key: str) -> tuple[str, ...]:
        """A list: one of JSON's, or text cut at ; | , and their full-width forms."""
        value = self._value(key)
        items = value if isinstance(value, list) else LIST_MARKS.split(as_text(value))
        return tuple(word for word in map(as_text, items) if word)

    def attributes(self) -> dict[str, str]:
        """The attribute columns by name, empty ones left out; a JSON object gives its members."""
        found: dict[str, str] = {}
        for name in self.mapping.columns.get("attributes", ()):
            value = self._cell(name)
            members = value if isinstance(value, dict) else {name: value}
            found |= {
                str(member): text
                for member, item in members.items()
                if (text := self._bounded("attributes", as_text(item)))
            }
        return found

    def _value(self, key: str) -> Any:
        names = self.mapping.columns.get(key, ())
        return self._cell(names[0]) if names else None

    def _cell(self, name: str) -> Any:
        value = self.row.values.get(name)
        return None if isinstance(value, str) and value in FAILED else value

    def _bounded(self, key: str, text: str) -> str:
        if len(text) <= MAX_TEXT:
            return text
        problem = f"{len(text):,} characters, at most {MAX_TEXT:,} are taken"
        self.fail(key, Fault.TOO_LONG, problem, "Shorten it; look for a quotation mark left open.")
        return ""

    def _caught(self, key: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except FaultFound as found:
            self.fail(key, found.reason, found.problem, found.mend)
            return None


def as_text(value: Any) -> str:
    """A cell as text: whole numbers without a point, nothing for empty cells and NaN."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, (float, Decimal)):
        if math.isnan(value):
            return ""
        return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _damage(row: Row) -> list[BadRow]:
    faults = []
    for name, value in row.values.items():
        if not isinstance(value, str):
            continue
        if "\0" in value:
            faults.append(_damaged(row, name, Fault.NUL_BYTE, "a NUL byte", "Remove it from the file."))
        elif has_surrogates(value):
            mend = "Save the file in one encoding and declare it by encoding in the mapping."
            faults.append(_damaged(row, name, Fault.ENCODING, "bytes of another encoding", mend))
    return faults


def _damaged(row: Row, name: str, reason: Fault, problem: str, mend: str) -> BadRow:
    return BadRow(line=row.line, field=name, problem=problem, mend=mend, reason=reason, values=row.values)

"""Which column of a file is what: the TOML mapping that `import` and `backtest` read.

One file may hold a section for each kind of table: [history], [units], [territories], [accounts], [addresses]. A
section that names no column means columns named as the keys.
"""

from __future__ import annotations

import collections.abc
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import InvalidMapping
from features.nearest import did_you_mean
from store.importing.keys import COLUMNS, LISTS, REQUIRED, SECTIONS, SETTINGS
from store.importing.settings import (
    DEFAULT_ENCODING,
    invalid_key,
    read_crs,
    read_encoding,
    read_placeholders,
    read_time_format,
    read_timezone,
)

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How one kind of table is read. `columns` empty: columns named as the keys; see `bound`."""

    kind: str = "history"
    columns: collections.abc.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timezone: ZoneInfo = UTC_ZONE
    time_format: str | None = None
    encoding: str = DEFAULT_ENCODING
    crs: str = "wgs84"
    placeholder_coordinates: tuple[tuple[float, float], ...] = ()
    make_valid: bool = False  # asked for by whoever imports, never by a file

    def bound(self, present: collections.abc.Sequence[str]) -> Mapping:
        """Each key's columns settled for a file that has `present`; InvalidMapping where one is missing."""
        columns = self.columns or self._default_columns(present)
        for key in REQUIRED[self.kind]:
            if key not in columns:
                raise invalid_key(self.kind, key, "is required", f'Name its column: {key} = "..."')
        counts = Counter(present)
        for key, names in columns.items():
            for name in names:
                self._check_column(key, name, counts)
        if ("latitude" in columns) != ("longitude" in columns):
            problem = "only one of them has a column"
            raise invalid_key(self.kind, "latitude, longitude", problem, "Name both or none.")
        return replace(self, columns=columns)

    def of_tickets(self) -> Mapping:
        """A history's mapping for tickets that nobody has dispatched yet: the outcome's columns are not looked at."""
        columns = {key: names for key, names in self.columns.items() if key in COLUMNS["tickets"]}
        return replace(self, kind="tickets", columns=columns)

    def column(self, key: str) -> str:
        """The (first) column of a key, or the key itself where it has none: what a person is shown."""
        return self.columns.get(key, (key,))[0]

    def _check_column(self, key: str, name: str, counts: Counter[str]) -> None:
        if counts[name] == 0:
            problem = f"the file has no column {name!r}"
            raise invalid_key(self.kind, key, problem, did_you_mean(name, counts))
        if counts[name] > 1:
            problem = f"the file has {counts[name]} columns {name!r}"
            raise invalid_key(self.kind, key, problem, "Rename one.")

    def _default_columns(self, present: collections.abc.Sequence[str]) -> dict[str, tuple[str, ...]]:
        there = set(present)
        found = {
            key: next((name for name in names if name in there), None)
            for key, names in COLUMNS[self.kind].items()
        }
        for key in REQUIRED[self.kind]:
            if found[key] is None:
                mend = f'Name it in a mapping: [{self.kind}] {key} = "...". {did_you_mean(key, there)}'
                raise invalid_key(self.kind, key, f"the file has no column {key!r}", mend)
        return {key: (name,) for key, name in found.items() if name is not None}


def load_mapping(path: Path | None, kind: str = "history") -> Mapping:
    """Read a mapping file's section for `kind`; the defaults where there is no file or no such section."""
    if path is None:
        return Mapping(kind=kind)
    try:
        return parse_mapping(path.read_text(encoding="utf-8"), kind)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidMapping(
            field=str(path), problem=str(error), mend="Give a TOML file in UTF-8."
        ) from error


def parse_mapping(text: str, kind: str = "history") -> Mapping:
    """As `load_mapping`, from the file's text."""
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMapping(field="mapping", problem=f"not TOML: {error}", mend="Mend that line.") from error
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise InvalidMapping(field=name, problem="stands in no section", mend=f"Write [{kind}] above it.")
        if name not in SECTIONS:
            mend = did_you_mean(name, SECTIONS)
            raise InvalidMapping(field=name, problem=f"unknown section [{name}]", mend=mend)
        _check_keys(name, section)
    return _mapping(kind, sections.get(kind, {}))


def _mapping(kind: str, section: dict[str, Any]) -> Mapping:
    columns = {key: _names(kind, key, section[key]) for key in COLUMNS[kind] if key in section}
    return Mapping(
        kind=kind,
        columns=columns,
        timezone=read_timezone(kind, section.get("timezone", "UTC")),
        time_format=read_time_format(kind, section.get("time_format")),
        encoding=read_encoding(kind, section.get("encoding", "utf-8")),
        crs=read_crs(kind, section.get("crs", "wgs84")),
        placeholder_coordinates=read_placeholders(kind, section.get("placeholder_coordinates", [])),
    )


def _check_keys(kind: str, section: dict[str, Any]) -> None:
    known = {*COLUMNS[kind], *SETTINGS}
    for key in section:
        if key not in known:
            raise invalid_key(kind, key, f"unknown key {key!r}", did_you_mean(key, known))


def _names(kind: str, key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(name, str) and name for name in value):
        if key in LISTS:
            return tuple(value)
        raise invalid_key(kind, key, "a list of columns", "Only text, address and attributes take a list.")
    raise invalid_key(kind, key, f"not a column name: {value!r}", f'For example {key} = "{key}".')

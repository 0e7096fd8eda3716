"""The settings of a mapping: how times, text and coordinates are written in the file."""

from __future__ import annotations

import codecs
import encodings.aliases
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidMapping
from features.nearest import did_you_mean
from store.importing.keys import DATUMS

DEFAULT_ENCODING = "utf-8-sig"  # a byte order mark is no part of the first column's name


def invalid_key(kind: str, key: str, problem: str, mend: str) -> InvalidMapping:
    """The error of one key in the section of a kind of table."""
    return InvalidMapping(field=f"[{kind}] {key}", problem=problem, mend=mend)


def read_time_format(kind: str, value: object) -> str | None:
    """A format of strptime, or none."""
    if value is None or isinstance(value, str):
        return value
    raise invalid_key(kind, "time_format", f"not a text: {value!r}", 'For example "%d/%m/%Y %H:%M".')


def read_timezone(kind: str, value: object) -> ZoneInfo:
    """A zone of the IANA database."""
    known = available_timezones()
    if value not in known:
        raise invalid_key(kind, "timezone", f"unknown time zone {value!r}", did_you_mean(str(value), known))
    return ZoneInfo(str(value))


def read_encoding(kind: str, value: object) -> str:
    """A codec of text, by its canonical name."""
    try:
        name = codecs.lookup(str(value)).name
        "".encode(name)  # base64 and its like are codecs, but not of text
    except LookupError as error:
        aliases = encodings.aliases.aliases
        known = {name.replace("_", "-") for name in (*aliases, *aliases.values())}
        mend = did_you_mean(str(value), known)
        raise invalid_key(kind, "encoding", f"unknown encoding {value!r}", mend) from error
    return DEFAULT_ENCODING if name == "utf-8" else name


def read_crs(kind: str, value: object) -> str:
    """One of DATUMS, or EPSG:n."""
    if value in DATUMS:
        return str(value)
    code = str(value).upper().removeprefix("EPSG:")
    if str(value).upper().startswith("EPSG:") and code.isdecimal():
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            return f"EPSG:{CRS.from_epsg(int(code)).to_epsg() or int(code)}"
        except CRSError as error:
            raise invalid_key(kind, "crs", f"unknown code {value!r}", "Look it up at epsg.org.") from error
    raise invalid_key(
        kind, "crs", f"unknown system {value!r}", did_you_mean(str(value), (*DATUMS, "EPSG:4326"))
    )


def read_placeholders(kind: str, value: object) -> tuple[tuple[float, float], ...]:
    """Pairs of latitude and longitude."""
    try:
        return tuple((float(latitude), float(longitude)) for latitude, longitude in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        mend = "A list of pairs: [[42.3594, -71.0587]]."
        raise invalid_key(kind, "placeholder_coordinates", f"not pairs: {value!r}", mend) from error

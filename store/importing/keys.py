"""The keys of a mapping: which columns each kind of table has."""

from __future__ import annotations

LISTS = frozenset({"text", "attributes", "address"})
"""Column keys that take a name or a list of names."""

SETTINGS = ("timezone", "time_format", "encoding", "crs", "placeholder_coordinates")
"""Keys that name no column."""

DATUMS = ("wgs84", "gcj02", "bd09")

_UNIT = ("unit", "unit_id")
_POINT = {"latitude": ("latitude", "lat"), "longitude": ("longitude", "lon", "lng")}
_PERIOD = {"valid_from": ("valid_from",), "valid_to": ("valid_to",)}

_TICKET = {
    "ticket_id": ("ticket_id",),
    "received_at": ("received_at",),
    "text": ("text",),
    "category": ("category",),
    "account": ("account",),
    "phone": ("phone",),
    "address": ("address",),
    "attributes": ("attributes",),
    **_POINT,
}

SECTIONS = ("history", "units", "territories", "accounts", "addresses")

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "history": {**_TICKET, "known_at": ("known_at",), "unit": _UNIT},
    "tickets": _TICKET,
    "units": {
        "unit": (*_UNIT, "id"),
        "name": ("name",),
        "kinds": ("kinds",),
        "successors": ("successors",),
        "parent": ("parent",),
        **_PERIOD,
    },
    "territories": {
        "territory": ("territory", "territory_id", "id"),
        "unit": _UNIT,
        "kinds": ("kinds",),
        "geometry": ("geometry",),
        "duty_unit": ("duty_unit",),
        **_PERIOD,
    },
    "accounts": {
        "account": ("account", "account_id", "id"),
        "address": ("address",),
        "phone": ("phone",),
        "name": ("name",),
        **_POINT,
    },
    "addresses": {"address": ("address",), "district": ("district",), "name": ("name",), **_POINT},
}
"""For each kind of table its keys, and the columns that are taken where a mapping names none."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "history": ("ticket_id", "received_at", "unit"),
    "tickets": ("ticket_id",),
    "units": ("unit",),
    "territories": ("unit", "geometry"),
    "accounts": ("account",),
    "addresses": ("address",),
}

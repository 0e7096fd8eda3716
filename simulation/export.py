"""The city as the files that `gridroute import` reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from domain.dispatches import Dispatch
from domain.places import Account, Address, Point, Territory
from domain.units import Unit
from simulation.city import City
from simulation.desk import ATTRIBUTES, PLACEHOLDER
from simulation.offices import KEY_CUSTOMERS
from simulation.residents import KEY_PREFIX

LIST_MARK = "|"
MAPPING = f"""\
# Which column of each file is what. Give this file to every import: --mapping mapping.toml
[units]
unit = "unit_id"
name = "name"
kinds = "kinds"
valid_from = "valid_from"
valid_to = "valid_to"
successors = "successors"

[territories]
territory = "territory_id"
unit = "unit_id"
kinds = "kinds"
valid_from = "valid_from"
valid_to = "valid_to"
geometry = "geometry"

[accounts]
account = "account_id"
address = "address"
latitude = "latitude"
longitude = "longitude"
phone = "phone"
name = "name"

[addresses]
address = "address"
latitude = "latitude"
longitude = "longitude"
district = "district"

[history]
ticket_id = "ticket_id"
received_at = "received_at"
known_at = "known_at"
timezone = "Asia/Shanghai"
text = "text"
category = "category"
account = "account"
phone = "phone"
address = "address"
latitude = "latitude"
longitude = "longitude"
attributes = {json.dumps(list(ATTRIBUTES))}
unit = "unit"
# written where nobody knew the coordinates
placeholder_coordinates = [[{PLACEHOLDER.latitude}, {PLACEHOLDER.longitude}]]
"""
RULES = f"""\
# Where a mistake costs lives a person looks first.
[[rule]]
id = "gas-leak"
when = {{ words = ["煤气味", "燃气味", "燃气泄漏", "漏气", "燃气报警", "gas leak", "smell gas", "gas smell"] }}
never_automatic = true
priority = 100

[[rule]]
id = "people-in-danger"
when = {{ words = ["困人", "触电", "电线掉", "people stuck", "cable is hanging"] }}
never_automatic = true
priority = 90

# Key customers have an account manager; their account numbers begin with {KEY_PREFIX}.
[[rule]]
id = "key-customers"
when = {{ category = ["停电", "电压异常", "电表故障"], account_prefix = "{KEY_PREFIX}" }}
unit = "{KEY_CUSTOMERS.unit_id}"
priority = 10
"""


def write_city(city: City, directory: Path) -> list[Path]:
    """Write units, territories, accounts, addresses, rules and history with their mapping; answers the files' paths."""
    directory.mkdir(parents=True, exist_ok=True)
    return [
        _table(directory / "units.csv", UNIT_COLUMNS, map(_unit_row, city.units)),
        _text(directory / "territories.geojson", _feature_collection(city.territories)),
        _table(directory / "accounts.csv", ACCOUNT_COLUMNS, map(_account_row, city.accounts)),
        _table(directory / "addresses.csv", ADDRESS_COLUMNS, map(_address_row, city.addresses)),
        _text(directory / "rules.toml", RULES),
        _table(directory / "history.csv", HISTORY_COLUMNS, map(_history_row, city.dispatches)),
        _text(directory / "mapping.toml", MAPPING),
    ]


UNIT_COLUMNS = ("unit_id", "name", "kinds", "valid_from", "valid_to", "successors")
ACCOUNT_COLUMNS = ("account_id", "address", "latitude", "longitude", "phone", "name")
ADDRESS_COLUMNS = ("address", "latitude", "longitude", "district")
HISTORY_COLUMNS = (
    *("ticket_id", "received_at", "known_at", "category", "text", "account", "phone", "address"),
    *("latitude", "longitude", *ATTRIBUTES, "unit"),
)


def _unit_row(unit: Unit) -> list[object]:
    kinds, successors = LIST_MARK.join(sorted(unit.kinds)), LIST_MARK.join(unit.successors)
    validity = unit.validity
    return [unit.unit_id, unit.name, kinds, _time(validity.valid_from), _time(validity.valid_to), successors]


def _account_row(account: Account) -> list[object]:
    return [account.account_id, account.address, *_degrees(account.point), account.phone, account.name]


def _address_row(address: Address) -> list[object]:
    return [address.address, *_degrees(address.point), address.district]


def _history_row(dispatch: Dispatch) -> list[object]:
    ticket = dispatch.ticket
    times = [_time(ticket.received_at), _time(dispatch.known_at)]
    words = [ticket.category, ticket.text, ticket.account, ticket.phone, ticket.address]
    noted = [ticket.attributes.get(key) for key in ATTRIBUTES]
    return [ticket.ticket_id, *times, *words, *_degrees(ticket.point), *noted, dispatch.unit_id]


def _feature_collection(territories: Iterable[Territory]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {
                "territory_id": territory.territory_id,
                "unit_id": territory.unit_id,
                "kinds": LIST_MARK.join(sorted(territory.kinds)),
                "valid_from": _time(territory.validity.valid_from),
                "valid_to": _time(territory.validity.valid_to),
            },
            "geometry": territory.geometry,
        }
        for territory in territories
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _degrees(point: Point | None) -> tuple[float | None, float | None]:
    return (None, None) if point is None else (point.latitude, point.longitude)


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path

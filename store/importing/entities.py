"""Files of units, territories, accounts and addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from math import cos, hypot, radians
from pathlib import Path

from domain.places import Account, Address, Point, Territory
from domain.units import Unit
from store.importing.faults import BadRow, Fault
from store.importing.mapping import Mapping
from store.importing.rows import Progress, Table
from store.importing.tables import open_table
from store.importing.validation import RowCheck

Entity = Unit | Territory | Account | Address
SAME_PLACE_M = 1000.0
METRES_PER_DEGREE = 111_195.0


@dataclass(slots=True, kw_only=True)
class EntityFile:
    """What a file holds: each id once, in the file's order, and what is wrong with the other rows.

    `mended`: the lines whose polygon was made valid.
    """

    entities: dict[str, Entity] = field(default_factory=dict)
    bad_rows: list[BadRow] = field(default_factory=list)
    rows: int = 0
    repeated: int = 0
    mended: list[int] = field(default_factory=list)
    _lines: dict[str, int] = field(default_factory=dict)

    def add(self, check: RowCheck, read: Callable[[RowCheck], Entity]) -> None:
        """Read one row; keep it, or what is wrong with it."""
        self.rows += 1
        entity = read(check)
        if not check.faults:
            self._keep(check, entity)
        if check.mended and not check.faults:
            self.mended.append(check.row.line)
        self.bad_rows += check.faults

    def _keep(self, check: RowCheck, entity: Entity) -> None:
        key = identity(entity)
        known = self.entities.get(key)
        if known is None:
            self.entities[key], self._lines[key] = entity, check.row.line
        elif _agree(known, entity):
            self.repeated += 1
        else:
            mend = MENDS.get(check.mapping.kind)
            check.conflict(ID_KEYS[check.mapping.kind], key, f"line {self._lines[key]}", mend)


def read_entities(path: Path, mapping: Mapping, *, progress: Progress | None = None) -> EntityFile:
    """The file's units, territories, accounts or addresses, as the mapping's kind says."""
    return entities_of(open_table(path, mapping.encoding), mapping, progress=progress)


def entities_of(table: Table, mapping: Mapping, *, progress: Progress | None = None) -> EntityFile:
    """As `read_entities`, of a table that is open."""
    mapping = mapping.bound(table.columns)
    read = _TerritoryReader() if mapping.kind == "territories" else READERS[mapping.kind]
    found = EntityFile()
    for row in table.watched(progress):
        found.add(RowCheck(row, mapping), read)
    return found


def identity(entity: Entity) -> str:
    """What the store keeps one of."""
    match entity:
        case Unit():
            return entity.unit_id
        case Territory():
            return entity.territory_id
        case Account():
            return entity.account_id
        case Address():
            return entity.address


def _agree(known: Entity, other: Entity) -> bool:
    if isinstance(known, Address) and isinstance(other, Address):  # an estate has several gates
        near = not (known.point and other.point) or _metres(known.point, other.point) <= SAME_PLACE_M
        return near and known.district == other.district
    return known == other


def _metres(a: Point, b: Point) -> float:
    east = (a.longitude - b.longitude) * cos(radians(a.latitude))
    return hypot(a.latitude - b.latitude, east) * METRES_PER_DEGREE


def _read_unit(check: RowCheck) -> Unit:
    unit_id = check.required("unit", Fault.MISSING_ID)
    return Unit(
        unit_id=unit_id,
        name=check.text("name") or unit_id,
        kinds=frozenset(check.words("kinds")),
        validity=check.validity(),
        successors=check.words("successors"),
        parent=check.text("parent") or None,
    )


def _read_account(check: RowCheck) -> Account:
    return Account(
        account_id=check.required("account", Fault.MISSING_ID),
        address=check.text("address", ", ") or None,
        point=check.point(),
        phone=check.text("phone") or None,
        name=check.text("name") or None,
    )


def _read_address(check: RowCheck) -> Address:
    address = check.text("address", ", ")
    if not address and not check.faults:
        check.fail("address", Fault.MISSING_VALUE, "empty", "Give the address.")
    return Address(
        address=address,
        point=check.point(),
        district=check.text("district") or None,
        name=check.text("name") or None,
    )


class _TerritoryReader:
    """Territories without an id are numbered by unit, so that a mended boundary takes the old one's place."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()

    def __call__(self, check: RowCheck) -> Territory:
        unit_id = check.required("unit", Fault.MISSING_UNIT)
        self._count[unit_id] += 1
        return Territory(
            territory_id=check.text("territory") or f"{unit_id}#{self._count[unit_id]}",
            unit_id=unit_id,
            geometry=check.polygon() or {},
            kinds=frozenset(check.words("kinds")),
            validity=check.validity(),
            duty_unit=check.text("duty_unit") or None,
        )


ID_KEYS = {"units": "unit", "territories": "territory", "accounts": "account", "addresses": "address"}
MENDS = {
    "addresses": 'Write the district into the address; the mapping joins them: address = ["district", "address"].'
}
READERS: MappingOf[str, Callable[[RowCheck], Entity]] = {
    "units": _read_unit,
    "accounts": _read_account,
    "addresses": _read_address,
}

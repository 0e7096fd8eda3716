"""What is told of tables of units and territories that came in: bad rows, what would change, what was done."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from router.territories_diff import TerritoriesDiff, TerritoryChange
from router.units_diff import Change, Closing, UnitsDiff
from store.importing.faults import BadRow
from store.importing.importing import ImportReport

SHOWN_BAD_ROWS = 200
Details = tuple[tuple[str, str, str], ...]


class BadRowOut(BaseModel):
    """What is wrong with a row (in JSON: with which of the list, counted from 1), and how to mend it."""

    line: int
    field: str
    problem: str
    mend: str

    @classmethod
    def all_of(cls, bad: list[BadRow]) -> list[BadRowOut]:
        """The first of them."""
        return [
            cls(line=one.line, field=one.field, problem=one.problem, mend=one.mend)
            for one in bad[:SHOWN_BAD_ROWS]
        ]


class DetailOut(BaseModel):
    """A field that changes; empty: nothing stands there."""

    field: str
    before: str
    after: str

    @classmethod
    def all_of(cls, details: Details) -> list[DetailOut]:
        """The details on the wire."""
        return [cls(field=field, before=before, after=after) for field, before, after in details]


class UnitChangeOut(BaseModel):
    """One unit's change: `opened`, `closed`, `reopened`, `renamed` or `changed`."""

    kind: str
    unit: str
    name: str
    details: list[DetailOut]

    @classmethod
    def of(cls, one: Change) -> UnitChangeOut:
        """The change on the wire."""
        unit = one.unit
        return cls(kind=one.kind, unit=unit.unit_id, name=unit.name, details=DetailOut.all_of(one.details))


class ClosingOut(BaseModel):
    """A unit that the list closes, or that is closed and has other heirs by it, from `at` on, and what hangs on it.

    `faults`: what is wrong with its successors.
    """

    unit: str
    at: str
    tickets: int
    dispatches: int
    recent: int
    heirs: list[str]
    faults: list[str]
    territories: list[str]
    rules: list[str]

    @classmethod
    def of(cls, one: Closing) -> ClosingOut:
        """The closing on the wire."""
        shared = ("tickets", "dispatches", "recent", "heirs", "faults", "territories", "rules")
        found: dict[str, Any] = {name: getattr(one, name) for name in shared}
        return cls(unit=one.unit_id, at=one.at.isoformat(), **found)


class MergedOut(BaseModel):
    """Units that become one."""

    into: str
    units: list[str]


class SplitOut(BaseModel):
    """A unit that becomes several."""

    unit: str
    into: list[str]


class UnitsDiffOut(BaseModel):
    """What the list changes; units that are `absent` from it stay as they are.

    `moved` of the log's `recent` dispatches, those of its last 90 days, would go to another unit, or to none.
    """

    changes: list[UnitChangeOut]
    closings: list[ClosingOut]
    merged: list[MergedOut]
    split: list[SplitOut]
    absent: list[str]
    unchanged: int
    moved: int
    recent: int

    @classmethod
    def of(cls, diff: UnitsDiff) -> UnitsDiffOut:
        """The difference on the wire."""
        return cls(
            changes=[UnitChangeOut.of(one) for one in diff.changes],
            closings=[ClosingOut.of(one) for one in diff.closings],
            merged=[MergedOut(into=into, units=list(units)) for into, units in diff.merged],
            split=[SplitOut(unit=unit, into=list(into)) for unit, into in diff.split],
            absent=list(diff.absent),
            unchanged=diff.unchanged,
            moved=diff.moved,
            recent=diff.recent,
        )


class UnitsPreviewOut(BaseModel):
    """What importing these `rows` would do. `diff` is null while rows are bad; `bad` shows the first of them."""

    rows: int
    bad_rows: int
    bad: list[BadRowOut]
    diff: UnitsDiffOut | None


class TerritoryChangeOut(BaseModel):
    """A territory that is new (`area_before_km2` is null) or changes."""

    territory: str
    unit: str
    area_km2: float
    area_before_km2: float | None
    details: list[DetailOut]

    @classmethod
    def of(cls, one: TerritoryChange) -> TerritoryChangeOut:
        """The change on the wire."""
        return cls(
            territory=one.territory.territory_id,
            unit=one.territory.unit_id,
            area_km2=one.area,
            area_before_km2=one.area_before,
            details=DetailOut.all_of(one.details),
        )


class TerritoriesDiffOut(BaseModel):
    """What the list changes; territories that are `absent` from it stay. `new_units` would be added by their id alone.

    `moved` of the log's `recent` dispatches, those of its last 90 days with coordinates, lie on ground of other owners.
    """

    changes: list[TerritoryChangeOut]
    absent: list[str]
    unchanged: int
    new_units: list[str]
    moved: int
    recent: int

    @classmethod
    def of(cls, diff: TerritoriesDiff) -> TerritoriesDiffOut:
        """The difference on the wire."""
        return cls(
            changes=[TerritoryChangeOut.of(one) for one in diff.changes],
            absent=list(diff.absent),
            unchanged=diff.unchanged,
            new_units=list(diff.new_units),
            moved=diff.moved,
            recent=diff.recent,
        )


class TerritoriesPreviewOut(BaseModel):
    """As for units; `mended`: lines whose polygon was made valid."""

    rows: int
    bad_rows: int
    bad: list[BadRowOut]
    mended: list[int]
    diff: TerritoriesDiffOut | None


class ImportedOut(BaseModel):
    """What an import did. `new_units` were named by territories and not known."""

    rows: int
    changed: int
    unchanged: int
    new_units: list[str]
    mended: list[int]

    @classmethod
    def of(cls, report: ImportReport) -> ImportedOut:
        """The report on the wire."""
        return cls(
            rows=report.rows,
            changed=report.changed,
            unchanged=report.unchanged,
            new_units=list(report.new_units),
            mended=list(report.mended),
        )

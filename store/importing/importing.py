"""One file into the store, in one transaction: all of it, the good rows, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from domain.places import Territory
from domain.units import Unit
from router.ports import Store, WriteSession
from router.rules import parse_rules
from store.importing.bad_file import write_bad_file
from store.importing.entities import EntityFile, read_entities
from store.importing.faults import BadRow
from store.importing.history import read_history
from store.importing.mapping import Mapping
from store.importing.merging import conflict_rows, merge, taken_back
from store.importing.rows import Progress, unreadable

KINDS = ("units", "territories", "accounts", "addresses", "rules", "history")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    `new_units`: units that the file named and the store did not know; `mended`: lines whose polygon was made valid;
    `overruled`: tickets of which another unit had told that their work is done.
    """

    rows: int
    changed: int = 0
    unchanged: int = 0
    bad: list[BadRow] = field(default_factory=list)
    bad_file: Path | None = None
    new_units: tuple[str, ...] = ()
    mended: tuple[int, ...] = ()
    overruled: int = 0

    @property
    def refused(self) -> bool:
        """Whether bad rows kept the whole file out."""
        return bool(self.bad) and self.bad_file is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Intake:
    """What an import wants of a file's bad rows."""

    path: Path
    encoding: str
    skip_bad: bool
    by: str

    def refuses(self, bad: list[BadRow]) -> bool:
        return bool(bad) and not self.skip_bad

    def set_aside(self, bad: list[BadRow]) -> Path | None:
        return write_bad_file(self.path, bad, self.encoding) if bad else None


def import_file(
    store: Store,
    what: str,
    path: Path,
    mapping: Mapping | None = None,
    *,
    now: datetime,
    skip_bad: bool = False,
    progress: Progress | None = None,
    by: str = "gridroute",
) -> ImportReport:
    """Import a file of one of KINDS. A bad row keeps the file out, or with `skip_bad` goes to a file beside it.

    The event log has who did it.
    """
    if what == "rules":
        return _import_rules(store, path, by)
    mapping = mapping or Mapping(kind=what)
    intake = _Intake(path=path, encoding=mapping.encoding, skip_bad=skip_bad, by=by)
    if what == "history":
        return _import_history(store, intake, mapping, now, progress)
    return _import_entities(store, intake, mapping, progress)


def keep_entities(kind: str, found: EntityFile, session: WriteSession, by: str) -> ImportReport:
    """Put what a file or a request holds into the store, the units that territories name before them."""
    entities = found.entities.values()
    named = (entity.unit_id for entity in entities if isinstance(entity, Territory))
    new_units = _add_units(session, named, by)
    changed = getattr(session, f"put_{kind}")(entities, by)
    return ImportReport(
        rows=found.rows,
        changed=changed,
        unchanged=len(entities) - changed + found.repeated,
        new_units=new_units,
        mended=tuple(found.mended),
    )


def _import_rules(store: Store, path: Path, by: str) -> ImportReport:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error, "Give a TOML file in UTF-8.") from error

    def work(session: WriteSession) -> ImportReport:
        rules = parse_rules(text, known_units={unit.unit_id for unit in session.units()})
        changed = session.put_rules(rules, by)
        return ImportReport(rows=len(rules), changed=changed, unchanged=len(rules) - changed)

    return store.write(work)


def _import_entities(
    store: Store, intake: _Intake, mapping: Mapping, progress: Progress | None
) -> ImportReport:
    found = read_entities(intake.path, mapping, progress=progress)
    if intake.refuses(found.bad_rows):
        return ImportReport(rows=found.rows, bad=found.bad_rows)

    def work(session: WriteSession) -> ImportReport:
        report = keep_entities(mapping.kind, found, session, intake.by)
        return replace(report, bad=found.bad_rows, bad_file=intake.set_aside(found.bad_rows))

    return store.write(work)


def _import_history(
    store: Store, intake: _Intake, mapping: Mapping, now: datetime, progress: Progress | None
) -> ImportReport:
    history = read_history(intake.path, mapping, now=now, progress=progress)
    if intake.refuses(history.bad_rows):
        return ImportReport(rows=history.rows, bad=history.bad_rows)

    def work(session: WriteSession) -> ImportReport:
        found = merge(session, history)
        conflicts = conflict_rows(intake.path, mapping, history, found.conflicts)
        bad = sorted([*history.bad_rows, *conflicts], key=lambda row: row.line)
        if intake.refuses(bad):
            return ImportReport(rows=history.rows, bad=bad)
        new_units = _add_units(session, (entry.unit_id for entry in found.fresh), intake.by)
        session.append_dispatches(taken_back(found.overruled, intake.by, now))
        changed = len(session.append_dispatches(found.fresh))
        return ImportReport(
            rows=history.rows,
            changed=changed,
            unchanged=history.rows - changed - len({row.line for row in bad}),
            bad=bad,
            bad_file=intake.set_aside(bad),
            new_units=new_units,
            overruled=len(found.overruled),
        )

    return store.write(work)


def _add_units(session: WriteSession, named: Iterable[str], by: str) -> tuple[str, ...]:
    known = {unit.unit_id for unit in session.units()}
    new = tuple(dict.fromkeys(unit_id for unit_id in named if unit_id not in known))
    session.put_units((Unit(unit_id=unit_id, name=unit_id) for unit_id in new), by)
    return new

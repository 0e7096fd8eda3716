"""A file into the store: all of it, the good rows, or nothing; and twice changes nothing."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.dispatches import Dispatch, LabelSource
from domain.errors import InvalidInput, InvalidRule
from domain.tickets import Ticket
from domain.units import Unit
from router.ports import Store
from store.importing import ImportReport, import_file
from store.importing.mapping import parse_mapping
from store.memory import MemoryStore
from store.sql import open_store
from tests.stores import new_sqlite

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HEAD = "ticket_id,received_at,unit,text\n"
GOOD = HEAD + "2,2024-01-02T10:00,water,no water\n1,2024-01-01T10:00,gas,smell\n"
SQUARE = [[[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.1], [121.0, 31.0]]]
RULE = '[[rule]]\nid = "r"\nwhen = { category = ["gas"] }\nunit = "gas"\n'
FILES = {
    "units": ("f.csv", "unit,name\ngas,Gas\nwater,Water\n"),
    "accounts": ("f.csv", "account,latitude,longitude\n1,31.2,121.5\n2,,\n"),
    "addresses": ("f.csv", "address,latitude,longitude\na,31.2,121.5\nb,,\n"),
    "history": ("f.csv", GOOD),
    "rules": ("f.toml", RULE + RULE.replace('"r"', '"s"')),
    "territories": (
        "f.geojson",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"unit": unit},
                        "geometry": {"type": "Polygon", "coordinates": SQUARE},
                    }
                    for unit in ("gas", "water")
                ],
            }
        ),
    ),
}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = MemoryStore() if request.param == "memory" else open_store(new_sqlite(tmp_path / "store.db"))
    opened.write(lambda session: session.put_units([Unit(unit_id="gas", name="gas")]))
    yield opened
    opened.close()


def run(
    store: Store, folder: Path, text: str, what: str = "history", *, skip_bad: bool = False
) -> ImportReport:
    path = folder / ("rules.toml" if what == "rules" else f"{what}.csv")
    path.write_text(text, encoding="utf-8")
    return import_file(store, what, path, now=NOW, skip_bad=skip_bad)


def log(store: Store) -> list[tuple[int, str, str]]:
    with store.read() as session:
        return [(entry.sequence, entry.ticket.ticket_id, entry.unit_id) for entry in session.dispatches()]


@pytest.mark.parametrize("what", FILES)
def test_importing_twice_changes_nothing(store: Store, tmp_path: Path, what: str) -> None:
    name, text = FILES[what]
    (tmp_path / name).write_text(text, encoding="utf-8")
    first = import_file(store, what, tmp_path / name, now=NOW)
    with store.read() as session:
        version, sequence = session.world_version(), session.last_sequence()
    again = import_file(store, what, tmp_path / name, now=NOW)
    assert (first.rows, first.changed, first.unchanged, first.bad) == (2, 2, 0, [])
    assert (again.rows, again.changed, again.unchanged, again.bad) == (2, 0, 2, [])
    with store.read() as session:
        assert (session.world_version(), session.last_sequence()) == (version, sequence)


def test_history_goes_to_the_log_by_time_and_its_new_units_are_made(store: Store, tmp_path: Path) -> None:
    report = run(store, tmp_path, GOOD)
    assert log(store) == [(1, "1", "gas"), (2, "2", "water")]
    assert report.new_units == ("water",)
    with store.read() as session:
        assert {unit.unit_id for unit in session.units()} == {"gas", "water"}


def test_a_bad_row_keeps_the_whole_file_out(store: Store, tmp_path: Path) -> None:
    report = run(store, tmp_path, GOOD + "3,2024-01-03,,x\n")
    assert report.refused
    assert (report.changed, [bad.line for bad in report.bad]) == (0, [4])
    assert log(store) == []
    assert not (tmp_path / "history.bad.csv").exists()
    with store.read() as session:
        assert [unit.unit_id for unit in session.units()] == ["gas"]


def test_skip_bad_takes_the_good_rows_and_sets_the_bad_ones_beside_the_file(
    store: Store, tmp_path: Path
) -> None:
    report = run(store, tmp_path, GOOD + ',2024-01-03T10:00,,"x, y"\n', skip_bad=True)
    assert [ticket_id for _, ticket_id, _ in log(store)] == ["1", "2"]
    assert not report.refused
    assert report.bad_file == tmp_path / "history.bad.csv"
    [row] = csv.DictReader(report.bad_file.open(encoding="utf-8-sig"))
    assert row["line"] == "4"
    assert row["field"] == "ticket_id; unit"
    assert row["mend"] == "Give the ticket id.; Give the unit."
    assert (row["received_at"], row["text"]) == ("2024-01-03T10:00", "x, y")


def test_a_mended_bad_file_is_imported_as_it_is(store: Store, tmp_path: Path) -> None:
    run(store, tmp_path, GOOD + "3,2024-01-03T10:00,,x\n", skip_bad=True)
    mended = (tmp_path / "history.bad.csv").read_text(encoding="utf-8-sig").replace("10:00,,x", "10:00,gas,x")
    assert run(store, tmp_path, mended).changed == 1
    assert log(store)[-1] == (3, "3", "gas")


def test_bad_rows_are_written_in_the_files_own_encoding(store: Store, tmp_path: Path) -> None:
    mapping = parse_mapping('[history]\nencoding = "gb18030"')
    path = tmp_path / "history.csv"
    path.write_bytes(
        (HEAD + "1,2024-01-01T10:00,,煤气\n").encode("gb18030") + b"2,2024-01-01T10:00,gas,\xff\n"
    )
    report = import_file(store, "history", path, mapping, now=NOW, skip_bad=True)
    assert report.bad_file
    text = report.bad_file.read_bytes().decode("gb18030")
    assert "煤气" in text
    assert "\\udcff" in text


def test_a_bad_file_that_cannot_be_written_keeps_the_good_rows_out_too(store: Store, tmp_path: Path) -> None:
    (tmp_path / "history.bad.csv").mkdir()
    with pytest.raises(InvalidInput, match="nothing was imported"):
        run(store, tmp_path, GOOD + "3,2024-01-03,,x\n", skip_bad=True)
    assert log(store) == []


@pytest.mark.parametrize(
    "changed", ["1,2024-01-01T10:00,water,smell", "1,2024-01-01T10:00,gas,noise"], ids=["unit", "text"]
)
def test_a_ticket_of_the_log_with_other_contents_is_a_bad_row(
    store: Store, tmp_path: Path, changed: str
) -> None:
    run(store, tmp_path, GOOD)
    report = run(store, tmp_path, f"{HEAD}3,2024-01-03T10:00,gas,new\n{changed}\n")
    assert report.refused
    [bad] = report.bad
    assert (bad.line, bad.field, bad.reason.value) == (3, "ticket_id", "duplicate_conflict")
    assert bad.values["ticket_id"] == "1"
    assert len(log(store)) == 2
    skipped = run(store, tmp_path, f"{HEAD}3,2024-01-03T10:00,gas,new\n{changed}\n", skip_bad=True)
    assert (skipped.changed, skipped.unchanged) == (1, 0)
    assert log(store)[2:] == [(3, "3", "gas")]


def test_a_longer_export_adds_only_what_is_new(store: Store, tmp_path: Path) -> None:
    run(store, tmp_path, HEAD + "1,2024-01-01,gas,smell\n")  # whole days: known from the next midnight
    report = run(store, tmp_path, HEAD + "1,2024-01-01,gas,smell\n2,2024-01-02T10:00,gas,x\n")
    assert (report.changed, report.unchanged) == (1, 1)
    assert len(log(store)) == 2


def test_an_export_of_a_ticket_that_was_reassigned_here_changes_nothing(store: Store, tmp_path: Path) -> None:
    ticket = Ticket(ticket_id="1", received_at=datetime(2024, 1, 1, 10, tzinfo=UTC), text="smell!")
    entry = Dispatch(ticket=ticket, unit_id="gas", known_at=NOW, source=LabelSource.REASSIGNMENT)
    store.write(lambda session: session.append_dispatches([entry]))
    report = run(store, tmp_path, HEAD + "1,2024-01-01T10:00,gas,smell\n")
    assert (report.changed, report.unchanged, report.bad) == (0, 1, [])


def test_a_rule_of_an_unknown_unit_keeps_the_file_out(store: Store, tmp_path: Path) -> None:
    text = RULE + RULE.replace('"r"', '"s"').replace('unit = "gas"', 'unit = "gass"')
    with pytest.raises(InvalidRule, match=r"rule 's', unit: unknown unit 'gass'.*'gas'"):
        run(store, tmp_path, text, "rules")
    with store.read() as session:
        assert session.rules() == []


def test_a_changed_unit_is_counted_as_changed(store: Store, tmp_path: Path) -> None:
    report = run(store, tmp_path, "unit,name\ngas,Gas Works\nwater,Water\n", "units")
    assert (report.changed, report.unchanged) == (2, 0)
    report = run(store, tmp_path, "unit,name\ngas,Gas Works\nwater,Water Works\n", "units")
    assert (report.changed, report.unchanged) == (1, 1)

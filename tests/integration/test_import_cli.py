"""`gridroute import` as a person runs it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from domain.errors import InvalidMapping
from store.sql import open_store

HEAD = "id;am;einheit;text\n"
MAPPING = (
    '[history]\nticket_id = "id"\nreceived_at = "am"\nunit = "einheit"\ntext = "text"\nencoding = "latin-1"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "map.toml").write_text(MAPPING)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments, "--home", "home"])


def logged(folder: Path) -> list[str]:
    store = open_store(f"sqlite:///{folder / 'home' / 'gridroute.db'}")
    try:
        with store.read() as session:
            return [entry.unit_id for entry in session.dispatches()]
    finally:
        store.close()


def test_a_good_file_is_imported_once(folder: Path) -> None:
    (folder / "h.csv").write_bytes(f"{HEAD}1;2024-01-01T08:00;Straßen;Loch\n".encode("latin-1"))
    first = run("history", "h.csv", "--mapping", "map.toml")
    assert (first.exit_code, logged(folder)) == (0, ["Straßen"])
    assert "history: 1 new or changed, 0 as they were." in first.output
    again = run("history", "h.csv", "--mapping", "map.toml")
    assert "history: 0 new or changed, 1 as they were." in again.output
    assert logged(folder) == ["Straßen"]


def test_a_bad_file_is_refused_with_a_table_and_exit_code_1(folder: Path) -> None:
    rows = "".join(f"{n};03/04/2012;Wasser;x\n" for n in range(2, 40))
    (folder / "h.csv").write_text(f"{HEAD}1;2024-01-01;Wasser;x\n{rows}")
    refused = run("history", "h.csv", "--mapping", "map.toml")
    assert refused.exit_code == 1
    assert "the first 20 of 38" in refused.output
    assert "Nothing was imported: 38 of 39 rows are bad." in refused.output
    cells = [[cell.strip() for cell in line.split("│")] for line in refused.output.splitlines()]
    listed = [row[1:3] for row in cells if len(row) == 6]
    assert listed == [[str(line), "am"] for line in range(3, 23)]
    assert "time_format" in refused.output
    assert logged(folder) == []


def test_skip_bad_imports_the_good_rows(folder: Path) -> None:
    (folder / "h.csv").write_text(f"{HEAD}1;2024-01-01;Wasser;x\n2;;Wasser;x\n")
    result = run("history", "h.csv", "--mapping", "map.toml", "--skip-bad")
    assert result.exit_code == 0
    assert "Bad rows are in h.bad.csv" in result.output
    assert logged(folder) == ["Wasser"]


def test_units_then_rules(folder: Path) -> None:
    (folder / "units.csv").write_text("unit,name\nwater,Water\n")
    (folder / "rules.toml").write_text('[[rule]]\nid = "r"\nunit = "water"\nwhen = { words = "leak" }\n')
    assert run("units", "units.csv").exit_code == 0
    result = run("rules", "rules.toml")
    assert "rules: 1 new or changed" in result.output


def test_an_unknown_key_of_the_mapping_names_the_nearest(folder: Path) -> None:
    (folder / "map.toml").write_text('[history]\nrecieved_at = "am"\n')
    result = run("history", "h.csv", "--mapping", "map.toml")
    assert isinstance(result.exception, InvalidMapping)
    assert "'received_at'" in result.exception.mend


def test_an_invalid_polygon_is_mended_only_when_asked(folder: Path) -> None:
    bow_tie = "POLYGON ((121 31, 121.1 31.1, 121.1 31, 121 31.1, 121 31))"
    (folder / "t.csv").write_text(f'unit,geometry\nwater,"{bow_tie}"\n')
    refused = run("territories", "t.csv")
    assert refused.exit_code == 1
    assert "[121.05 31.05]" in refused.output
    mended = run("territories", "t.csv", "--make-valid")
    assert (mended.exit_code, "Invalid polygons mended: 1 (line 2)." in mended.output) == (0, True)
    assert "1 new or changed" in mended.output
    assert "0 new or changed, 1 as they were" in run("territories", "t.csv", "--make-valid").output

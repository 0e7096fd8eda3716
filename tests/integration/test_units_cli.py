"""`gridroute units` as a person runs it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from store.sql import open_store
from tests.estimators import a_dispatch, a_ticket


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two open units and a closed one, in a store under `home`; three dispatches of water."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "units.csv").write_text(
        "unit,name,kinds,valid_to\nwater,Water,leak,\ngas,Gas,,\nold,Old,,2020-01-01\n"
    )
    (tmp_path / "rules.toml").write_text(
        '[[rule]]\nid = "pipes"\nunit = "water"\nwhen = { words = "pipe" }\n'
    )
    assert run("import", "units", "units.csv").exit_code == 0
    assert run("import", "rules", "rules.toml").exit_code == 0
    store = open_store(f"sqlite:///{tmp_path / 'home' / 'gridroute.db'}")
    store.write(
        lambda session: session.append_dispatches([a_dispatch(a_ticket(i), "water") for i in range(3)])
    )
    store.close()
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", "home"])


def units(folder: Path) -> list[tuple[str, str]]:
    store = open_store(f"sqlite:///{folder / 'home' / 'gridroute.db'}")
    try:
        with store.read() as session:
            return [(unit.unit_id, unit.name) for unit in session.units()]
    finally:
        store.close()


def test_list_shows_open_units_and_with_all_the_closed_ones(folder: Path) -> None:
    listed = run("units", "list").output
    assert [line.split()[0] for line in listed.splitlines()] == ["unit", "gas", "water", "2"]
    [water] = [line.split() for line in listed.splitlines() if "Water" in line]
    assert water == ["water", "Water", "leak", "3"]
    everything = run("units", "list", "--all").output
    assert "old" in everything
    assert "2020-01-01" in everything


def test_diff_tells_and_writes_nothing(folder: Path) -> None:
    before = units(folder)
    (folder / "new.csv").write_text(
        "unit,name,valid_from,valid_to,successors\n"
        "water,Water,,2030-01-01,north|south\nnorth,North,2030-01-01,,\nsouth,South,2030-01-01,,\ngas,Gas Works,,,\n"
    )
    told = run("units", "diff", "new.csv")
    assert told.exit_code == 0
    lines = [" ".join(line.split()) for line in told.output.splitlines()]
    assert [line for line in lines if line in ("Opened", "Closed", "Renamed")] == [
        "Opened",
        "Closed",
        "Renamed",
    ]
    assert "gas Gas Works name: Gas → Gas Works" in lines
    assert "water 2030-01-01 00:00 3 3 3 north rule pipes" not in lines  # it has no tickets of its own
    assert "water 2030-01-01 00:00 0 3 3 north rule pipes" in lines
    assert "water is split into north, south" in lines
    assert any("3 of the last 90 days' 3 dispatches (100.0%)" in line for line in lines)
    assert "1 are not in the list and stay too" in told.output
    assert units(folder) == before


def test_a_closing_without_a_successor_stands_out(folder: Path) -> None:
    (folder / "new.csv").write_text("unit,name,valid_to\nwater,Water,2030-01-01\n")
    assert "! no successor is named" in run("units", "diff", "new.csv").output


def test_bad_rows_are_told_as_an_import_tells_them(folder: Path) -> None:
    (folder / "new.csv").write_text("unit,name\nwater,Water\n,Nobody\nwater,Other\n")
    told, refused = run("units", "diff", "new.csv"), run("import", "units", "new.csv")
    assert told.exit_code == refused.exit_code == 1
    rows = [line for line in told.output.splitlines() if "│" in line]
    assert rows == [line for line in refused.output.splitlines() if "│" in line] != []
    assert "2 of 3 rows are bad" in told.output
    assert units(folder) == [("gas", "Gas"), ("old", "Old"), ("water", "Water")]


def test_a_mapping_names_the_columns(folder: Path) -> None:
    (folder / "new.csv").write_text("id;title\ngas;Gas Works\n")
    (folder / "map.toml").write_text('[units]\nunit = "id"\nname = "title"\n')
    assert "Gas → Gas Works" in run("units", "diff", "new.csv", "--mapping", "map.toml").output

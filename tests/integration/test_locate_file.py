"""`gridroute locate FILE` and `gridroute gazetteer`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from domain.errors import InvalidInput
from store.sql import open_store
from tests.serving import furnished

TICKETS = """\
ticket_id,received_at,text,account,address,phone,latitude,longitude
a,2024-05-01T08:00:00Z,Gas leak,310042,,,,
b,2024-05-01T08:00:00Z,Pothole,,1 NORTH RD,,,
c,not a time,Pothole,,,,31.15,121.45
d,2024-05-01T08:00:00Z,Pothole,310042,,,31.1512,121.4502
e,2024-05-01T08:00:00Z,Pothole,,,,,
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = open_store(f"sqlite:///{tmp_path / 'gridroute.db'}")
    furnished(store)
    store.close()
    (tmp_path / "tickets.csv").write_text(TICKETS)
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.output


def test_every_row_has_its_place_and_doubt(home: Path) -> None:
    out = home / "places.jsonl"
    told = run("locate", str(home / "tickets.csv"), "--out", str(out), "--home", str(home))
    lines = {row["ticket_id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert [lines[one].get("source") for one in "abcde"] == ["account", "address", None, "account", "none"]
    assert lines["a"]["address"] == lines["b"]["address"] == "1 North Road"
    assert lines["b"]["repairs"] == ["account=310042"]
    assert "account_coordinates_disagree" in lines["d"]["reasons"]
    assert len(lines["d"]["other_places"]) == 1
    assert lines["d"]["probability"] < lines["a"]["probability"]
    assert (lines["e"]["probability"], lines["e"]["cell"]) == (0.0, None)
    assert lines["c"]["field"] == "received_at"
    assert "1 bad" in told


def test_a_table_has_the_same_columns(home: Path) -> None:
    out = home / "places.csv"
    run("locate", str(home / "tickets.csv"), "--out", str(out), "--home", str(home))
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    assert rows[3]["reasons"].split() == ["account_coordinates_disagree", "address_filled", "place_ambiguous"]


def test_each_stage_is_explained(home: Path) -> None:
    told = run("locate", str(home / "tickets.csv"), "--explain", "--home", str(home))
    for word in ("look-up", "repair", "witnesses", "belief", "ground", "none of these"):
        assert word in told


def test_each_stage_is_explained_in_chinese(home: Path) -> None:
    told = run("locate", str(home / "tickets.csv"), "--explain", "--lang", "zh", "--home", str(home))
    for word in ("查找", "补正", "佐证", "判断", "责任区", "都不是", "户号"):
        assert word in told
    for word in ("look-up", "witnesses", "none of these", "account 310042", "not known"):
        assert word not in told


def test_somewhere_to_write_is_asked_for(home: Path) -> None:
    with pytest.raises(InvalidInput, match="--out"):
        run("locate", str(home / "tickets.csv"), "--home", str(home))


def test_the_gazetteer_is_kept_as_a_file_and_shown(home: Path) -> None:
    built = run("gazetteer", "build", "--home", str(home))
    assert built.startswith("1 known places")
    (kept,) = (home / "derived").glob("*.places")
    stamp = kept.stat().st_mtime_ns
    shown = run("gazetteer", "show", "--home", str(home))
    assert shown.split("version")[1] == built.split("version")[1]
    assert kept.stat().st_mtime_ns == stamp


def test_a_damaged_file_is_built_again(home: Path) -> None:
    built = run("gazetteer", "build", "--home", str(home))
    (kept,) = (home / "derived").glob("*.places")
    kept.write_bytes(b"rubbish")
    assert run("gazetteer", "build", "--home", str(home)) == built
    assert kept.read_bytes() != b"rubbish"

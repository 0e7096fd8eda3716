"""`gridroute route FILE --out FILE`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.routed_file import routed_file
from domain.errors import InvalidInput
from store.sql import open_store
from tests.serving import furnished

TICKETS = """\
ticket_id,received_at,text,account,latitude,longitude,unit
a,2024-05-01T08:00:00Z,Gas leak,310042,,,whoever
b,2024-05-01T08:00:00Z,Pothole,,31.15,121.45,
c,not a time,Pothole,,31.15,121.45,
,2024-05-01T08:00:00Z,Pothole,,31.15,121.45,
e,,Something,,,,
f,2024-05-01T08:00:00Z,Pothole,,931.15,121.45,
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = open_store(f"sqlite:///{tmp_path / 'gridroute.db'}")
    furnished(store)
    store.close()
    (tmp_path / "tickets.csv").write_text(TICKETS)
    return tmp_path


def route(home: Path, out: str, *more: str) -> str:
    arguments = ["route", str(home / "tickets.csv"), "--out", str(home / out), "--home", str(home), *more]
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None:
        raise result.exception
    return result.output


def test_every_row_has_its_line_in_order_and_bad_rows_their_problem(home: Path) -> None:
    told = route(home, "routed.jsonl")
    lines = [json.loads(line) for line in (home / "routed.jsonl").read_text().splitlines()]
    assert [(row["line"], row["ticket_id"], row.get("verdict"), row.get("unit")) for row in lines] == [
        (2, "a", "dispatch", "gas"),
        (3, "b", "review", "south"),
        (4, "c", None, None),
        (5, "", None, None),
        (6, "e", "hold", None),
        (7, "f", None, None),
    ]
    assert lines[0]["location"] == "account"
    assert [row["field"] for row in lines if "field" in row] == ["received_at", "ticket_id", "latitude"]
    assert all(row["mend"] for row in lines if "field" in row)
    assert "3 bad" in told


def test_csv_says_the_same(home: Path) -> None:
    route(home, "routed.csv")
    with (home / "routed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["dispatch", "review", "", "", "hold", ""]
    assert rows[1]["reasons"].split()[0] == "no_model"


def test_it_is_the_same_by_one_process_and_by_several(home: Path) -> None:
    (home / "tickets.csv").write_text(TICKETS + "z,2024-05-01T08:00:00Z,Gas leak\n" * 300)
    told = [route(home, f"{workers}.jsonl", "--workers", workers) for workers in ("1", "3")]
    assert told[0].partition(":")[2] == told[1].partition(":")[2]
    assert (home / "1.jsonl").read_bytes() == (home / "3.jsonl").read_bytes()
    assert len((home / "3.jsonl").read_text().splitlines()) == 306


def test_a_history_mapping_serves_though_the_unit_is_not_there(home: Path) -> None:
    (home / "map.toml").write_text(
        '[history]\nticket_id = "number"\nreceived_at = "received_at"\nunit = "owner"\ntext = "text"\n'
    )
    (home / "tickets.csv").write_text("number,received_at,text\n7,2024-05-01T08:00:00Z,Gas leak\n")
    assert "1 dispatch" in route(home, "routed.csv", "--mapping", str(home / "map.toml"))


def test_nothing_is_stored(home: Path) -> None:
    route(home, "routed.csv")
    store = open_store(f"sqlite:///{home / 'gridroute.db'}")
    with store.read() as session:
        assert not session.tickets()
    store.close()


@pytest.mark.parametrize(
    ("out", "home_name", "field"),
    [
        ("routed.xlsx", "", "--out"),
        ("no/such/routed.csv", "", "--out"),
        ("routed.csv", "elsewhere", "--home"),
    ],
)
def test_what_cannot_be_is_told(home: Path, out: str, home_name: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        route(home, out, "--home", str(home / home_name))
    assert refusal.value.field == field
    assert not (home / "elsewhere").exists()


def test_the_file_itself_is_never_the_output(home: Path) -> None:
    with pytest.raises(InvalidInput):
        route(home, "tickets.csv")
    assert (home / "tickets.csv").read_text() == TICKETS


def test_a_run_that_fails_leaves_the_older_output(tmp_path: Path) -> None:
    out = tmp_path / "routed.jsonl"
    out.write_text("older")

    def fail() -> None:
        with routed_file(out) as write:
            write({"line": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["routed.jsonl"]
    assert out.read_text() == "older"

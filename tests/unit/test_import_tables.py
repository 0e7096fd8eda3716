"""One small history in every format and encoding reads the same."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from domain.errors import InvalidInput
from domain.places import Point
from store.importing.entities import read_entities
from store.importing.history import read_history
from store.importing.mapping import Mapping, parse_mapping
from store.importing.tables import open_table

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "ticket_id": 7,
        "received_at": datetime(2024, 1, 5, 8, 30),
        "unit": "燃气一所",
        "text": "煤气味; 很大",
        "account": 123.0,
        "latitude": 31.25,
        "longitude": 121.5,
    },
    {
        "ticket_id": 8,
        "received_at": datetime(2024, 1, 6, 9, 0),
        "unit": "水务",
        "text": 'says "no water", twice\nsince noon',
        "account": None,
        "latitude": None,
        "longitude": None,
    },
]
COLUMNS = list(ROWS[0])


def as_csv(delimiter: str, encoding: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        def cell(value: Any) -> str:
            text = "" if value is None else str(int(value)) if value == 123.0 else str(value)
            return '"' + text.replace('"', '""') + '"'

        lines = [delimiter.join(COLUMNS), *(delimiter.join(map(cell, row.values())) for row in ROWS)]
        path = folder / "history.csv"
        path.write_bytes("\r\n".join(lines).encode(encoding))
        return path

    return write


def as_xlsx(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    sheet.append(COLUMNS)
    sheet.append([])
    for row in ROWS:
        sheet.append(list(row.values()))
    book.save(folder / "history.xlsx")
    return folder / "history.xlsx"


def as_jsonl(folder: Path) -> Path:
    path = folder / "history.jsonl"
    sparse = [{key: value for key, value in row.items() if value is not None} for row in ROWS]
    path.write_text("\n\n".join(json.dumps(row, default=str) for row in sparse), encoding="utf-8")
    return path


def as_parquet(folder: Path) -> Path:
    path = folder / "history.parquet"
    rows = [
        row | {name: row[name] or float("nan") for name in ("latitude", "longitude", "account")}
        for row in ROWS
    ]
    table = pyarrow.Table.from_pylist(rows)
    nanoseconds = pyarrow.timestamp("ns")
    column = table.column("received_at").cast(nanoseconds)
    pyarrow.parquet.write_table(table.set_column(1, "received_at", column), path)
    return path


def as_geojson(folder: Path) -> Path:
    path = folder / "history.geojson"
    features = []
    for row in ROWS:
        properties = {key: value for key, value in row.items() if key not in {"latitude", "longitude"}}
        place = [row["longitude"], row["latitude"]]
        geometry = {"type": "Point", "coordinates": place} if place[0] else None
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    text = json.dumps({"type": "FeatureCollection", "features": features}, default=str)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("write", "encoding"),
    [
        pytest.param(as_csv(",", "utf-8"), "utf-8", id="csv"),
        pytest.param(as_csv(",", "utf-8-sig"), "utf-8", id="csv with a byte order mark"),
        pytest.param(as_csv(";", "gb18030"), "gb18030", id="semicolons in gb18030"),
        pytest.param(as_csv("\t", "utf-16"), "utf-16", id="tabs in utf-16"),
        pytest.param(as_xlsx, "utf-8", id="xlsx"),
        pytest.param(as_jsonl, "utf-8", id="jsonl"),
        pytest.param(as_parquet, "utf-8", id="parquet"),
        pytest.param(as_geojson, "utf-8", id="geojson"),
    ],
)
def test_every_format_reads_the_same(tmp_path: Path, write: Callable[[Path], Path], encoding: str) -> None:
    mapping = parse_mapping(f'[history]\ntimezone = "Asia/Shanghai"\nencoding = "{encoding}"')
    history = read_history(write(tmp_path), mapping, now=NOW)
    assert history.bad_rows == []
    first, second = (entry.ticket for entry in history.dispatches)
    assert [entry.unit_id for entry in history.dispatches] == ["燃气一所", "水务"]
    assert (first.ticket_id, first.account, first.text) == ("7", "123", "煤气味; 很大")
    assert first.received_at == datetime(2024, 1, 5, 0, 30, tzinfo=UTC)
    assert first.point == Point(latitude=31.25, longitude=121.5)
    assert second.text == 'says "no water", twice\nsince noon'
    assert (second.account, second.point) == (None, None)


@pytest.mark.parametrize("failed", ["#N/A", "#REF!", "#NAME?"])
def test_a_look_up_that_failed_in_a_workbook_is_no_account(tmp_path: Path, failed: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["ticket_id", "received_at", "unit", "text", "account", "phone"])
    sheet.append([7, datetime(2024, 1, 5), "gas", failed, failed, failed])
    book.save(tmp_path / "h.xlsx")
    [entry] = read_history(tmp_path / "h.xlsx", Mapping(), now=NOW).dispatches
    assert (entry.ticket.text, entry.ticket.account, entry.ticket.phone) == ("", None, None)


def test_an_account_that_a_database_writes_with_decimals_is_the_same_account(tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "ticket_id": ["1", "2"],
            "received_at": ["2024-01-01", "2024-01-01"],
            "unit": ["gas", "gas"],
            "account": pyarrow.array([Decimal(310042), None], pyarrow.decimal128(38, 10)),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "h.parquet")
    history = read_history(tmp_path / "h.parquet", Mapping(), now=NOW)
    assert [entry.ticket.account for entry in history.dispatches] == ["310042", None]


@pytest.mark.parametrize("shortened", ["1.38E+10", "3,10042E+11", "6E+12"])
def test_a_number_that_a_spreadsheet_shortened_is_nobodys(tmp_path: Path, shortened: str) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f'account;phone\n1;"{shortened}"\n')
    [bad] = read_entities(path, Mapping(kind="accounts")).bad_rows
    assert (bad.line, bad.field, bad.reason.value) == (2, "phone", "shortened")


def test_latin_1(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes("ticket_id;received_at;unit\n1;2024-01-01;Straßenbau Köln\n".encode("latin-1"))
    history = read_history(path, parse_mapping('[history]\nencoding = "latin-1"'), now=NOW)
    assert history.dispatches[0].unit_id == "Straßenbau Köln"


def test_jsonl_lines_that_are_no_objects_are_bad_rows(tmp_path: Path) -> None:
    good = '{"ticket_id": 1, "received_at": "2024-01-01", "unit": "gas"}'
    path = tmp_path / "h.jsonl"
    path.write_bytes(f'{good}\n[1]\n{{"broken\n{{"ticket_id": "\\ud800"}}\n'.encode() + b'{"unit": "\xff"}\n')
    history = read_history(path, Mapping(), now=NOW)
    told = {(bad.line, bad.reason.value) for bad in history.bad_rows}
    assert {(2, "unparsable"), (3, "unparsable"), (4, "encoding"), (5, "encoding")} <= told
    assert len(history.dispatches) == 1


def test_parquet_text_of_another_encoding_is_a_bad_row(tmp_path: Path) -> None:
    units = pyarrow.array([b"gas", "煤气".encode("gb18030")]).view(pyarrow.string())
    times = pyarrow.array([datetime(2024, 1, 1)] * 2)
    table = pyarrow.table({"ticket_id": [1, 2], "received_at": times, "unit": units})
    pyarrow.parquet.write_table(table, tmp_path / "h.parquet")
    history = read_history(tmp_path / "h.parquet", Mapping(), now=NOW)
    assert [(bad.line, bad.field, bad.reason.value) for bad in history.bad_rows] == [(2, "unit", "encoding")]


def test_parquet_times_finer_than_a_microsecond_are_cut(tmp_path: Path) -> None:
    times = pyarrow.array([1_704_441_600_000_000_789], pyarrow.timestamp("ns", tz="UTC"))
    table = pyarrow.table({"ticket_id": ["1"], "received_at": times, "unit": ["gas"]})
    pyarrow.parquet.write_table(table, tmp_path / "h.parquet")
    history = read_history(tmp_path / "h.parquet", Mapping(), now=NOW)
    assert history.dispatches[0].ticket.received_at == datetime(2024, 1, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("h.xls", b"", "unknown extension '.xls'"),
        ("h.csv", b"", "the first line is empty"),
        ("h.csv", "编号,单位\n".encode("gb18030"), "not utf-8 text"),
        ("h.xlsx", b"no zip", "not a workbook"),
        ("h.parquet", b"no parquet", "not Parquet"),
        ("h.geojson", b"[]", "not GeoJSON"),
        ("h.geojson", b"\xff", "not GeoJSON"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        open_table(tmp_path / name)


def test_an_unknown_extension_names_the_nearest_known(tmp_path: Path) -> None:
    (tmp_path / "h.parq").touch()
    with pytest.raises(InvalidInput, match=r"Did you mean '\.parquet'"):
        open_table(tmp_path / "h.parq")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        open_table(tmp_path / "h.csv")


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = as_csv(",", "utf-8")(tmp_path)
    read_history(path, Mapping(), now=NOW, progress=lambda done, total: told.append((done, total)))
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert all(0 <= done <= total == size for done, total in told)

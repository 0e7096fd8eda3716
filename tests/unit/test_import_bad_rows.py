"""Each kind of bad row: its line, its field, its reason and a mend that helps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.importing.history import read_history
from store.importing.mapping import Mapping, parse_mapping

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HEADER = "ticket_id,received_at,known_at,unit,text,latitude,longitude"
GOOD = "1,2024-01-01T10:00,,gas,smell,31.2,121.5"
SHANGHAI = '[history]\ntimezone = "Asia/Shanghai"'


def bad_rows(folder: Path, row: bytes | str, mapping: str = "[history]") -> list[tuple[int, str, str, str]]:
    """(line, field, reason, mend) of a file of a good row in line 2 and `row` in line 3."""
    path = folder / "history.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + (row.encode() if isinstance(row, str) else row))
    history = read_history(path, parse_mapping(mapping), now=NOW)
    assert [entry.ticket.ticket_id for entry in history.dispatches][:1] == ["1"]
    return [(bad.line, bad.field, bad.reason.value, bad.mend) for bad in history.bad_rows]


@pytest.mark.parametrize(
    ("row", "field", "reason", "mend"),
    [
        ("2,2024-01-02T10:00,,,x,,", "unit", "missing_unit", "Give the unit"),
        (",2024-01-02T10:00,,gas,x,,", "ticket_id", "missing_id", "Give the ticket id"),
        ("2,,,gas,x,,", "received_at", "missing_time", "Give the time"),
        ("2,yesterday,,gas,x,,", "received_at", "bad_time", "2024-03-31T08:15"),
        ("2,2024-02-30,,gas,x,,", "received_at", "bad_time", "2024-03-31T08:15"),
        ("2,1717200000,,gas,x,,", "received_at", "bad_time", "2024-03-31T08:15"),
        ("2,03/04/2012,,gas,x,,", "received_at", "ambiguous_time", "time_format"),
        ("2,3.4.12 10:00,,gas,x,,", "received_at", "ambiguous_time", "time_format"),
        ("2,25/04/2012,,gas,x,,", "received_at", "bad_time", "time_format"),
        ("2,2024-06-02T10:00,,gas,x,,", "received_at", "future_time", "timezone"),
        ("2,2024-01-02T10:00,2024-01-01T10:00,gas,x,,", "known_at", "bad_period", "Mend one"),
        ("2,2024-01-02T10:00,,gas,x,95,200", "latitude", "bad_coordinate", "crs"),
        ("2,2024-01-02T10:00,,gas,x,31.2,", "latitude", "bad_coordinate", "both or none"),
        ("2,2024-01-02T10:00,,gas,x,north,121.5", "latitude", "bad_coordinate", "decimal"),
        ("2,2024-01-02T10:00,,gas,x,inf,121.5", "latitude", "bad_coordinate", "decimal"),
        (f"2,2024-01-02T10:00,,gas,{'x' * 20_001},,", "text", "too_long", "quotation mark"),
        ("2,2024-01-02T10:00,,gas,a\0b,,", "text", "nul_byte", "Remove"),
        ("2,2024-01-02T10:00,,gas,煤气,,".encode("gb18030"), "text", "encoding", "encoding"),
        ("1,2024-01-01T10:00,,gas,other words,31.2,121.5", "ticket_id", "duplicate_conflict", "Keep"),
        ("2,2024-01-02T10:00", "unit", "missing_unit", "Give the unit"),
        ("3.10042E+11,2024-01-02T10:00,,gas,x,,", "ticket_id", "shortened", "as text"),
        ("2,2024-01-02T10:00,,#N/A,x,,", "unit", "missing_unit", "Give the unit"),
        ("2,2024-01-02T10:00,,gas,x,,,more", "row", "unparsable", "quotation marks"),
    ],
)
def test_a_bad_row_names_line_field_and_mend(
    tmp_path: Path, row: bytes | str, field: str, reason: str, mend: str
) -> None:
    [found] = bad_rows(tmp_path, row)
    assert found[:3] == (3, field, reason)
    assert mend in found[3]


@pytest.mark.parametrize(
    "row",
    [
        "2,2024-01-02T10:00,,gas,,,",
        "2,2024-01-02T10:00,,gas,x,nan,NaN",
        "2,2024-01-02T10:00,,gas,x,0,0",
        "2,2024-01-02T10:00,,gas,x,#N/A,#N/A",
        "2,2024-01-02T10:00,,gas",
        GOOD,
        "\n",
    ],
    ids=[
        "no text",
        "no coordinates",
        "zero coordinates",
        "failed look-up",
        "short row",
        "the same again",
        "blank line",
    ],
)
def test_what_is_no_fault(tmp_path: Path, row: str) -> None:
    assert bad_rows(tmp_path, row) == []


def test_every_fault_of_a_row_is_told(tmp_path: Path) -> None:
    faults = bad_rows(tmp_path, ",soon,,,x,95,0")
    assert [reason for _, _, reason, _ in faults] == [
        "missing_id",
        "bad_time",
        "missing_unit",
        "bad_coordinate",
    ]


def test_a_mapped_field_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("nr,when,who\n7,2024-01-01,\n")
    mapping = parse_mapping('[history]\nticket_id = "nr"\nreceived_at = "when"\nunit = "who"')
    [bad] = read_history(path, mapping, now=NOW).bad_rows
    assert bad.field == "who"


def test_the_line_is_the_files_own_after_quoted_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text('ticket_id,received_at,unit,text\n1,2024-01-01,gas,"a\nb\n\nc"\n\n2,2024-01-01,,x\n')
    history = read_history(path, Mapping(), now=NOW)
    assert [bad.line for bad in history.bad_rows] == [7]
    assert history.dispatches[0].ticket.text == "a\nb\n\nc"


def test_a_quotation_mark_left_open_makes_one_row_bad(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    rows = "".join(f"{n},2024-01-01,gas,{'words ' * 40}\n" for n in range(3, 200))
    path.write_text(f'ticket_id,received_at,unit,text\n1,2024-01-01,gas,x\n2,2024-01-01,gas,"open\n{rows}')
    history = read_history(path, Mapping(), now=NOW)
    assert [(bad.line, bad.reason.value) for bad in history.bad_rows] == [(3, "unparsable"), (3, "too_long")]


@pytest.mark.parametrize("last", ["\n", ""], ids=["a last line break", "none"])
def test_a_quotation_mark_left_open_swallows_no_row_in_silence(tmp_path: Path, last: str) -> None:
    path = tmp_path / "h.csv"
    path.write_text(
        f'ticket_id,received_at,unit,text\n1,2024-01-01,gas,"x"\n2,2024-01-01,gas,"open\n3,2024-01-01,gas,x{last}'
    )
    history = read_history(path, Mapping(), now=NOW)
    assert [(bad.line, bad.field, bad.mend) for bad in history.bad_rows] == [
        (3, "row", "Close the quotation mark that this row leaves open.")
    ]
    assert [entry.ticket.ticket_id for entry in history.dispatches] == ["1"]


def test_a_time_is_in_the_future_by_its_own_zone(tmp_path: Path) -> None:
    row = "2,2024-06-01T07:59,,gas,x,,"
    assert bad_rows(tmp_path, row, SHANGHAI) == []
    assert bad_rows(tmp_path, row)[0][2] == "future_time"


def test_rejected_rows_are_counted_by_their_first_fault(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("ticket_id,received_at,unit\n1,2024-01-01,gas\n2,2024-01-01,\n3,,\n4,2024-01-01,\n,x,\n")
    history = read_history(path, Mapping(), now=NOW)
    assert history.rejected == {"missing_unit": 2, "missing_time": 1, "missing_id": 1}
    assert (history.rows, len(history.dispatches)) == (5, 1)

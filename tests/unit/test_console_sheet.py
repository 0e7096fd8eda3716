"""Files of tickets, drafts of calls, and what callers are told."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from console.pages.intake.draft import Draft, new_number
from console.pages.intake.importing import BadRow, bad_csv
from console.pages.intake.sheet import Unreadable, rows_of
from console.pages.intake.telling import told_of
from console.words import Words


def test_columns_are_known_by_their_names_in_both_languages() -> None:
    content = "内容,诉求地址,户号,纬度,经度,别的\n停电,碧阳路1号,310042,31.2,121.4,x\n".encode("gb18030")
    (row,) = rows_of("今天.CSV", content)
    assert row.body == {
        "text": "停电",
        "address": "碧阳路1号",
        "account": "310042",
        "latitude": 31.2,
        "longitude": 121.4,
    }
    assert row.line == 2


def test_a_row_that_cannot_be_read_says_where_and_what() -> None:
    rows = rows_of("a.csv", b"text,latitude\nDark,north\nLeak,31.2\n\n")
    assert [(one.line, one.field, one.value) for one in rows] == [(2, "latitude", "north"), (3, "", "")]


@pytest.mark.parametrize(
    ("name", "content", "line", "problem"),
    [
        ("a.csv", "text,address\nDark,1 North Road\nWater, everywhere,2 North Road\n", 3, "cells"),
        (
            "a.csv",
            'text,address\nDark,1 North Road\n"Water,2 North Road\nLeak,3 North Road\n',
            3,
            "quotation",
        ),
        ("a.csv", "text,account\nDark,1\nWater,3.10042E+11\n", 3, "shortened"),
        ("a.csv", "text,lat,lon\nDark,,\nWater,inf,121.4\n", 3, "number"),
        ("a.jsonl", '{"text": "Dark"}\n{"text": \n', 2, "json"),
        ("a.jsonl", '{"text": "Dark"}\n[1]\n', 2, "json"),
    ],
)
def test_what_cannot_be_cut_into_cells_is_a_bad_row_and_the_others_are_taken(
    name: str, content: str, line: int, problem: str
) -> None:
    good, bad = rows_of(name, content.encode())
    assert good.body == {"text": "Dark"} | {key: good.body[key] for key in good.body if key != "text"}
    assert (bad.line, bad.problem) == (line, problem)
    for language in ("en", "zh"):
        assert Words(language)(f"intake.unread.{problem}", value="")
        assert Words(language)(f"intake.mend.{problem}")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("text;lat;lon\nDark;nan;NaN\n", "utf-8"),
        ("text\tlat\nDark\t\n", "utf-16"),
        ("text,account\nDark,#N/A\n", "utf-8"),
    ],
)
def test_files_as_spreadsheets_write_them(content: str, encoding: str) -> None:
    (row,) = rows_of("a.csv", content.encode(encoding))
    assert row.body == {"text": "Dark"}


def test_no_column_takes_the_place_of_another_of_its_kind() -> None:
    (row,) = rows_of(
        "a.csv", "诉求,内容,电话,手机,地址,地址\n停水,三天了,62700000,13800000000,碧阳路1号,\n".encode()
    )
    assert row.body == {"text": "停水\n三天了", "phone": "62700000", "address": "碧阳路1号"}


def test_a_cell_that_is_too_long_for_a_ticket_is_left_to_the_service_to_refuse() -> None:
    long, other = rows_of("a.csv", f'text\n"{"x" * 200_000}"\nDark\n'.encode())
    assert (len(long.body["text"]), long.problem, other.body) == (200_000, "", {"text": "Dark"})


def test_a_line_separator_in_json_is_no_end_of_a_line() -> None:
    (row,) = rows_of("a.jsonl", '{"text": "Dark\u2028since noon"}'.encode())
    assert row.body == {"text": "Dark\u2028since noon"}


def test_a_workbook_that_states_too_small_a_size_is_read_whole() -> None:
    book, told, out = Workbook(), io.BytesIO(), io.BytesIO()
    assert book.active is not None
    for cells in (["text", "address"], ["Dark", "1 North Road"], ["Leak", "2 North Road"]):
        book.active.append(cells)
    book.save(told)
    with ZipFile(told) as whole, ZipFile(out, "w") as small:
        for part in whole.namelist():
            small.writestr(part, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', whole.read(part)))
    assert [row.body["address"] for row in rows_of("a.xlsx", out.getvalue())] == [
        "1 North Road",
        "2 North Road",
    ]


def test_bad_rows_are_mended_in_their_own_file() -> None:
    rows = rows_of("a.csv", b"text,note,lat\nDark,x,31.2\nWater,y,north\nLeak, at the gate,z,31.2\n")
    bad = [
        BadRow(line=row.line, field=row.field, problem=row.problem, mend=told, cells=row.cells)
        for row in rows
        if row.problem
        for told in ("one", "two")  # two faults of a row are one row of the file
    ]
    content = bad_csv(bad, Words("en"))
    assert content.decode("utf-8-sig").splitlines() == [
        "Line,Field,Problem,Mend,text,note,lat,+1",
        "3,latitude; latitude,number; number,one; two,Water,y,north,",
        "4,; ,cells; cells,one; two,Leak, at the gate,z,31.2",
    ]
    mended = content.replace(b"north", b"31.2").replace(
        b"Leak, at the gate,z,31.2", b'"Leak, at the gate",z,31.2,'
    )
    assert [row.body for row in rows_of("bad-rows.csv", mended)] == [
        {"text": "Water", "latitude": 31.2},
        {"text": "Leak, at the gate", "latitude": 31.2},
    ]


def test_spreadsheets_take_accounts_for_figures_and_know_no_zones() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["text", "account", "received_at"])
    book.active.append(["Dark", 310042.0, datetime(2024, 5, 1, 9, 30)])
    out = io.BytesIO()
    book.save(out)
    (row,) = rows_of("a.xlsx", out.getvalue())
    assert row.body["account"] == "310042"
    assert datetime.fromisoformat(row.body["received_at"]) == datetime(2024, 5, 1, 9, 30).astimezone()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.pdf", b"%PDF", "kind"),
        ("a.xlsx", b"not a workbook", "broken"),
        ("a.csv", b"foo,bar\n1,2\n", "columns"),
        ("a.csv", b"text\n\xff\xff\xff", "broken"),
    ],
)
def test_files_that_cannot_be_read_say_why(name: str, content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        rows_of(name, content)
    assert Words("en")(f"intake.unreadable.{why}")


def test_a_draft_leaves_out_what_is_empty() -> None:
    assert not Draft(phone="1234").says_something
    draft = Draft(text=" Dark ", account="", point=(31.2, 121.4))
    assert draft.says_something
    assert draft.body() == {"text": "Dark", "latitude": 31.2, "longitude": 121.4, "channel": "phone"}


def test_numbers_can_be_told_on_the_phone() -> None:
    made = {new_number(datetime(2026, 3, 1, tzinfo=UTC)) for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"260301-[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", one) for one in made)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("status", ["received", "in_review", "on_hold", "dispatched", "joined"])
def test_callers_hear_where_it_stands_and_never_a_proposal(status: str, language: str) -> None:
    ticket = {"ticket_id": "261128-7KQ4-9DXM", "status": status, "unit_name": "Gas emergency", "unit": "gas"}
    told = " ".join(told_of(ticket | {"joined_into": "t9", "priority": "urgent"}, Words(language)))
    assert "261128-7KQ4-9DXM" in told
    assert ("Gas emergency" in told) is (status == "dispatched")
    assert "{" not in told

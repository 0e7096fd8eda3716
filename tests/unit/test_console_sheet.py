"""Files of tickets, drafts of calls, and what callers are told."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook

from console.pages.intake.draft import Draft, new_number
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
        ("a.jsonl", b"[1]\n", "broken"),
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

"""Files of tickets, joining, tables and earlier tickets on the intake page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import expect

from domain.tickets import TicketStatus
from tests.browser.conftest import Open
from tests.browser.served import Served


def test_a_file_is_taken_in_and_its_bad_rows_are_shown(served: Served, enter: Open, tmp_path: Path) -> None:
    file = tmp_path / "morning.csv"
    rows = [
        "编号,内容,地址,纬度,经度",
        "file-1,路灯不亮,龙宝街道,,",
        "file-2,漏水,,北,121.4",
        "file-3,漏水,,99,121.4",
    ]
    file.write_text("\n".join(rows), encoding="gb18030")
    page = enter("caller", "/intake")
    page.get_by_role("button", name="Import a file of tickets").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("1 tickets taken, 2 faults")).to_be_visible()
    table = page.locator(".gr-import table")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table).to_contain_text("not a number: 北")
    expect(table.locator("tbody tr").nth(1)).to_contain_text("latitude")
    assert served.stored("file-1").ticket.channel == "file"
    assert served.stored("file-2") is served.stored("file-3") is None
    page.locator("input[type=file]").set_input_files(file)  # again: nothing is taken twice
    expect(page.get_by_text("1 tickets taken, 2 faults")).to_be_visible()


def test_one_more_caller_joins_an_open_ticket(served: Served, enter: Open) -> None:
    def said_again(ticket: Any) -> dict[str, str]:
        content = ticket["content"]
        return {name: content[name] for name in ("text", "address", "account") if content[name]}

    def is_found(ticket: Any) -> bool:  # where it is depends on what of it a caller says again
        found = served.ask("caller", "POST", "/v1/preview", {**said_again(ticket), "channel": "phone"})
        return ticket["ticket_id"] in {one["ticket_id"] for one in found["alike"]}

    first = next(one for one in served.submit(8) if is_found(one))
    page = enter("caller", "/intake")
    for field, value in said_again(first).items():
        page.locator(f"[data-field={field}]").fill(value)
    page.get_by_role("button", name="Join").first.click()
    told = page.locator(".gr-answer")
    expect(told).to_contain_text("Others have told us of this already")
    (joined,) = [
        one
        for one in served.ask("admin", "GET", "/v1/tickets?status=joined")["tickets"]
        if one["ticket_id"] in told.inner_text()
    ]
    assert served.stored(joined["ticket_id"]).status is TicketStatus.JOINED


def test_today_s_tickets_are_a_table(served: Served, enter: Open) -> None:
    (first,) = served.submit(1)
    page = enter("caller", "/intake")
    with page.expect_download() as csv:
        page.get_by_role("link", name="Today's tickets CSV").click()
    assert first["ticket_id"] in Path(csv.value.path()).read_text(encoding="utf-8-sig")
    assert csv.value.suggested_filename.startswith("tickets-20")
    with page.expect_download() as xlsx:
        page.get_by_role("link", name="Today's tickets XLSX").click()
    sheet = load_workbook(io.BytesIO(Path(xlsx.value.path()).read_bytes())).active
    assert sheet is not None
    assert first["ticket_id"] in {str(cell.value) for cell in sheet["A"]}


def test_what_would_decide_it_is_asked_for_while_the_caller_is_on_the_line(
    served: Served, enter: Open
) -> None:
    def previewed(**said: str) -> Any:
        return served.ask("caller", "POST", "/v1/preview?lang=zh", {**said, "channel": "phone"})

    def sentences(found: Any) -> set[str]:
        return {one["sentence"] for one in found["missing"][:3]}

    address = next(one["address"] for one in served.coming() if "路" in str(one.get("address")))
    text = "停电了，家里没电"
    before, after = previewed(text=text), previewed(text=text, address=address)
    assert sentences(before) != sentences(after)
    page = enter("caller", "/intake", language="zh-CN")
    page.get_by_label("什么问题？").fill(text)
    asks = page.locator(".gr-thoughts .gr-note", has_text="请询问来电人")
    for sentence in sentences(before):
        expect(asks).to_contain_text(sentence)
    page.get_by_label("地址、小区或路口").fill(address)
    expect(page.locator(".gr-where .gr-pin")).to_be_visible()
    unit = page.locator(".gr-unit")
    expect(unit.locator("span").first).to_have_text(after["unit"]["name"])
    expect(unit).to_contain_text(f"{100 * after['probability']:.0f}%")
    for sentence in sentences(before) - sentences(after):
        expect(page.get_by_text(sentence)).to_have_count(0)
    known = served.ask("admin", "GET", "/v1/tickets?limit=500")["tickets"]
    assert text not in {one["title"] for one in known}  # nothing is taken yet

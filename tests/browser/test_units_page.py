"""The administrator's page: a file shows what it changes first; keys, endpoints and sessions."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing

import httpx
from playwright.sync_api import Page, expect

from cli.workspace import Workspace
from router.event_ports import EventKind
from store.sql import open_store
from tests.browser.conftest import Open
from tests.browser.served import Served


def test_a_file_of_units_shows_what_it_changes_before_it_does(served: Served, enter: Open) -> None:
    unit = served.ask("admin", "GET", "/v1/units")["units"][0]
    page = enter("admin", "/units")
    page.get_by_text("Import units from a file").click()
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(("unit_id", "name"))
    write.writerow((unit["unit"], "The Old Pump House"))
    write.writerow(("swans", "Swan Rescue"))
    upload(page, "units.csv", text.getvalue().encode())
    changed = page.locator(".gr-diff")
    expect(changed.get_by_text("The Old Pump House")).to_be_visible()
    expect(changed.get_by_text("Swan Rescue")).to_be_visible()
    assert names(served)[unit["unit"]] == unit["name"]
    page.get_by_role("button", name="Apply these changes").click()
    expect(page.get_by_text("Done: 2 changed.")).to_be_visible()
    after = names(served)
    assert (after[unit["unit"]], after["swans"]) == ("The Old Pump House", "Swan Rescue")
    told = [one.detail for one in served.log() if one.kind is EventKind.CHANGED and one.by == "admin"]
    assert told[-1:] == ["units 2"]


def test_bad_rows_are_on_the_screen_and_change_nothing(served: Served, enter: Open) -> None:
    page = enter("admin", "/units")
    before = names(served)
    page.get_by_text("Import units from a file").click()
    upload(page, "units.csv", b"unit_id,name,valid_from\nx-1,Good,\nx-2,Bad,the day before\n")
    expect(page.get_by_text("1 of 2 rows cannot be taken")).to_be_visible()
    expect(page.locator(".gr-diff").get_by_role("cell", name="valid_from")).to_be_visible()
    expect(page.get_by_role("button", name="Apply these changes")).to_have_count(0)
    assert names(served) == before


def test_territories_are_on_the_map_as_of_a_day(served: Served, enter: Open) -> None:
    page = enter("admin", "/units?tab=territories")
    shown = page.get_by_role("region", name="Map of the territories").locator("path.leaflet-interactive")
    today = served.ask("admin", "GET", f"/v1/territories?at={'2024-03-02T12:00:00Z'}")["features"]
    page.get_by_label("Valid on").fill("2024-03-02")
    expect(shown).to_have_count(len(today))
    page.get_by_label("Valid on").fill("")
    expect(shown).to_have_count(len(served.ask("admin", "GET", "/v1/territories")["features"]))


def test_a_key_is_made_shown_once_and_revoked(served: Served, enter: Open) -> None:
    page = enter("admin", "/units?tab=keys")
    page.get_by_label("Whose it is").fill("Wang Fang")
    page.get_by_role("button", name="Make").click()
    secret = page.locator("[data-secret]").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    who = httpx.get(f"{served.api}/v1/who", headers=headers, trust_env=False)
    assert (who.json()["name"], who.json()["role"]) == ("Wang Fang", "reviewer")
    page.get_by_role("button", name="Revoke: Wang Fang").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator("tr", has_text="Wang Fang").get_by_text("revoked")).to_be_visible()
    assert httpx.get(f"{served.api}/v1/who", headers=headers, trust_env=False).status_code == 401
    page.reload()
    expect(page.get_by_text("Wang Fang")).to_be_visible()
    expect(page.get_by_text(secret)).to_have_count(0)


def test_an_endpoint_is_set_with_a_secret_shown_once_and_removed(served: Served, enter: Open) -> None:
    unit = next(one for one in served.ask("admin", "GET", "/v1/units")["units"] if one["open"])
    page = enter("engineer", "/units?tab=deliveries")
    box = page.get_by_role("combobox", name="Unit")
    box.fill(unit["name"])
    page.get_by_role("option", name=unit["name"], exact=True).click()
    page.get_by_label("Address that deliveries are sent to").fill("https://crew.example/hook")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret]")).to_contain_text("whsec_")
    assert (
        served.ask("admin", "GET", f"/v1/units/{unit['unit']}/endpoint")["url"] == "https://crew.example/hook"
    )
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed.")).to_be_visible()


def test_an_engineer_sees_no_keys(enter: Open) -> None:
    page = enter("engineer", "/units")
    expect(page.get_by_role("tab", name="Deliveries")).to_be_visible()
    expect(page.get_by_role("tab", name="Keys and roles")).to_have_count(0)


def test_a_session_is_ended(served: Served, enter: Open) -> None:
    other = enter("colleague", "/review")
    page = enter("admin", "/units?tab=sessions")
    mine = page.get_by_role("button", name="End: colleague")
    mine.first.wait_for()
    for left in reversed(range(mine.count())):
        mine.first.click()
        expect(mine).to_have_count(left)
    other.reload()
    expect(other).to_have_url(re.compile("sign-in"))


def upload(page: Page, name: str, content: bytes) -> None:
    """Choose that file."""
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def names(served: Served) -> dict[str, str]:
    """The units' names by id, as the store has them."""
    with closing(open_store(Workspace(home=served.home).store_url)) as store, store.read() as session:
        return {one.unit_id: one.name for one in session.units()}

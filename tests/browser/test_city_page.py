"""The city's screen: it stays true by itself, stops automation, and leads to the tickets behind a figure."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from router.event_ports import EventKind
from tests.browser.conftest import Open
from tests.browser.served import Served


def figure(page: Page, name: str) -> Locator:
    """The figure in the tile of that name; the pages of one process share what they ask for some two seconds."""
    return page.locator(".gr-sign", has=page.get_by_text(name, exact=True)).locator(".gr-sign-value")


def test_a_ticket_that_comes_in_is_seen_without_touching_the_page(served: Served, enter: Open) -> None:
    served.submit(2)
    page = enter("engineer", "/city")
    before = served.ask("admin", "GET", "/v1/vitals")
    expect(figure(page, "Received")).to_have_text(f"{before['received']:,}")
    expect(figure(page, "Waiting")).to_have_text(f"{before['waiting']:,}")
    served.ask("caller", "POST", "/v1/tickets", {"text": "A swan sits on the tram line"})
    expect(page.locator(".gr-latest-title", has_text="A swan sits on the tram line")).to_be_visible()
    after = served.ask("admin", "GET", "/v1/vitals")
    expect(figure(page, "Received")).to_have_text(f"{after['received']:,}")
    chart = page.locator(".gr-chart")
    expect(chart).to_have_attribute("aria-label", re.compile(rf"^{after['received']} tickets received"))


def test_automation_is_stopped_and_goes_on_with_a_reason(served: Served, enter: Open) -> None:
    page = enter("engineer", "/city")
    page.get_by_role("button", name="Stop", exact=True).click()
    now = page.get_by_role("button", name="Stop it now")
    expect(now).to_be_disabled()
    page.get_by_label("Reason").fill("the map was wrong in the north")
    now.click()
    listed = page.locator(".gr-suspension", has_text="the map was wrong in the north")
    expect(listed).to_contain_text("engineer")
    expect(page.get_by_text("Stopped: everything goes to people")).to_be_visible()
    (held,) = served.ask("admin", "GET", "/v1/automation")["suspensions"]
    assert (held["scope"], held["by"], held["reason"]) == (
        "all",
        "engineer",
        "the map was wrong in the north",
    )
    page.get_by_role("button", name="Let it go on: Everything").click()
    page.get_by_label("Reason").fill("mended")
    page.get_by_role("button", name="Let it go on", exact=True).click()
    expect(listed).to_have_count(0)
    assert served.ask("admin", "GET", "/v1/automation")["suspensions"] == []
    told = [
        (one.kind, one.by) for one in served.log() if one.kind in (EventKind.SUSPENDED, EventKind.RESUMED)
    ]
    assert told[-2:] == [(EventKind.SUSPENDED, "engineer"), (EventKind.RESUMED, "engineer")]


def test_a_unit_is_stopped_by_its_name(served: Served, enter: Open) -> None:
    unit = next(one for one in served.ask("admin", "GET", "/v1/units")["units"] if one["open"])
    page = enter("engineer", "/city")
    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Of what").click()
    page.get_by_role("option", name="Unit", exact=True).click()
    dialog.get_by_label("Reason").fill("their van is broken")
    now = dialog.get_by_role("button", name="Stop it now")
    expect(now).to_be_disabled()  # nobody is named yet
    dialog.get_by_role("combobox", name="Which one").fill(unit["name"])
    page.get_by_role("option", name=unit["name"], exact=True).click()
    now.click()
    listed = page.locator(".gr-suspension", has_text="their van is broken")
    expect(listed).to_contain_text(f"Unit {unit['name']}")
    (held,) = served.ask("admin", "GET", "/v1/automation")["suspensions"]
    assert (held["scope"], held["key"], held["by"]) == ("unit", unit["unit"], "engineer")
    served.ask(
        "engineer",
        "POST",
        "/v1/automation/resume",
        {"suspension": held["suspension"], "by": "test", "reason": "the end"},
    )


def test_a_click_on_a_cell_lists_its_tickets(served: Served, enter: Open) -> None:
    served.submit(3)
    page = enter("engineer", "/city")
    cell = page.locator("path.leaflet-interactive").last
    cell.wait_for()
    cell.dispatch_event("click")
    page.wait_for_url("**/tickets?**")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    expect(page.locator(".gr-table tbody tr").first).to_be_visible()
    listed = served.ask("admin", "GET", f"/v1/tickets?{httpx.QueryParams(asked | {'limit': '100'})}")
    assert asked["cell"]
    assert page.locator(".gr-table tbody tr").count() == len(listed["tickets"]) > 0


def test_who_may_not_stop_automation_has_no_button_for_it(enter: Open) -> None:
    page = enter("reviewer", "/city")
    expect(page.get_by_role("region", name="Automatic dispatch")).to_be_visible()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
def test_the_chart_takes_the_pages_colours(enter: Open, dark: bool) -> None:
    page = enter("engineer", "/city", dark=dark)
    page.locator(".gr-chart svg").wait_for()
    colours = page.locator(".gr-chart svg").inner_html()
    assert ("#e6ecf0" in colours or "rgb(230,236,240)" in colours) == dark

"""Pages that are open while something restarts."""

from __future__ import annotations

from playwright.sync_api import expect

from router.event_ports import EventKind
from tests.browser.conftest import Open
from tests.browser.served import Served
from tests.browser.test_review_page import number_on


def test_a_page_comes_back_by_itself_when_the_console_restarts(served: Served, enter: Open) -> None:
    served.submit(2)
    page = enter("reviewer", "/review")
    expect(page.locator(".gr-title")).to_be_visible()
    page.evaluate("window.before = true")
    served.stop("console")
    expect(page.locator("#popup[aria-hidden=false]")).to_be_visible()
    served.start("console")
    page.wait_for_function("window.before === undefined")  # loaded anew, and nobody had to sign in
    expect(page.locator(".gr-title")).to_be_visible()
    assert "/review" in page.url
    before = number_on(page)
    page.keyboard.press("n")
    expect(page.locator(".gr-facts", has_text=before)).to_have_count(0)


def test_while_the_service_is_away_nothing_is_lost(served: Served, enter: Open) -> None:
    number, unit = served.with_crews.pop()
    crew = enter(unit, "/dispatches", width=390)
    card = crew.locator("article", has_text=number)
    expect(card).to_be_visible()
    served.stop("serve")
    card.get_by_role("button", name="Accept").click()
    expect(card).to_contain_text("on its way")
    expect(crew.get_by_text("No connection")).to_be_visible()
    late = enter("reviewer", "/review")
    expect(late.get_by_text("The service does not answer")).to_be_visible()
    served.start("serve")
    expect(card.get_by_role("button", name="Done")).to_be_visible()
    assert EventKind.ACCEPTED in {one.kind for one in served.events(number)}
    expect(late.get_by_role("navigation", name="Pages")).to_be_visible()

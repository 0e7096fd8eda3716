"""Pages that are open while something restarts."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from router.event_ports import EventKind
from tests.browser.conftest import Open, close, signed_in
from tests.browser.served import Served
from tests.browser.test_review_page import number_on, settled


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
    settled(page, before)
    page.keyboard.press("n")
    expect(page.locator(".gr-facts", has_text=before)).to_have_count(0)


def test_while_the_service_is_away_nothing_is_lost(served: Served, enter: Open) -> None:
    number, unit = served.with_crews.pop()
    crew = enter(unit, "/dispatches", width=390)
    card = crew.locator("article", has_text=number)
    expect(card).to_be_visible()
    enter("reviewer", "/city").close()  # who comes late has signed in before
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


def restart_console(served: Served, page: Page, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """The console goes away and comes back; the page has been loaded anew then."""
    page.evaluate("window.before = true")
    served.stop("console")
    meanwhile()
    served.start("console")
    page.wait_for_function("window.before === undefined")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_what_was_typed_of_a_call_is_there_after_a_restart(served: Served, enter: Open) -> None:
    place = next(one for one in served.coming() if one.get("address") and one.get("account"))
    page = enter("caller", "/intake")
    text = page.get_by_label("What is the trouble?")
    text.fill("Water comes through")
    page.get_by_label("Account number").fill(place["account"])
    page.locator(".gr-suggestion").first.click()  # which fills in the address, and mends a mistyped account
    expect(page.get_by_label("Address, estate or crossing")).not_to_have_value("")
    address = page.get_by_label("Address, estate or crossing").input_value()
    account = page.get_by_label("Account number").input_value()
    page.get_by_label("Phone", exact=True).fill("021 5555 0101")
    page.locator(".gr-where .leaflet-container").click(position={"x": 60, "y": 90})
    expect(page.get_by_text("Pinned on the map by you.")).to_be_visible()

    def goes_on() -> None:  # nobody notices at once that the console is away
        text.evaluate(
            "(e) => { e.value += ' the wall'; e.dispatchEvent(new Event('input', { bubbles: true })) }"
        )

    restart_console(served, page, meanwhile=goes_on)
    expect(text).to_have_value("Water comes through the wall")
    expect(page.get_by_label("Address, estate or crossing")).to_have_value(address)
    expect(page.get_by_label("Account number")).to_have_value(account)
    expect(page.get_by_label("Phone", exact=True)).to_have_value("021 5555 0101")
    expect(page.get_by_text("Pinned on the map by you.")).to_be_visible()
    expect(page.locator(".gr-unit")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    told = page.locator(".gr-answer")
    expect(told).to_contain_text("Tell the caller")
    number = re.search(r"\d{6}-\w{4}-\w{4}", told.inner_text())
    assert number is not None
    stored = served.stored(number[0]).ticket
    assert (stored.text, stored.account) == ("Water comes through the wall", account)
    assert stored.point is not None
    page.reload()  # what was sent is no draft any more
    expect(page.locator(".gr-pin")).to_have_count(0)
    expect(text).to_have_value("")


def test_a_review_s_question_is_asked_again_after_a_restart(served: Served, enter: Open) -> None:
    first, _ = served.submit(2)
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    settled(page, first["ticket_id"])
    page.goto(f"{served.console}/review")  # by whose address no ticket is asked for
    mine = page.locator(f"[data-ticket='{first['ticket_id']}']")
    expect(page.locator("[data-ticket]").first).to_be_visible()
    if not mine.count():  # the morning's other tickets stand before it
        page.locator(".gr-more").click()
    mine.click()
    settled(page, first["ticket_id"])
    page.keyboard.press("2")
    second = first["candidates"][1]
    why = page.get_by_text(f"Not as proposed: {second['unit_name']}. Why?")
    expect(why).to_be_visible()
    restart_console(served, page)
    expect(why).to_be_visible()
    settled(page, first["ticket_id"])
    page.keyboard.press("4")
    expect(page.locator(".gr-facts", has_text=first["ticket_id"])).to_have_count(0)
    stored = served.stored(first["ticket_id"])
    assert (stored.unit_id, stored.review.reason, stored.review.by) == (
        second["unit"],
        "reorganised",
        "reviewer",
    )
    page.reload()
    expect(page.locator(".gr-title")).to_be_visible()
    expect(page.get_by_text("Why?")).to_have_count(0)


def test_nobody_finds_what_another_typed(served: Served, browser: Browser) -> None:
    context = browser.new_context(storage_state=signed_in(served, served.secrets["caller"]), locale="en-US")
    page = context.new_page()
    page.goto(f"{served.console}/intake")
    text = page.get_by_label("What is the trouble?")
    text.fill("The lift is stuck")
    page.reload()
    expect(text).to_have_value("The lift is stuck")
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Key").fill(served.secrets["caller"])
    page.get_by_role("button", name="Sign in").click()
    expect(text).to_be_visible()
    page.wait_for_function("Object.keys(sessionStorage).some((key) => key.startsWith('gridroute.draft.'))")
    assert "lift" not in page.evaluate("JSON.stringify(sessionStorage)")
    expect(text).to_have_value("")
    close(context)

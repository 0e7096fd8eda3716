"""The keys of the review page."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from playwright.sync_api import Page, expect

from console.pages.review.page import LINES, SETTLE_S
from domain.tickets import TicketStatus
from router.event_ports import EventKind
from tests.browser.conftest import Open
from tests.browser.served import Served

TROUBLES = 8  # one correction among them turns the others, as a rule the first or the second


def number_on(page: Page) -> str:
    """The number of the ticket before the reviewer."""
    return page.locator(".gr-facts div", has_text="Number").locator("dd").inner_text()


def decide(page: Page, *keys: str) -> str:
    """Press the keys; answers the number of the ticket that went, once another is there."""
    before = number_on(page)
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(".gr-facts", has_text=before)).to_have_count(0)
    return before


def wait_until_keys_count(page: Page) -> None:
    """A key that comes too soon after a ticket was meant for the one before."""
    page.wait_for_timeout(2_000 * SETTLE_S)


def settled(page: Page, ticket_id: str) -> None:
    """Wait until that ticket is there, with its evidence, and keys are for it."""
    expect(page.locator(".gr-facts", has_text=ticket_id)).to_be_visible()
    expect(page.locator(".gr-lines li").first).to_be_visible()
    wait_until_keys_count(page)


def test_another_candidate_takes_two_keys_and_is_undone_by_one(served: Served, enter: Open) -> None:
    first, _ = served.submit(2)
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    settled(page, first["ticket_id"])
    second = first["candidates"][1]
    decide(page, "2", "1")
    stored = served.stored(first["ticket_id"])
    assert (stored.unit_id, stored.review.reason) == (second["unit"], "wrong_place")
    page.keyboard.press("u")
    settled(page, first["ticket_id"])
    stored = served.stored(first["ticket_id"])
    assert (stored.status, stored.review) == (TicketStatus.IN_REVIEW, None)
    assert EventKind.UNDONE in {one.kind for one in served.events(first["ticket_id"])}


def test_any_unit_is_found_by_name(served: Served, enter: Open) -> None:
    first, _ = served.submit(2)
    named = {one["unit"] for one in first["candidates"]}
    other = next(
        one
        for one in served.ask("admin", "GET", "/v1/units")["units"]
        if one["open"] and one["unit"] not in named
    )
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    settled(page, first["ticket_id"])
    page.keyboard.press("/")
    page.get_by_label("Any unit").fill(other["name"])
    expect(page.locator(".gr-found .gr-choice").first).to_contain_text(other["name"])
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not as proposed")).to_be_visible()
    decide(page, "5")
    assert served.stored(first["ticket_id"]).unit_id == other["unit"]


def test_a_ticket_is_held_with_a_reason_and_the_keys_are_told(served: Served, enter: Open) -> None:
    first, _ = served.submit(2)
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    settled(page, first["ticket_id"])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Accept the proposal")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    decide(page, "h", "2")
    stored = served.stored(first["ticket_id"])
    assert stored.status is TicketStatus.ON_HOLD


def test_two_reviewers_never_have_the_same_ticket(served: Served, enter: Open) -> None:
    served.submit(12)
    pages = [enter("reviewer", "/review"), enter("colleague", "/review")]
    decided: list[str] = []
    for _ in range(5):
        shown = [number_on(page) for page in pages]
        assert len(set(shown)) == 2
        wait_until_keys_count(pages[-1])
        for page in pages:  # both keys are on their way before either page has answered
            page.keyboard.press("a")
        for page, number in zip(pages, shown, strict=True):
            expect(page.locator(".gr-facts", has_text=number)).to_have_count(0)
        decided += shown
    assert len(set(decided)) == 10
    by = [served.stored(number).review.by for number in decided]
    assert by == ["reviewer", "colleague"] * 5
    for number in decided:
        kinds = [one.kind for one in served.events(number)]
        assert kinds.count(EventKind.REVIEWED) - kinds.count(EventKind.UNDONE) == 1


def test_the_rest_of_a_long_queue_is_shown_on_demand(served: Served, enter: Open) -> None:
    served.submit(LINES + 3)
    last = served.ask("reviewer", "GET", "/v1/reviews?limit=1000")["reviews"][-1]
    page = enter("reviewer", "/review")
    lines = page.locator(".gr-waiting")
    expect(lines).to_have_count(LINES)
    mine = page.locator(f"[data-ticket='{last['ticket_id']}']")
    expect(mine).to_have_count(0)
    page.locator(".gr-more").click()
    expect(mine).to_be_visible()
    mine.click()
    settled(page, last["ticket_id"])


def test_a_correction_routes_similar_tickets_again_by_one_key(served: Served, enter: Open) -> None:
    page = enter("reviewer", "/review")
    for alike in islice(served.each_alike(4), TROUBLES):
        first, *others = alike
        second = first["candidates"][1]
        page.goto(f"{served.console}/review?ticket={first['ticket_id']}")
        settled(page, first["ticket_id"])
        decide(page, "2", "3")
        assert served.stored(first["ticket_id"]).review.reason == "boundary"
        if served.ask("reviewer", "GET", f"/v1/tickets/{first['ticket_id']}/affected")["count"]:
            break
    else:
        pytest.fail(f"no correction of {TROUBLES} changed what is proposed for the same trouble")
    note = page.locator(".gr-note")
    expect(note).to_contain_text(re.compile(r"^This will now affect \d+ similar tickets waiting\."))
    told = int(note.inner_text().split()[4])
    found = served.ask("reviewer", "GET", f"/v1/tickets/{first['ticket_id']}/affected")
    assert {one["ticket_id"] for one in others} <= {one["ticket_id"] for one in found["tickets"]}
    assert told == found["count"]
    if page.locator(".gr-more").count():
        page.locator(".gr-more").click()
    page.locator(f"[data-ticket='{others[0]['ticket_id']}']").click()
    settled(page, others[0]["ticket_id"])
    page.keyboard.press("r")
    expect(page.get_by_text(f"{told} routed again")).to_be_visible()
    expect(note).to_have_count(0)
    for one in others:
        stored = served.stored(one["ticket_id"])
        assert (stored.status, stored.decision.unit_id) == (TicketStatus.IN_REVIEW, second["unit"])
        by = [event.by for event in served.events(one["ticket_id"]) if event.kind is EventKind.REROUTED]
        assert by == ["reviewer"]
    # the one that lies before the reviewer is shown as it stands now: its key must not repeat the mistake
    expect(page.locator(".gr-proposed .gr-choice-name")).to_have_text(second["unit_name"])
    settled(page, others[0]["ticket_id"])
    decide(page, "a")
    assert served.stored(others[0]["ticket_id"]).unit_id == second["unit"]


def test_an_old_link_leads_to_the_next_ticket(served: Served, enter: Open) -> None:
    first, _ = served.submit(2)
    body = {"unit": first["candidates"][0]["unit"]}
    served.ask("colleague", "POST", f"/v1/tickets/{first['ticket_id']}/review", body)
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    expect(page.get_by_text("This ticket waits for nobody any more.")).to_be_visible()
    expect(page.locator(".gr-waiting").first).to_be_visible()
    assert number_on(page) != first["ticket_id"]
    wait_until_keys_count(page)
    decide(page, "n")


def test_a_ticket_that_was_decided_elsewhere_makes_way(served: Served, enter: Open) -> None:
    first, *_ = served.submit(3)
    page = enter("reviewer", f"/review?ticket={first['ticket_id']}")
    settled(page, first["ticket_id"])
    served.ask(
        "reviewer",
        "POST",
        f"/v1/tickets/{first['ticket_id']}/review",
        {"unit": first["candidates"][0]["unit"]},
    )
    page.keyboard.press("a")
    notice = page.locator(".q-notification", has_text="This ticket was decided already.")
    expect(notice).to_be_visible()
    assert notice.evaluate("one => getComputedStyle(one).color") == "rgb(255, 255, 255)"  # it is on brown
    expect(page.get_by_text("The ticket is no longer yours to decide.")).to_be_visible()
    assert number_on(page) != first["ticket_id"]


def test_long_words_leave_the_choices_in_sight_and_turn_nothing_around(served: Served, enter: Open) -> None:
    text = "No water \u202eereht\n" + "and it goes on and on " * 200
    (long,) = served.submit(1, text=text)
    page = enter("reviewer", f"/review?ticket={long['ticket_id']}")
    settled(page, long["ticket_id"])
    expect(page.locator(".gr-bar .gr-act").first).to_be_in_viewport()
    expect(page.locator(".gr-choice").first).to_be_in_viewport()
    for place in (".gr-title", ".gr-waiting-title", ".gr-told"):
        style = page.locator(place).first.evaluate("one => getComputedStyle(one).unicodeBidi")
        assert style in {"plaintext", "isolate"}

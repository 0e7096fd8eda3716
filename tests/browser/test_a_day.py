"""A call comes in, a reviewer decides it, the crew takes it, all through their screens."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from domain.tickets import TicketStatus
from router.event_ports import EventKind
from tests.browser.conftest import Open
from tests.browser.served import Served


def test_from_the_call_to_the_crew(served: Served, enter: Open) -> None:
    place = next(one for one in served.coming() if one.get("address") and one.get("account"))
    intake = enter("caller", "/intake")
    intake.get_by_label("What is the trouble?").fill("Water comes through the ceiling of the stairs")
    intake.get_by_label("Address, estate or crossing").fill(place["address"])
    expect(intake.locator(".gr-unit")).to_be_visible()
    proposed = intake.locator(".gr-unit span").first.inner_text()
    intake.keyboard.press("Control+Enter")
    expect(intake.get_by_text("Tell the caller")).to_be_visible()
    told = intake.locator(".gr-answer").inner_text()
    number = re.search(r"\d{6}-\w{4}-\w{4}", told)
    assert number is not None
    assert proposed not in told  # a proposal is nobody's yet
    stored = served.stored(number[0])
    assert stored.status is TicketStatus.IN_REVIEW
    assert stored.ticket.address == place["address"]
    assert stored.ticket.channel == "phone"

    review = enter("reviewer", f"/review?ticket={number[0]}")
    expect(review.locator(".gr-title")).to_have_text("Water comes through the ceiling of the stairs")
    unit = review.locator(".gr-proposed .gr-choice-name").inner_text()
    review.keyboard.press("a")
    expect(review.locator(".gr-sent")).to_contain_text(unit)
    stored = served.stored(number[0])
    assert (stored.status, stored.review.by) == (TicketStatus.DISPATCHED, "reviewer")
    assert EventKind.REVIEWED in {one.kind for one in served.events(number[0]) if one.by == "reviewer"}

    crew = enter(stored.unit_id, "/dispatches", width=390)
    card = crew.locator("article", has_text=number[0])
    expect(card).to_be_visible()  # after the ten seconds in which the review may be undone
    assert str(card.get_by_role("link", name="Map").get_attribute("href")).startswith("geo:3")
    card.get_by_role("button", name="Accept").click()
    expect(card.get_by_role("button", name="Done")).to_be_visible()
    card.get_by_role("button", name="Done").click()
    expect(card).to_have_count(0)
    assert [one.kind for one in served.events(number[0])][-2:] == [EventKind.ACCEPTED, EventKind.DONE]

    intake.get_by_role("searchbox").fill(number[0][:11])
    intake.get_by_role("button", name=number[0]).click()
    expect(intake.locator(".gr-answer", has_text=f"{unit} takes care of it.")).to_be_visible()


def test_a_crew_gives_a_ticket_back_with_one_tap_for_the_reason(served: Served, enter: Open) -> None:
    number, unit = served.with_crews.pop()
    crew = enter(unit, "/dispatches", width=390)
    card = crew.locator("article", has_text=number)
    card.get_by_role("button", name="Not ours").click()
    card.get_by_role("button", name="Private property").click()
    expect(card).to_have_count(0)
    stored = served.stored(number)
    assert stored.status is TicketStatus.IN_REVIEW
    refused = [one for one in served.events(number) if one.kind is EventKind.REFUSED]
    assert [(one.by, one.detail) for one in refused] == [(f"crew of {unit}", "Private property")]

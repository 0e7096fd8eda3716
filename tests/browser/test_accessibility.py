"""No page has a serious fault that axe-core finds, in either language, light or dark, large or small."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import pages
from console.pages.units.page import TABS
from console.registry import PAGES
from tests.browser.conftest import Open
from tests.browser.served import Served

pages.load()
SERIOUS = {"serious", "critical"}
NAMES = sorted(name for name, one in PAGES.items() if one.in_menu)
LOOKS = (("en-US", 1280, False), ("zh-CN", 390, True))


def faults(page: Page, within: str | None = None) -> list[str]:
    """The serious ones, each with where it is, once nothing moves any more; `within`: what lies over the page."""
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator("[class*=-enter-active], [class*=-leave-active]")).to_have_count(0)
    # axe takes the shade behind a dialog for what its words stand on
    page.evaluate("document.querySelectorAll('.q-dialog__backdrop').forEach((one) => one.remove())")
    found = Axe().run(page, context=within).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_no_serious_fault(
    served: Served, enter: Open, name: str, language: str, width: int, dark: bool
) -> None:
    if name == "review":
        served.submit(1)
    page = enter("admin", PAGES[name].path, language=language, width=width, dark=dark)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert faults(page) == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
@pytest.mark.parametrize("path", [*(f"/units?tab={name}" for name in TABS), "/tickets"])
def test_nor_on_a_tab_or_a_list(enter: Open, path: str, language: str, width: int, dark: bool) -> None:
    page = enter("admin", path, language=language, width=width, dark=dark)
    expect(page.locator(".gr-card").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert faults(page) == []


@pytest.mark.parametrize(("language", "width", "dark"), LOOKS)
def test_nor_in_what_opens(served: Served, enter: Open, language: str, width: int, dark: bool) -> None:
    look: dict[str, Any] = {"language": language, "width": width, "dark": dark}
    (ticket,) = served.submit(1)
    review = enter("reviewer", f"/review?ticket={ticket['ticket_id']}", **look)
    expect(review.locator(".gr-lines li").first).to_be_visible()
    for key, shown in (("2", ".gr-strip .gr-act"), ("/", ".gr-found .gr-choice")):
        review.keyboard.press(key)
        expect(review.locator(shown).first).to_be_visible()
        assert faults(review) == []
        review.keyboard.press("Escape")
    review.locator("body").click(position={"x": 3, "y": 300})
    review.keyboard.press("?")
    expect(review.locator(".gr-keys")).to_be_visible()
    assert faults(review, ".q-dialog") == []
    city = enter("engineer", "/city", **look)
    city.locator(".gr-city-side .text-negative").first.click()
    expect(city.get_by_role("dialog").get_by_role("textbox")).to_be_visible()
    assert faults(city, ".q-dialog") == []


def test_the_sign_in_page_has_none(served: Served, enter: Open) -> None:
    page = enter("caller", "/sign-in")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert faults(page) == []

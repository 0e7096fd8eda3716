"""No page has a serious fault that axe-core finds, in either language, light or dark, large or small."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from console import pages
from console.registry import PAGES
from tests.browser.conftest import Open
from tests.browser.served import Served

pages.load()
SERIOUS = {"serious", "critical"}
NAMES = sorted(name for name, one in PAGES.items() if one.in_menu)
LOOKS = (("en-US", 1280, False), ("zh-CN", 390, True))


def faults(page: Page) -> list[str]:
    """The serious ones, each with where it is."""
    found = Axe().run(page).response["violations"]
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


def test_the_sign_in_page_has_none(served: Served, enter: Open) -> None:
    page = enter("caller", "/sign-in")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert faults(page) == []

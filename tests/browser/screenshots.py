"""Every page in both languages, on a desk and in a hand, light and dark: python -m tests.browser.screenshots [DIRECTORY]"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from console import pages
from console.registry import PAGES
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE_MS, signed_in
from tests.browser.served import Served, make_city, serving

LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
WAITING = 60
SETTLE_MS = 1_500
LOOKS = tuple((language, size) for language in LANGUAGES for size in SIZES)


def prepare(served: Served) -> str:
    """A morning: tickets wait, some are decided. Answers the unit that has most."""
    decided: dict[str, int] = {}
    for number, ticket in enumerate(served.submit(WAITING)):
        if number % 3 == 0:
            unit = ticket["unit"]
            served.ask("reviewer", "POST", f"/v1/tickets/{ticket['ticket_id']}/review", {"unit": unit})
            decided[unit] = decided.get(unit, 0) + 1
    return max(decided, key=lambda unit: decided[unit])


def take_a_call(page: Page, address: str) -> None:
    """Something stands in the form."""
    page.locator("textarea[data-field=text]").fill("停电了，家里没电")
    page.locator("input[data-field=address]").fill(address)
    page.locator(".gr-suggestion").first.dispatch_event("mousedown")
    page.locator(".gr-unit").wait_for()


def shoot(served: Served, directory: Path) -> int:
    """Make them all; answers how many."""
    unit = prepare(served)
    address = next(one["address"] for one in served.coming() if one.get("address"))
    made = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        admin = signed_in(browser, served, served.secrets["admin"])
        paths = {name: one.path for name, one in PAGES.items() if one.in_menu}
        paths["unit"] += f"?unit={unit}"
        for language, size in LOOKS:
            width, height = SIZES[size]
            for name, path in {**paths, "sign_in": "/sign-in"}.items():
                dark = size == "phone" if language == "en" else False
                context = browser.new_context(
                    storage_state=admin,
                    locale=LANGUAGES[language],
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if dark else "light",
                )
                context.set_default_timeout(PATIENCE_MS)
                page = context.new_page()
                page.goto(f"{served.console}{path}")
                page.get_by_role("heading", level=1).first.wait_for()
                if name == "intake":
                    take_a_call(page, address)
                page.wait_for_timeout(SETTLE_MS)
                page.screenshot(path=directory / f"{name}-{language}-{size}.png")
                context.close()
                made += 1
        browser.close()
    return made


def main() -> int:
    """Into the directory that is named, or reports/screenshots."""
    if CHROMIUM is None:
        sys.stderr.write("chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk)\n")
        return 2
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/screenshots")
    directory.mkdir(parents=True, exist_ok=True)
    pages.load()
    with tempfile.TemporaryDirectory() as home:
        city = Path(home) / "city"
        make_city(city)
        with serving(city, Path(home) / "home") as served:
            made = shoot(served, directory)
    sys.stdout.write(f"{made} screenshots in {directory}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

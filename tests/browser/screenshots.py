"""Every page in both languages, on a desk and in a hand, light and dark: python -m tests.browser.screenshots [DIRECTORY]

What opens on a page (a dialog, a tab, another map) is shot once on a desk in Chinese and once in a hand in English, dark.
GRIDROUTE_BROWSER_CITY names a city that was made earlier.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, TimeoutError, expect, sync_playwright  # noqa: A004

from console import pages
from console.registry import PAGES
from tests.acceptance.conftest import _once
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE_MS, close, signed_in
from tests.browser.served import Served, add_version, make_city, serving

LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
WAITING = 60
LOOKS = tuple((language, size) for language in LANGUAGES for size in SIZES)
FEW_LOOKS = (("zh", "desktop"), ("en", "phone"))
MAP_MS = 5_000
SETTLE_MS = 400  # fonts and the last picture of a map

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A picture: an address, what is done there first, and whether it is shot in every look."""

    path: str
    act: Act | None = None
    everywhere: bool = False


def prepare(served: Served) -> str:
    """A morning: tickets wait, some are decided; a second version may go live. Answers the unit that has most."""
    add_version(served)
    decided: dict[str, int] = {}
    for number, ticket in enumerate(served.submit(WAITING)):
        if number % 3 == 0:
            unit = ticket["unit"]
            served.ask("reviewer", "POST", f"/v1/tickets/{ticket['ticket_id']}/review", {"unit": unit})
            decided[unit] = decided.get(unit, 0) + 1
    body = {"scope": "kind", "key": "积水", "by": "李伟", "reason": "暴雨期间人工处理"}
    served.ask("engineer", "POST", "/v1/automation/suspend", body)
    most = max(decided, key=lambda unit: decided[unit])
    served.ask("engineer", "PUT", f"/v1/units/{most}/endpoint", {"url": "https://crew.example/hook"})
    return most


def scenes(served: Served, unit: str) -> dict[str, Scene]:
    """All pictures by name."""
    address = next(one["address"] for one in served.coming() if one.get("address"))
    waits = served.ask("admin", "GET", "/v1/reviews?limit=1")["reviews"][0]["ticket_id"]
    made = {
        name: Scene(path=one.path, everywhere=True)
        for name, one in PAGES.items()
        if one.in_menu and name not in {"intake", "unit"}
    }
    return made | {
        "sign_in": Scene(path="/sign-in", everywhere=True),
        "unit": Scene(path=f"/dispatches?unit={unit}", everywhere=True),
        "intake": Scene(path="/intake", act=lambda page: take_a_call(page, address), everywhere=True),
        "intake-found": Scene(path="/intake", act=find_a_ticket),
        "intake-import": Scene(path="/intake", act=import_a_file),
        "review-why": Scene(path=f"/review?ticket={waits}", act=pick_another),
        "review-finder": Scene(path=f"/review?ticket={waits}", act=search_units),
        "review-keys": Scene(path=f"/review?ticket={waits}", act=ask_for_keys),
        "unit-why": Scene(path=f"/dispatches?unit={unit}", act=give_back),
        "city-load": Scene(path="/city", act=show_load),
        "city-stop": Scene(path="/city", act=stop),
        "tickets": Scene(path="/tickets?hours=24"),
        "models-cells": Scene(path="/models", act=show_cells),
        "models-changes": Scene(path="/models", act=show_changes),
        "units-territories": Scene(path="/units?tab=territories"),
        "units-import": Scene(path="/units", act=import_units),
        "units-deliveries": Scene(
            path="/units?tab=deliveries", act=lambda page: show_endpoint(page, served, unit)
        ),
        "units-keys": Scene(path="/units?tab=keys"),
        "units-sessions": Scene(path="/units?tab=sessions"),
    }


def take_a_call(page: Page, address: str) -> None:
    """Something stands in the form."""
    page.locator("textarea[data-field=text]").fill("停电了，家里没电")
    page.locator("input[data-field=address]").fill(address)
    page.locator(".gr-suggestion").first.dispatch_event("mousedown")
    page.locator(".gr-unit").wait_for()
    page.locator(".gr-pin").wait_for()


def find_a_ticket(page: Page) -> None:
    """An earlier ticket, and what to tell of it."""
    page.locator("input[data-field=find]").fill("N0")
    page.locator("[data-ticket]").first.click()
    page.locator(".gr-answer").wait_for()


def import_a_file(page: Page) -> None:
    """A file with bad rows."""
    page.locator(".gr-import .q-item").click()
    text = "编号,内容,地址,纬度,经度\nshot-1,漏水,龙宝街道,北,121.4\nshot-2,路灯不亮,,99,121.4\n"
    upload(page, "morning.csv", text)
    page.locator(".gr-import table").wait_for()


def pick_another(page: Page) -> None:
    """Why is it not as proposed?"""
    evidence(page)
    page.keyboard.press("2")
    page.locator(".gr-strip .gr-act").first.wait_for()


def search_units(page: Page) -> None:
    """Any unit."""
    evidence(page)
    page.keyboard.press("/")
    page.locator(".gr-found .gr-choice").first.wait_for()


def ask_for_keys(page: Page) -> None:
    """The keys."""
    evidence(page)
    page.keyboard.press("?")
    page.locator(".gr-keys").wait_for()


def evidence(page: Page) -> None:
    """The ticket is there, with its evidence."""
    page.locator(".gr-lines li").first.wait_for()


def give_back(page: Page) -> None:
    """Why is it not ours?"""
    page.locator("[data-focus^=reject]").first.click()
    page.locator(".gr-why").wait_for()


def show_load(page: Page) -> None:
    """Whose ground, and how much they have to do."""
    page.locator(".gr-city-map path.leaflet-interactive").first.wait_for()
    page.locator(".gr-filters .q-btn").last.click()
    page.wait_for_function("document.querySelectorAll('.gr-city-map path.leaflet-interactive').length > 60")


def stop(page: Page) -> None:
    """The stop button was pressed."""
    page.locator(".gr-city-side .text-negative").first.click()
    page.get_by_role("dialog").wait_for()


def show_cells(page: Page) -> None:
    """Errors on the map."""
    page.locator(".gr-two .q-btn-group .q-btn").last.click()
    page.locator(".gr-two path.leaflet-interactive").first.wait_for()


def show_changes(page: Page) -> None:
    """What a promotion would change."""
    page.locator("tbody .gr-act").first.click()
    page.get_by_role("dialog").locator(".gr-facts").wait_for(timeout=120_000)


def import_units(page: Page) -> None:
    """A file of units shows what it would change."""
    page.locator(".gr-import .q-item").click()
    text = "unit_id,name,valid_to,successors\ndrainage-01,江塘排水管理站,,\ndrainage-02,,2027-01-01,drainage-01\nswans,天鹅救助站,,\n"
    upload(page, "units.csv", text)
    page.locator(".gr-diff table").wait_for()


def show_endpoint(page: Page, served: Served, unit: str) -> None:
    """A unit's endpoint."""
    name = next(
        one["name"] for one in served.ask("admin", "GET", "/v1/units")["units"] if one["unit"] == unit
    )
    page.get_by_role("combobox").first.fill(name)
    page.get_by_role("option", name=name, exact=True).click()
    page.locator("input[placeholder='https://']").wait_for()


def upload(page: Page, name: str, text: str) -> None:
    """Choose that file."""
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").first.set_input_files(file)


def settle(page: Page) -> None:
    """Until all that comes late is there: maps, charts, the light in the header."""
    page.wait_for_load_state("networkidle")
    for place in (".gr-chart-place", "div.gr-curves"):
        if page.locator(place).count():
            page.locator(f"{place} svg").first.wait_for()
    light = page.locator(".gr-status .nicegui-label")
    if light.count():
        expect(light).not_to_have_text("…")
    if page.locator(".gr-map:visible").count():
        with suppress(TimeoutError):  # nothing is to be on some
            page.locator(".gr-map:visible path.leaflet-interactive").first.wait_for(
                state="attached", timeout=MAP_MS
            )
    page.wait_for_timeout(SETTLE_MS)


def shoot(served: Served, directory: Path) -> int:
    """Make them all; answers how many."""
    made = 0
    todo = scenes(served, prepare(served))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        admin = signed_in(served, served.secrets["admin"])
        for language, size in LOOKS:
            for name, scene in todo.items():
                if not scene.everywhere and (language, size) not in FEW_LOOKS:
                    continue
                width, height = SIZES[size]
                context = browser.new_context(
                    storage_state=admin,
                    locale=LANGUAGES[language],
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if (language, size) == ("en", "phone") else "light",
                    reduced_motion="reduce",
                )
                context.set_default_timeout(PATIENCE_MS)
                page = context.new_page()
                page.goto(f"{served.console}{scene.path}")
                page.get_by_role("heading", level=1).first.wait_for()
                if scene.act is not None:
                    scene.act(page)
                settle(page)
                page.evaluate("window.scrollTo(0, 0)")
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    sys.stderr.write(f"{name}-{language}-{size} is {wide} pixels wide\n")
                is_open = page.locator(".q-dialog").count() > 0
                page.screenshot(path=directory / f"{name}-{language}-{size}.png", full_page=not is_open)
                close(context)
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
    kept = os.environ.get("GRIDROUTE_BROWSER_CITY")
    with tempfile.TemporaryDirectory() as home:
        city = _once(Path(kept) if kept else Path(home) / "city", make_city)
        with serving(city, Path(home) / "home") as served:
            try:
                made = shoot(served, directory)
            finally:
                for name in ("serve", "console"):
                    shutil.copy(served.home / f"{name}.log", directory / f"{name}.log")
    sys.stdout.write(f"{made} screenshots in {directory}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

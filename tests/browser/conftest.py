"""A browser, people with keys, and the law that no request leaves the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.acceptance.conftest import _once
from tests.browser.served import Served, make_city, serving

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CHROMIUM = (
    os.environ.get("GRIDROUTE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
)
OWN = {"127.0.0.1", ""}  # data: and blob: have no host

PATIENCE_MS = 30_000  # a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder needs a browser."""
    reason = "chromium is not installed (Debian: apt-get install chromium), nor named by GRIDROUTE_CHROMIUM"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Made once a run."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    kept = os.environ.get(
        "GRIDROUTE_BROWSER_CITY"
    )  # one that was made earlier, for whoever works on the pages
    return _once(Path(kept) if kept else shared / "console-city", make_city)


@pytest.fixture(scope="session")
def served(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Every worker serves a copy of its own."""
    with serving(city, tmp_path_factory.getbasetemp() / "console-home") as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def cookies() -> dict[str, Any]:
    """Who has signed in so far."""
    return {}


@pytest.fixture
def enter(served: Served, browser: Browser, cookies: dict[str, Any]) -> Iterator[Open]:
    """Open a page as somebody. In the end: no request has left the machine, and no script has failed."""
    asked: list[str] = []
    failed: list[str] = []
    contexts = []

    def opened(
        who: str, path: str, *, language: str = "en-US", width: int = 1280, dark: bool = False
    ) -> Page:
        if who not in cookies:
            secret = served.secrets.get(who) or served.secret_of_unit(who)
            cookies[who] = signed_in(served, secret)
        context = browser.new_context(
            storage_state=cookies[who],
            locale=language,
            viewport={"width": width, "height": 860},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(f"{served.console}{path}")
        return page

    yield opened
    for context in contexts:
        close(context)
    assert {urlsplit(url).hostname or "" for url in asked} <= OWN
    assert len(asked) > 5
    assert failed == []


def signed_in(served: Served, secret: str) -> Any:
    """The cookies of somebody who has signed in: the form is sent without a browser, which is quicker."""
    form = {"secret": secret, "next": "/"}
    with httpx.Client(base_url=served.console, timeout=PATIENCE_MS / 1000, trust_env=False) as client:
        answer = client.post("/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        kept = [{"name": name, "value": value} for name, value in client.cookies.items()]
    return {"cookies": [one | {"url": served.console} for one in kept], "origins": []}


def close(context: BrowserContext) -> None:
    """Close its pages, each at rest: Chromium may hang for ever in closing one that still loads."""
    for page in context.pages:
        page.goto("about:blank")
    context.close()

"""How soon a reviewer's queue and next ticket are there, and what fifty open consoles cost the service.

python -m benchmarks.console [--waiting 1000] [--decisions 40] [--consoles 50] [--per-second 20] [--json FILE]

Loopback only; needs chromium. The fifty are pages without a browser: each is fetched, keeps its socket open, and is
pushed to.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import ast
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count, cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import socketio
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, signed_in
from tests.browser.served import Served, make_city, serving

BATCH, PAINTS = 100, 5
WARM_S = 3.0
QUERY = re.compile(r"query: (\{.*?\}),")
WATCH = """() => {
  window.spans = [];
  const title = () => document.querySelector('.gr-facts')?.innerText;
  let before, at = 0;
  document.addEventListener('keydown', () => { before = title(); at = performance.now(); }, true);
  new MutationObserver(() => {
    if (at && title() && title() !== before) { window.spans.push(performance.now() - at); at = 0; }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def fill(served: Served, waiting: int) -> None:
    """So many tickets wait for a person."""
    bodies = cycle(served.coming())
    for start in range(0, waiting, BATCH):
        part = [next(bodies) | {"ticket_id": f"w-{start + n}"} for n in range(min(BATCH, waiting - start))]
        served.ask("caller", "POST", "/v1/tickets/batch", part)


def paint_seconds(page: Page, url: str) -> float:
    """From asking for the review page to its first line of the queue."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(".gr-waiting").first.wait_for()
    return time.perf_counter() - began


def reviewer(served: Served, decisions: int) -> dict[str, Any]:
    """What one reviewer waits for, in the browser's own time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        state = signed_in(served, served.secrets["reviewer"])
        page = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 860}).new_page()
        page.goto(f"{served.console}/review")  # scripts are kept from then on, as on any working day
        paints = [paint_seconds(page, f"{served.console}/review") for _ in range(PAINTS)]
        page.evaluate(WATCH)
        for done in range(decisions):
            page.wait_for_timeout(400)
            page.keyboard.press("a")
            page.wait_for_function("n => window.spans.length > n", arg=done)
        spans = page.evaluate("window.spans")
        browser.close()
    return {
        "first_queue_s": round(statistics.median(paints), 3),
        "next_ticket_ms_p50": round(statistics.median(spans)),
        "next_ticket_ms_p90": round(statistics.quantiles(spans, n=10)[-1]),
    }


async def arriving(served: Served, per_second: float, seconds: float, numbers: count[int]) -> list[float]:
    """Seconds that each of the arriving tickets took, from when it was due."""
    bodies = cycle(served.coming())
    headers = {"Authorization": f"Bearer {served.secrets['caller']}"}
    async with httpx.AsyncClient(base_url=served.api, headers=headers, trust_env=False, timeout=60) as client:

        async def one(body: dict[str, Any], due: float) -> float:
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            (await client.post("/v1/tickets", json=body)).raise_for_status()
            return time.perf_counter() - due

        began = time.perf_counter()
        total = int(per_second * seconds)
        sent = (
            one(next(bodies) | {"ticket_id": f"a-{next(numbers)}"}, began + n / per_second)
            for n in range(total)
        )
        return list(await asyncio.gather(*sent))


async def open_page(served: Served, cookies: httpx.Cookies, path: str, stack: AsyncExitStack) -> None:
    """A page that is open: its socket is connected as the toolkit's script does it."""
    async with httpx.AsyncClient(
        base_url=served.console, cookies=cookies, trust_env=False, timeout=60
    ) as client:
        html = (await client.get(path)).raise_for_status().text
    found = QUERY.search(html)
    assert found is not None, "the page tells no socket"
    query = ast.literal_eval(found[1]) | {"tab_id": str(uuid4()), "document_id": str(uuid4())}
    told = "&".join(f"{name}={str(value).lower()}" for name, value in query.items())
    socket = socketio.AsyncClient(reconnection=False)
    await socket.connect(
        f"{served.console}?{told}", socketio_path="/_nicegui_ws/socket.io", transports=["websocket"]
    )
    stack.push_async_callback(socket.disconnect)


def cookies_of(served: Served, name: str) -> httpx.Cookies:
    """Somebody's cookies, signed in through the form."""
    with httpx.Client(base_url=served.console, trust_env=False, timeout=60) as client:
        client.post("/sign-in", data={"secret": served.secrets[name]}, headers={"Origin": served.console})
        return client.cookies


async def beside(served: Served, consoles: int, per_second: float, seconds: float) -> dict[str, Any]:
    """The service's p99 without and with that many consoles open."""
    numbers = count()
    await arriving(served, per_second, WARM_S, numbers)
    alone = await arriving(served, per_second, seconds, numbers)
    paths = cycle(("/review", "/city", "/intake"))
    who = cycle(("reviewer", "colleague", "admin"))
    signed = {name: cookies_of(served, name) for name in ("reviewer", "colleague", "admin")}
    async with AsyncExitStack() as stack:
        for _ in range(consoles):
            name, path = next(who), next(paths)
            await open_page(served, signed["admin"] if path != "/review" else signed[name], path, stack)
        opening = await arriving(served, per_second, WARM_S, numbers)  # the last pages still fetch their data
        together = await arriving(served, per_second, seconds, numbers)
    p99 = [_p99(alone), _p99(together)]
    return {
        "consoles": consoles,
        "tickets_per_s": per_second,
        "p99_alone_ms": round(p99[0]),
        "p99_with_consoles_ms": round(p99[1]),
        "p99_ratio": round(p99[1] / p99[0], 2),
        "slowest_while_opening_ms": round(1000 * max(opening)),
        "p50_alone_ms": round(1000 * statistics.median(alone)),
        "p50_with_consoles_ms": round(1000 * statistics.median(together)),
    }


def _p99(spans: Sequence[float]) -> float:
    return 1000 * statistics.quantiles(spans, n=100, method="inclusive")[98]


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000)
    parser.add_argument("--decisions", type=int, default=40)
    parser.add_argument("--consoles", type=int, default=50)
    parser.add_argument("--per-second", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--city", type=Path, help="a city that was made earlier")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if CHROMIUM is None:
        print("chromium is not installed", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        city = asked.city or Path(directory) / "city"
        if asked.city is None:
            make_city(city)
        with serving(city, Path(directory) / "home") as served:
            fill(served, asked.waiting)
            found = {"waiting": asked.waiting, **reviewer(served, asked.decisions)}
            found |= asyncio.run(beside(served, asked.consoles, asked.per_second, asked.seconds))
    print(json.dumps(found, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

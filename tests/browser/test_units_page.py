"""The administrator's page: a file shows what it changes first; keys, endpoints and sessions."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from api.webhooks.targets import Targets
from api.webhooks.worker import DeliverySettings, DeliveryWorker
from cli.workspace import Workspace
from router.delivery import Patience
from router.event_ports import EventKind
from store.clock import utc_now
from store.sql import open_store
from tests.browser.conftest import PATIENCE_MS, Open
from tests.browser.served import Served


def test_a_file_of_units_shows_what_it_changes_before_it_does(served: Served, enter: Open) -> None:
    unit = served.ask("admin", "GET", "/v1/units")["units"][0]
    page = enter("admin", "/units")
    page.get_by_text("Import units from a file").click()
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(("unit_id", "name"))
    write.writerow((unit["unit"], "The Old Pump House"))
    write.writerow(("swans", "Swan Rescue"))
    upload(page, "units.csv", text.getvalue().encode())
    changed = page.locator(".gr-diff")
    expect(changed.get_by_text("The Old Pump House")).to_be_visible()
    expect(changed.get_by_text("Swan Rescue")).to_be_visible()
    assert names(served)[unit["unit"]] == unit["name"]
    page.get_by_role("button", name="Apply these changes").click()
    expect(page.get_by_text("Done: 2 changed.")).to_be_visible()
    after = names(served)
    assert (after[unit["unit"]], after["swans"]) == ("The Old Pump House", "Swan Rescue")
    told = [one.detail for one in served.log() if one.kind is EventKind.CHANGED and one.by == "admin"]
    assert told[-1:] == ["units 2"]


def test_bad_rows_are_on_the_screen_and_change_nothing(served: Served, enter: Open) -> None:
    page = enter("admin", "/units")
    before = names(served)
    page.get_by_text("Import units from a file").click()
    upload(page, "units.csv", b"unit_id,name,valid_from\nx-1,Good,\nx-2,Bad,the day before\n")
    expect(page.get_by_text("1 of 2 rows cannot be taken")).to_be_visible()
    expect(page.locator(".gr-diff").get_by_role("cell", name="valid_from")).to_be_visible()
    expect(page.get_by_role("button", name="Apply these changes")).to_have_count(0)
    assert names(served) == before


def test_territories_are_on_the_map_as_of_a_day(served: Served, enter: Open) -> None:
    page = enter("admin", "/units?tab=territories")
    shown = page.get_by_role("region", name="Map of the territories").locator("path.leaflet-interactive")
    today = served.ask("admin", "GET", f"/v1/territories?at={'2024-03-02T12:00:00Z'}")["features"]
    page.get_by_label("Valid on").fill("2024-03-02")
    expect(shown).to_have_count(len(today))
    page.get_by_label("Valid on").fill("")
    expect(shown).to_have_count(len(served.ask("admin", "GET", "/v1/territories")["features"]))


def test_a_key_is_made_shown_once_and_revoked(served: Served, enter: Open) -> None:
    page = enter("admin", "/units?tab=keys")
    page.get_by_label("Whose it is").fill("Wang Fang")
    page.get_by_role("button", name="Make").click()
    secret = page.locator("[data-secret]").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    who = httpx.get(f"{served.api}/v1/who", headers=headers, trust_env=False)
    assert (who.json()["name"], who.json()["role"]) == ("Wang Fang", "reviewer")
    page.get_by_role("button", name="Revoke: Wang Fang").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator("tr", has_text="Wang Fang").get_by_text("revoked")).to_be_visible()
    assert httpx.get(f"{served.api}/v1/who", headers=headers, trust_env=False).status_code == 401
    page.reload()
    expect(page.get_by_text("Wang Fang")).to_be_visible()
    expect(page.get_by_text(secret)).to_have_count(0)


def test_an_endpoint_is_set_with_a_secret_shown_once_and_removed(served: Served, enter: Open) -> None:
    unit = next(one for one in served.ask("admin", "GET", "/v1/units")["units"] if one["open"])
    page = enter("engineer", "/units?tab=deliveries")
    box = page.get_by_role("combobox", name="Unit")
    box.fill(unit["name"])
    page.get_by_role("option", name=unit["name"], exact=True).click()
    page.get_by_label("Address that deliveries are sent to").fill("https://crew.example/hook")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret]")).to_contain_text("whsec_")
    assert (
        served.ask("admin", "GET", f"/v1/units/{unit['unit']}/endpoint")["url"] == "https://crew.example/hook"
    )
    page.get_by_role("button", name="New secret").click()
    expect(page.get_by_text("There is a new secret.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed.")).to_be_visible()
    changes = [one for one in served.log() if one.unit_id == unit["unit"] and one.kind is EventKind.CHANGED]
    assert [(one.by, one.detail) for one in changes] == [
        ("engineer", "endpoint https://crew.example"),
        ("engineer", "endpoint https://crew.example"),
        ("engineer", "endpoint removed"),
    ]


def test_an_endpoint_is_tried(served: Served, enter: Open) -> None:
    unit = [one for one in served.ask("admin", "GET", "/v1/units")["units"] if one["open"]][1]
    before = served.ask("admin", "GET", "/v1/deliveries")
    page = enter("engineer", "/units?tab=deliveries")
    with endpoint() as crew:
        set_endpoint(page, unit["name"], crew.url)
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text(re.compile(r"^It took the message after \d+ ms\.$"))).to_be_visible()
        (message,) = crew.messages
        assert message.body["type"] == "endpoint.test"
        assert message.body["data"]["unit"] == unit["unit"]
        assert message.headers["webhook-signature"].startswith("v1,")
        crew.status = 500
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("the endpoint answered 500")).to_be_visible()
    assert served.ask("admin", "GET", "/v1/deliveries") == before  # nothing was queued
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed.")).to_be_visible()


def test_a_delivery_that_was_given_up_is_sent_again(served: Served, enter: Open) -> None:
    (ticket,) = served.submit(1)
    unit = ticket["candidates"][0]
    page = enter("engineer", "/units?tab=deliveries")
    with endpoint() as crew, delivering(served):
        crew.status = 503
        set_endpoint(page, unit["unit_name"], crew.url)
        number = ticket["ticket_id"]
        served.ask("reviewer", "POST", f"/v1/tickets/{number}/review", {"unit": unit["unit"]})
        # after the seconds in which it may be undone, and after what waited for the unit before
        (dead,) = until(lambda: [one for one in deliveries(served, "dead") if one["ticket_id"] == number])
        assert dead["unit"] == unit["unit"]
        page.reload()
        line = page.locator(".gr-suspension", has_text=number)
        expect(line).to_contain_text(unit["unit_name"])
        expect(line).to_contain_text("the endpoint answered 503")
        crew.status = 200
        page.get_by_role("button", name=f"Send again: {number}").click()
        expect(line).to_have_count(0)
        until(lambda: [one for one in deliveries(served, "delivered") if one["delivery"] == dead["delivery"]])
    assert number in [one.body["data"]["ticket_id"] for one in crew.messages]
    kinds = [one.kind for one in served.events(number)]
    assert kinds.index(EventKind.UNDELIVERED) < kinds.index(EventKind.DELIVERED)
    (again,) = [one for one in served.events(number) if one.detail == "retry"]
    assert (again.kind, again.by) == (EventKind.QUEUED, "engineer")
    served.ask("engineer", "DELETE", f"/v1/units/{unit['unit']}/endpoint")


def test_an_engineer_sees_no_keys(enter: Open) -> None:
    page = enter("engineer", "/units")
    expect(page.get_by_role("tab", name="Deliveries")).to_be_visible()
    expect(page.get_by_role("tab", name="Keys and roles")).to_have_count(0)


def test_a_session_is_ended(served: Served, enter: Open) -> None:
    other = enter("colleague", "/review")
    page = enter("admin", "/units?tab=sessions")
    mine = page.get_by_role("button", name="End: colleague")
    mine.first.wait_for()
    for left in reversed(range(mine.count())):
        mine.first.click()
        expect(mine).to_have_count(left)
    other.reload()
    expect(other).to_have_url(re.compile("sign-in"))


def upload(page: Page, name: str, content: bytes) -> None:
    """Choose that file."""
    page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def set_endpoint(page: Page, name: str, url: str) -> None:
    """Have the unit's deliveries sent there."""
    page.get_by_role("combobox", name="Unit").fill(name)
    page.get_by_role("option", name=name, exact=True).click()
    page.get_by_label("Address that deliveries are sent to").fill(url)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-secret]")).to_be_visible()


def deliveries(served: Served, state: str) -> list[Any]:
    """Those in that state."""
    found = served.ask("admin", "GET", f"/v1/deliveries?state={state}")["deliveries"]
    return list(found)


def until(found: Callable[[], list[Any]]) -> list[Any]:
    """What is found, as soon as something is."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not (told := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an endpoint was sent."""

    headers: dict[str, str]
    body: Any


@dataclass(kw_only=True)
class Crew:
    """A unit's endpoint: answers with its status, keeps what it is sent."""

    url: str
    status: int = 200
    messages: list[Message] = field(default_factory=list)


@contextmanager
def endpoint() -> Iterator[Crew]:
    """One that listens on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            crew.messages.append(Message(headers=headers, body=json.loads(body)))
            self.send_response(crew.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    crew = Crew(url=f"http://127.0.0.1:{server.server_port}/hook")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield crew
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def delivering(served: Served) -> Iterator[None]:
    """A worker that delivers what waits, and gives up at once."""
    targets, patience = Targets.of(["127.0.0.0/8"]), Patience(attempts=1)
    settings = DeliverySettings(targets=targets, patience=patience)
    opened = open_store(Workspace(home=served.home).store_url)
    with closing(opened) as store, DeliveryWorker(store, utc_now, settings):
        yield


def names(served: Served) -> dict[str, str]:
    """The units' names by id, as the store has them."""
    with closing(open_store(Workspace(home=served.home).store_url)) as store, store.read() as session:
        return {one.unit_id: one.name for one in session.units()}

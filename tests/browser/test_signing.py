"""Who is let in, and what other sites' pages may not do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open, close, signed_in
from tests.browser.served import Served, let_people_in


def test_a_wrong_key_lets_nobody_in(served: Served, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{served.console}/review")
    expect(page).to_have_url(f"{served.console}/sign-in?next=/review")
    page.get_by_label("密钥").fill("gr_nonsense")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("密钥无效。")
    close(context)


def test_signing_in_leads_to_what_was_asked_for(served: Served, browser: Browser) -> None:
    asked = f"{served.console}/tickets?status=in_review&category=%E7%A7%AF%E6%B0%B4"
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(asked)
    page.get_by_label("Key").fill(served.secrets["colleague"])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(asked)
    close(context)


def test_a_page_that_is_open_acts_no_more_after_sign_out(served: Served, browser: Browser) -> None:
    served.submit(1)
    context = browser.new_context(
        storage_state=signed_in(served, served.secrets["colleague"]), locale="en-US"
    )
    page, other = context.new_page(), context.new_page()
    page.goto(f"{served.console}/review")
    expect(page.locator(".gr-title")).to_be_visible()
    other.goto(f"{served.console}/review")
    other.get_by_role("button", name="Account").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{served.console}/sign-in")
    page.keyboard.press("a")
    expect(page).to_have_url(f"{served.console}/sign-in?expired=1&next=/review")
    close(context)


def test_pages_show_what_the_role_may(enter: Open) -> None:
    page = enter("caller", "/")
    expect(page).to_have_url(re.compile(r"/intake$"))
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert "Review" not in links.all_inner_texts()
    page.goto(page.url.replace("/intake", "/review"))
    expect(page.get_by_text("Your key does not allow this.")).to_be_visible()


def test_scripts_run_by_a_nonce_of_each_answer(served: Served) -> None:
    first, second = (httpx.get(f"{served.console}/sign-in", trust_env=False) for _ in range(2))
    policy = first.headers["content-security-policy"]
    scripts = policy.partition("script-src")[2].partition(";")[0]
    assert "'unsafe-inline'" not in scripts
    assert policy != second.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert first.headers["x-content-type-options"] == "nosniff"
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/data/dispatches/accept?unit=a&dispatch=1"])
def test_another_site_cannot_send_forms(served: Served, path: str) -> None:
    for origin, code in (("http://elsewhere.example", 403), (served.console, 303)):
        answer = httpx.post(f"{served.console}{path}", headers={"Origin": origin}, trust_env=False)
        assert (answer.status_code == 403) is (code == 403), origin


def test_another_site_cannot_open_the_socket(served: Served) -> None:
    url = f"{served.console}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert httpx.get(url, headers={"Origin": "http://elsewhere.example"}, trust_env=False).status_code == 403
    assert httpx.get(url, headers={"Origin": served.console}, trust_env=False).status_code != 403


def test_pages_that_are_open_before_the_first_key_lead_to_the_sign_in_page(
    city: Path, browser: Browser, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(city, home)
    served = Served(home=home, secrets={})
    served.start()
    try:
        context = browser.new_context(locale="en-US")
        pages = [context.new_page() for _ in range(2)]
        for page, path in zip(pages, ("/city", "/models"), strict=True):
            page.goto(f"{served.console}{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        secrets = let_people_in(home)
        for page, path in zip(pages, ("/city", "/models"), strict=True):
            expect(page).to_have_url(f"{served.console}/sign-in?keyed=1&next={path}")
            expect(page.get_by_role("alert")).to_have_text(
                "The first key was made: from now on everybody signs in."
            )
        pages[0].get_by_label("Key").fill(secrets["engineer"])
        pages[0].get_by_role("button", name="Sign in").click()
        expect(pages[0]).to_have_url(f"{served.console}/city")
        expect(pages[0].locator(".gr-signs")).to_be_visible()
        expect(pages[0].locator(".q-notification")).to_have_count(0)
        close(context)
    finally:
        served.stop()

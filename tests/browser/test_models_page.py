"""The models page: what a budget would mean, what a promotion would change, and the way back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import expect

from cli.workspace import Workspace
from store.sql import open_store
from tests.browser.conftest import Open
from tests.browser.served import Served, add_version


@pytest.fixture(scope="module")
def second(served: Served) -> Iterator[int]:
    """Another version beside the one that serves; afterwards the first serves again."""
    first, made = champion(served), add_version(served)
    yield made.version
    if champion(served) != first:
        body = {"by": "test", "reason": "the end", "older": True}
        served.ask("admin", "POST", f"/v1/models/{first}/promote", body)


def champion(served: Served) -> int:
    """The version that serves, as the store has it."""
    with closing(open_store(Workspace(home=served.home).store_url)) as store, store.read() as session:
        found = session.pointers().champion
    assert found is not None
    return found


def test_the_budget_moves_coverage_and_reviews(served: Served, enter: Open, second: int) -> None:
    page = enter("engineer", f"/models?version={second}")
    page.locator(".gr-curves svg").wait_for()
    told = page.locator(".gr-meanings li", has_text=f"Version {second}")
    curves = served.ask("admin", "GET", f"/v1/models/{second}")["curves"]["risk_coverage"]

    def coverage(alpha: float) -> str:
        return (
            f"{max((one['coverage'] for one in curves if one['error'] <= alpha), default=0.0):.1%} automatic"
        )

    before = coverage(0.001)
    expect(told).to_contain_text(before)
    page.get_by_role("slider").click()  # in its middle
    figure = page.locator(".gr-figure")
    expect(figure).to_have_text(re.compile(r"^(9|10)\.\d %$"))
    alpha = float(figure.inner_text().removesuffix(" %")) / 100
    assert coverage(alpha) != before
    expect(told).to_contain_text(coverage(alpha))


def test_the_budget_moves_by_keys(enter: Open, second: int) -> None:
    page = enter("engineer", f"/models?version={second}")
    page.locator(".gr-curves svg").wait_for()
    budget, figure = page.get_by_role("slider", name="Error budget α in percent"), page.locator(".gr-figure")
    budget.focus()
    page.keyboard.press("Home")
    expect(figure).to_have_text("0.1 %")
    told = page.locator(".gr-meanings li", has_text=f"Version {second}")
    least = told.inner_text()
    for key, percent in (
        ("ArrowRight", "0.2"),
        ("ArrowUp", "0.3"),
        ("ArrowLeft", "0.2"),
        ("PageUp", "2.2"),
        ("PageDown", "0.2"),
        ("End", "20.0"),
    ):
        page.keyboard.press(key)
        expect(figure).to_have_text(f"{percent} %")
        expect(budget).to_have_value(percent.removesuffix(".0"))
    expect(told).not_to_have_text(least)
    expect(page.locator(".gr-curves svg").get_by_text("α = 20.0 %")).to_be_visible()


def test_errors_by_unit_kind_and_cell(served: Served, enter: Open, second: int) -> None:
    page = enter("engineer", f"/models?version={second}")
    card = page.get_by_role("region", name="Where it goes wrong")
    card.get_by_role("combobox", name="Version").click()
    page.get_by_role("option", name=f"Version {second}").click()
    worst = served.ask("admin", "GET", f"/v1/models/{second}")["errors"]
    expect(card.locator("tbody tr").first).to_contain_text(worst["unit"][0]["name"])
    card.get_by_role("button", name="By kind").click()
    expect(card.locator("tbody tr").first).to_contain_text(worst["kind"][0]["name"])
    card.get_by_role("button", name="By cell").click()
    expect(card.locator("path.leaflet-interactive")).to_have_count(len(worst["cell"]))


def test_a_version_is_promoted_after_what_it_changes_was_shown_and_rolled_back(
    served: Served, enter: Open, second: int
) -> None:
    served.submit(1)
    page = enter("engineer", "/models")
    page.get_by_role("button", name=f"Let version {second} serve").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    expect(dialog.get_by_text("Another unit")).to_be_visible(timeout=120_000)
    expect(dialog.get_by_role("progressbar")).to_have_count(0)
    promote = dialog.get_by_role("button", name="Promote")
    expect(promote).to_be_disabled()
    dialog.get_by_label("Reason").fill("it knows the new estate")
    promote.click()
    line = page.locator("tbody tr", has=page.locator("strong", has_text=str(second)))
    expect(line.get_by_text("champion", exact=True)).to_be_visible()
    assert champion(served) == second
    page.get_by_role("button", name="Roll back …").click()
    expect(dialog.get_by_text("Another unit")).to_be_visible(timeout=120_000)
    expect(dialog).to_contain_text("there is then no further way back")
    back = dialog.get_by_role("button", name="Roll back")
    expect(back).to_be_disabled()
    dialog.get_by_label("Reason").fill("more came back")
    back.click()
    expect(line.get_by_text("champion", exact=True)).to_have_count(0)
    assert champion(served) != second
    told = [one for one in served.log() if one.kind == "promoted" and one.by == "engineer"]
    assert len(told) == 2
    assert "it knows the new estate" in told[0].detail


def test_who_may_not_promote_sees_but_does_not_touch(enter: Open, second: int) -> None:
    page = enter("reviewer", f"/models?version={second}")
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    expect(page.get_by_role("button", name="Let version")).to_have_count(0)

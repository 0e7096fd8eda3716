"""Open pages share answers only with those who may see the same; figures say what the service said."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from console import shared as module
from console.pages.city.signs import signs
from console.pages.models.curves import coverage_at
from console.problems import Unreachable
from console.session import Who
from console.words import Words


class Desk:
    """Stands for the service as one person may ask it; counts what it is asked."""

    def __init__(self, token: str, asked: list[str], *, is_away: bool = False) -> None:
        self.token, self.asked, self.is_away = token, asked, is_away

    async def get(self, path: str, query: object = None) -> dict[str, Any]:
        self.asked.append(self.token)
        await asyncio.sleep(0)
        if self.is_away:
            raise Unreachable(path)
        return {"for": self.token}


def known(token: str, **who: Any) -> None:
    """A page of that person is open."""
    module.know(SimpleNamespace(who=Who(**who), signed=SimpleNamespace(token=token)))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_areas", type(module._areas)())
    monkeypatch.setattr(module, "_answers", type(module._answers)())


def ask(*desks: Desk) -> list[Any]:
    """All at once."""

    async def together() -> list[Any]:
        return list(
            await asyncio.gather(*(module.shared(one, "/v1/vitals") for one in desks), return_exceptions=True)  # type: ignore[arg-type]
        )

    return asyncio.run(together())


def test_those_who_may_see_the_same_ask_once() -> None:
    asked: list[str] = []
    known("li", role="reviewer")
    known("wang", role="reviewer")
    answers = ask(Desk("li", asked), Desk("wang", asked), Desk("li", asked))
    assert asked == ["li"]
    assert answers == [{"for": "li"}] * 3


@pytest.mark.parametrize(
    "other",
    [
        {"role": "engineer"},
        {"role": "reviewer", "units": ("water-1",)},
        {"role": "reviewer", "territories": ("north",)},
    ],
)
def test_another_area_or_role_is_answered_apart(other: dict[str, Any]) -> None:
    asked: list[str] = []
    known("li", role="reviewer")
    known("zhao", **other)
    assert ask(Desk("li", asked), Desk("zhao", asked)) == [{"for": "li"}, {"for": "zhao"}]


def test_who_is_not_known_is_answered_alone() -> None:
    asked: list[str] = []
    known("li", role="reviewer")
    assert ask(Desk("li", asked), Desk("", asked), Desk("", asked))[1:] == [{"for": ""}] * 2
    assert asked.count("") == 2


def test_what_has_changed_is_asked_anew_and_a_failure_is_not_kept() -> None:
    asked: list[str] = []
    known("li", role="reviewer")
    (failed,) = ask(Desk("li", asked, is_away=True))
    assert isinstance(failed, Unreachable)
    ask(Desk("li", asked))
    ask(Desk("li", asked))
    assert len(asked) == 2
    module.forget("/v1/vitals")
    ask(Desk("li", asked))
    assert len(asked) == 3


def vitals(**changes: Any) -> dict[str, Any]:
    """What the service says on a quiet day."""
    error = {"value": 0.02, "low": 0.01, "high": 0.04, "n": 300}
    return {
        "hours": 24, "received": 1200, "automatic_share": 0.5, "live_error": error, "alpha": 0.05, "running": True,
        "waiting": 3, "oldest_minutes": 12.0, "overdue": 0, "delivery_failures": 0,
    } | changes  # fmt: skip


def test_an_error_above_the_budget_stands_out() -> None:
    words = Words("en")
    calm = signs(vitals(), "", words, may_list=True, may_deliver=True)[2]
    assert (calm.value, calm.tone) == ("2 %", "")
    assert "1–4 % by 300 blind reviews" in calm.below
    assert "budget 5\u00a0%" in calm.below
    above = {"value": 0.09, "low": 0.06, "high": 0.12, "n": 300}
    assert signs(vitals(live_error=above), "", words, may_list=True, may_deliver=True)[2].tone == "bad"
    none = {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    assert signs(vitals(live_error=none), "", words, may_list=True, may_deliver=True)[2].value == "–"


def test_who_may_not_list_tickets_gets_no_links() -> None:
    shown = signs(vitals(), "", Words("en"), may_list=False, may_deliver=False)
    assert {one.link for one in shown} == {""}


def test_coverage_is_the_largest_that_keeps_the_budget() -> None:
    points = [(0.1, 0.0), (0.4, 0.03), (0.6, 0.02), (1.0, 0.2)]
    curves = {"risk_coverage": [{"coverage": c, "error": e} for c, e in points]}
    assert [coverage_at(curves, alpha) for alpha in (0.0, 0.02, 0.2)] == [0.1, 0.6, 1.0]
    assert coverage_at({"risk_coverage": [{"coverage": 0.5, "error": 0.5}]}, 0.1) == 0.0

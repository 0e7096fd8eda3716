"""What a reviewer is shown: a blind ticket tells nothing, and looks like one that nobody is proposed for."""

from __future__ import annotations

from typing import Any

from console.pages.review.case import candidates_of, case_of
from console.pages.review.parts import facts_html, head_html, queue_html, without
from console.words import Words

WORDS = Words("en")
NAMES = {"north": "North crew", "south": "South crew", "gas": "Gas emergency"}
NEAR = [{"unit_id": "south"}] * 3 + [{"unit_id": "north"}]


def shown(**changes: Any) -> dict[str, Any]:
    """A ticket as the service tells of it."""
    content = {
        "text": "Dark\nThe lamp.",
        "category": "lamp",
        "account": None,
        "phone": None,
        "address": "1 North Road",
    }
    told: dict[str, Any] = {
        "ticket_id": "t1",
        "received_at": "2024-05-01T09:00:00+00:00",
        "status": "in_review",
        "priority": "normal",
        "signals": [],
        "unit": "north",
        "unit_name": "North crew",
        "probability": 0.8,
        "reasons": ["not_certified"],
        "candidates": [
            {"unit": "north", "unit_name": "North crew", "probability": 0.8},
            {"unit": "south", "unit_name": None, "probability": 0.15},
            {"unit": "gas", "unit_name": "Gas emergency", "probability": 0.04},
            {"unit": "old", "unit_name": "Old crew", "probability": 0.001},
        ],
        "location": None,
        "due_at": "2999-01-01T00:00:00+00:00",
        "overdue": False,
        "content": content | {"channel": "phone"},
    }
    return told | changes


BLIND = shown(unit=None, unit_name=None, probability=None, reasons=["blind_review"], candidates=[])
NOBODY = shown(
    unit=None, unit_name=None, probability=None, reasons=["no_candidate"], candidates=[], status="on_hold"
)
RECEIPT = {"lines": ["t1: for a person, blind", "Why: a blind review.", "Where: there."]}


def test_candidates_get_keys_in_their_order_and_unlikely_ones_none() -> None:
    assert [(one.unit, one.name) for one in candidates_of(shown())] == [
        ("north", "North crew"),
        ("south", "south"),
        ("gas", "Gas emergency"),
    ]
    case = case_of(shown(), {"lines": ["first", "second"]}, NEAR, NAMES, WORDS)
    assert case.proposal is not None
    assert (case.proposal.unit, case.title, case.text, case.lines) == (
        "north",
        "Dark",
        "The lamp.",
        ("second",),
    )


def test_a_blind_ticket_looks_like_one_without_candidates() -> None:
    blind = case_of(BLIND, RECEIPT, NEAR, NAMES, WORDS)
    nobody = case_of(NOBODY, {"lines": ["t1: nobody", "Why: no candidate."]}, NEAR, NAMES, WORDS)
    assert blind == nobody
    assert (blind.proposal, blind.lines) == (None, ())


def test_a_blind_ticket_s_units_are_those_seen_on_the_map() -> None:
    case = case_of(BLIND, RECEIPT, NEAR, NAMES, WORDS)
    assert [(one.unit, one.near, one.near_all, one.probability) for one in case.choices] == [
        ("south", 3, 4, None),
        ("north", 1, 4, None),
    ]


def test_the_queue_names_no_unit_for_anybody() -> None:
    lines: list[dict[str, Any]] = [
        {"ticket_id": "a", "title": "Dark", "category": "lamp", "unit": "north", "unit_name": "North crew"},
        {"ticket_id": "b", "title": "Dark", "category": "lamp", "unit": None, "unit_name": None},
    ]
    rest: dict[str, Any] = {"priority": "normal", "address": None, "due_at": None, "overdue": False}
    html = queue_html(
        {"queues": [{"priority": "normal", "count": 5}], "reviews": [one | rest for one in lines]}, "a", WORDS
    )
    assert "orth" not in html
    assert "and 3 more" in html
    assert html.count("aria-current=true") == 1


def test_a_rule_s_unit_that_is_no_candidate_comes_first() -> None:
    case = case_of(
        shown(unit="old", unit_name="Old crew", candidates=shown()["candidates"][:2]), None, [], NAMES, WORDS
    )
    assert [one.unit for one in case.choices] == ["old", "north", "south"]
    assert case.proposal is case.choices[0]


def test_what_callers_wrote_never_becomes_html() -> None:
    evil = shown()
    evil["content"] = evil["content"] | {"text": "<img src=x onerror=a()>\n<b>", "address": '"><script>'}
    case = case_of(evil, None, [], NAMES, WORDS)
    told = head_html(case) + facts_html(case)
    assert "<img" not in told
    assert "<script" not in told
    assert "&lt;img" in told


def test_a_decided_ticket_leaves_the_queue_at_once() -> None:
    found = {
        "queues": [{"priority": "urgent", "count": 2}],
        "reviews": [{"ticket_id": "a", "priority": "urgent"}],
    }
    left = without(found, "a")
    assert (left["reviews"], left["queues"]) == ([], [{"priority": "urgent", "count": 1}])
    assert without(found, "b") == found

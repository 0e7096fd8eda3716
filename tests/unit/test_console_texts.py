"""Both languages say the same things, and say all that the pages ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter

import pytest

import console
from api.faults import MENDS
from console.problems import Refused
from console.said import refused, said
from console.words import LANGUAGES, Words, preferred, texts
from domain.access import Role
from domain.automation import Scope
from domain.decisions import ReviewReason, Verdict
from domain.errors import Conflict
from domain.safety import Priority
from domain.tickets import TicketStatus
from features.safety import SafetyWords

SOURCES = Path(console.__file__).parent
ASKED = re.compile(r"""\b(?:words|say)\(\s*"([a-z_]+\.[a-z_.-]+)\"""")


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_languages_have_the_same_keys() -> None:
    told = {language: set(texts(language)) for language in LANGUAGES}
    assert told["zh"] ^ told["en"] == set()


def test_the_languages_put_the_same_values_in() -> None:
    other = {key: (_names(text), _names(texts("en")[key])) for key, text in texts("zh").items()}
    assert {key: pair for key, pair in other.items() if pair[0] != pair[1]} == {}


def test_no_text_is_empty() -> None:
    assert [key for one in LANGUAGES for key, text in texts(one).items() if not text.strip()] == []


def test_all_that_pages_ask_for_is_there() -> None:
    asked = {
        key for source in SOURCES.rglob("*.py") for key in ASKED.findall(source.read_text(encoding="utf-8"))
    }
    assert asked - set(texts("en")) == set()
    assert len(asked) > 20


def test_values_are_put_in_and_unknown_keys_fall_back() -> None:
    words = Words("en")
    assert words("frame.waiting_count", count=3) == "3 waiting"
    assert words.either("frame.role.stranger", "stranger") == "stranger"


def test_the_browser_s_language_is_taken() -> None:
    assert preferred("fr-FR, en-GB;q=0.7, zh;q=0.3") == "en"
    assert preferred("zh-CN,zh;q=0.9") == "zh"
    assert preferred(None) == preferred("fr") == "zh"


def test_all_that_the_service_may_call_a_thing_has_a_name() -> None:
    called: dict[str, Iterable[str]] = {
        "frame.role": Role,
        "city.scope": Scope,
        "review.reason": ReviewReason,
        "review.priority": Priority,
        "intake.status": TicketStatus,
        "models.verdict": Verdict,
        "review.danger": [one.kind for one in SafetyWords.default().dangers],
    }
    wanted = {f"{key}.{one}" for key, values in called.items() for one in values}
    assert wanted - set(texts("zh")) == set()
    assert len(wanted) > 30


def test_refusals_are_told_in_the_reader_s_language() -> None:
    members = {"type": "urn:gridroute:problem:claimed-by-another", "claimed_by": "王芳"}
    assert refused(Refused.of(409, members), Words("zh")) == "王芳 正在处理该工单。"
    assert refused(Refused.of(409, {"type": members["type"]}), Words("en")) == "– is deciding this ticket."
    assert refused(Refused.of(418, {"detail": "is missing"}), Words("zh")) == "缺失"
    told = {key.removeprefix("refused.") for key in texts("zh") if key.startswith("refused.")}
    kinds = {re.sub("(?<!^)(?=[A-Z])", "-", one.__name__).lower() for one in Conflict.__subclasses__()}
    of_programs = {"idempotency-conflict", "already-answered"}
    assert kinds - told == of_programs


@pytest.mark.parametrize(("problem", "mend"), MENDS.values())
def test_faults_of_values_are_told_in_the_reader_s_language(problem: str, mend: str) -> None:
    values = dict.fromkeys(("error", "max_length", "ge", "le", "expected"), "7")
    english, words = problem.format_map(values), Words("zh")
    if english not in OF_PROGRAMS:
        assert said(english, words) != english
        assert "7" in said(english, words) or "7" not in english
        assert said(mend, words) != mend
    assert said(english, Words("en")) == english


# what no page of ours sends
OF_PROGRAMS = {"not an object", "more than 7 entries"}

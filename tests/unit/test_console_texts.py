"""Both languages say the same things, and say all that the pages ask for."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import console
from console.words import LANGUAGES, Words, preferred, texts

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

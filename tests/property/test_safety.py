"""Danger words, however texts mix scripts."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from features.safety import SafetyReader, SafetyWords
from features.text import normalise

OWN = """
[[signal]]
kind = "own"
words = ["zzgas漏漏"]
"""
PIECES = (
    *(
        "gas",
        "gas leak",
        "smell",
        "sparks",
        "sparking",
        "wire",
        "down",
        "flood",
        "flooding",
        "trapped",
        "no",
        "not",
    ),
    *("漏电", "触电", "煤气", "味", "没有", "是不是", "電", "着火", "ガス", "가스", "แก๊ส", "é", "я"),
    *(" ", " ", " ", ",", ".", "?", "。", "、", "，", "！", "“", "(", "_", "-", "'", "’", "\x1f", "\n", "1"),
)


@cache
def readers() -> tuple[SafetyReader, SafetyReader]:
    """One whose spaced words are of one script, and one that has a word of two."""
    words = SafetyWords.default()
    return SafetyReader(words), SafetyReader(words.with_own(SafetyWords.parse(OWN)))


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_a_word_of_two_scripts_changes_nothing_for_the_others(pieces: list[str]) -> None:
    text = normalise("".join(pieces))
    unmixed, mixed = (reader.read(text) for reader in readers())
    assert unmixed == mixed

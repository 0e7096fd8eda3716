"""Traditional characters of simplified ones, against OpenCC's own tables of three scripts."""

from __future__ import annotations

import pytest
from opencc import OpenCC

from features.han import simplified, traditional
from features.safety import SafetyWords


@pytest.mark.parametrize("scheme", ["s2t", "s2tw", "s2hk"])
def test_what_is_written_anywhere_stands_for_its_simplified_character(scheme: str) -> None:
    convert = OpenCC(scheme).convert
    dangers = SafetyWords.default().dangers
    letters = {letter for danger in dangers for word in danger.words for letter in word if letter >= "\u3400"}
    assert len(letters) > 50
    for letter in letters:
        assert convert(letter) in (letter, *traditional().get(letter, ())), letter


def test_one_simplified_character_has_many_forms() -> None:
    assert {"線", "綫"} <= set(traditional()["线"])
    assert traditional()["着"] == ("著",)


def test_a_form_is_never_converted_further() -> None:
    table = simplified()
    assert len(table) > 3_000
    assert not set(map(ord, table.values())) & set(table)

"""Normal forms and terms of words in several scripts."""

from __future__ import annotations

import pytest

from features.text import MAX_TERMS, bigrams, normalise, stems, term_counts, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\n ", ""),
        ("  Street\tLamp\n out ", "street lamp out"),
        ("Úthiba a Váci úton", "uthiba a vaci uton"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("路灯　不亮ＡＢ１２", "路灯 不亮ab12"),
        ("Ελλάς", "ελλασ"),
        ("ﾀﾜｰ", "タワー"),
        ("한글", "한글"),
        ("\x00a\ud800", "\x00a\ud800"),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("!?… --", []),
        ("lamp", ["lamp"]),
        ("lamps", ["lamps"]),
        ("streetlight", ["stree", "streetli+"]),
        ("lamp lamp 12 lamp", ["lamp", "#12"]),
        ("a_b", ["a", "b"]),
        ("停电", ["停", "电", "停电"]),
        ("停停停", ["停", "停停"]),
        ("灯", ["灯"]),
        ("路灯no5", ["路", "灯", "路灯", "no", "#5"]),
        ("ไฟ", ["ไ", "ฟ", "ไฟ"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_terms_are_counted() -> None:
    assert term_counts("lamp 停停停 lamp") == {"lamp": 2, "停": 3, "停停": 2}
    assert term_counts("a b a", 1) == {"a": 1}


def test_words_of_one_stem_share_a_term() -> None:
    assert set(terms("streetlight")) & set(terms("streetlights"))
    assert set(terms("streetlight")) & set(terms("street"))


def test_a_long_text_has_the_terms_of_its_beginning() -> None:
    letters = "abcdefghij"
    text = " ".join(
        f"{letters[i % 10]}{letters[i // 10 % 10]}{letters[i // 100 % 10]}{letters[i // 1000]}"
        for i in range(5000)
    )
    assert terms(text) == terms(text + " more")
    assert len(terms(text)) == MAX_TERMS
    assert terms(text, 3) == terms(text)[:3]


def test_bigrams_are_of_neighbouring_words() -> None:
    assert bigrams(stems("lamp post fallen over")) == ["lamp post", "post falle", "falle over"]
    assert bigrams(["lamp"]) == bigrams([]) == []
    assert len(bigrams(stems("a b " * 100))) == 24


def test_words_keep_scripts_and_numbers_apart() -> None:
    assert list(words("路灯 lamp 12号")) == ["路灯", "lamp", "12", "号"]

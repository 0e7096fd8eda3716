"""Words hashed in one pass are those of the plain way, whatever the text."""

from __future__ import annotations

import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from features.hashed import IN_TITLE, SIMILARITY_MASK, SIMILARITY_TERMS, hash_term, said
from features.text import MAX_TERMS, bigrams, normalise, stems, term_counts

CHARACTERS = st.text() | st.text("ab1_ 停电了泵站3๕ก ½é\U00020000\ud800", max_size=60)


@given(CHARACTERS, CHARACTERS)
@example("5๕ก5", "ab_12")
@example("lamp 停电 post 停 lampposts", "")
@example("", "a b c d e f g h " * 40)
@example(" ".join(map(str, range(30))), "".join(map(chr, range(0x4E00, 0x4E00 + 2 * MAX_TERMS))) + " lamp")
def test_what_a_text_says(title: str, body: str) -> None:
    title, body = normalise(title), normalise(body)
    found = said(title, body)
    of_title, of_body = term_counts(title), term_counts(body)
    counts: dict[int, int] = {}
    for term, count in (*of_title.items(), *of_body.items()):
        counts[hash_term(term)] = counts.get(hash_term(term), 0) + count
    assert dict(zip(found.features.tolist(), found.counts.tolist(), strict=True)) == counts
    assert found.features.tolist() == sorted(counts)
    folded = [value & SIMILARITY_MASK or 1 for value in map(hash_term, (*of_title, *of_body))]
    assert found.similarity.tolist() == list(dict.fromkeys(folded))[:SIMILARITY_TERMS]
    assert found.folded.tolist() == sorted(set(folded))
    assert found.stems.tolist() == list(map(hash_term, stems(title)))
    pairs = [hash_term(f"2:{pair}") for pair in bigrams(stems(title))]
    assert found.title.tolist() == sorted({*(hash_term(term) ^ IN_TITLE for term in of_title), *pairs})


def test_every_character_is_of_the_class_that_the_expressions_give_it() -> None:
    every = np.arange(sys.maxunicode + 1)
    for character in map(chr, every[(every % 7 == 0) | (every < 0x3100)].tolist()):
        text = f"a{character}1 "
        terms = {hash_term(term) for term in term_counts(text)}
        assert set(said("", text).features.tolist()) == terms, hex(ord(character))

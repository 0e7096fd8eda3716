"""Whatever is written, its normal form is final and its terms can be told."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from features.address import normalise_address, street
from features.gazetteer import normalise_account
from features.hashed import HASH_BITS, hash_term
from features.text import MAX_TERMS, bigrams, normalise, stems, terms

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and unassigned ones too


@given(ANY_TEXT)
def test_the_normal_form_is_final(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == once.strip()
    assert "  " not in once


@given(st.one_of(ANY_TEXT, st.text("aA1 ，。（Ａ１～　\u3012\u4e00\u9fff路灯\t\u2019", max_size=60)))
def test_the_short_ways_lead_to_the_same_form(text: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) != "Mn")
    assert normalise(text) == re.sub(r"\s+", " ", unicodedata.normalize("NFKC", bare)).strip()


@given(ANY_TEXT)
def test_writing_the_same_in_another_unicode_form_changes_nothing(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise(unicodedata.normalize(form, text)) == normalise(text)


@given(ANY_TEXT)
def test_terms_of_any_script_can_be_told_and_hashed(text: str) -> None:
    normal = normalise(text)
    found = terms(normal)
    assert len(found) == len(set(found)) <= MAX_TERMS
    assert all(0 <= hash_term(term) < 2**HASH_BITS for term in (*found, *bigrams(stems(normal))))
    if any(c.isalpha() for c in normal):
        assert found


@given(ANY_TEXT)
def test_keys_of_addresses_and_accounts_are_final(text: str) -> None:
    address = normalise_address(text)
    assert normalise_address(address) == address
    road = street(address)
    assert street(road) == road
    account = normalise_account(text)
    assert normalise_account(account) == account

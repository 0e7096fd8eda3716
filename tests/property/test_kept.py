"""Keys and texts that are kept in files come back as they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.kept import keys_of, packed_keys, packed_texts, texts

TEXTS = st.none() | st.text(st.characters(), max_size=5)
PARTS = TEXTS | st.integers(0, 2**63 - 1)
KEYS = PARTS | st.lists(PARTS, min_size=1, max_size=5).map(tuple)


@given(st.lists(KEYS))
def test_keys_come_back_in_their_order(keys: list[object]) -> None:
    assert repr(keys_of(packed_keys(keys))) == repr(keys)


@given(st.lists(TEXTS))
def test_texts_come_back(told: list[str | None]) -> None:
    assert texts(packed_texts(told)) == told
    halves = ["\ud83d", "\ude00", "\ud83d\ude00"]
    assert texts(packed_texts(halves)) == halves

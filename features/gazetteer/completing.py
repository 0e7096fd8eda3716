"""Type-ahead: entries whose text, road or estate starts as what was typed, in letters or in pinyin initials."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.addresses.normal import normal_form
from features.addresses.sound import sound_key
from features.gazetteer.names import NameIndex
from features.gazetteer.postings import PostingIndex
from features.gazetteer.strings import Strings, encode

_TYPED = re.compile(r"(?P<name>.*?[^\W\d_].*?)[\s,]*(?P<number>\d+)?\W*", re.DOTALL)
NAMES = 24  # names looked at for one prefix
_HIGHEST = "\U0010ffff"


def initials(name: str) -> str:
    """What is typed for a Chinese name in a hurry: zcz for 祖冲之, as it is heard; empty for another name."""
    return "".join(sound_key(letter)[:1] for letter in name if letter >= "\u3400")


def encode_initials(section: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The sections for `NamePrefixes`: names by their initials."""
    order = sorted((short, i) for i, name in enumerate(names) if (short := initials(name)))
    ids = np.array([i for _, i in order], np.int32)
    return {**encode(f"{section}.initials", (short for short, _ in order)), f"{section}.initial_names": ids}


class NamePrefixes:
    """The entries on names that start with what was typed."""

    def __init__(self, section: str, sections: Any, names: NameIndex, postings: PostingIndex) -> None:
        self._names, self._postings = names, postings
        self._initials = Strings(f"{section}.initials", sections)
        self._by_initials: NDArray[np.int32] = sections[f"{section}.initial_names"]

    def rows(self, typed: str) -> Iterator[int]:
        """Rows by name, then by number, those whose number starts with the digits typed."""
        match = _TYPED.fullmatch(typed)
        if match is None:
            return
        digits = match["number"] or ""
        for name_id in self._starting(match["name"]):
            yield from self._numbered(name_id, digits)

    def _starting(self, name: str) -> list[int]:
        ids = list(prefixed(self._names.names, name, NAMES))
        if not ids and name.isascii() and name.isalpha():
            ids = [int(self._by_initials[i]) for i in prefixed(self._initials, name, NAMES)]
        return ids

    def _numbered(self, name_id: int, digits: str) -> Iterator[int]:
        span = self._postings.span(name_id)
        if not digits:
            yield from self._postings.rows[span][:NAMES].tolist()
            return
        mains = self._postings.keys[span] & np.uint64((1 << 28) - 1)
        hits = np.zeros(len(mains), bool)
        value, more = int(digits), 1
        while (
            value * more < 1 << 28 and len(digits) + len(str(more)) <= 7
        ):  # 1 is followed by 10 to 19, 100 to 199 …
            hits |= (mains >= value * more) & (mains < (value + 1) * more)
            more *= 10
        order = np.flatnonzero(hits)
        yield from self._postings.rows[span][order[np.argsort(mains[order], kind="stable")]][:NAMES].tolist()


def prefixed(texts: Strings, prefix: str, limit: int) -> range:
    """The places in sorted texts that start with the prefix, at most `limit`."""
    start = bisect_left(texts, prefix)
    end = bisect_left(texts, prefix + _HIGHEST, start, min(len(texts), start + limit))
    return range(start, end)


def prefixed_addresses(addresses: Strings, prefix: str, limit: int) -> range:
    """The same over addresses as they were given, sorted by their normal forms."""
    start = bisect_left(addresses, prefix, key=normal_form)
    end = bisect_left(
        addresses, prefix + _HIGHEST, start, min(len(addresses), start + limit), key=normal_form
    )
    return range(start, end)

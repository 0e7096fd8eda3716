"""Words and keys as hashes.

A word's hash is the CRC-32 of its UTF-8 form. The words of a text, as `features.text` has them, are hashed and counted
in one compiled pass over its characters: no strings are made of them.
"""

from __future__ import annotations

import re
import zlib
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features import text
from features.compiled import compiled
from features.text import LONG_STEM, MAX_TERMS, PAIRS, SHORT_STEM

Hashes = NDArray[np.int64]
Counts = NDArray[np.int32]
Codes = NDArray[np.uint32]
Classes = NDArray[np.uint8]

HASH_BITS = 31
SIMILARITY_TERMS = 32
SIMILARITY_MASK = (1 << 16) - 1  # 0 is padding
IN_TITLE = 0x5BD1E995  # makes another hash of a word that stands in the title
UNSPACED, LETTER, DIGIT = 1, 2, 4  # bits of a character's class: a digit may be of a script without spaces
_CODE_POINTS = 0x110000
_SPACE, _HASH, _TWO, _COLON, _PLUS = (np.uint32(ord(c)) for c in " #2:+")
_BY_LEFT, _BY_RIGHT = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_START = np.uint32(0xFFFFFFFF)
_DROPPED = np.uint32(32 - HASH_BITS)
_EMPTY = np.int64(-1)


class Said(NamedTuple):
    """A text's hashed words: distinct ones ascending, with counts; the first SIMILARITY_TERMS folded; all folded.

    `title`: the words of its title, as others than the body's, and pairs of neighbours, ascending; `stems`: the title's
    stems in order.
    """

    features: Hashes
    counts: Counts
    similarity: Counts
    folded: Hashes
    title: Hashes
    stems: Hashes


def said(title: str, body: str) -> Said:
    """Of a title and a body in normal form."""
    return Said(*_said(_codes(title), _codes(body), _classes(), _crc_table()))


@lru_cache(maxsize=1 << 17)  # words come again and again
def hash_term(term: str) -> int:
    """A stable hash below 2**HASH_BITS (CRC-32)."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass")) >> (32 - HASH_BITS)


def _codes(normalised: str) -> Codes:
    return np.frombuffer(normalised.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _classes() -> Classes:
    """By code point, as the expressions of `features.text` tell characters apart."""
    every = np.arange(_CODE_POINTS, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    classes = np.zeros(_CODE_POINTS, np.uint8)
    for bit, runs in ((UNSPACED, text.UNSPACED), (LETTER, text.LETTERS), (DIGIT, text.DIGITS)):
        for match in re.finditer(runs, every):
            classes[slice(*match.span())] |= bit
    return classes


@cache
def _crc_table() -> Codes:
    """Remainders of single bytes (ISO 3309), as zlib has them."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, np.uint32(0xEDB88320) ^ table >> 1, table >> 1).astype(np.uint32)
    return table


@compiled
def _said(
    title: Codes, body: Codes, classes: Classes, crc: Codes
) -> tuple[Hashes, Counts, Counts, Hashes, Hashes, Hashes]:
    """As Said."""
    title_terms, title_counts = _terms(title, classes, crc)
    body_terms, body_counts = _terms(body, classes, crc)
    hashed = np.concatenate((title_terms, body_terms))
    stems, pairs = _stems(title, classes, crc)
    features, sums, similarity = _counted(hashed, np.concatenate((title_counts, body_counts)))
    of_title = distinct(np.concatenate((title_terms ^ IN_TITLE, pairs)))
    return features, sums, similarity, folded(features), of_title, stems


@compiled
def _terms(codes: Codes, classes: Classes, crc: Codes) -> tuple[Hashes, Counts]:
    """Hashed terms in order of appearance and how often, as `features.text.term_counts`."""
    size = 64
    while size < 4 * len(codes) + 4:
        size *= 2
    table, found, counts = np.full(size, _EMPTY, np.int64), np.empty(size, np.int64), np.zeros(size, np.int32)
    count, start = 0, 0
    while start < len(codes):
        kind, end = _run(codes, start, classes)
        if kind == UNSPACED:
            for i in range(start, end):
                count = _count(_hash(codes, i, i + 1, _START, crc), table, found, counts, count)
            for i in range(start, end - 1):
                count = _count(_hash(codes, i, i + 2, _START, crc), table, found, counts, count)
        elif kind == LETTER:
            own = _hash(codes, start, min(end, start + SHORT_STEM), _START, crc)
            count = _count(own, table, found, counts, count)
            if end - start > SHORT_STEM:
                longer = _hash(codes, start, min(end, start + LONG_STEM), _START, crc)
                count = _count(_after(longer, _PLUS, crc), table, found, counts, count)
        elif kind == DIGIT:
            number = _hash(codes, start, end, _after(_START, _HASH, crc), crc)
            count = _count(number, table, found, counts, count)
        if count >= MAX_TERMS:
            count = MAX_TERMS
            break
        start = end
    return found[:count], counts[:count]


@compiled
def _stems(codes: Codes, classes: Classes, crc: Codes) -> tuple[Hashes, Hashes]:
    """Hashed stems of all words in order, and of pairs of neighbours, as `features.text.stems` and `bigrams`."""
    stems, pairs = np.empty(len(codes), np.int64), np.empty(PAIRS, np.int64)
    count, start, before, before_end = 0, 0, 0, 0
    while start < len(codes):
        kind, end = _run(codes, start, classes)
        if kind:
            stem_end = min(end, start + SHORT_STEM)
            stems[count] = _done(_hash(codes, start, stem_end, _START, crc))
            if 0 < count <= PAIRS:
                state = _after(_after(_START, _TWO, crc), _COLON, crc)
                state = _after(_hash(codes, before, before_end, state, crc), _SPACE, crc)
                pairs[count - 1] = _done(_hash(codes, start, stem_end, state, crc))
            count, before, before_end = count + 1, start, stem_end
        start = end
    return stems[:count], pairs[: max(0, min(count - 1, PAIRS))]


@compiled
def _run(codes: Codes, start: int, classes: Classes) -> tuple[int, int]:
    """Of what the run is that begins there (0: of nothing that is told), and where it ends."""
    own = classes[codes[start]]
    kind = UNSPACED if own & UNSPACED else LETTER if own & LETTER else own & DIGIT
    end = start + 1
    while kind and end < len(codes):
        if (kind == LETTER and classes[codes[end]] & UNSPACED) or not classes[codes[end]] & kind:
            break
        end += 1
    return kind, end


@compiled
def _count(state: np.uint32, table: Hashes, found: Hashes, counts: Counts, count: int) -> int:
    """Count a term once more; answers how many distinct ones there are."""
    value = _done(state)
    slot = value & (len(table) - 1)
    while table[slot] != _EMPTY and found[table[slot]] != value:
        slot = (slot + 1) & (len(table) - 1)
    if table[slot] == _EMPTY:
        table[slot], found[count] = count, value
        count += 1
    counts[table[slot]] += 1
    return count


@compiled
def _done(state: np.uint32) -> int:
    return int((state ^ _START) >> _DROPPED)


@compiled
def _hash(codes: Codes, start: int, end: int, state: np.uint32, crc: Codes) -> np.uint32:
    for i in range(start, end):
        state = _after(state, codes[i], crc)
    return state


@compiled
def _after(state: np.uint32, code: np.uint32, crc: Codes) -> np.uint32:
    """The CRC after one more character in UTF-8; halves of surrogate pairs are written as they are."""
    more = 0 if code < 0x80 else 1 if code < 0x800 else 2 if code < 0x10000 else 3
    lead = code if more == 0 else (code >> np.uint32(6 * more)) | np.uint32((0xFF00 >> (more + 1)) & 0xFF)
    state = crc[(state ^ lead) & np.uint32(0xFF)] ^ (state >> np.uint32(8))
    for left in range(more - 1, -1, -1):
        byte = ((code >> np.uint32(6 * left)) & np.uint32(0x3F)) | np.uint32(0x80)
        state = crc[(state ^ byte) & np.uint32(0xFF)] ^ (state >> np.uint32(8))
    return state


@compiled
def _counted(hashed: Hashes, counts: Counts) -> tuple[Hashes, Counts, Counts]:
    """Distinct hashes ascending with sums of counts, and the first ones folded; some of `hashed` may come twice."""
    order = np.argsort(hashed, kind="mergesort")
    features, sums = np.empty(len(hashed), np.int64), np.zeros(len(hashed), np.int32)
    count = 0
    for i in order:
        if count == 0 or features[count - 1] != hashed[i]:
            features[count] = hashed[i]
            count += 1
        sums[count - 1] += counts[i]
    first, found = np.empty(SIMILARITY_TERMS, np.int32), 0
    for value in hashed:
        term = value & SIMILARITY_MASK or 1
        new = found < SIMILARITY_TERMS
        for i in range(found):
            if first[i] == term:
                new = False
                break
        if new:
            first[found] = term
            found += 1
    return features[:count], sums[:count], first[:found]


@compiled
def folded(hashes: Hashes) -> Hashes:
    """Hashes folded to SIMILARITY_MASK, distinct, ascending; never 0."""
    return distinct(np.array([value & SIMILARITY_MASK or 1 for value in hashes], np.int64))


@compiled
def distinct(values: Hashes) -> Hashes:
    """Ascending; what is given is sorted on the way."""
    values.sort()
    count = 0
    for i in range(len(values)):
        if i == 0 or values[i] != values[count - 1]:
            values[count] = values[i]
            count += 1
    return values[:count]


@compiled
def pairs_of(left: Hashes, right: Hashes, alone: Hashes) -> Hashes:
    """Hashes of each pair of one on the left and one on the right, and those alone: distinct, ascending."""
    found = np.empty(len(left) * len(right) + len(alone), np.int64)
    count = 0
    for one in left:
        for other in right:
            mixed = (np.uint64(one) * _BY_LEFT) ^ (np.uint64(other) * _BY_RIGHT)
            mixed ^= mixed >> np.uint64(29)
            found[count] = np.int64(mixed * _BY_LEFT >> np.uint64(64 - HASH_BITS))
            count += 1
    for one in alone:
        found[count] = one
        count += 1
    return distinct(found)

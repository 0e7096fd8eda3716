"""Words of any language: normal form and terms."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

# scripts written without spaces: Thai, Lao, Burmese, Khmer, kana, Han, Hangul
_SCRIPTS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
UNSPACED, LETTERS, DIGITS = f"[{_SCRIPTS}]+", rf"[^\W\d_{_SCRIPTS}]+", r"\d+"
_RUNS = re.compile(f"({UNSPACED})|({LETTERS})|({DIGITS})")
# Han with its punctuation, full-width forms, ASCII: nothing to compose, no accent to take off
_PLAIN = re.compile(r"[\t\n\r -~\u2018-\u201d\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e]*")

SHORT_STEM, LONG_STEM = 5, 8
PAIRS = 24  # of neighbouring words that are told of a title
MAX_TERMS = 4096  # distinct ones: what a longer text says after that costs time and tells nothing new
NAME_LENGTH = 40  # characters


def normalise(text: str) -> str:
    """Compatibility form, case folded, without accents, one space between words. Idempotent."""
    return _remembered(text) if len(text) <= NAME_LENGTH else _normal(text)


def _normal(text: str) -> str:
    if text.isascii():
        folded = text.lower()
    elif _PLAIN.fullmatch(text):
        folded = unicodedata.normalize("NFKC", text).lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) != "Mn")
        folded = unicodedata.normalize("NFKC", bare)
    return " ".join(folded.split())


_remembered = lru_cache(maxsize=1 << 14)(_normal)  # names of kinds, districts and roads come again and again


def stem(word: str) -> str:
    """The first letters of a word: a stem good enough for languages that inflect at the end."""
    return word[:SHORT_STEM]


def words(normalised: str) -> Iterator[str]:
    """Words, numbers and runs without spaces, in order."""
    return (match.group() for match in _RUNS.finditer(normalised))


def terms(normalised: str, limit: int = MAX_TERMS) -> list[str]:
    """Distinct terms in order of appearance."""
    return list(term_counts(normalised, limit))


def term_counts(normalised: str, limit: int = MAX_TERMS) -> dict[str, int]:
    """Terms in order of appearance and how often: two stems a word, one- and two-character grams of unspaced runs."""
    counts: dict[str, int] = {}
    for match in _RUNS.finditer(normalised):
        run, word, number = match.groups()
        if word:
            found = [word[:SHORT_STEM]]
            if len(word) > SHORT_STEM:
                found.append(word[:LONG_STEM] + "+")
        elif run:
            found = [*run, *map("".join, itertools.pairwise(run))]
        else:
            found = ["#" + number]
        for term in found:
            counts[term] = counts.get(term, 0) + 1
        if len(counts) >= limit:
            return dict(itertools.islice(counts.items(), limit))
    return counts


def stems(normalised: str) -> list[str]:
    """The stem of each word, in order."""
    return [stem(word) for word in words(normalised)]


def bigrams(stems: Sequence[str], limit: int = PAIRS) -> list[str]:
    """Pairs of neighbouring stems."""
    return [f"{left} {right}" for left, right in itertools.pairwise(stems[: limit + 1])]

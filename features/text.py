"""Words of any language: normal form and terms."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

# runs of scripts written without spaces (Thai, Lao, Burmese, Khmer, kana, Han, Hangul) | words | numbers
_RUNS = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+)|([^\W\d_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)|(\d+)"
)
_SPACES = re.compile(r"\s+")

SHORT_STEM, LONG_STEM = 5, 8
MAX_TERMS = 256


def normalise(text: str) -> str:
    """Compatibility form, case folded, without accents, one space between words. Idempotent."""
    if text.isascii():
        return _SPACES.sub(" ", text.lower()).strip()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) != "Mn")
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", bare)).strip()


def stem(word: str) -> str:
    """The first letters of a word: a stem good enough for languages that inflect at the end."""
    return word[:SHORT_STEM]


def words(normalised: str) -> Iterator[str]:
    """Words, numbers and runs without spaces, in order."""
    return (match.group() for match in _RUNS.finditer(normalised))


def terms(normalised: str, limit: int = MAX_TERMS) -> list[str]:
    """Distinct terms in order of appearance: two stems a word, one- and two-character grams of unspaced runs."""
    found: dict[str, None] = {}
    for match in _RUNS.finditer(normalised):
        run, word, number = match.groups()
        if word:
            found[word[:SHORT_STEM]] = None
            if len(word) > SHORT_STEM:
                found[word[:LONG_STEM] + "+"] = None
        elif run:
            for i in range(len(run)):
                found[run[i]] = None
            for i in range(len(run) - 1):
                found[run[i : i + 2]] = None
        else:
            found["#" + number] = None
        if len(found) >= limit:
            break
    return list(found)[:limit]


def bigrams(normalised: str, limit: int = 24) -> list[str]:
    """Pairs of neighbouring stems."""
    stems = [stem(word) for word in words(normalised)][: limit + 1]
    return [f"{left} {right}" for left, right in itertools.pairwise(stems)]
